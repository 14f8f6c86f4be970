"""The indexes of words (FTS5) and of places (R*Tree)."""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress

from crisisflow.ingest.store.sqlite.database import Database
from crisisflow.ingest.store.tables.base import Box, Condition, Matching


class SearchTables(Database):
    """The tables posts_text and posts_place."""

    def _matching(self, words: str) -> Matching:
        condition = Condition("p.id = t.rowid AND posts_text MATCH ?", (match_of(words),))
        return Matching(("posts_text t", "posts p"), condition, "t.rowid")

    def _near(self, boxes: Sequence[Box]) -> Condition:
        inside = " OR ".join(["(i.east >= ? AND i.west <= ? AND i.north >= ? AND i.south <= ?)"] * len(boxes))
        values = tuple(number for west, south, east, north in boxes for number in (west, east, south, north))
        return Condition(f"p.id IN (SELECT i.id FROM posts_place i WHERE {inside})", values)

    def _scrub(self) -> None:
        """Merge the index of words, and empty the log."""
        with self._writing():
            self._change("INSERT INTO posts_text (posts_text) VALUES ('optimize')")
        with suppress(sqlite3.OperationalError):  # a reader keeps the log; the next writer empties it
            self._change("PRAGMA wal_checkpoint(TRUNCATE)")


def match_of(words: str) -> str:
    """Words as a question to FTS5: all of them, in any order; one that ends with `*` is the beginning of words."""
    terms = []
    for word in words.split():
        bare = word.rstrip("*")
        quoted = bare.replace('"', '""')
        if any(map(str.isalnum, bare)):
            terms.append(f'"{quoted}"{"*" if word.endswith("*") else ""}')
    return " ".join(terms) or '""'
