"""Sources with their health, and watches."""

import json
from collections.abc import Mapping
from typing import Any

from crisisflow.ingest.store.records import Drop, Gap, SourceHealth
from crisisflow.ingest.store.tables.audit import AuditTable, as_json

MINUTE = 60_000  # ms
SHOWN = 20  # gaps of a source


class SourceTables(AuditTable):
    """The tables sources, gaps, drops and watches."""

    def set_sources(self, kinds: Mapping[str, str]) -> None:
        """As in Store."""
        with self._writing():
            self._change("UPDATE sources SET connected = NULL, trouble = NULL")
            self._change_each(
                "INSERT INTO sources (id, kind) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET kind = excluded.kind",
                kinds.items(),
            )

    def set_watches(self, contents: Mapping[str, Mapping[str, Any]], now: int) -> None:
        """As in Store."""
        with self._writing():
            for watch, content in contents.items():
                said = as_json(content)
                before = self._rows("SELECT content FROM watches WHERE id = ?", watch)
                if before == [(said,)]:
                    continue
                self._change(
                    "INSERT INTO watches VALUES (?, ?, ?) "
                    "ON CONFLICT (id) DO UPDATE SET content = excluded.content, changed = excluded.changed",
                    watch,
                    said,
                    now,
                )
                details = {"before": json.loads(before[0][0]) if before else None, "after": content}
                self._note("configuration", "set watch", f"watch:{watch}", details, now)

    def watches(self) -> dict[str, dict[str, Any]]:
        """As in Store."""
        with self._reading():
            return {watch: json.loads(own) for watch, own in self._rows("SELECT id, content FROM watches ORDER BY id")}

    def cursor(self, source: str) -> str | None:
        """As in Store."""
        with self._reading():
            return next((own for (own,) in self._rows("SELECT cursor FROM sources WHERE id = ?", source)), None)

    def connected(self, source: str, now: int) -> None:
        """As in Store."""
        with self._writing():
            self._change(
                "UPDATE sources SET reconnects = reconnects + CASE WHEN heard IS NULL THEN 0 ELSE 1 END, "
                "connected = ?, heard = ?, trouble = NULL WHERE id = ?",
                now,
                now,
                source,
            )

    def disconnected(self, source: str, trouble: str | None) -> None:
        """As in Store."""
        with self._writing():
            self._change("UPDATE sources SET connected = NULL, trouble = ? WHERE id = ?", trouble, source)

    def heard(self, source: str, now: int) -> None:
        """As in Store."""
        with self._writing():
            self._change("UPDATE sources SET heard = ? WHERE id = ?", now, source)

    def add_gap(self, source: str, gap: Gap) -> None:
        """As in Store."""
        with self._writing():
            self._change("INSERT INTO gaps (source, since, until, why) VALUES (?, ?, ?, ?)", source, *gap)

    def health(self, now: int) -> list[SourceHealth]:
        """As in Store."""
        with self._reading():
            lately = dict(
                self._rows(
                    "SELECT source, count(*) FROM posts WHERE taken > ? AND taken <= ? GROUP BY source",
                    now - MINUTE,
                    now,
                )
            )
            return [
                SourceHealth(*own, lately.get(own[0], 0), self._gaps(own[0]), self._drops(own[0]))
                for own in self._rows(
                    "SELECT id, kind, cursor, connected, heard, last_post, lag, reconnects, taken, repeats, revisions, "
                    "deletions, trouble, usual_pause FROM sources ORDER BY id"
                )
            ]

    def _gaps(self, source: str) -> tuple[Gap, ...]:
        found = self._rows(
            "SELECT since, until, why FROM gaps WHERE source = ? ORDER BY id DESC LIMIT ?", source, SHOWN
        )
        return tuple(Gap(*own) for own in reversed(found))

    def _drops(self, source: str) -> dict[Drop, int]:
        found = self._rows("SELECT watch, reason, posts FROM drops WHERE source = ? ORDER BY watch, reason", source)
        return {Drop(watch, reason): posts for watch, reason, posts in found}
