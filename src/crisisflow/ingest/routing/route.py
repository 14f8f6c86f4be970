"""crisisflow route --store: write incidents, and the alerts that they cause."""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from crisisflow.ingest.incident import Incident
from crisisflow.ingest.routing.alerting import route
from crisisflow.ingest.routing.configuration import Routing
from crisisflow.ingest.routing.covered import covered
from crisisflow.ingest.store.sqlite import SqliteStore


def run(folder: Path, routing: Routing, incidents: Sequence[Incident], at: datetime) -> Iterator[str]:
    """Write them one after the other; a line for each alert."""
    with SqliteStore(folder) as store:
        known = store.watches()
        fresh = {own.watch: {} for own in incidents if own.watch not in known}
        if fresh:
            store.set_watches(known | fresh, time.time_ns() // 1_000_000)
        for incident in incidents:
            for alert, destinations in route(store, routing, incident, [], at, covered).alerts:
                channels = ", ".join(f"{own.receiver}/{own.channel}" for own in destinations)
                yield f"{incident.id}: {alert.kind} {alert.id}-{alert.version} by {alert.rule} to {channels}"
