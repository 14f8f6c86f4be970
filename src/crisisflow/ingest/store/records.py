"""What goes into a store and comes out of it. Times are whole milliseconds since 1970, UTC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Basis = Literal["coordinates", "mentioned"]
AlertKind = Literal["alert", "update", "cancel"]
DeliveryState = Literal["due", "sending", "delivered", "failed", "dead", "withdrawn"]
Outcome = Literal["delivered", "failed", "dead"]
SERVICE = "_service"  # the watch of troubles of the service itself; the name of another begins with a letter or digit
Role = Literal["viewer", "operator", "lead", "admin"]


class Media(NamedTuple):
    """A link to an image or a video, and its description (alt text)."""

    url: str
    description: str


@dataclass(frozen=True, slots=True)
class Post:
    """A post as its source hands it over.

    Args:
        native_id: its id at the source; the same id with another text is a revision.
        author: in plain words; a store keeps a keyed hash of it alone.
        language: as the source names it, in ISO 639-1.
        point: longitude and latitude in degrees.
    """

    native_id: str
    text: str
    created: int | None = None
    author: str | None = None
    language: str | None = None
    point: tuple[float, float] | None = None
    url: str | None = None
    media: tuple[Media, ...] = ()


class Membership(NamedTuple):
    """A watch of a post. `reason` says why it fails the watch's filters, where the watch keeps it all the same."""

    watch: str
    basis: Basis | None = None
    reason: str | None = None


class Filed(NamedTuple):
    """A post with its watches."""

    post: Post
    watches: tuple[Membership, ...]


class Deleted(NamedTuple):
    """The native id of a post that its author deleted."""

    native_id: str


class Drop(NamedTuple):
    """Why a post was not kept: by the filter of a watch, or with an empty watch because it could not be read."""

    watch: str
    reason: str


@dataclass(frozen=True, slots=True)
class Intake:
    """What a source hands over at once: it is written in one transaction, in order, and the cursor with it.

    Args:
        cursor: None leaves the source's cursor as it is.
    """

    source: str
    events: Sequence[Filed | Deleted]
    cursor: str | None = None
    drops: Mapping[Drop, int] = field(default_factory=dict)


class Taken(NamedTuple):
    """What became of an intake: counts of posts."""

    new: int = 0
    repeated: int = 0
    revised: int = 0
    deleted: int = 0
    forgotten: int = 0  # came again after they had been deleted


class Gap(NamedTuple):
    """A stretch of time of which posts of a source may be missing."""

    since: int
    until: int
    why: str


class SourceHealth(NamedTuple):
    """How a source fares."""

    id: str
    kind: str
    cursor: str | None
    connected: int | None
    heard: int | None
    last_post: int | None
    lag: int | None
    reconnects: int
    taken: int
    repeats: int
    revisions: int
    deletions: int
    trouble: str | None
    usual_pause: int | None  # ms between takings with new posts, a running mean
    last_minute: int  # posts
    gaps: tuple[Gap, ...]  # the latest
    drops: Mapping[Drop, int]


class StoredPost(NamedTuple):
    """A post as a store keeps it."""

    id: int
    source: str
    native_id: str
    revision: int
    text: str
    created: int | None
    taken: int
    author: str | None  # keyed hash, in hexadecimal digits
    language: str | None
    point: tuple[float, float] | None
    url: str | None
    media: tuple[Media, ...]
    watches: tuple[Membership, ...]


class Query(NamedTuple):
    """Which posts: all of what is given must hold.

    Args:
        words: all of them, in any order; a word may end with `*`.
        box: west, south, east, north in degrees; west is greater than east where it crosses the date line.
        since: by the time of taking, included; `until` is not.
        before: only posts with a smaller id; the next page of an answer.
    """

    watch: str | None = None
    source: str | None = None
    words: str | None = None
    box: tuple[float, float, float, float] | None = None
    since: int | None = None
    until: int | None = None
    before: int | None = None


class Queue(NamedTuple):
    """How much waits for the analysis."""

    posts: int
    bytes: int  # of texts
    set_aside: int = 0  # posts that waited too long for it, since the store was made


class Finding(NamedTuple):
    """What the analysis found in a revision of a post.

    Args:
        story: the number of the first post of its near-repeats; its own where it is the first.
    """

    post: int
    revision: int
    story: int
    content: Mapping[str, Any]  # as JSON


class Failure(NamedTuple):
    """A post on whose latest revision the analysis failed, and how often; `poison` is one that is tried no more."""

    post: int
    revision: int
    failures: int
    reason: str
    poison: bool


class Analysed(NamedTuple):
    """A post with what was found in it."""

    post: StoredPost
    finding: Finding


class Story(NamedTuple):
    """Near-repeats: the number of the first post, its text, and its incident, if it has one."""

    id: int
    text: str
    incident: str | None


class Extent(NamedTuple):
    """How many posts there are, of how many authors, and when the first and the last were written.

    All posts without an author count as one author.
    """

    posts: int
    authors: int
    since: int
    until: int


class Incident(NamedTuple):
    """The state of an incident; each change of it has a version of its own, from 1."""

    id: str
    watch: str
    version: int
    state: str
    content: Mapping[str, Any]  # as JSON


class Alert(NamedTuple):
    """What an agency is told. An update and a cancellation have the id of the first alert, and the next version."""

    id: str
    version: int
    kind: AlertKind
    rule: str
    rules_hash: str
    priority: str
    content: Mapping[str, Any]  # as JSON


class Destination(NamedTuple):
    """A channel of an agency."""

    receiver: str
    channel: str
    due: int  # not to be sent before


class Delivery(NamedTuple):
    """A row of the outbox: an alert on its way to a channel."""

    id: int
    alert: str
    version: int
    incident: str
    receiver: str
    channel: str
    state: DeliveryState
    since: int
    next: int
    claim: str | None
    claim_ends: int | None
    changed: int
    reference: str | None
    attempts: int


class Claim(NamedTuple):
    """A delivery that a worker may send until `ends`, and what it says."""

    delivery: int
    attempt: int
    alert: Alert
    incident: str
    receiver: str
    channel: str
    since: int
    ends: int


class Attempt(NamedTuple):
    """One try to deliver. `ended` and `outcome` are None while it goes on; `lost` is one whose worker died."""

    number: int
    worker: str
    started: int
    ended: int | None
    outcome: str | None
    answer: str | None


class Entry(NamedTuple):
    """An entry of the audit."""

    number: int
    at: int
    actor: str
    act: str
    subject: str
    details: Mapping[str, Any]
    hash: str


class Person(NamedTuple):
    """Somebody who may use the store. The token itself is nowhere kept: only its salted hash."""

    name: str
    role: Role
    salt: bytes
    token: bytes
    added: int
    revoked: int | None = None


class Lease(NamedTuple):
    """Who works on something, and until when."""

    subject: str
    person: str
    ends: int


class Counts(NamedTuple):
    """How much a store has, for those who watch over it."""

    gaps: Mapping[str, int]  # by source
    incidents: Mapping[str, int]  # by state
    alerts: Mapping[tuple[str, AlertKind], int]  # by rule
    deliveries: Mapping[tuple[str, str, DeliveryState], int]  # by receiver and channel
    oldest: Mapping[tuple[str, str], int]  # when the oldest that is still to be sent was made due, by both
    waiting_since: int | None  # when the oldest post that waits for the analysis was taken
    bytes: int
