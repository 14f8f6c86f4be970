"""Live feeds: tweets that arrive one after the other, analysed as they come, watched by server-sent events.

A feed is a replay (a list of texts at a rate) or a stream (whatever is sent to it). It keeps its latest tweets, so that
who lost the connection goes on behind the last one seen.
"""

import asyncio
import itertools
import json
import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NamedTuple, TextIO

from fastapi import APIRouter, Header, HTTPException, Query, Response
from fastapi import Path as InPath
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, BaseModel, Field, create_model
from starlette.types import Receive, Scope, Send

from crisisflow.artifacts import batched
from crisisflow.inference import Findings
from crisisflow.masking import mask
from crisisflow.serving.batcher import BATCH, MicroBatcher, Overloaded
from crisisflow.serving.lines import together
from crisisflow.serving.names import AREAS
from crisisflow.serving.places import Gazetteer, Kind, Place
from crisisflow.serving.schema import Entity, Event, Form, Problem, is_blank, prediction, text_form, within
from crisisflow.serving.settings import Limits
from crisisflow.taxonomy import EntityType

RATES = (0.1, 1000.0)  # tweets a second
QUIET = 15.0  # seconds after which a line is sent so that nothing in between closes the connection
RETRY = 5  # seconds
LOG = logging.getLogger(__name__)
FEED = r"^[A-Za-z0-9_-]{1,32}$"
EVENT = r"^(([0-9a-f]{8}-)?[0-9]{1,16})?$"  # the feed's epoch and the tweet's number


class TooManyFeeds(Exception):
    """No further feed, or watcher, is kept; ask again after `seconds`."""

    def __init__(self) -> None:
        super().__init__("too many live feeds or watchers; stop one, or try again later")
        self.seconds = RETRY


class Position(Form):
    """Where a place is, in degrees, as far as its name tells; `country` is empty where it lies in several."""

    name: str
    country: str
    kind: Kind
    latitude: float
    longitude: float


class PlacedEntity(Entity):
    """An entity; `place` for a location whose name is known."""

    place: Position | None = None


class LiveTweet(Form):
    """An analysed tweet: `number` counts from 1 within the feed, `masked` is the text without what reaches a person."""

    number: int
    id: str | None
    at: str
    text: str
    masked: str
    entities: list[PlacedEntity]
    event: Event | None
    truncated: bool


class FeedState(Form):
    """A feed: `total` is how many a replay has, `sent` how many were analysed."""

    id: str
    kind: Literal["replay", "stream"]
    total: int | None
    sent: int
    ended: bool


class Accepted(Form):
    """How many tweets a stream has taken in this request."""

    accepted: int


class Source(Form):
    """A tweet that comes in."""

    text: str
    id: str | None = None


class Kept(NamedTuple):
    """An analysed tweet as its watchers get it."""

    number: int
    data: bytes  # a LiveTweet as JSON


class Feed:
    """One feed; watchers are woken whenever something is added.

    Args:
        total: of a replay.
        kept, size: of the latest tweets, how many are kept, and bytes of how many.
        lasting: whether it stays until the server ends.
    """

    def __init__(self, name: str, total: int | None, kept: int, size: int, lasting: bool = False) -> None:
        self.name, self.total, self.lasting = name, total, lasting
        self.sent, self.ended, self.watchers = 0, False, 0
        self.epoch = secrets.token_hex(4)  # tells this feed from one of its name before the server was started anew
        self.watched = asyncio.Event()  # set while there are watchers
        self._used = time.monotonic()
        self.adding = asyncio.Lock()  # held while tweets get their numbers
        self._tweets: deque[Kept] = deque()
        self._kept, self._size, self._bytes = kept, size, 0
        self._changed = asyncio.Event()

    def state(self) -> FeedState:
        """As the API tells it."""
        kind = "stream" if self.total is None else "replay"
        return FeedState(id=self.name, kind=kind, total=self.total, sent=self.sent, ended=self.ended)

    def add(self, tweet: Kept) -> None:
        """Add an analysed tweet, and drop the oldest for which there is no room."""
        self._tweets.append(tweet)
        self._bytes += len(tweet.data)
        while len(self._tweets) > self._kept or (self._bytes > self._size and len(self._tweets) > 1):
            self._bytes -= len(self._tweets.popleft().data)
        self.sent = tweet.number
        if self.total is None:  # somebody sent it; a replay's come of themselves
            self._used = time.monotonic()
        self._wake()

    def end(self) -> None:
        """Nothing more will come."""
        self.ended = True
        self._wake()

    def forget(self) -> None:
        """End, and keep nothing, although somebody may watch still."""
        self._tweets.clear()
        self._bytes = 0
        self.end()

    def idle(self, seconds: float) -> bool:
        """Whether nobody would miss it."""
        unused = self.ended or time.monotonic() - self._used >= seconds
        return unused and not self.watchers and not self.lasting

    def join(self) -> None:
        """Somebody watches."""
        self.watchers += 1
        self.watched.set()

    def leave(self) -> None:
        """Somebody watches no more."""
        self.watchers -= 1
        self._used = time.monotonic()
        if not self.watchers:
            self.watched.clear()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def after(self, number: int, most: int = BATCH) -> list[Kept]:
        """The first of those behind `number` that are still kept; few, since a slow watcher keeps them from going."""
        if not self._tweets or number >= self.sent:
            return []
        begin = max(0, number + 1 - self._tweets[0].number)
        return list(itertools.islice(self._tweets, begin, begin + most))

    async def events(self, number: int, epoch: str | None = None) -> AsyncIterator[str]:
        """Server-sent events of the tweets behind `number`, until the feed ends.

        From the beginning, and after an event that says so, where `number` is not of this feed: its `epoch` is another,
        or it is more than there are.
        """
        if number > self.sent or epoch not in (None, self.epoch):
            number = 0
            yield f"id: {self.epoch}-0\nevent: reset\ndata: {self.epoch}\n\n"
        while True:
            changed = self._changed
            tweets = self.after(number)
            for tweet in tweets:
                if tweet.number > number + 1:
                    yield f"event: gap\ndata: {tweet.number - number - 1}\n\n"
                number = tweet.number
                yield f"id: {self.epoch}-{number}\nevent: tweet\ndata: {tweet.data.decode()}\n\n"
            if tweets:
                continue
            if self.ended:
                yield "event: end\ndata: \n\n"
                return
            try:
                await asyncio.wait_for(changed.wait(), QUIET)
            except TimeoutError:
                yield ": still here\n\n"


