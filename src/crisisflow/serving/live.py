"""The operations of live feeds: tweets that come one after the other, analysed as they come."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, HTTPException, Query, Response
from fastapi import Path as InPath
from fastapi.responses import StreamingResponse
from pydantic import Field

from crisisflow.serving.feeds import Feeds
from crisisflow.serving.live_schema import FEED, Accepted, FeedState, LiveTweets, Source, requests
from crisisflow.serving.schema import LabelNames, Problem
from crisisflow.serving.selection import Wanted, selected
from crisisflow.serving.settings import Limits
from crisisflow.serving.times import moment

EVENT = r"^(([0-9a-f]{8}-)?[0-9]{1,16})?$"  # the feed's epoch and the tweet's number
VALUES = 16  # of one filter

Part = Annotated[str, Field(min_length=1, max_length=200)]


def _source(tweet: Any) -> Source:
    """A tweet of a request."""
    return Source(text=tweet.text, id=tweet.id, created_at=moment(tweet.created_at), author=tweet.author)


def _one_of(names: Sequence[str]) -> Any:
    """The type of one of these names; of any text where there are none, and no tweet has it."""
    return Literal[tuple(names)] if names else Part


def _number_of(names: Sequence[str]) -> Any:
    """The type of the number of one of these names; of any number where there are none, and no tweet has it."""
    return Annotated[int, Field(ge=0, le=len(names) - 1 if names else None)]


def _utc(time: datetime | None) -> datetime | None:
    """A time without a zone is UTC, as that of a tweet is."""
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time


def add_operations(
    api: APIRouter,
    feeds: Callable[[], Feeds],
    labels: LabelNames,
    limits: Limits,
    problems: Callable[..., dict[int | str, dict[str, Any]]],
) -> None:
    """Add the operations of feeds to the API.

    Args:
        labels: what the tweets can have, and by which they are chosen.
    """
    ReplayRequest, StreamRequest = requests(limits)
    Name = Annotated[str, InPath(pattern=FEED)]

    def several(kind: Any, description: str, name: str | None = None) -> Any:
        return Annotated[list[kind], Query(alias=name, max_length=VALUES, description=f"{description}; repeat")]

    @api.get("/v1/live", tags=["live"], responses={401: {"model": Problem}})
    async def list_feeds() -> list[FeedState]:
        """The feeds that are kept."""
        return feeds().states()

    @api.post("/v1/live", tags=["live"], status_code=201, responses=problems(409, 415, 429))
    async def open_feed(request: ReplayRequest) -> FeedState:  # type: ignore[valid-type]
        """Open a feed: a replay of the tweets, or, without any, a stream to which tweets are sent.

        It is the server's, and goes on when who opened it leaves.
        """
        if not request.tweets:
            return feeds().open().state()
        try:
            return feeds().replay(list(map(_source, request.tweets)), request.rate, request.speed).state()
        except ValueError as error:
            raise HTTPException(409, str(error)) from None

    @api.get("/v1/live/{feed}", tags=["live"], responses=problems(404))
    async def feed_state(feed: Name) -> FeedState:
        """How far a feed is, and how much of it is kept."""
        return feeds().get(feed).state()

    @api.post("/v1/live/{feed}/tweets", tags=["live"], status_code=202, responses=problems(404, 409, 415, 503))
    async def send_tweets(feed: Name, request: StreamRequest) -> Accepted:  # type: ignore[valid-type]
        """Send tweets to a stream."""
        own = feeds().get(feed)
        if own.total is not None:
            raise HTTPException(409, "this feed is a replay; send to a stream")
        sources = list(map(_source, request.tweets))
        await feeds().analyse(own, sources)
        return Accepted(accepted=len(sources), dated=sum(source.created_at is not None for source in sources))

    @api.get("/v1/live/{feed}/tweets", tags=["live"], responses=problems(404))
    async def kept_tweets(
        feed: Name,
        class_: several(_one_of(labels.classes), "humanitarian class", "class") = (),
        type: several(_one_of(labels.entities), "type of an entity in it") = (),
        help: several(_one_of(labels.help), "whether it requests or offers help") = (),
        topic: several(_number_of(labels.topics), "number of its topic") = (),
        place: several(Part, "part of the name of a place in it, or of that place's country") = (),
        text: several(Part, "part of its text") = (),
        since: Annotated[datetime | None, Query(description="earliest time; UTC where it names no zone")] = None,
        until: Annotated[datetime | None, Query(description="latest time")] = None,
        after: Annotated[int, Query(ge=0, le=2**53, description="`next` of the page before")] = 0,
        limit: Annotated[int, Query(ge=1, le=limits.batch)] = 100,
    ) -> LiveTweets:
        """A page of the tweets that are kept, oldest first: those that pass each filter by any of its values."""
        wanted = Wanted(
            classes=tuple(class_),
            type=tuple(type),
            help=tuple(help),
            topic=tuple(topic),
            place=tuple(place),
            text=tuple(text),
            since=_utc(since),
            until=_utc(until),
        )
        return await asyncio.to_thread(selected, feeds().get(feed).after(after, None), wanted, limit)

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
