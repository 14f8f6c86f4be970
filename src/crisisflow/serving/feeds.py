"""All feeds of a server: replays, streams, and the lines of standard input."""

import asyncio
import logging
import secrets
import threading
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from datetime import UTC, datetime

from fastapi import HTTPException

from crisisflow.artifacts import batched
from crisisflow.inference import Findings
from crisisflow.places.coordinates import Gazetteer
from crisisflow.serving.batcher import BATCH, MicroBatcher, Overloaded
from crisisflow.serving.feed import Feed, Watching
from crisisflow.serving.help_model import Helper, help_of
from crisisflow.serving.incoming import source_of
from crisisflow.serving.lines import together
from crisisflow.serving.live_schema import FeedState, Source
from crisisflow.serving.located import live_tweets
from crisisflow.serving.schema import Help, Topic
from crisisflow.serving.settings import Limits
from crisisflow.serving.times import recorded
from crisisflow.serving.topics import TopicFinder

RETRY = 5  # seconds
LOG = logging.getLogger(__name__)


class TooManyFeeds(Exception):
    """No further feed, or watcher, is kept; ask again after `seconds`."""

    def __init__(self) -> None:
        super().__init__("too many live feeds or watchers; stop one, or try again later")
        self.seconds = RETRY


class Feeds:
    """All feeds of a server."""

    def __init__(
        self,
        batcher: MicroBatcher[Findings],
        limits: Limits,
        gazetteer: "asyncio.Task[Gazetteer]",
        helper: Helper | None = None,
        topics: TopicFinder | None = None,
    ) -> None:
        self._batcher, self._limits, self._gazetteer = batcher, limits, gazetteer
        self._helper, self._topics = helper, topics
        self._feeds: dict[str, Feed] = {}
        self._watchers = 0
        self._replays: dict[str, asyncio.Task[None]] = {}

    def __len__(self) -> int:
        return len(self._feeds)

    def states(self) -> list[FeedState]:
        """Of all feeds, oldest first."""
        return [feed.state() for feed in self._feeds.values()]

    def get(self, name: str) -> Feed:
        """The feed of this name; 404 if there is none."""
        if name not in self._feeds:
            raise HTTPException(404, "there is no such feed")
        return self._feeds[name]

    def open(self, name: str | None = None, total: int | None = None, dated: int | None = None) -> Feed:
        """A new feed, which lasts if it has a name; one that nobody would miss makes room for it.

        Raises:
            TooManyFeeds: there is no room.
        """
        if len(self._feeds) >= self._limits.feeds:
            idle = next((feed for feed in self._feeds.values() if feed.idle(self._limits.idle_seconds)), None)
            if idle is None:
                raise TooManyFeeds
            self.remove(idle.name)
        own = name or secrets.token_urlsafe(9)
        feed = Feed(own, total, self._limits.kept, self._limits.feed_bytes, lasting=name is not None, dated=dated)
        self._feeds[feed.name] = feed
        return feed

    def replay(self, tweets: Sequence[Source], rate: float, speed: float | None = None) -> Feed:
        """A new feed of these tweets; it pauses while nobody would miss it.

        Args:
            rate: tweets a second.
            speed: times the pace at which they were written, instead of a rate.

        Raises:
            TooManyFeeds: there is no room.
            ValueError: there is a speed, and none has a time.
        """
        if speed is None:
            due = [at / rate for at in range(len(tweets))]
        else:
            order, due = recorded([tweet.created_at for tweet in tweets], speed)
            tweets = [tweets[at] for at in order]
        feed = self.open(total=len(tweets), dated=sum(tweet.created_at is not None for tweet in tweets))
        self._replays[feed.name] = asyncio.create_task(self._replay(feed, tweets, due))
        return feed

    async def _replay(self, feed: Feed, tweets: Sequence[Source], due: Sequence[float]) -> None:
        """Add each tweet in so many seconds from the first."""
        loop = asyncio.get_running_loop()
        begin, done = loop.time(), 0
        try:
            while done < len(tweets):
                await asyncio.sleep(max(0.0, begin + due[done] - loop.time()))
                if feed.idle(self._limits.idle_seconds):
                    paused = loop.time()
                    await feed.watched.wait()
                    begin += loop.time() - paused
                reached = max(done + 1, bisect_right(due, loop.time() - begin))
                part = tweets[done : min(reached, done + BATCH)]
                await self._patiently(feed, part)
                done += len(part)
        except Exception:
            LOG.exception("a replay has failed")
        finally:
            feed.end()

    async def analyse(self, feed: Feed, tweets: Sequence[Source]) -> None:
        """Add tweets to a feed.

        Raises:
            Overloaded: too much waits for the model.
        """
        texts = [tweet.text for tweet in tweets]
        found = await self._batcher.submit(texts)
        helped: list[Help | None] = [None] * len(texts)
        if self._helper is not None:
            helped = [own and help_of(own) for own in await self._helper.ask(texts, found)]
        topics: list[Topic | None] = [None] * len(texts)
        if self._topics is not None:
            topics = await self._topics.ask(texts)
        gazetteer = await asyncio.shield(self._gazetteer)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        async with feed.adding:
            for part in batched(zip(tweets, found, helped, topics, strict=True), BATCH):
                # Beside the event loop, since many long texts take a while.
                for tweet in await asyncio.to_thread(live_tweets, feed.sent + 1, part, gazetteer, now):
                    feed.add(tweet)

    def follow(self, name: str, lines: Iterable[str]) -> Feed:
        """A new feed of lines as they come: JSON objects with a text (and an id, a time, an author), or bare texts."""
        feed = self.open(name)
        loop = asyncio.get_running_loop()

        def read() -> None:
            try:
                for batch in together(lines):
                    sources = [source for line in batch if (source := source_of(line, self._limits.characters))]
                    for part in batched(sources, BATCH):
                        asyncio.run_coroutine_threadsafe(self._patiently(feed, part), loop).result()
            except CancelledError:
                pass  # the server ends
            except Exception:
                LOG.exception("feed %s has failed", name)
            finally:
                with suppress(RuntimeError):  # the server has ended
                    loop.call_soon_threadsafe(feed.end)

        threading.Thread(target=read, daemon=True, name=f"feed-{name}").start()
        return feed

    async def _patiently(self, feed: Feed, tweets: Sequence[Source]) -> None:
        """Analyse, and try again where too much waits: replays and lines have time."""
        while True:
            try:
                return await self.analyse(feed, tweets)
            except Overloaded as error:
                await asyncio.sleep(error.seconds)

    def remove(self, name: str) -> None:
        """End a feed and forget it."""
        if replay := self._replays.pop(name, None):
            replay.cancel()
        self._feeds.pop(name).forget()

    def release(self) -> None:
        """Let all watchers go: the server is about to end, and waits for their answers."""
        for feed in self._feeds.values():
            feed.release()

    async def close(self) -> None:
        """End all of them."""
        replays = list(self._replays.values())
        for name in list(self._feeds):
            self.remove(name)
        for replay in replays:
            with suppress(asyncio.CancelledError):
                await replay

    def watch(self, feed: Feed, number: int, epoch: str | None) -> Watching:
        """The answer to a watcher, who counts from now until it ends.

        Raises:
            TooManyFeeds: there is no room for a watcher.
        """
        if self._watchers >= self._limits.watchers:
            raise TooManyFeeds
        self._watchers += 1
        feed.join()

        def left() -> None:
            self._watchers -= 1
            feed.leave()

        return Watching(feed.events(number, epoch), left)
