"""File: labels that were made elsewhere, by people or by language models on other machines."""

from collections.abc import Sequence
from pathlib import Path

from crisisflow.delimited import read_records
from crisisflow.errors import CrisisflowError
from crisisflow.studies.actionable_help.labelled import Labelled
from crisisflow.studies.actionable_help.labels import LABELS


def label(tweet_ids: Sequence[str], path: Path) -> list[Labelled]:
    """The labels of tweets in a CSV with the columns tweet_id and label. An empty label is an unusable answer.

    The file may have tweets that are not asked for.

    Raises:
        CrisisflowError: the file is absent or no such CSV, has a label that is none or a tweet with two labels, or
            lacks a tweet.
    """
    found: dict[str, str] = {}
    for number, row in read_records(path, ",", ("tweet_id", "label")):
        tweet_id, name = row["tweet_id"], row["label"]
        if name and name not in LABELS:
            raise CrisisflowError(f"{path}, line {number}: {name!r} is none of {', '.join(LABELS)}")
        if found.setdefault(tweet_id, name) != name:
            raise CrisisflowError(f"{path}, line {number}: tweet {tweet_id} has another label in a line before")
    missing = [tweet_id for tweet_id in tweet_ids if tweet_id not in found]
    if missing:
        raise CrisisflowError(
            f"{path} lacks {len(missing):,} of {len(tweet_ids):,} tweets, {missing[0]} for one; label these too"
        )
    return [Labelled(found[tweet_id] or None) for tweet_id in tweet_ids]
