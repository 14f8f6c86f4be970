"""Annotations kept without text: a list of tweets with the hashes of their texts, and CSVs of marks by tweet id.

The repository may hold them where it may not hold the tweets; the corpus has the texts.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from crisisflow.annotation.reviewed import Mark, check, flat
from crisisflow.artifacts import RAW, read_parquet
from crisisflow.delimited import read_records
from crisisflow.errors import CrisisflowError

# Of the reference annotations: seen while the patterns were tuned, and not.
HALVES = ("tuning", "scored")


class Listed(NamedTuple):
    """An annotated tweet, whether it got marks or not."""

    event: str
    half: str
    text: str | None  # None where the corpus lacks the tweet


def read_tweets(path: Path, repaired: Path) -> dict[str, Listed]:
    """The annotated tweets by id, in the file's order, with their texts from the repaired corpus.

    Raises:
        CrisisflowError: a line is broken, or the corpus has another text than the annotated one.
    """
    table = read_parquet(repaired, RAW)
    texts = dict(zip(table["tweet_id"].to_pylist(), table["text"].to_pylist(), strict=True))
    listed = {}
    for number, row in read_records(path, ",", ("tweet_id", "event", "half", "text_sha256")):
        if row["half"] not in HALVES:
            raise CrisisflowError(f"{path}, line {number}: half must be one of {', '.join(HALVES)}")
        text = texts.get(row["tweet_id"])
        if text is not None and hashlib.sha256(text.encode()).hexdigest() != row["text_sha256"]:
            raise CrisisflowError(
                f"{path}: tweet {row['tweet_id']} has another text than the annotated one in {repaired}; "
                "use the repairs of the presets (corpus.repair)"
            )
        listed[row["tweet_id"]] = Listed(row["event"], row["half"], text)
    return listed


def read_marks(path: Path, key: Sequence[str], listed: Mapping[str, Listed]) -> dict[tuple[str, ...], set[Mark]]:
    """The marks by the values of the columns `key`, the tweet's id first; empty for a key that has none.

    Raises:
        CrisisflowError: a line is broken, or marks of the same key overlap.
    """
    marks: dict[tuple[str, ...], set[Mark]] = defaultdict(set)
    for number, row in read_records(path, ",", (*key, "start", "end", "label")):
        try:
            tweet = listed[row["tweet_id"]]
            mark = check(Mark(int(row["start"]), int(row["end"]), row["label"]), tweet.text)
            of = tuple(row[column] for column in key)
            marks[of] = flat([*marks[of], mark])
        except KeyError:
            raise CrisisflowError(f"{path}, line {number}: tweet {row['tweet_id']} is not in its tweets.csv") from None
        except ValueError as error:
            raise CrisisflowError(f"{path}, line {number}: {error}") from None
    return marks
