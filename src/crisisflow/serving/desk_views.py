"""What the desk shows of a store: incidents as items and whole, deliveries, sources and posts."""

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import ValidationError

from crisisflow.ingest.incident import Incident
from crisisflow.ingest.routing.configuration import Routing
from crisisflow.ingest.routing.covered import covered
from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.records import Alert, Delivery, Entry, SourceHealth, StoredPost
from crisisflow.ingest.store.records import Incident as Stored
from crisisflow.masking import mask
from crisisflow.serving import desk_schema as schema
from crisisflow.serving.private import cover, hidden

PRIORITIES = ("urgent", "high", "normal", "low")
ACTS = 200  # entries of the audit that an incident shows


def time(milliseconds: int) -> datetime:
    """A time of the store."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _time(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else time(milliseconds)


def read(stored: Stored) -> Incident | None:
    """The facts of an incident of the store; None where they do not fit, as `route` leaves it out too."""
    try:
        return Incident.model_validate(stored.content)
    except ValidationError:
        return None


def items(store: Store, routing: Routing, states: Sequence[str], watch: str | None) -> list[schema.Item]:
    """Incidents in these states, the most urgent first, then those with the nearest deadline, then the oldest."""
    found = []
    for stored, _ in store.incidents(0, watch):
        if stored.state in states and (incident := read(stored)):
            found.append(item(stored, incident, store.alerts(stored.id), routing))
    return sorted(found, key=_urgency)


def _urgency(own: schema.Item) -> tuple[int, bool, datetime, str]:
    rank = PRIORITIES.index(own.priority) if own.priority in PRIORITIES else len(PRIORITIES)
    return rank, own.deadline is None, own.deadline or own.since, own.id


def item(stored: Stored, incident: Incident, alerts: Sequence[Alert], routing: Routing) -> schema.Item:
    """An incident in a list.

    Args:
        alerts: all of it, in the order in which they were made.
    """
    standing = [own for own in {own.id: own for own in alerts}.values() if own.kind != "cancel"]
    waits = {rule.id: rule.acknowledge for rule in routing.rules}
    deadlines = [
        own.content["first"] + wait * 1000
        for own in standing
        if (wait := waits.get(own.rule))
        and own.content["agency"] not in incident.acknowledged_by
        and not own.content["escalated"]
    ]
    first = min(standing, key=lambda own: PRIORITIES.index(own.priority), default=None)
    return schema.Item(
        id=stored.id,
        version=stored.version,
        state=incident.state,
        watch=stored.watch,
        headline=mask(first.content["headline"]) if first else _headline(incident),
        priority=first and first.priority,
        since=incident.since,
        deadline=time(min(deadlines)) if deadlines and incident.state == "open" else None,
        type=incident.type,
        place=incident.place,
        posts=incident.posts,
        authors=incident.authors,
        confidence=incident.confidence,
        told=sorted({own.content["agency_name"] for own in standing}),
        acknowledged_by=list(incident.acknowledged_by),
    )


def _headline(incident: Incident) -> str:
    what = (incident.type or incident.class_ or "incident").replace("_", " ").capitalize()
    return f"{what} in {incident.place.name}" if incident.place and incident.place.name else what


def whole(store: Store, stored: Stored, incident: Incident, routing: Routing) -> schema.IncidentShown:
    """An incident with all that belongs to it."""
    alerts = store.alerts(stored.id)
    return schema.IncidentShown(
        item=item(stored, incident, alerts, routing),
        numbers=incident.numbers,
        classes=incident.classes,
        needs=list(incident.needs),
        organisations=list(incident.organisations),
        verified_by=incident.verified_by,
        until=incident.until,
        posts=[
            schema.PostShown(number=number, text=covered(own), at=own.at, covered=True)
            for number, own in enumerate(incident.examples)
        ],
        alerts=[_alert(own) for own in alerts],
        deliveries=[delivery(store, own) for own in store.deliveries(incident=stored.id)],
        acts=[act(own) for own in store.latest_acts(f"incident:{stored.id}", ACTS)],
    )


def _alert(own: Alert) -> schema.AlertShown:
    return schema.AlertShown(
        id=own.id,
        version=own.version,
        kind=own.kind,
        rule=own.rule,
        priority=own.priority,
        agency=own.content["agency_name"],
        headline=mask(own.content["headline"]),
        reason=own.content["reason"],
    )


def delivery(store: Store, own: Delivery) -> schema.DeliveryShown:
    """A row of the outbox."""
    tries = store.attempts(own.id)
    return schema.DeliveryShown(
        id=own.id,
        incident=own.incident,
        alert=own.alert,
        version=own.version,
        receiver=own.receiver,
        channel=own.channel,
        state=own.state,
        attempts=own.attempts,
        changed=time(own.changed),
        answer=mask(tries[-1].answer) if tries and tries[-1].answer else None,
    )


def act(own: Entry) -> schema.ActShown:
    """An entry of the audit."""
    return schema.ActShown(
        number=own.number,
        at=time(own.at),
        actor=own.actor,
        act=own.act,
        subject=own.subject,
        details=dict(own.details),
    )


def source(own: SourceHealth) -> schema.SourceShown:
    """How a source fares."""
    return schema.SourceShown(
        id=own.id,
        kind=own.kind,
        connected=_time(own.connected),
        heard=_time(own.heard),
        trouble=own.trouble,
        taken=own.taken,
        last_minute=own.last_minute,
        repeats=own.repeats,
        reconnects=own.reconnects,
        gaps=[schema.GapShown(since=time(gap.since), until=time(gap.until), why=gap.why) for gap in own.gaps],
        drops=[
            schema.DropShown(watch=drop.watch, reason=drop.reason, posts=posts) for drop, posts in own.drops.items()
        ],
    )


def rules(routing: Routing) -> schema.RulesShown:
    """The rules that are loaded."""
    return schema.RulesShown(
        hash=routing.hash,
        rules=[
            schema.RuleShown(
                id=own.id,
                priority=own.priority,
                to=own.to.agency or f"{own.to.kind}{' covering its place' if own.to.covering else ''}",
                when=own.when.model_dump(mode="json", exclude_defaults=True, by_alias=True),
            )
            for own in routing.rules
        ],
    )


def post(own: StoredPost) -> schema.FoundPost:
    """A post with what names or reaches a person covered."""
    longitude, latitude = own.point or (None, None)
    return schema.FoundPost(
        id=own.id,
        source=own.source,
        taken=time(own.taken),
        text=cover(mask(own.text), hidden(own.text, [])),
        watches=[one.watch for one in own.watches],
        longitude=longitude,
        latitude=latitude,
    )
