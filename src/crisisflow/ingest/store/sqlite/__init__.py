"""The store in SQLite: one file in a folder, written ahead (WAL) and synchronised at every commit."""

from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.sqlite.audit import AuditTable
from crisisflow.ingest.store.sqlite.outbox import OutboxTables
from crisisflow.ingest.store.sqlite.people import PeopleTables
from crisisflow.ingest.store.sqlite.posts import PostTables
from crisisflow.ingest.store.sqlite.sources import SourceTables


class SqliteStore(SourceTables, PostTables, OutboxTables, PeopleTables, AuditTable, Store):
    """The store of a folder."""
