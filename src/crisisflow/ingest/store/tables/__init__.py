"""What every store with tables does, in SQL that SQLite and PostgreSQL both read.

`base.Tables` says what a database adds: connections, transactions, and the indexes of words and places.
"""

from typing import Any

from crisisflow.ingest.store.faults import StoreError
from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.records import Counts
from crisisflow.ingest.store.tables.findings import FindingTables
from crisisflow.ingest.store.tables.outbox import OutboxTables
from crisisflow.ingest.store.tables.people import PeopleTables
from crisisflow.ingest.store.tables.sources import SourceTables


class StoreTables(SourceTables, FindingTables, OutboxTables, PeopleTables, Store):
    """All tables of a store."""

    def counts(self) -> Counts:
        """As in Store."""
        still = "FROM outbox WHERE state IN ('due', 'sending', 'failed') GROUP BY receiver, channel"
        with self._reading():
            return Counts(
                gaps=dict(self._rows("SELECT source, count(*) FROM gaps GROUP BY source ORDER BY source")),
                incidents=dict(self._rows("SELECT state, count(*) FROM incidents GROUP BY state ORDER BY state")),
                alerts=self._by("SELECT rule, kind, count(*) FROM alerts GROUP BY rule, kind ORDER BY rule, kind"),
                deliveries=self._by(
                    "SELECT receiver, channel, state, count(*) FROM outbox GROUP BY receiver, channel, state "
                    "ORDER BY receiver, channel, state"
                ),
                oldest=self._by(f"SELECT receiver, channel, min(since) {still} ORDER BY receiver, channel"),
                waiting_since=self._number(
                    "SELECT min(taken) FROM posts WHERE id = (SELECT min(id) FROM posts WHERE queue = 'waiting')"
                ),
                bytes=self._bytes(),
            )

    def _by(self, statement: str) -> dict[Any, int]:
        """The last column of rows by the others."""
        return {tuple(names): number for *names, number in self._rows(statement)}

    def problems(self) -> list[str]:
        """As in Store: the count of the queue, and the chain of the audit."""
        found = []
        with self._reading():
            counted = self._rows(f"SELECT count(*), coalesce(sum({self.BYTES}), 0) FROM posts WHERE queue = 'waiting'")[
                0
            ]
            queue = tuple(self._queue())[:2]
        if counted != queue:
            found.append(f"the queue counts {queue} posts and bytes, and there are {counted}")
        try:
            for _ in self.audit():
                pass
        except StoreError as error:
            found.append(str(error))
        return found
