"""What all readers of public sets share: the post, the table of posts, and how ids, times and splits are read."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pyarrow as pa

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

SPLITS = {
    "train": "train",
    "training": "train",
    "dev": "dev",
    "val": "dev",
    "validation": "dev",
    "test": "test",
}
FIRST_SNOWFLAKE = 29_700_859_247  # the first id that holds a time, of 4 November 2010
TWITTER_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657000, UTC)

Record = Mapping[str, str]  # a row by column, with what the path of its file says


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


class BadValueError(ValueError):
    """A value that its column cannot have. The message names the column, never the value: it may be a text."""


Rows = Iterator[tuple[str, Post | Dropped]]  # with the place of each: file and line


def number_of(row: Record, column: str = "tweet_id") -> str:
    """The id in a column: digits. Some publishers put apostrophes around it, against spreadsheets.

    Raises:
        BadValueError: it is something else.
    """
    value = row[column].strip().removeprefix("'").removesuffix("'")
    if not re.fullmatch("[0-9]+", value):
        raise BadValueError(
            f"{column} is not a number; a spreadsheet may have changed the ids, so fetch the file again"
        )
    return value


def split_of(row: Record) -> str:
    """The split in the column `split`, by our names.

    Raises:
        BadValueError: there is no such split.
    """
    if row["split"] not in SPLITS:
        raise BadValueError(f"split is none of {', '.join(SPLITS)}")
    return SPLITS[row["split"]]


def snowflake_time(tweet_id: str) -> datetime | None:
    """The time that Twitter wrote into an id of its own, to the second; None for ids that hold none."""
    if not re.fullmatch("[0-9]+", tweet_id) or not FIRST_SNOWFLAKE <= int(tweet_id) < 2**63:
        return None
    return (TWITTER_EPOCH + timedelta(milliseconds=int(tweet_id) >> 22)).replace(microsecond=0)


def utc(row: Record, column: str, form: str) -> datetime | None:
    """A time of the form (strptime's) in UTC; None where there is none.

    Raises:
        BadValueError: it has another form.
    """
    value = row[column].strip()
    try:
        return datetime.strptime(value, form).replace(tzinfo=UTC) if value else None
    except ValueError:
        raise BadValueError(f"{column} is not a time of the form {form}") from None
