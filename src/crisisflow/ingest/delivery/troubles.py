"""Troubles of the service itself, which the desk is told of by the same outbox, and told when they are over.

A trouble is an incident of a watch of its own, which no rule routes.
"""

import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from crisisflow.ingest.incident import Incident, Post
from crisisflow.ingest.routing.alerting import destinations, made, sent_id
from crisisflow.ingest.routing.configuration import Routing
from crisisflow.ingest.routing.content import Content, Evidence, Reference
from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.records import SERVICE, Alert, SourceHealth
from crisisflow.ingest.store.records import Incident as Stored

RULE = "service"  # of its alerts
LOOK = 60.0  # seconds between looks
DOWN = 3_600_000  # ms in which a channel does not answer
QUIET, PAUSES = 900_000, 10  # ms, and usual pauses, in which a source brings nothing
HABIT = 20  # posts of a source before it has one
FULL = 0.95  # of a disk
BACK = 1_000  # ms by which a clock may be set back
REMEMBERED = 3_600_000  # ms in which a clock that was set back is a trouble


class Trouble(NamedTuple):
    """A trouble: its id, which stays while it lasts, and what is said of it."""

    id: str
    said: str


class Lookout:
    """Looks for troubles once a minute.

    Args:
        folder: of the store, whose disk may fill up; None where it is elsewhere.
    """

    def __init__(self, store: Store, folder: Path | None) -> None:
        self._store, self._folder = store, folder
        self._next = 0.0
        self._last: int | None = None
        self._set_back: int | None = None  # when

    def step(self, routing: Routing, now: int) -> None:
        """Look, if it is time, and tell the desk of what is new and what is over."""
        self._see_clock(now)
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + LOOK
        with self._store.grouped():
            self.tell(routing, now)

    def tell(self, routing: Routing, now: int) -> None:
        """Look now."""
        found = {own.id: own for own in self._found(now)}
        known = {own.id: own for own, _ in self._store.incidents(0, SERVICE)}
        if found and SERVICE not in self._store.watches():
            self._store.set_watches({SERVICE: {}}, now)
        for name, trouble in found.items():
            before = known.get(name)
            if before is None or before.state == "closed":
                self._begin(routing, trouble, before.version if before else 0, now)
        for name, before in known.items():
            if before.state != "closed" and name not in found:
                self._end(routing, before, now)

    def _see_clock(self, now: int) -> None:
        if self._last is not None and now < self._last - BACK:
            self._set_back = now
            self._next = 0.0
        self._last = now

    def _found(self, now: int) -> Iterator[Trouble]:
        yield from down(self._store, now)
        yield from (own for source in self._store.health(now) if (own := silent(source, now)))
        if self._folder is not None:
            disk = shutil.disk_usage(self._folder)
            if disk.used >= FULL * disk.total:
                yield Trouble("disk", f"The disk of the store is {disk.used / disk.total:.0%} full")
        if self._set_back is not None and now < self._set_back + REMEMBERED:
            yield Trouble("clock", "The clock was set back: times of posts and deadlines of alerts may be wrong")

    def _begin(self, routing: Routing, trouble: Trouble, version: int, now: int) -> None:
        at = datetime.fromtimestamp(now / 1000, UTC)
        content = Incident(
            id=sha256(trouble.id.encode()).hexdigest()[:24],
            watch=SERVICE,
            confidence=1.0,
            posts=1,
            authors=1,
            since=at,
            until=at,
            examples=(Post(id=trouble.id[:200], text=trouble.said, at=at),),
        ).model_dump(mode="json")
        said = _content(routing, trouble.said).model_dump(mode="json") | {"due": now, "first": now, "references": []}
        state = Stored(trouble.id, SERVICE, version + 1, "open", content)
        alert = Alert(_alert_id(state), 1, "alert", RULE, routing.hash, "urgent", said)
        desk = routing.directory.content.desk
        self._store.set_incident(state, [], [(alert, destinations(routing, desk, now))], now)

    def _end(self, routing: Routing, before: Stored, now: int) -> None:
        content = {**before.content, "state": "closed"}
        state = before._replace(version=before.version + 1, state="closed", content=content)
        first = next(own for own in self._store.alerts(before.id) if own.id == _alert_id(before))
        reference = Reference(id=sent_id(first.id, 1), made=made(first.content["due"])).model_dump()
        over = {"reason": "it is over", "incident_state": "closed", "due": now, "references": [reference]}
        said = {**first.content, **over}
        alert = first._replace(version=2, kind="cancel", rules_hash=routing.hash, content=said)
        desk = routing.directory.content.desk
        self._store.set_incident(state, [], [(alert, destinations(routing, desk, now))], now)


def down(store: Store, now: int) -> Iterator[Trouble]:
    """The channels that have not answered for an hour, while something is for them."""
    tried = [*store.deliveries("failed"), *(own for own in store.deliveries("sending") if own.attempts > 1)]
    for receiver, channel in sorted({(own.receiver, own.channel) for own in tried if own.since <= now - DOWN}):
        said = f"{receiver}/{channel} has taken no message for an hour"
        yield Trouble(f"receiver:{receiver}/{channel}", said)


def silent(source: SourceHealth, now: int) -> Trouble | None:
    """A source that should bring posts, and has brought none for much longer than it usually pauses."""
    if source.last_post is None or source.taken < HABIT or not (source.connected or source.trouble):
        return None
    usual = max(QUIET, PAUSES * (source.usual_pause or 0))
    if now - source.last_post <= usual:
        return None
    said = f"The source {source.id} has brought no post for {usual // 60_000} minutes"
    return Trouble(f"source:{source.id}", f"{said} ({source.trouble})" if source.trouble else said)


def _content(routing: Routing, said: str) -> Content:
    agencies = routing.directory.content
    return Content(
        agency=agencies.desk,
        agency_name=agencies.agencies[agencies.desk].name,
        headline=said,
        reason=None,
        instead_of=None,
        escalated=False,
        incident_state="open",
        category="Infra",
        facts={},
        evidence=Evidence(posts=0, authors=0, confidence=1.0, verified_by=None, statement="This service noticed it."),
        posts=[],
    )


def _alert_id(state: Stored) -> str:
    """Another one each time that the same trouble comes."""
    identity = f"{state.id}|{state.content['since']}"
    return f"service-{sha256(identity.encode()).hexdigest()[:24]}"
