"""Which alerts an incident causes now, given those that it caused before; and how they are written.

An alert is written at once, with the time before which it is not sent. What changes in its `wait` replaces it. An
update and a cancellation have the id of the first alert, and the next version.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

from crisisflow.errors import CrisisflowError
from crisisflow.ingest.incident import Incident
from crisisflow.ingest.routing.configuration import Routing
from crisisflow.ingest.routing.content import Covering, content_of, written
from crisisflow.ingest.routing.decision import Notice, decide, told
from crisisflow.ingest.routing.rules import Rule
from crisisflow.ingest.store.faults import StaleError
from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.records import Alert, AlertKind, Destination
from crisisflow.ingest.store.records import Incident as Stored

TRIES = 100  # to write an incident that others change meanwhile
CLOSED = "the incident is closed"
NO_LONGER = "by the rules it is no longer for this agency"


class Plan(NamedTuple):
    """Alerts with their destinations, alerts whose unsent versions below one are withdrawn, and when to look again."""

    alerts: list[tuple[Alert, list[Destination]]]
    withdrawn: list[tuple[str, int]]
    again: datetime | None


def alert_id(incident: str, agency: str) -> str:
    """The id of an agency's alert of an incident: always the same."""
    return f"alert-{sha256(f'{incident}|{agency}'.encode()).hexdigest()[:24]}"


def sent_id(alert: str, version: int) -> str:
    """The id under which a version of an alert is sent, each time."""
    return f"{alert}-{version}"


