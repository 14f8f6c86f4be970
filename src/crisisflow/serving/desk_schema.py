"""What the operations of the desk take and answer. Times are ISO 8601, in UTC."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from crisisflow.ingest.incident import State, Where
from crisisflow.ingest.store.records import AlertKind, DeliveryState, Role
from crisisflow.serving.schema import Form

Whole = Annotated[int, Field(ge=0)]
ActName = Literal["acknowledge", "close", "open", "note"]


class Me(Form):
    """Who asks, and what they may."""

    name: str
    role: Role


class Item(Form):
    """An incident in a list. `deadline` is the first time at which somebody else is told, if nobody acknowledges."""

    id: str
    version: int
    state: State
    watch: str
    headline: str
    priority: str | None
    since: datetime
    deadline: datetime | None
    type: str | None
    place: Where | None
    posts: int
    authors: int
    confidence: float
    told: list[str]
    acknowledged_by: list[str]


class PostShown(Form):
    """A post of an incident; what names or reaches a person is covered unless it was uncovered."""

    number: int
    text: str
    at: datetime | None
    covered: bool


class AlertShown(Form):
    """A version of an alert."""

    id: str
    version: int
    kind: AlertKind
    rule: str
    priority: str
    agency: str
    headline: str
    reason: str | None


class DeliveryShown(Form):
    """An alert on its way to a channel, with the last answer."""

    id: int
    incident: str
    alert: str
    version: int
    receiver: str
    channel: str
    state: DeliveryState
    attempts: int
    changed: datetime
    answer: str | None


class ActShown(Form):
    """An entry of the audit."""

    number: int
    at: datetime
    actor: str
    act: str
    subject: str
    details: dict[str, Any]


class IncidentShown(Form):
    """An incident with all that belongs to it."""

    item: Item
    numbers: dict[str, tuple[int, int]]
    classes: dict[str, float]
    needs: list[str]
    organisations: list[str]
    verified_by: str | None
    until: datetime
    posts: list[PostShown]
    alerts: list[AlertShown]
    deliveries: list[DeliveryShown]
    acts: list[ActShown]


class ActRequest(Form):
    """What a person does with an incident; a note has a text."""

    act: ActName
    text: Annotated[str, Field(max_length=1_000)] = ""


class Redelivered(Form):
    """A delivery that is due again."""

    delivery: int


class DropShown(Form):
    """Posts that were not kept, by reason."""

    watch: str
    reason: str
    posts: int


class GapShown(Form):
    """A stretch of time of which posts may be missing."""

    since: datetime
    until: datetime
    why: str


class SourceShown(Form):
    """How a source fares."""

    id: str
    kind: str
    connected: datetime | None
    heard: datetime | None
    trouble: str | None
    taken: int
    last_minute: int
    repeats: int
    reconnects: int
    gaps: list[GapShown]
    drops: list[DropShown]


class RuleShown(Form):
    """A rule that is loaded."""

    id: str
    priority: str
    to: str
    when: dict[str, Any]


class RulesShown(Form):
    """The rules that are loaded, with the hash that alerts have."""

    hash: str
    rules: list[RuleShown]


class FoundPost(Form):
    """A post of the store, covered."""

    id: int
    source: str
    taken: datetime
    text: str
    watches: list[str]
    longitude: float | None
    latitude: float | None
