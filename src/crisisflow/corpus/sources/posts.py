"""What all readers of public sets share: the post, the table that they write, and how a tab-separated file is read."""

import gzip
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from crisisflow.delimited import read_records
from crisisflow.errors import CrisisflowError

# Ids are Twitter's own where the set has them, else `<set>:<row>`. `labels`: the values of each task. `time` is UTC.
# Posts of one `group` are near duplicates and belong on one side of a split.
POSTS = pa.schema(
    [
        ("tweet_id", pa.string()),
        ("text", pa.string()),
        ("labels", pa.list_(pa.struct([("task", pa.string()), ("value", pa.string())]))),
        ("language", pa.string()),
        ("event", pa.string()),
        ("time", pa.timestamp("ms", tz="UTC")),
        ("official_split", pa.string()),
        ("group", pa.int32()),
    ]
)

SPLITS = {"train": "train", "dev": "dev", "val": "dev", "validation": "dev", "test": "test"}
FIRST_SNOWFLAKE = 29_700_859_247  # the first id that holds a time, of 4 November 2010
TWITTER_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657000, UTC)


class Post(NamedTuple):
    """A post as a set has it: text unchanged, labels as (task, value); None where the set does not say."""

    tweet_id: str
    text: str
    labels: tuple[tuple[str, str], ...]
    language: str | None = None
    event: str | None = None
    time: datetime | None = None
    official_split: str | None = None


class Dropped(NamedTuple):
    """A row that is not a post, and why."""

    reason: str


Rows = Iterator[Post | Dropped]


def open_text(path: Path) -> io.TextIOBase:
    """A text file, gzipped or not, with its line ends as they are.

    Raises:
        CrisisflowError: it does not exist.
    """
    if not path.is_file():
        raise CrisisflowError(f"{path} does not exist")
    opened = gzip.open if path.suffix == ".gz" else open
    return opened(path, "rt", encoding="utf-8", newline="")


def read_tsv(path: Path, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """The rows of a tab-separated table; raises what `read_records` raises."""
    return (row for _, row in read_records(path, "\t", columns))


def snowflake_time(tweet_id: str) -> datetime | None:
    """The time that Twitter wrote into an id of its own, to the second; None for ids that hold none."""
    if not re.fullmatch("[0-9]+", tweet_id) or not FIRST_SNOWFLAKE <= int(tweet_id) < 2**63:
        return None
    return (TWITTER_EPOCH + timedelta(milliseconds=int(tweet_id) >> 22)).replace(microsecond=0)


def utc(text: str, form: str) -> datetime | None:
    """A time of the form (strptime's) in UTC; None where there is none."""
    return datetime.strptime(text, form).replace(tzinfo=UTC) if text.strip() else None
