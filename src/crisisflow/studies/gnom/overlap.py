"""Overlap: which test tweets of a setting have a near duplicate in the training part (ledger, entry 16)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from crisisflow.artifacts import read_parquet, table_of, write_json, write_parquet
from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.inputs import InputFile
from crisisflow.progress import say
from crisisflow.studies.gnom.formats import OVERLAP
from crisisflow.studies.gnom.params import SettingParams
from crisisflow.studies.gnom.sets import read_tweets


def run(name: str, setting: SettingParams, sets: Sequence[InputFile], out: Path, statistics: Path) -> None:
    """Write of each test tweet whether the source's training part has a near duplicate of it, and the counts.

    Args:
        name: of the setting
        setting: section gnom.settings.NAME
        sets: of the step read_set
    """
    source, target = read_tweets(sets, setting.source, setting.target)
    same = source.set == target.set
    texts = source.texts if same else [*source.texts, *target.texts]
    groups = groups_of(texts)
    of_source, of_target = groups[: len(source.ids)], groups if same else groups[len(source.ids) :]
    training = np.array([own == "train" for own in source.splits])
    tested = np.array([own == "test" for own in target.splits])
    near = np.isin(of_target[tested], of_source[training])
    test, known = target.part("test"), {*source.part("train").texts}
    equal = [text in known for text in test.texts]
    write_parquet(out, table_of(zip(test.ids, near.tolist(), equal, strict=True), OVERLAP), OVERLAP)
    facts = {
        "setting": name,
        "source": source.set,
        "target": target.set,
        "test_tweets": len(test.ids),
        "with_training_neighbour": int(near.sum()),
        "equal_to_training": sum(equal),
        "groups_in_both_sets": None if same else len(np.intersect1d(of_source, of_target)),
        "source_groups": len(np.unique(of_source)),
        "target_groups": len(np.unique(of_target)),
    }
    write_json(statistics, facts)
    say(f"overlap: {int(near.sum()):,} of {len(test.ids):,} test tweets of {name} have a neighbour in training")


def neighbours(path: Path, ids: Sequence[str]) -> np.ndarray:
    """Whether each of these test tweets has a neighbour in the training part: booleans [tweets]."""
    table = read_parquet(path, OVERLAP)
    found = dict(zip(table["tweet_id"].to_pylist(), table["training_neighbour"].to_pylist(), strict=True))
    return np.array([found.get(own, False) for own in ids], dtype=bool)
