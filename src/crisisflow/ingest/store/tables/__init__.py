"""What every store with tables does, in SQL that SQLite and PostgreSQL both read.

`base.Tables` says what a database adds: connections, transactions, and the indexes of words and places.
"""

from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.tables.outbox import OutboxTables
from crisisflow.ingest.store.tables.people import PeopleTables
from crisisflow.ingest.store.tables.posts import PostTables
from crisisflow.ingest.store.tables.sources import SourceTables


class StoreTables(SourceTables, PostTables, OutboxTables, PeopleTables, Store):
    """All tables of a store."""
