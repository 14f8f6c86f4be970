"""What every store with tables does, in SQL that SQLite and PostgreSQL both read.

`base.Tables` says what a database adds: connections, transactions, and the indexes of words and places.
"""

from crisisflow.ingest.store.faults import StoreError
from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.tables.outbox import OutboxTables
from crisisflow.ingest.store.tables.people import PeopleTables
from crisisflow.ingest.store.tables.posts import PostTables
from crisisflow.ingest.store.tables.sources import SourceTables


class StoreTables(SourceTables, PostTables, OutboxTables, PeopleTables, Store):
    """All tables of a store."""

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