class Watching(StreamingResponse):
    """The events of a feed; `left` is called at the end, however it comes."""

    def __init__(self, events: AsyncIterator[str], left: Callable[[], None]) -> None:
        super().__init__(events, media_type="text/event-stream")
        self._left = left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._left()


class Feeds:
    """All feeds of a server."""

    def __init__(self, batcher: MicroBatcher, limits: Limits, gazetteer: "asyncio.Task[Gazetteer]") -> None:
        self._batcher, self._limits, self._gazetteer = batcher, limits, gazetteer
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

    def open(self, name: str | None = None, total: int | None = None) -> Feed:
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
        feed = Feed(own, total, self._limits.kept, self._limits.feed_bytes, lasting=name is not None)
        self._feeds[feed.name] = feed
        return feed

    def replay(self, tweets: Sequence[Source], rate: float) -> Feed:
        """A new feed of these tweets, so many a second; it pauses while nobody would miss it."""
        feed = self.open(total=len(tweets))
        self._replays[feed.name] = asyncio.create_task(self._replay(feed, tweets, rate))
        return feed

    async def _replay(self, feed: Feed, tweets: Sequence[Source], rate: float) -> None:
        loop = asyncio.get_running_loop()
        begin, done = loop.time(), 0
        try:
            while done < len(tweets):
                await asyncio.sleep(max(0.0, begin + done / rate - loop.time()))
                if feed.idle(self._limits.idle_seconds):
                    paused = loop.time()
                    await feed.watched.wait()
                    begin += loop.time() - paused
                due = max(done + 1, int((loop.time() - begin) * rate) + 1)
                part = tweets[done : min(due, done + BATCH)]
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
        found = await self._batcher.submit([tweet.text for tweet in tweets])
        gazetteer = await asyncio.shield(self._gazetteer)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        async with feed.adding:
            for part in batched(zip(tweets, found, strict=True), BATCH):
                # Beside the event loop, since many long texts take a while.
                for tweet in await asyncio.to_thread(live_tweets, feed.sent + 1, part, gazetteer, now):
                    feed.add(tweet)

    def follow(self, name: str, lines: TextIO) -> Feed:
        """A new feed of lines as they come: JSON objects with a `text` and, if they like, an `id`, or bare texts."""
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


def source_of(line: str, characters: int) -> Source | None:
    """The tweet of a line, cut to so many characters; None where there is no text."""
    text, own_id = line.strip(), None
    with suppress(ValueError, RecursionError):
        record = json.loads(line)
        if isinstance(record, dict) and isinstance(record.get("text"), str):
            text, own_id = record["text"], record.get("id")
    text = _whole(text)[:characters]
    return None if is_blank(text) else Source(text=text, id=None if own_id is None else _whole(str(own_id))[:64])


def _whole(text: str) -> str:
    """Without halves of surrogate pairs, which JSON can name, and which are no text."""
    return text.encode("utf-8", "replace").decode()


def live_tweets(number: int, found: Sequence[tuple[Source, Findings]], gazetteer: Gazetteer, at: str) -> list[Kept]:
    """Analysed tweets, numbered from `number`."""
    numbered = enumerate(found, number)
    return [Kept(own, live_tweet(own, *pair, gazetteer, at).model_dump_json().encode()) for own, pair in numbered]


