"""The store in SQLite: one file in a folder, written ahead (WAL) and synchronised at every commit."""

from crisisflow.ingest.store.sqlite.search import SearchTables
from crisisflow.ingest.store.tables import StoreTables


class SqliteStore(SearchTables, StoreTables):
    """The store of a folder."""
