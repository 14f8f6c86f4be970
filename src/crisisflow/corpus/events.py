"""Which event each tweet is of, from a table beside the corpus."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

import yaml

from crisisflow.delimited import read_rows
from crisisflow.errors import CrisisflowError

COLUMNS = ("tweet_id", "event")
UNKNOWN = "unknown"  # how tweets of no known event are counted


def event_name(written: str | None) -> str | None:
    """The event, so that two names that look alike are one; None where it is blank."""
    return " ".join(unicodedata.normalize("NFC", written or "").split()) or None


@cache
def _months() -> dict[str, str]:
    text = files("crisisflow.corpus").joinpath("event_months.yaml").read_text(encoding="utf-8")
    return {event: str(month) for event, month in yaml.safe_load(text).items()}


def month_of(event: str | None) -> str | None:
    """The month, YYYY-MM, in which an event of a public set began; None of one that is not known."""
    return _months().get(event) if event else None


def read_events(path: Path) -> Iterator[tuple[str, str | None]]:
    """Yield (tweet id, event) of a tab-separated table (plain or .gz) with columns tweet_id and event.

    A row that has no id, or ends before it, is passed over.

    Raises:
        CrisisflowError: it cannot be read, its header does not name both once, an id is no number, or a row has more
            values than the header.
    """
    try:
        rows = read_rows(path, "\t")
        header = [name.strip() for name in next(rows, (1, []))[1]]
        if any(header.count(column) != 1 for column in COLUMNS):
            raise CrisisflowError(f"{path}, line 1: the header must name tweet_id and event, each once (tab separated)")
        for number, values in rows:
            if any(values[len(header) :]):
                raise CrisisflowError(f"{path}, line {number}: {len(values)} values where {len(header)} are expected")
            row = dict(zip(header, values, strict=False))
            tweet_id = row.get("tweet_id", "").strip()
            if tweet_id and not re.fullmatch("[0-9]+", tweet_id):
                raise CrisisflowError(f"{path}, line {number}: the tweet id is not a number")
            if tweet_id:
                yield tweet_id, event_name(row.get("event"))
    except CrisisflowError as error:
        raise CrisisflowError(f"corpus.events: {error}") from error