def place_of(text: str, entity: Entity, behind: Entity | None, gazetteer: Gazetteer) -> Place | None:
    """The place of a location; another location behind it and a comma decides, as it would within one span.

    A country or state gives way only to another one, as in "Georgia, USA": "China, Mexico" is a list, and not the town
    of that name. Of most lists no place lies in the next.
    """
    if entity.label != EntityType.LOCATION:
        return None
    alone = gazetteer.find(entity.text)
    if behind and behind.label == EntityType.LOCATION and text[entity.end : behind.start].strip() == ",":
        within = gazetteer.find(f"{entity.text}, {behind.text}")
        if within and (alone is None or alone.kind not in AREAS or within.kind in AREAS):
            return within
    return alone


def live_tweet(number: int, tweet: Source, found: Findings, gazetteer: Gazetteer, at: str) -> LiveTweet:
    """An analysed tweet with its places."""
    guess = prediction(tweet.text, found)
    entities = []
    for entity, behind in itertools.pairwise([*(guess.entities or []), None]):
        place = place_of(tweet.text, entity, behind, gazetteer)
        position = None if place is None else Position(**place._asdict())
        entities.append(PlacedEntity(**entity.model_dump(), place=position))
    return LiveTweet(
        number=number,
        id=tweet.id,
        at=at,
        text=tweet.text,
        masked=mask(tweet.text),
        entities=entities,
        event=guess.event,
        truncated=guess.truncated,
    )


def _requests(limits: Limits) -> tuple[type[BaseModel], type[BaseModel]]:
    """The forms of a replay and of what is sent to a stream."""
    source = create_model(
        "Tweet",
        __base__=Form,
        text=(text_form(limits), ...),
        id=(Annotated[str, Field(max_length=64)] | None, None),
    )
    low, high = RATES
    rate = Annotated[float, Field(ge=low, le=high, allow_inf_nan=False, description="tweets a second")]
    replay = create_model(
        "ReplayRequest",
        __base__=Form,
        tweets=(Annotated[list[source], Field(max_length=limits.replayed, description="none: a stream")], ...),
        rate=(rate, 5.0),
    )

    def checked(tweets: list[BaseModel]) -> list[BaseModel]:
        within(limits, (tweet.text for tweet in tweets))
        return tweets

    several = Annotated[list[source], Field(min_length=1, max_length=limits.batch), AfterValidator(checked)]
    stream = create_model("StreamRequest", __base__=Form, tweets=(several, ...))
    return replay, stream


def add_operations(
    api: APIRouter, feeds: Callable[[], Feeds], limits: Limits, problems: Callable[..., dict[int | str, dict[str, Any]]]
) -> None:
    """Add the operations of feeds to the API."""
    ReplayRequest, StreamRequest = _requests(limits)
    Name = Annotated[str, InPath(pattern=FEED)]

    @api.get("/v1/live", tags=["live"], responses={401: {"model": Problem}})
    async def list_feeds() -> list[FeedState]:
        """The feeds that are kept."""
        return feeds().states()

    @api.post("/v1/live", tags=["live"], status_code=201, responses=problems(415, 429))
    async def open_feed(request: ReplayRequest) -> FeedState:  # type: ignore[valid-type]
        """Open a feed: a replay of the tweets, or, without any, a stream to which tweets are sent."""
        if not request.tweets:
            return feeds().open().state()
        sources = [Source(text=tweet.text, id=tweet.id) for tweet in request.tweets]
        return feeds().replay(sources, request.rate).state()

    @api.post("/v1/live/{feed}/tweets", tags=["live"], status_code=202, responses=problems(404, 409, 415, 503))
    async def send_tweets(feed: Name, request: StreamRequest) -> Accepted:  # type: ignore[valid-type]
        """Send tweets to a stream."""
        own = feeds().get(feed)
        if own.total is not None:
            raise HTTPException(409, "this feed is a replay; send to a stream")
        await feeds().analyse(own, [Source(text=tweet.text, id=tweet.id) for tweet in request.tweets])
        return Accepted(accepted=len(request.tweets))

    @api.get(
        "/v1/live/{feed}/events",
        tags=["live"],
        response_class=StreamingResponse,
        responses={
            200: {
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
                "description": "events `tweet` (data: LiveTweet as JSON), `gap` (how many were dropped), `reset` "
                "(what was seen was of another feed of this name: all of this one follows) and `end`",
            },
            **problems(404, 429),
        },
    )
    async def events(
        feed: Name,
        after: Annotated[int, Query(ge=0, le=2**53, description="number of the last tweet seen")] = 0,
        last_event_id: Annotated[
            str, Header(pattern=EVENT, description="the id of the last event seen, as browsers say it")
        ] = "",
    ) -> StreamingResponse:
        """Watch a feed by server-sent events."""
        epoch, _, number = (last_event_id or str(after)).rpartition("-")
        return feeds().watch(feeds().get(feed), int(number), epoch or None)

    @api.delete("/v1/live/{feed}", tags=["live"], status_code=204, responses=problems(404, 409))
    async def close_feed(feed: Name) -> Response:
        """End a feed and forget its tweets."""
        if feeds().get(feed).lasting:
            raise HTTPException(409, "this feed is the server's own: it ends with the server")
        feeds().remove(feed)
        return Response(status_code=204)
