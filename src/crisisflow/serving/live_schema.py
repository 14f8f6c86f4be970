"""The forms of live feeds: what is sent to them, and what they tell."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, create_model

from crisisflow.places.coordinates import Kind
from crisisflow.serving.schema import ClassScores, Entity, Form, Help, Judged, Topic, text_form, within
from crisisflow.serving.settings import Limits

FEED = r"^[A-Za-z0-9_-]{1,32}$"  # the name of one
RATES = (0.1, 1000.0)  # tweets a second
SPEEDS = (0.01, 100_000.0)  # times as fast as recorded
TIME = "ISO 8601 (UTC where it names no zone), Twitter's form, RFC 2822, or seconds or milliseconds since 1970"


class MapPoint(Form):
    """Where a place is, in degrees, as far as its name tells; `country` is empty where it lies in several."""

    name: str
    country: str
    kind: Kind
    latitude: float
    longitude: float


class PlacedEntity(Entity):
    """An entity; `place` for a location whose name is known, `private` where it names a person or a street."""

    place: MapPoint | None = None
    private: bool = False


class LiveTweet(Judged):
    """An analysed tweet: `number` counts from 1 within the feed, `masked` is the text without what reaches a person.

    `hidden` is where the text names people, streets and addresses: what the model marks, and what the rules find.

    `at` is when it was analysed, `created_at` when it was written, where that is known; both ISO 8601 in UTC.
    """

    number: int
    id: str | None
    at: str
    created_at: str | None
    author: str | None
    text: str
    masked: str
    hidden: list[tuple[int, int]]
    entities: list[PlacedEntity]
    class_: ClassScores | None = Field(alias="class")
    help: Help | None = None  # where there is a model of requests and offers
    topic: Topic | None = None  # where there is a model of topics, and the text has one
    truncated: bool


class LiveTweets(Form):
    """A page of the tweets that are kept and match, oldest first; `next` is the `after` of the next page."""

    tweets: list[LiveTweet]
    next: int | None


class FeedState(Form):
    """A feed: `total` is how many a replay has, `sent` how many were analysed: some are `kept`, the oldest `dropped`.

    `dated` is how many of a replay have a time that could be read; `own` that it ends with the server only.
    """

    id: str
    kind: Literal["replay", "stream"]
    opened_at: str
    total: int | None
    dated: int | None
    sent: int
    kept: int
    dropped: int
    ended: bool
    own: bool


class Accepted(Form):
    """How many tweets a stream has taken in this request, and how many of them have a time that could be read."""

    accepted: int
    dated: int


class Source(Form):
    """A tweet that comes in."""

    text: str
    id: str | None = None
    created_at: datetime | None = None
    author: str | None = None


def requests(limits: Limits) -> tuple[type[BaseModel], type[BaseModel]]:
    """The forms of a replay and of what is sent to a stream."""
    short = Annotated[str, Field(max_length=64)]
    number = Annotated[float, Field(allow_inf_nan=False)]
    time = Annotated[short | int | number | None, Field(description=f"when it was written: {TIME}")]
    source = create_model(
        "Tweet",
        __base__=Form,
        text=(text_form(limits), ...),
        id=(short | None, None),
        created_at=(time, None),
        author=(Annotated[str, Field(max_length=128)] | None, None),
    )

    def bounded(low: float, high: float, description: str) -> Any:
        return Annotated[float, Field(ge=low, le=high, allow_inf_nan=False, description=description)]

    replay = create_model(
        "ReplayRequest",
        __base__=Form,
        tweets=(Annotated[list[source], Field(max_length=limits.replayed, description="none: a stream")], ...),
        rate=(bounded(*RATES, "tweets a second"), 5.0),
        speed=(bounded(*SPEEDS, "times the pace at which they were written, instead of a rate") | None, None),
    )

    def checked(tweets: list[BaseModel]) -> list[BaseModel]:
        within(limits, (tweet.text for tweet in tweets))
        return tweets

    several = Annotated[list[source], Field(min_length=1, max_length=limits.batch), AfterValidator(checked)]
    stream = create_model("StreamRequest", __base__=Form, tweets=(several, ...))
    return replay, stream
