"""Joint rows: which rows of a joint model of entities and classes have mined negatives, from their parameters.

The rules read this module, so it imports nothing.
"""

from collections.abc import Mapping
from typing import Any

NEGATIVES = "negatives"  # of a row: {band, tweets}, or null

Rows = Mapping[str, Mapping[str, Any]]


def wanted(rows: Rows) -> list[dict[str, Any]]:
    """The negatives that rows want, each once, in the order of the rows."""
    found: list[dict[str, Any]] = []
    for row in rows.values():
        if row[NEGATIVES] is not None and row[NEGATIVES] not in found:
            found.append(row[NEGATIVES])
    return found


def compared(rows: Rows) -> dict[str, str | None]:
    """For each row of both tasks that has negatives the row that is like it but for them; None where there is none."""
    found: dict[str, str | None] = {}
    for name, row in rows.items():
        if row[NEGATIVES] is not None and row["tasks"] == "joint":
            alike = {**row, NEGATIVES: None}
            found[name] = next((other for other, own in rows.items() if own == alike), None)
    return found


def asked(rows: Rows) -> list[str]:
    """The rows that are compared, in their order."""
    pairs = compared(rows)
    return [name for name in rows if name in pairs or name in pairs.values()]
