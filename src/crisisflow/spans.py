"""The span: what every annotation stage yields and every later step reads."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from crisisflow.artifacts import (
    ROW_GROUP,
    SPANS,
    TWEETS,
    batched,
    count_rows,
    parquet_writer,
    read_in_parts,
    table_of,
)
from crisisflow.errors import CrisisflowError
from crisisflow.progress import tracked

# Tweets are computed in batches of this size, and a shard is a run of whole batches: however many shards there are,
# each tweet is computed beside the same others, so that not even the last bit of a floating-point sum can differ.
BATCH = 256
WHOLE = "1-of-1"
# "we.In Kerala" is no URL: of the short endings only with a path.
URL = re.compile(
    r"https?://\S+|www\.\S+|\b[\w-]++(?:\.[\w-]+)*\.(?:(?:com|org|net|gov|edu|int|info)\b(?:/\S*)?|[a-z]{2}/\S*)"
)
# 1-800-RED-CROSS
_IN_LETTERS = r"(?<![\w-])(?:\+?1[-.])?8(?:00|88|77|66|55|44|33)[-.][A-Za-z][\w-]*+"
_CONTACT = re.compile(f"{URL.pattern}|{_IN_LETTERS}")
STAGES = ("spacy", "ruler", "regex")
RESOLVED = "resolved"


class Span(NamedTuple):
    """A labelled stretch of a tweet; `start` and `end` count code points of its text."""

    tweet_id: str
    start: int
    end: int
    label: str
    source: str  # one of STAGES, or gold
    rule: str  # what fired within the stage: a pattern id, or spaCy's own label


def hide_contacts(text: str) -> str:
    """The text with blanks for its URLs and for phone numbers in letters, which are never annotated; offsets stay."""
    return _CONTACT.sub(lambda match: " " * len(match[0]), text)


def shard_rows(shard: str, total: int) -> range:
    """The rows of `total` that belong to a shard, K-of-N as Snakemake writes it; there may be none.

    Raises:
        CrisisflowError: it is not of that form, or K is not one of 1 to N.
    """
    form = re.fullmatch(r"(\d+)-of-(\d+)", shard)
    number, shards = map(int, form.groups()) if form else (0, 0)
    if not 1 <= number <= shards:
        raise CrisisflowError(f"--shard {shard}: give K-of-N with K from 1 to N")
    batches = -(-total // BATCH)
    first, last = (batches * part // shards * BATCH for part in (number - 1, number))
    return range(first, min(last, total))


def read_texts(path: Path, description: str, shard: str = WHOLE) -> Iterator[tuple[str, str]]:
    """The (tweet_id, text) pairs of a shard of a tweets file, in its order, read as they are needed.

    Progress is shown under `description`.
    """
    rows = shard_rows(shard, count_rows(path, TWEETS))
    pairs = (
        pair
        for table in read_in_parts(path, TWEETS, rows)
        for pair in zip(table["tweet_id"].to_pylist(), table["text"].to_pylist(), strict=True)
    )
    return tracked(pairs, description, len(rows))


def read_spans(path: Path) -> Iterator[Span]:
    """The spans of a span file, in its order, read as they are needed."""
    for table in read_in_parts(path, SPANS):
        yield from map(Span, *(column.to_pylist() for column in table.columns))


def by_tweet(spans: Iterable[Span], where: Path) -> Iterator[list[Span]]:
    """The spans of each tweet, ordered by start, end, label, source and rule.

    Raises:
        CrisisflowError: the tweets do not come in the order of their ids; `where` is the file that is being made.
    """
    before = ""
    for tweet_id, found in groupby(spans, key=attrgetter("tweet_id")):
        if tweet_id <= before:
            raise CrisisflowError(
                f"{where}: tweet {tweet_id} comes after tweet {before}, but tweets must be ordered by their ids (as "
                "strings); make the tweets file again with: crisisflow subset"
            )
        before = tweet_id
        yield sorted(found)


def write_spans(path: Path, spans: Iterable[Span]) -> None:
    """Write spans as they come, tweet by tweet; those of one tweet are put in order.

    Raises:
        CrisisflowError: the tweets do not come in the order of their ids.
    """
    with parquet_writer(path, SPANS) as append:
        for part in batched(chain.from_iterable(by_tweet(spans, path)), ROW_GROUP):
            append(table_of(part, SPANS))


def gather(shards: Sequence[Path], out: Path) -> None:
    """Write the spans of the shards, in their order, as one file: the bytes are those of a single shard."""
    write_spans(out, chain.from_iterable(map(read_spans, shards)))
