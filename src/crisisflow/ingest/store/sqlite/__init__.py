"""The store in SQLite: one file in a folder, written ahead (WAL) and synchronised at every commit."""

from crisisflow.ingest.store.faults import StoreError
from crisisflow.ingest.store.sqlite.database import told
from crisisflow.ingest.store.sqlite.search import SearchTables
from crisisflow.ingest.store.tables import StoreTables

SHOWN = 20  # problems of a kind


class SqliteStore(SearchTables, StoreTables):
    """The store of a folder."""

    def problems(self) -> list[str]:
        """As in Store: the pages, the foreign keys and the indexes too."""
        with told(self.file):
            found = [row[0] for row in self._rows(f"PRAGMA integrity_check({SHOWN})") if row[0] != "ok"]
            if found:  # of a file with damaged pages nothing more can be said
                return found
            for table, row, parent, _ in self._rows("PRAGMA foreign_key_check")[:SHOWN]:
                found.append(f"row {row} of {table} names a row of {parent} that is not there")
            wrong = self._number("SELECT rtreecheck('posts_place')")
            found += [f"index of places: {wrong}"] if wrong != "ok" else []
        try:
            with told(self.file):
                self._change("INSERT INTO posts_text (posts_text, rank) VALUES ('integrity-check', 1)")
        except StoreError:
            found.append("the index of words does not fit the posts; crisisflow store compact makes it anew")
        return found + super().problems()
