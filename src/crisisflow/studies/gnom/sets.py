"""Sets as they are split, and the shares of a training part that are trained on."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from crisisflow.artifacts import read_metadata, read_parquet, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.studies.gnom.formats import TWEETS
from crisisflow.studies.gnom.params import SettingParams

SET = "gnom_set"  # of a table's metadata: the name of the set
RARE = 10  # tweets; label sets of fewer are drawn as one


class Tweets(NamedTuple):
    """Tweets of a set, in columns; `labels` are names of classes."""

    set: str
    ids: list[str]
    texts: list[str]
    languages: list[str | None]
    labels: list[list[str]]
    splits: list[str | None]
    groups: list[int]  # of near duplicates within the set

    def at(self, positions: Iterable[int]) -> "Tweets":
        """Those at these positions, in this order."""
        places = list(positions)
        return Tweets(self.set, *([column[place] for place in places] for column in self[1:]))

    def part(self, split: str) -> "Tweets":
        """Those of one split."""
        return self.at(at for at, own in enumerate(self.splits) if own == split)


def write_tweets(path: Path, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the tweets of a set, in the columns of formats.TWEETS."""
    schema = TWEETS.with_metadata({SET: name})
    write_parquet(path, pa.Table.from_pylist(list(rows), schema=schema), schema)


def read_tweets(paths: Sequence[Path], *names: str) -> list[Tweets]:
    """The sets of these names, in their order.

    Raises:
        CrisisflowError: one of them is in none of the files.
    """
    by_name = {read_metadata(path, TWEETS).get(SET.encode(), b"").decode(): path for path in paths}
    found = []
    for name in names:
        if name not in by_name:
            raise CrisisflowError(f"no file is of the set {name}; there are: {', '.join(sorted(by_name))}")
        table = read_parquet(by_name[name], TWEETS)
        columns = (table[own].to_pylist() for own in ("tweet_id", "text", "language", "labels", "split", "group"))
        found.append(Tweets(name, *columns))
    return found


def strata(labels: Sequence[Sequence[str]]) -> list[int]:
    """A number for each tweet, by its set of labels; sets that fewer than RARE tweets have share one."""
    sets = [tuple(sorted(own)) for own in labels]
    frequency = Counter(sets)
    known = sorted(own for own, number in frequency.items() if number >= RARE or len(own) == 1)
    numbers = {own: at for at, own in enumerate(known)}
    return [numbers.get(own, len(known)) for own in sets]


def share_of(labels: Sequence[Sequence[str]], training_tweets: int | str, share: int, seed: int) -> list[int]:
    """Positions of the tweets of a training part that are trained on, in their order.

    Stratified by set of labels. A smaller share of a seed is a part of a larger one, and every row of a seed has the
    same tweets.

    Args:
        labels: of the training part. training_tweets: of which the share is, or `all`.
        share: in per cent.

    Raises:
        CrisisflowError: a class is left without a tweet.
    """
    whole = len(labels) if training_tweets == "all" else min(int(training_tweets), len(labels))
    numbers = np.array(strata(labels))
    order = np.random.default_rng(seed).permutation(len(labels))
    kept: list[int] = []
    for number in range(numbers.max(initial=-1) + 1):
        own = order[numbers[order] == number]
        # To the nearest whole number, in integers.
        kept += own[: (2 * len(own) * whole * share + 100 * len(labels)) // (200 * len(labels))].tolist()
    kept.sort()
    there = {label for at in kept for label in labels[at]}
    if absent := sorted({label for own in labels for label in own} - there):
        raise CrisisflowError(
            f"{share} % of the training tweets, which are {len(kept)}, have none of class {absent[0]}; raise the share"
        )
    return kept


class Training(NamedTuple):
    """What a run learns from, and what it is scored on."""

    train: Tweets
    rest: Tweets  # of the source's training part
    validation: Tweets
    test: Tweets


def training_of(
    paths: Sequence[Path], setting: SettingParams, training_tweets: int | str, share: int, seed: int
) -> Training:
    """The parts of a setting; raises what `read_tweets` and `share_of` raise."""
    source, target = read_tweets(paths, setting.source, setting.target)
    train = source.part("train")
    drawn = share_of(train.labels, training_tweets, share, seed)
    rest = sorted({*range(len(train.ids))} - {*drawn})
    return Training(train.at(drawn), train.at(rest), source.part("validation"), target.part("test"))


def classes_of(labels: Sequence[Sequence[str]], classes: Sequence[str]) -> np.ndarray:
    """Whether each tweet has each class: booleans [tweets, classes]."""
    return np.array([[name in own for name in classes] for own in labels], dtype=bool).reshape(-1, len(classes))