def made(due: int) -> str:
    """The time that a message has, by when it was due."""
    return written(datetime.fromtimestamp(due // 1000, UTC))


def milliseconds(at: datetime) -> int:
    """A time as the store has it."""
    return round(at.timestamp() * 1000)


def destinations(routing: Routing, agency: str, due: int) -> list[Destination]:
    """All channels of an agency."""
    return [Destination(agency, own.name, due) for own in routing.directory.content.agencies[agency].channels]


def plan(routing: Routing, incident: Incident, earlier: Sequence[Alert], at: datetime, cover: Covering) -> Plan:
    """The alerts that an incident causes at a time.

    Args:
        earlier: all its alerts, in the order in which they were made.
    """
    now = milliseconds(at)
    # Not those about deliveries that failed.
    last = {own.content["agency"]: own for own in earlier if own.id == alert_id(incident.id, own.content["agency"])}
    decision = decide(routing, incident, at)
    silenced = {own.agency: own.silence for own in decision.notices if own.silence}
    notices = {own.agency: (own, False) for own in decision.notices if not own.silence}
    found = Plan([], [], None)
    later = [milliseconds(own.until) for own in silenced.values()]
    for notice, escalated_at in _escalations(routing, incident, list(notices.values()), last, now):
        if escalated_at > now:
            later.append(escalated_at)
        elif notice.agency not in notices:
            notices[notice.agency] = (notice, True)
    for agency, (notice, escalated) in notices.items():
        rule, before = notice.rule, last.get(agency)
        own = routing.directory.content.agencies[agency]
        category = routing.ontology.category(incident.type)
        said = content_of(incident, notice, own, category, escalated, cover).model_dump(mode="json")
        if before is None or before.kind == "cancel":
            due = now if escalated else now + rule.wait * 1000
            _add(routing, found, incident, before, "alert", rule, said, due, due)
        elif _changed(before, said):
            if now < before.content["due"]:
                _add(
                    routing,
                    found,
                    incident,
                    before,
                    before.kind,
                    rule,
                    said,
                    before.content["due"],
                    before.content["first"],
                )
                found.withdrawn.append((before.id, before.version + 1))
            elif rule.repeat is not None:
                due = before.content["due"] + rule.repeat * 1000
                if now >= due:
                    _add(routing, found, incident, before, "update", rule, said, now, before.content["first"])
                else:
                    later.append(due)
    for agency, before in last.items():
        if agency in notices or agency in silenced or before.kind == "cancel":
            continue
        if before.content["instead_of"] in notices:  # now it is told itself; who was told at night keeps the alert
            continue
        reason = CLOSED if incident.state == "closed" else NO_LONGER
        said = before.content | {"reason": reason, "incident_state": incident.state}
        _add(routing, found, incident, before, "cancel", before.rule, said, now, before.content["first"])
        found.withdrawn.append((before.id, before.version + 1))
    again = datetime.fromtimestamp(min(later) / 1000, at.tzinfo) if later else None
    return found._replace(again=again)


def _add(
    routing: Routing,
    found: Plan,
    incident: Incident,
    before: Alert | None,
    kind: AlertKind,
    rule: Rule | str,
    said: dict,
    due: int,
    first: int,
) -> None:
    agency = said["agency"]
    named = rule if isinstance(rule, str) else rule.id
    priority = before.priority if isinstance(rule, str) and before else rule.priority
    version, references = 1, []
    if before:
        version, references = before.version + 1, before.content["references"]
        if before.content["due"] <= due and kind != "alert":
            references = [*references, {"id": sent_id(before.id, before.version), "made": made(before.content["due"])}]
    content = said | {"due": due, "first": first, "references": references}
    alert = Alert(alert_id(incident.id, agency), version, kind, named, routing.hash, priority, content)
    found.alerts.append((alert, destinations(routing, agency, due)))


def _changed(before: Alert, said: dict) -> bool:
    return any(before.content[field] != value for field, value in said.items())


def _escalations(
    routing: Routing,
    incident: Incident,
    notices: Sequence[tuple[Notice, bool]],
    last: dict[str, Alert],
    now: int,
) -> list[tuple[Notice, int]]:
    """Notices to those who are told since others did not acknowledge, each with its time.

    Whoever was told so is told further, also after an acknowledgement, until the incident is closed.
    """
    found = []
    for notice, _ in notices:
        rule, before = notice.rule, last.get(notice.agency)
        if rule.escalate is None or rule.acknowledge is None or before is None or before.kind == "cancel":
            continue
        taken = incident.state != "open" or notice.agency in incident.acknowledged_by
        at = before.content["first"] + rule.acknowledge * 1000
        name = routing.directory.content.agencies[notice.agency].name
        for agency in told(routing, rule.escalate, incident):
            known = last.get(agency)
            going_on = known is not None and known.kind != "cancel" and known.content["escalated"]
            if not taken or going_on:
                why = f"{name} did not acknowledge within {rule.acknowledge // 60} minutes"
                found.append((Notice(agency, rule, (), why, None, None), now if going_on else at))
    return found


def route(
    store: Store, routing: Routing, incident: Incident, posts: Sequence[int], at: datetime, cover: Covering
) -> Plan:
    """Write an incident, the alerts that it causes and their deliveries, all in one transaction.

    What the desk and agencies acknowledged stays so, until the incident is closed.

    Args:
        posts: the store's ids of posts that came to the incident.

    Raises:
        CrisisflowError: others change the incident faster than it can be written.
    """
    now = milliseconds(at)
    for _ in range(TRIES):
        known = store.incident(incident.id)
        incident = _with_acknowledgements(incident, known)
        found = plan(routing, incident, store.alerts(incident.id), at, cover)
        content = incident.model_dump(mode="json")
        if not known or posts or found.alerts or content != known.content:
            version = known.version + 1 if known else 1
            try:
                store.set_incident(
                    Stored(incident.id, incident.watch, version, incident.state, content), posts, found.alerts, now
                )
            except StaleError:
                continue
        for alert, below in found.withdrawn:
            store.withdraw(alert, below, now)
        return found
    raise CrisisflowError(f"incident {incident.id} is changed by others again and again; route it once more")


def _with_acknowledgements(incident: Incident, known: Stored | None) -> Incident:
    if incident.state == "closed":
        return incident.model_copy(update={"acknowledged_by": ()})
    if known is None:
        return incident
    state = "acknowledged" if known.state == "acknowledged" else incident.state
    taken = {*incident.acknowledged_by, *known.content.get("acknowledged_by", ())}
    return incident.model_copy(update={"state": state, "acknowledged_by": tuple(sorted(taken))})
