"""Live feeds: tweets that arrive one after the other, analysed as they come, watched by server-sent events.

A feed is a replay (a list of texts at a rate) or a stream (whatever is sent to it). It keeps its latest tweets, so that
who lost the connection goes on behind the last one seen.
"""

import asyncio
import itertools
import json
import secrets
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TextIO

from fastapi import APIRouter, Header, HTTPException, Query, Response
from fastapi import Path as InPath
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, BaseModel, Field, create_model

from crisisflow.artifacts import batched
from crisisflow.inference import Findings
from crisisflow.masking import mask
from crisisflow.serving.batcher import BATCH, MicroBatcher, Overloaded
from crisisflow.serving.lines import together
from crisisflow.serving.places import Gazetteer
from crisisflow.serving.schema import Entity, Event, Form, Problem, prediction, text_form, within
from crisisflow.serving.settings import Limits
from crisisflow.taxonomy import EntityType

RATES = (0.1, 1000.0)  # tweets a second
QUIET = 15.0  # seconds after which a line is sent so that nothing in between closes the connection
RETRY = 5  # seconds
FEED = r"^[A-Za-z0-9_-]{1,32}$"


class TooManyFeeds(Exception):
    """No further feed, or watcher, is kept; ask again after `seconds`."""

    def __init__(self) -> None:
        super().__init__("too many live feeds or watchers; stop one, or try again later")
        self.seconds = RETRY


class Position(Form):
    """Where a place is, in degrees, as far as its name tells."""

    name: str
    country: str
    kind: Literal["country", "state", "county", "city"]
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


class Feed:
    """One feed; watchers are woken whenever something is added."""

    def __init__(self, name: str, total: int | None, kept: int) -> None:
        self.name, self.total, self.sent, self.ended, self.watchers = name, total, 0, False, 0
        self._tweets: deque[LiveTweet] = deque(maxlen=kept)
        self._changed = asyncio.Event()

    def state(self) -> FeedState:
        """As the API tells it."""
        kind = "stream" if self.total is None else "replay"
        return FeedState(id=self.name, kind=kind, total=self.total, sent=self.sent, ended=self.ended)

    def add(self, tweet: LiveTweet) -> None:
        """Add an analysed tweet."""
        self._tweets.append(tweet)
        self.sent = tweet.number
        self._wake()

    def end(self) -> None:
        """Nothing more will come."""
        self.ended = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def after(self, number: int) -> list[LiveTweet]:
        """Those behind `number` that are still kept."""
        if not self._tweets or number >= self.sent:
            return []
        return list(itertools.islice(self._tweets, max(0, number + 1 - self._tweets[0].number), None))

    async def events(self, number: int) -> AsyncIterator[str]:
        """Server-sent events of the tweets behind `number`, until the feed ends."""
        while True:
            changed = self._changed
            tweets = self.after(number)
            for tweet in tweets:
                if tweet.number > number + 1:
                    yield f"event: gap\ndata: {tweet.number - number - 1}\n\n"
                number = tweet.number
                yield f"id: {number}\nevent: tweet\ndata: {tweet.model_dump_json()}\n\n"
            if tweets:
                continue
            if self.ended:
                yield "event: end\ndata: \n\n"
                return
            try:
                await asyncio.wait_for(changed.wait(), QUIET)
            except TimeoutError:
                yield ": still here\n\n"


