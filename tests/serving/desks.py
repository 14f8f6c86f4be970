"""A store with generated incidents, and the people who look at it."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crisisflow.ingest import process
from crisisflow.ingest.people import add
from crisisflow.ingest.routing import route
from crisisflow.ingest.routing.configuration import EXAMPLE, read_routing
from crisisflow.ingest.store.sqlite import SqliteStore
from crisisflow.serving.app import create_app
from crisisflow.serving.desk import Desk
from crisisflow.serving.settings import Limits, Settings
from tests.serving.conftest import ACCESS, listening
from tests.unit.ingest.incidents import incident

HOSTILE = '<img src=x onerror="document.title=1">'
ROLES = ("viewer", "operator", "lead", "admin")


def filled(folder: Path) -> dict[str, str]:
    """Make a store with two incidents; the tokens of its people, who are called as their roles."""
    since = datetime.now(UTC) - timedelta(minutes=5)
    accident = incident(since=since, until=since)
    crash = incident(
        id="i2",
        classes={"caution_and_advice": 1.0},
        numbers={},
        since=since,
        until=since,
        examples=({"id": "7", "text": f"{HOSTILE} ask @somebody_there"},),
    )
    list(route.run(folder, read_routing(EXAMPLE), [accident, crash]))
    with SqliteStore(folder) as store:
        return {role: add(store, role, role, "root", process.now()) for role in ROLES}


@contextmanager
def desk_served(served, results, folder: Path):
    """The port of a server with a store."""
    settings = Settings(ACCESS, Limits(), results, desk=Desk(folder, EXAMPLE))
    with listening(create_app(served, settings)) as port:
        yield port
