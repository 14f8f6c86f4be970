"""The store in PostgreSQL with PostGIS: a schema of a database."""

from crisisflow.ingest.store.postgres.search import SearchTables
from crisisflow.ingest.store.tables import StoreTables


class PostgresStore(SearchTables, StoreTables):
    """The store of a schema."""
