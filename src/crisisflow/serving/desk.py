"""The desk: a store behind the page. One thread has it open and does what is asked, one after the other."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from crisisflow.ingest import process
from crisisflow.ingest.people import known
from crisisflow.ingest.process import Configuration
from crisisflow.ingest.routing.configuration import Routing
from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.opening import Where, open_store
from crisisflow.ingest.store.records import Person

T = TypeVar("T")
LOOK = 0.5  # seconds between looks into the store for a watcher
OVERLAP = 1_000  # milliseconds: what another process writes may have a time of a little before
QUIET = 30  # looks without a change after which a sign of life is sent
WATCHERS = 64  # connections


class Desk:
    """What the operations of a store share.

    Args:
        configured: folder of the rules, for the deadlines of alerts.

    Raises:
        CrisisflowError: there is no store, it cannot be read, or the rules do not fit.
    """

    def __init__(self, where: Where, configured: Path) -> None:
        self._configuration = Configuration(configured, "serve")
        self._thread = ThreadPoolExecutor(1, "desk")
        self._store: Store = self._thread.submit(open_store, where).result()
        self._ending = asyncio.Event()
        self.watchers = 0

    @property
    def routing(self) -> Routing:
        """The rules, read again when their files change."""
        self._configuration.changed(lambda _: None)
        return self._configuration.routing

    @property
    def rules_folder(self) -> Path:
        """Where they stand."""
        return self._configuration.folder

    async def ask(self, work: Callable[[Store], T]) -> T:
        """What comes of some work with the store."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, self._store)

    async def person(self, token: str) -> Person | None:
        """Whose valid token this is."""
        return await self.ask(lambda store: known(store, token))

    async def events(self, since: int, number: int) -> AsyncIterator[str]:
        """Server-sent events `changed`: which incidents are others than at a time, and the last entry of the audit.

        Args:
            since: time of the last event that was seen, in milliseconds. number: the entry of the audit then.
        """
        seen: dict[str, int] = {}  # versions
        quiet = 0
        self.watchers += 1
        try:
            while not self._ending.is_set():
                now, (changed, last) = process.now(), await self.ask(lambda store, own=since: _news(store, own))
                fresh = {own: version for own, version in changed if seen.get(own) != version}
                if fresh or last != number:
                    seen |= fresh
                    said = json.dumps({"incidents": sorted(fresh), "entry": last})
                    yield f"id: {now - OVERLAP}-{last}\nevent: changed\ndata: {said}\n\n"
                    quiet = 0
                elif (quiet := quiet + 1) % QUIET == 1:
                    yield f"id: {now - OVERLAP}-{last}\nevent: quiet\ndata: \n\n"
                since, number = now - OVERLAP, last
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ending.wait(), LOOK)
        finally:
            self.watchers -= 1

    def release(self) -> None:
        """Let all watchers go."""
        self._ending.set()

    def close(self) -> None:
        """Close the store once what was asked is done."""
        self._thread.submit(self._store.close).result()
        self._thread.shutdown()


def _news(store: Store, since: int) -> tuple[list[tuple[str, int]], int]:
    last = store.latest_acts(None, 1)
    return [(own.id, own.version) for own, _ in store.incidents(since)], last[0].number if last else 0
