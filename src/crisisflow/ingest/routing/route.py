"""crisisflow route --store: incidents of a file or of the store, and the alerts that they cause."""

import heapq
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from crisisflow.ingest.incident import Incident
from crisisflow.ingest.process import Configuration, now, stopping
from crisisflow.ingest.routing.alerting import Plan, alert_id, route
from crisisflow.ingest.routing.configuration import Routing
from crisisflow.ingest.routing.content import Covering
from crisisflow.ingest.routing.covered import covered
from crisisflow.ingest.routing.decision import decide
from crisisflow.ingest.store.faults import FullError
from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.opening import Where, alone, open_store
from crisisflow.ingest.store.records import SERVICE
from crisisflow.progress import say
from crisisflow.validation import explain

PAUSE = 0.2  # seconds between looks into the store
OVERLAP = 1_000  # milliseconds: what another process writes may have a time of a little before
ALL = 60_000  # milliseconds between looks at all incidents, as a clock may run back


def run(folder: Where, routing: Routing, incidents: Sequence[Incident]) -> Iterator[str]:
    """Write incidents one after the other; a line for each alert."""
    with open_store(folder, make=True) as store:
        known = store.watches()
        fresh = {own.watch: {} for own in incidents if own.watch not in known}
        if fresh:
            store.set_watches(known | fresh, now())
        for incident in incidents:
            yield from _lines(incident.id, route(store, routing, incident, [], datetime.now(UTC), covered))


def _lines(incident: str, plan: Plan) -> Iterator[str]:
    for alert, destinations in plan.alerts:
        channels = ", ".join(f"{own.receiver}/{own.channel}" for own in destinations)
        yield f"{incident}: {alert.kind} {alert.id}-{alert.version} by {alert.rule} to {channels}"


class Follower:
    """Routes incidents of a store when they change, and when a time of their rules has come."""

    def __init__(self, store: Store, routing: Routing, cover: Covering) -> None:
        self.store, self.routing, self._cover = store, routing, cover
        self._since, self._all = 0, 0
        self._seen: dict[str, int] = {}  # versions
        self._later: list[tuple[int, str]] = []

    def begin_anew(self, routing: Routing) -> None:
        """Look at all incidents again, with another configuration."""
        self.routing, self._since = routing, 0
        self._seen.clear()

    def step(self, at: int) -> list[str]:
        """Route what changed and what is due; a line for each alert."""
        if at >= self._all:
            self._since, self._all = 0, at + ALL
        changed = self.store.incidents(self._since)
        self._since = max([self._since, *(when - OVERLAP for _, when in changed)])
        stale = (own for own, _ in changed if self._seen.get(own.id) != own.version and own.watch != SERVICE)
        due = dict.fromkeys(own.id for own in stale)
        while self._later and self._later[0][0] <= at:
            due[heapq.heappop(self._later)[1]] = None
        lines: list[str] = []
        for name in due:
            lines += self._route(name, at)
        return lines

    def _route(self, name: str, at: int) -> list[str]:
        # The state that is routed is the present one: others write incidents too.
        with self.store.grouped():
            known = self.store.incident(name)
            if known is None:
                return []
            self._seen[name] = known.version
            try:
                incident = Incident.model_validate(known.content)
            except ValidationError as error:
                return [f"{name} is left out: {explain(error, Incident)}"]
            plan = route(self.store, self.routing, incident, [], datetime.fromtimestamp(at / 1000, UTC), self._cover)
        if plan.again:
            heapq.heappush(self._later, (round(plan.again.timestamp() * 1000), name))
        return list(_lines(name, plan))


def follow(folder: Where, configured: Path, end: threading.Event | None = None) -> None:
    """Route the incidents of a store until a signal or `end`.

    Raises:
        CrisisflowError: the configuration is not valid at the start, or another process routes this store.
    """
    with alone(folder, "route"), open_store(folder, make=True) as store, stopping(end) as stop:
        configuration = Configuration(configured, "route")
        follower = Follower(store, configuration.routing, covered)
        while not stop.is_set():
            try:
                for line in follower.step(now()):
                    say(f"route: {line}")
            except FullError as error:
                say(f"route: {error}")
                stop.wait(1)
            configuration.changed(follower.begin_anew)
            stop.wait(PAUSE)


def replay(folder: Where, routing: Routing, watch: str) -> Iterator[str]:
    """What the rules would tell of a watch's incidents, beside what was told; nothing is written."""
    with open_store(folder, make=True) as store:
        for known, changed in store.incidents(0, watch):
            incident = Incident.model_validate(known.content)
            told = {
                own.content["agency"]: own
                for own in store.alerts(incident.id)
                if own.id == alert_id(incident.id, own.content["agency"])
            }
            before = {agency: own.rule for agency, own in told.items() if own.kind != "cancel"}
            notices = decide(routing, incident, datetime.fromtimestamp(changed / 1000, UTC)).notices
            after = {own.agency: own.rule.id for own in notices if not own.silence}
            for agency in sorted(before.keys() | after.keys()):
                if agency not in before:
                    yield f"{incident.id}: {agency} would be told, by {after[agency]}"
                elif agency not in after:
                    if not told[agency].content["escalated"]:
                        yield f"{incident.id}: {agency} would not be told; it was, by {before[agency]}"
                elif before[agency] != after[agency]:
                    yield f"{incident.id}: {agency} would be told by {after[agency]}; it was by {before[agency]}"
