"""Score: all rows on all tasks, over the seeds, each row against the baseline (paper, sections 3.4 and 4.2)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import numpy as np

from crisisflow.artifacts import PREDICTIONS, read_json, read_parquet, write_json
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.bootstrap import Difference, SeedCounts, differences
from crisisflow.evaluation.counts import class_counts
from crisisflow.identity import Identity, of_parquet, read_identity
from crisisflow.inputs import InputFile
from crisisflow.labels import Labels
from crisisflow.params import Name
from crisisflow.reporting.over_seeds import OverSeeds
from crisisflow.studies.actionable_help import STUDY
from crisisflow.studies.actionable_help.row_params import BUILT, RowParams

SCORES = ("macro_f1", "weighted_f1", "supported_macro_f1", "accuracy")
MAIN = "macro_f1"


class Trained(NamedTuple):
    """The metrics.json of one training, and where its test predictions are."""

    identity: Identity
    facts: Mapping[str, Any]
    test: Path


def read_trained(metrics: Sequence[Path], tests: Sequence[Path]) -> list[Trained]:
    """The trainings, each with its test predictions.

    Raises:
        CrisisflowError: one is there twice, or lacks one of the two files.
    """
    found: dict[Identity, Mapping[str, Any]] = {}
    for path in metrics:
        facts = read_json(path, "classes", "validation", "test")
        identity = read_identity(facts, path, STUDY)
        if identity in found:
            raise CrisisflowError(f"{path} is of {identity}, which was read before; give it once")
        found[identity] = facts
    predicted = {of_parquet(path, PREDICTIONS, STUDY): path for path in tests}
    if predicted.keys() != found.keys():
        lone = next(iter(predicted.keys() ^ found.keys()))
        raise CrisisflowError(f"of {lone} there are metrics or predictions, and not both; give both")
    return [Trained(identity, facts, predicted[identity]) for identity, facts in found.items()]


def _over(values: Iterable[float | None]) -> dict[str, float | int | None] | None:
    """Mean, standard deviation and half the 95 % interval over the seeds; None where a seed has no value."""
    known = list(values)
    if not known or None in known:
        return None
    own = OverSeeds.over(known)
    return {"mean": own.mean, "deviation": own.deviation, "half_interval": own.half_interval, "seeds": own.seeds}


def of_seeds(trained: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The scores of a row on a task from the metrics.json of its seeds."""
    splits: dict[str, Any] = {}
    for split in ("validation", "test"):
        own = [facts[split] for facts in trained]
        splits[split] = {score: _over(facts[score] for facts in own) for score in SCORES}
        splits[split]["texts"] = own[0]["texts"]
        known = [facts["calibration"] for facts in own]
        splits[split]["calibration_error"] = _over(facts and facts["expected_error"] for facts in known)
    per_class = [facts["test"]["per_class"] for facts in trained]
    splits["test"]["per_class"] = {
        label: {
            "f1": _over(facts[label]["f1"] for facts in per_class),
            "support": per_class[0][label]["support"],
        }
        for label in per_class[0]
    }
    return {
        **splits,
        "parameters": trained[0]["parameters"],
        "training_texts": trained[0]["training_texts"],
        "epochs": None if trained[0]["epochs"] is None else mean(facts["epochs"] for facts in trained),
        "best_epoch": None if trained[0]["best_epoch"] is None else mean(facts["best_epoch"] for facts in trained),
    }


def against(baseline: str, rows: Mapping[str, Mapping[int, SeedCounts]]) -> dict[str, dict[str, float]]:
    """Each row's macro F1 less the baseline's on the same resamples of the test texts, with the 95 % interval."""
    compared = differences(rows, MAIN)
    return {
        (pair.second if pair.first == baseline else pair.first): _turned(pair, baseline)
        for pair in compared
        if baseline in (pair.first, pair.second)
    }


def _turned(pair: Difference, baseline: str) -> dict[str, float]:
    if pair.first != baseline:
        return {"difference": pair.difference, "low": pair.low, "high": pair.high}
    # less from zero, since JSON would show a negative zero
    return {"difference": 0 - pair.difference, "low": 0 - pair.high, "high": 0 - pair.low}


