"""Runs: the folds of all trainings, read back from what the step tag wrote."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crisisflow.artifacts import read_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.identity import of_parquet
from crisisflow.labels import Labels
from crisisflow.reporting.exhibits import read_frame
from crisisflow.studies.difficult_negatives import STUDY
from crisisflow.studies.difficult_negatives.collection import TEST
from crisisflow.studies.difficult_negatives.folds import PREDICTED, TestScores, scores_of, span_numbers, tests_of
from crisisflow.studies.difficult_negatives.gold_tweets import ROLE
from crisisflow.studies.difficult_negatives.label_sets import labels_of
from crisisflow.studies.difficult_negatives.params import FurtherParams


class Run(NamedTuple):
    """A fold of a training on the tests, and how long it was trained.

    Args:
        predictions: of the tweets of unseen events. inside: by test, which of them are in it.
        epochs, steps: how many were taken; a step is one of the optimizer. gold: predictions of tweets with gold spans.
        labels: of the spans.
    """

    predictions: pa.Table
    inside: Mapping[str, np.ndarray]
    scores: Mapping[str, TestScores]
    epochs: int
    steps: int
    gold: pa.Table
    labels: Labels


Runs = Mapping[str, Mapping[str, Mapping[int, Run]]]  # by row and setting; the numbers go over the seeds and folds


def expected_settings(taggers: Iterable[str], train: Sequence[str], further: FurtherParams) -> dict[str, list[str]]:
    """What each tagger is trained on."""
    return {row: [*train, *(further.train if row in further.taggers else [])] for row in taggers}


def read_runs(
    folds: Sequence[Path], predictions: Sequence[Path], expected: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, dict[int, Run]]]:
    """The folds of all trainings, rows and settings in the order in which they are expected.

    Args:
        expected: by row its settings.

    Raises:
        CrisisflowError: a training is absent, there twice, lacks one of its two files, or is of no row or setting.
    """
    lines: dict[tuple[str, str, int], Any] = {}
    for path in folds:
        frame = read_frame(path, dtype={"row": str, "setting": str, "test": str})
        for key, own in frame.groupby(["row", "setting", "seed"]):
            if key in lines:
                raise CrisisflowError(f"{path} is of a training that was read before; give it once")
            lines[key] = own
    found: dict[str, dict[str, dict[int, Run]]] = {
        row: {setting: {} for setting in settings} for row, settings in expected.items()
    }
    by_key = {}
    for path in predictions:
        own = of_parquet(path, PREDICTED, STUDY)
        by_key[own.row, str(own.setting), own.seed] = path
    if lone := sorted(map(str, by_key.keys() ^ lines.keys())):
        raise CrisisflowError(f"of {lone[0]} there are folds or predictions, and not both; give both")
    for (row, setting, seed), path in sorted(by_key.items(), key=lambda entry: entry[0][2]):
        if setting not in found.get(row, {}):
            raise CrisisflowError(f"{path} is of row {row} and setting {setting}, which params.yaml does not have")
        runs = found[row][setting]
        for run in _folds(read_parquet(path, PREDICTED), lines[row, setting, seed], labels_of(path, PREDICTED)):
            runs[len(runs)] = run
    if missing := [f"{row}, {setting}" for row, own in found.items() for setting in own if not own[setting]]:
        raise CrisisflowError(f"no training of {'; '.join(missing)} is given; give all rows on all settings")
    return found


def _folds(table: pa.Table, lines: Any, labels: Labels) -> Iterable[Run]:
    roles = {role: table.filter(pc.equal(table["role"], role)) for role in (TEST, ROLE)}
    for fold, own in lines.groupby("fold"):
        part, gold = (each.filter(pc.equal(each["fold"], int(fold))).combine_chunks() for each in roles.values())
        inside = tests_of(part["settings"].to_pylist())
        positive = part["positive"].to_numpy(zero_copy_only=False)
        numbers = span_numbers(part, labels)
        scores = {test: scores_of(numbers, positive, at) for test, at in inside.items()}
        epochs = int(own["epochs"].iloc[0])
        yield Run(part, inside, scores, epochs, epochs * int(own["steps_per_epoch"].iloc[0]), gold, labels)
