"""The indexes of words (tsvector) and of places (PostGIS)."""

from collections.abc import Sequence
from contextlib import suppress

from crisisflow.ingest.store.faults import FullError
from crisisflow.ingest.store.postgres.database import Database
from crisisflow.ingest.store.tables.base import Box, Condition, Matching

WHOLE = "p.words @@ phraseto_tsquery('pg_catalog.simple', folded(?))"
# Of several words in one, such as a:b*, the last is the beginning; of none, nothing is found.
BEGINNING = "p.words @@ (nullif(phraseto_tsquery('pg_catalog.simple', folded(?))::text, '') || ':*')::tsquery"


class SearchTables(Database):
    """The columns words and place of posts."""

    def _matching(self, words: str) -> Matching:
        known = [word for word in words.split() if any(map(str.isalnum, word))]
        conditions = [BEGINNING if word.endswith("*") else WHOLE for word in known]
        return Matching(("posts p",), Condition(" AND ".join(conditions) or "FALSE", tuple(known)), "p.id")

    def _near(self, boxes: Sequence[Box]) -> Condition:
        inside = " OR ".join(["p.place OPERATOR(public.&&) public.ST_MakeEnvelope(?, ?, ?, ?, 4326)"] * len(boxes))
        return Condition(f"({inside})", tuple(number for box in boxes for number in box))

    def _scrub(self) -> None:
        """Remove what was deleted from the tables and indexes; who reads meanwhile keeps it for the next time."""
        if not self._grouped:
            with suppress(FullError):
                self._alone("VACUUM posts, revisions, post_watches")
