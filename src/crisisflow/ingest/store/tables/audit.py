"""The audit: entries that each have the hash of the one before."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from crisisflow.ingest.store.faults import StoreError
from crisisflow.ingest.store.records import Entry
from crisisflow.ingest.store.tables.base import Tables

FIRST = "0" * 64  # what the first entry has for the one before
IN_PARTS = 1_000  # entries that are read at once


def as_json(value: Any) -> str:
    """JSON that is the same for the same value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(number: int, at: int, actor: str, act: str, subject: str, details: str, previous: str) -> str:
    """The hash of an entry: SHA-256 over all that it says."""
    return hashlib.sha256(as_json([number, at, actor, act, subject, details, previous]).encode()).hexdigest()


class AuditTable(Tables):
    """The table audit."""

    def note(self, actor: str, act: str, subject: str, details: Mapping[str, Any], now: int) -> None:
        """As in Store."""
        with self._writing():
            self._note(actor, act, subject, details, now)

    def _note(self, actor: str, act: str, subject: str, details: Mapping[str, Any], now: int) -> None:
        last = self._rows("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1")
        number, previous = (last[0][0] + 1, last[0][1]) if last else (1, FIRST)
        said = as_json(details)
        values = (number, now, actor, act, subject, said, previous)
        self._change("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *values, digest(*values))

    def audit(self) -> Iterator[Entry]:
        """As in Store."""
        before, expected = FIRST, 1
        while entries := self._entries(expected):
            for *values, previous, found in entries:
                number = values[0]
                if (number, previous, found) != (expected, before, digest(*values, previous)):
                    raise StoreError(f"{self.name}: entry {number} of the audit was changed, or one before it is gone")
                yield Entry(*values[:5], json.loads(values[5]), found)
                before, expected = found, number + 1

    def latest_acts(self, subject: str | None, limit: int, before: int | None = None) -> list[Entry]:
        """As in Store."""
        with self._reading():
            return [
                Entry(*values, json.loads(details), found)
                for *values, details, found in self._rows(
                    "SELECT number, at, actor, act, subject, details, hash FROM audit "
                    "WHERE (?1 IS NULL OR subject = ?1) AND (?2 IS NULL OR number < ?2) ORDER BY number DESC LIMIT ?3",
                    subject,
                    before,
                    limit,
                )
            ]

    def _entries(self, first: int) -> list[tuple[Any, ...]]:
        with self._reading():
            return self._rows(
                "SELECT number, at, actor, act, subject, details, previous, hash FROM audit WHERE number >= ? "
                "ORDER BY number LIMIT ?",
                first,
                IN_PARTS,
            )
