"""Known labels: what a set says of its own posts, by the task `help`."""

from pathlib import Path
from typing import NamedTuple

from crisisflow.artifacts import read_parquet
from crisisflow.corpus.sources.posts import POSTS
from crisisflow.corpus.texts import prepare
from crisisflow.errors import CrisisflowError
from crisisflow.params import TextsParams
from crisisflow.studies.actionable_help.labels import HELP, IRRELEVANT, LABELS, OFFER, REQUEST, label_of


class Known(NamedTuple):
    """A post, its prepared text and its label."""

    tweet_id: str
    text: str
    label: str


def read_known(path: Path, name: str, texts: TextsParams) -> list[Known]:
    """The posts of a set that have a label, in their order.

    Args:
        name: of the set. texts: how texts are prepared.

    Raises:
        CrisisflowError: the file is absent or damaged, a label is none of LABELS, or no post has one.
    """
    found = []
    for row in read_parquet(path, POSTS).select(["tweet_id", "text", "labels"]).to_pylist():
        values = [own["value"] for own in row["labels"] if own["task"] == HELP]
        if odd := set(values) - {*LABELS}:
            raise CrisisflowError(f"{path}: the set {name} has the label {sorted(odd)[0]!r}; map it to {LABELS}")
        label = label_of(values)
        if label is not None:
            found.append(Known(row["tweet_id"], prepare(row["text"], texts), label))
    if not found:
        raise CrisisflowError(f"{path}: no post of the set {name} has a label of the task {HELP}; map its labels")
    return found


def read_gold(path: Path, texts: TextsParams) -> list[Known]:
    """The test part of the disaster response messages: request, offer, or neither. No message is both.

    In the validation part every `offer` is 0 (docs/public_sets.md), so it tells nothing of offers.

    Args:
        texts: how texts are prepared.

    Raises:
        CrisisflowError: the file is absent or damaged, or has no test part.
    """
    found = []
    for row in read_parquet(path, POSTS).select(["tweet_id", "text", "labels", "official_split"]).to_pylist():
        if row["official_split"] == "test":
            values = {own["value"] for own in row["labels"] if own["task"] == "category"}
            label = label_of(values & {REQUEST, OFFER}) or IRRELEVANT
            found.append(Known(row["tweet_id"], prepare(row["text"], texts), label))
    if not found:
        raise CrisisflowError(f"{path} has no test part of the disaster response messages; read the set again")
    return found
