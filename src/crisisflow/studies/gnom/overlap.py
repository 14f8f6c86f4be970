"""Overlap: which test tweets of a setting have a near duplicate in what the run is given (ledger, entry 16)."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from crisisflow.artifacts import read_metadata, read_parquet, table_of, write_json, write_parquet
from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.errors import CrisisflowError
from crisisflow.inputs import InputFile
from crisisflow.params import Name
from crisisflow.progress import say
from crisisflow.studies.gnom.corpus import named_by, unlabelled_of
from crisisflow.studies.gnom.formats import OVERLAP
from crisisflow.studies.gnom.params import SetParams, SettingParams
from crisisflow.studies.gnom.sets import read_tweets

SETTING = "gnom_setting"  # of the table's metadata: the name of the setting


def run(
    name: str,
    setting: SettingParams,
    sets_params: dict[Name, SetParams],
    sets: Sequence[InputFile],
    out: Path,
    statistics: Path,
) -> None:
    """Write of each test tweet whether training or unlabelled text has a near duplicate of it, and the counts.

    The unlabelled texts that have one are left out of the word graph (corpus.py), and counted here all the same.

    Args:
        name: of the setting
        setting: section gnom.settings.NAME
        sets_params: section gnom.sets
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
    unlabelled = [
        text for own in unlabelled_of(sets, source, target, *named_by(setting, sets_params)) for text in own.texts
    ]
    with_unlabelled = groups_of([*test.texts, *unlabelled])
    of_graph = np.isin(with_unlabelled[: len(test.ids)], with_unlabelled[len(test.ids) :])
    rows = zip(test.ids, near.tolist(), equal, of_graph.tolist(), strict=True)
    schema = OVERLAP.with_metadata({SETTING: name})
    write_parquet(out, table_of(rows, OVERLAP), schema)
    facts = {
        "setting": name,
        "source": source.set,
        "target": target.set,
        "test_tweets": len(test.ids),
        "with_training_neighbour": int(near.sum()),
        "equal_to_training": sum(equal),
        "with_unlabelled_neighbour": int(of_graph.sum()),
        "with_neighbour": int((near | of_graph).sum()),
        "groups_in_both_sets": None if same else len(np.intersect1d(of_source, of_target)),
        "source_groups": len(np.unique(of_source)),
        "target_groups": len(np.unique(of_target)),
    }
    write_json(statistics, facts)
    say(
        f"overlap: of {len(test.ids):,} test tweets of {name} {int(near.sum()):,} have a neighbour in training, and "
        f"{int(of_graph.sum()):,} in unlabelled text"
    )


def overlap_of(paths: Iterable[Path], setting: str) -> Path:
    """The file of this setting among several.

    Raises:
        CrisisflowError: there is none.
    """
    for path in paths:
        if read_metadata(path, OVERLAP).get(SETTING.encode(), b"").decode() == setting:
            return path
    raise CrisisflowError(f"no file of the step overlap is of the setting {setting}; give its file")


def neighbours(path: Path, ids: Sequence[str]) -> np.ndarray:
    """Whether each of these test tweets has a neighbour in training or unlabelled text: booleans [tweets]."""
    rows = read_parquet(path, OVERLAP).to_pylist()
    found = {row["tweet_id"]: row["training_neighbour"] or row["unlabelled_neighbour"] for row in rows}
    return np.array([found.get(own, False) for own in ids], dtype=bool)