def _counted(path: Path, classes: Sequence[str]) -> SeedCounts:
    table = read_parquet(path, PREDICTIONS)
    return SeedCounts(table["tweet_id"].to_pylist(), class_counts(table, Labels(entities=(), classes=tuple(classes))))


def compare(trained: Sequence[Trained], baseline: str) -> dict[str, dict[str, dict[str, float]]]:
    """The differences from the baseline by task and row.

    Raises:
        CrisisflowError: a row has other seeds or test texts than another.
    """
    of_task: dict[str, dict[str, dict[int, SeedCounts]]] = defaultdict(lambda: defaultdict(dict))
    for own in trained:
        row, seed, task = own.identity.row, own.identity.seed, own.identity.task
        of_task[task][row][seed] = _counted(own.test, own.facts["classes"])
    return {task: against(baseline, rows) for task, rows in of_task.items()}


def _wins(differences: Iterable[Mapping[str, float]]) -> dict[str, int]:
    """On how many tasks a row is above or below the baseline, and on how many of them beyond chance."""
    own = list(differences)
    return {
        "above": sum(pair["difference"] > 0 for pair in own),
        "below": sum(pair["difference"] < 0 for pair in own),
        "above_beyond_chance": sum(pair["low"] > 0 for pair in own),
        "below_beyond_chance": sum(pair["high"] < 0 for pair in own),
    }


def _average(scores: Mapping[str, Mapping[str, Any]], kinds: Mapping[str, str], *allowed: str) -> float | None:
    own = [facts["test"][MAIN]["mean"] for task, facts in scores.items() if kinds[task] in allowed]
    return float(np.mean(own)) if own else None


def best_row(rows: Mapping[str, Mapping[str, Any]], candidates: Sequence[str], task: str) -> str:
    """The candidate with the highest macro F1 on the validation texts of a task; the first one of equals."""
    return max(candidates, key=lambda row: rows[row]["tasks"][task]["validation"][MAIN]["mean"])


def run(
    metrics: Sequence[InputFile],
    tests: Sequence[InputFile],
    statistics: Sequence[InputFile],
    rows: dict[Name, RowParams],
    baseline: Name,
    out: Path,
    headline: Path,
) -> None:
    """Write the scores of all rows by task, their averages, what each row is above or below the baseline, and which row
    is the best on the built task by its validation texts; and the few of them that are compared across runs.

    Args:
        metrics: of all trainings
        tests: the test predictions of all trainings
        statistics: of all tasks
        rows: section actionable_help.rows, of which the best one is found
        baseline: actionable_help.baseline
        out: all scores
        headline: macro F1 on the test texts by row and task, and its averages

    Raises:
        CrisisflowError: the files are not those of the same trainings, or a row lacks a task or a seed.
    """
    trained = read_trained(metrics, tests)
    kinds = {facts["task"]: facts["kind"] for facts in (read_json(path, "task", "kind") for path in statistics)}
    grouped: dict[str, dict[str, list[Mapping[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for own in trained:
        grouped[own.identity.row][own.identity.task].append(own.facts)
    for row, tasks in grouped.items():
        if lacking := sorted(kinds.keys() - tasks.keys()):
            raise CrisisflowError(f"row {row} has no training on the task {lacking[0]}; its average would be of others")
    compared = compare(trained, baseline)
    scores: dict[str, Any] = {}
    for row, tasks in grouped.items():
        by_task = {task: of_seeds(facts) for task, facts in tasks.items()}
        apart = {task: compared[task][row] for task in by_task if row != baseline}
        scores[row] = {
            "tasks": by_task,
            "average": _average(by_task, kinds, "real", BUILT, "stand_in"),
            "average_without_stand_ins": _average(by_task, kinds, "real", BUILT),
            "against_baseline": apart,
            "wins": _wins(apart.values()),
        }
    built = [task for task, kind in kinds.items() if kind == BUILT]
    best = {task: best_row(scores, list(rows), task) for task in built}
    write_json(out, {"baseline": baseline, "best_on_validation": best, "kinds": kinds, "rows": scores})
    write_json(headline, {row: _headline(own) for row, own in scores.items()})


def _headline(row: Mapping[str, Any]) -> dict[str, float | None]:
    of_task = {task: own["test"][MAIN]["mean"] for task, own in row["tasks"].items()}
    return {**of_task, "average": row["average"], "average_without_stand_ins": row["average_without_stand_ins"]}