class Feeds:
    """All feeds of a server."""

    def __init__(self, batcher: MicroBatcher, limits: Limits, gazetteer: "asyncio.Task[Gazetteer]") -> None:
        self._batcher, self._limits, self._gazetteer = batcher, limits, gazetteer
        self._feeds: dict[str, Feed] = {}
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
        """A new feed; one that has ended and is not watched makes room for it.

        Raises:
            TooManyFeeds: there is no room.
        """
        if len(self._feeds) >= self._limits.feeds:
            idle = next((feed for feed in self._feeds.values() if feed.ended and not feed.watchers), None)
            if idle is None:
                raise TooManyFeeds
            self.remove(idle.name)
        feed = Feed(name or secrets.token_urlsafe(9), total, self._limits.kept)
        self._feeds[feed.name] = feed
        return feed

    def replay(self, tweets: Sequence[Source], rate: float) -> Feed:
        """A new feed of these tweets, so many a second."""
        feed = self.open(total=len(tweets))
        self._replays[feed.name] = asyncio.create_task(self._replay(feed, tweets, rate))
        return feed

    async def _replay(self, feed: Feed, tweets: Sequence[Source], rate: float) -> None:
        loop = asyncio.get_running_loop()
        begin, done = loop.time(), 0
        while done < len(tweets):
            await asyncio.sleep(max(0.0, begin + done / rate - loop.time()))
            due = max(done + 1, int((loop.time() - begin) * rate) + 1)
            part = tweets[done : min(due, done + BATCH)]
            await self._patiently(feed, part)
            done += len(part)
        feed.end()

    async def analyse(self, feed: Feed, tweets: Sequence[Source]) -> None:
        """Add tweets to a feed.

        Raises:
            Overloaded: too much waits for the model.
        """
        found = await self._batcher.submit([tweet.text for tweet in tweets])
        gazetteer = await asyncio.shield(self._gazetteer)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        for tweet, own in zip(tweets, found, strict=True):
            feed.add(live_tweet(feed.sent + 1, tweet, own, gazetteer, now))

    def follow(self, name: str, lines: TextIO) -> Feed:
        """A new feed of lines as they come: JSON objects with a `text` and, if they like, an `id`, or bare texts."""
        feed = self.open(name)
        loop = asyncio.get_running_loop()

        def read() -> None:
            for batch in together(lines):
                sources = [source for line in batch if (source := source_of(line, self._limits.characters))]
                for part in batched(sources, BATCH):
                    asyncio.run_coroutine_threadsafe(self._patiently(feed, part), loop).result()
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
        self._feeds.pop(name).end()

    async def close(self) -> None:
        """End all of them."""
        replays = list(self._replays.values())
        for name in list(self._feeds):
            self.remove(name)
        for replay in replays:
            with suppress(asyncio.CancelledError):
                await replay

    async def watch(self, feed: Feed, number: int) -> AsyncIterator[str]:
        """The events of a feed, and that somebody watches it."""
        feed.watchers += 1
        try:
            async for event in feed.events(number):
                yield event
        finally:
            feed.watchers -= 1

    def check_watchers(self) -> None:
        """Refuse one watcher too many."""
        if sum(feed.watchers for feed in self._feeds.values()) >= self._limits.watchers:
            raise TooManyFeeds


def source_of(line: str, characters: int) -> Source | None:
    """The tweet of a line, cut to so many characters; None where there is no text."""
    text, own_id = line.strip(), None
    with suppress(ValueError, RecursionError):
        record = json.loads(line)
        if isinstance(record, dict) and isinstance(record.get("text"), str):
            text, own_id = record["text"], record.get("id")
    # Half of a surrogate pair, which JSON can name, is no text.
    text = text.encode("utf-8", "replace").decode()[:characters]
    return Source(text=text, id=None if own_id is None else str(own_id)[:64]) if text.strip() else None


def live_tweet(number: int, tweet: Source, found: Findings, gazetteer: Gazetteer, at: str) -> LiveTweet:
    """An analysed tweet with its places."""
    guess = prediction(tweet.text, found)
    entities = []
    for entity in guess.entities or []:
        place = gazetteer.find(entity.text) if entity.label == EntityType.LOCATION else None
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

    @api.post("/v1/live", tags=["live"], status_code=201, responses=problems(429))
    async def open_feed(request: ReplayRequest) -> FeedState:  # type: ignore[valid-type]
        """Open a feed: a replay of the tweets, or, without any, a stream to which tweets are sent."""
        if not request.tweets:
            return feeds().open().state()
        sources = [Source(text=tweet.text, id=tweet.id) for tweet in request.tweets]
        return feeds().replay(sources, request.rate).state()

    @api.post("/v1/live/{feed}/tweets", tags=["live"], status_code=202, responses=problems(404, 409, 503))
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
                "description": "events `tweet` (data: LiveTweet as JSON), `gap` (how many were dropped) and `end`",
            },
            **problems(404, 429),
        },
    )
    async def events(
        feed: Name,
        after: Annotated[int, Query(ge=0, le=2**53, description="number of the last tweet seen")] = 0,
        last_event_id: Annotated[int | None, Header(ge=0, le=2**53, description="the same, as browsers say it")] = None,
    ) -> StreamingResponse:
        """Watch a feed by server-sent events."""
        own = feeds().get(feed)
        feeds().check_watchers()
        stream = feeds().watch(own, after if last_event_id is None else last_event_id)
        return StreamingResponse(stream, media_type="text/event-stream")

    @api.delete("/v1/live/{feed}", tags=["live"], status_code=204, responses=problems(404))
    async def close_feed(feed: Name) -> Response:
        """End a feed and forget its tweets."""
        feeds().get(feed)
        feeds().remove(feed)
        return Response(status_code=204)
