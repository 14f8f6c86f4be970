"""Classify scores: accuracy and macro-F1 of all rows over the seeds, and each row less each other one (Table 5)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from crisisflow.artifacts import read_json, read_parquet, write_json
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.bootstrap import SeedCounts, differences
from crisisflow.evaluation.counts import TweetCounts, f1
from crisisflow.evaluation.proportions import wilson
from crisisflow.identity import Identity, of_json, of_parquet
from crisisflow.inputs import InputFile
from crisisflow.params import Positive
from crisisflow.progress import say
from crisisflow.reporting.over_seeds import OverSeeds
from crisisflow.studies.analytics import STUDY
from crisisflow.studies.analytics.classify import HELD_OUT, PREDICTIONS
from crisisflow.studies.analytics.classify_params import ClassifyParams

Runs = dict[str, dict[str, dict[int, "Run"]]]  # by test, row and seed


class Run(NamedTuple):
    """What a training left: training.json, and by part the ids, labels and predictions of its posts."""

    facts: Mapping[str, Any]
    answers: Mapping[str, tuple[list[str], list[str], list[str]]]


def run(
    predictions: Sequence[InputFile],
    trainings: Sequence[InputFile],
    params: ClassifyParams,
    resamples: Positive,
    out: Path,
) -> None:
    """Write the scores of all rows and their differences, by test.

    Args:
        predictions: of the step classify, of all rows, tests and seeds; repeat
        trainings: the same
        params: section analytics.classify
        resamples: of the paired bootstrap, analytics.scores.resamples
        out: JSON

    Raises:
        CrisisflowError: a file is absent, damaged or there twice, lacks its other one, or the runs of a test are of
            different posts or seeds.
    """
    found = read_runs(predictions, trainings)
    order = [*params.rows]
    tests = [_test(name, group, found[name], order, resamples) for name, group in params.tests.items() if name in found]
    write_json(out, {"study": STUDY, "corpus": params.corpus, "resamples": resamples, "tests": tests})
    say(f"classify_scores: {len(predictions)} runs of {len(tests)} tests")


def read_runs(predictions: Iterable[Path], trainings: Iterable[Path]) -> Runs:
    """All runs.

    Raises:
        CrisisflowError: a file is absent, damaged or there twice, or lacks its other one.
    """
    facts: dict[Identity, Mapping[str, Any]] = {}
    for path in trainings:
        facts[of_json(path, STUDY)] = read_json(path, "scores", "counts", "classes", "parameters")
    found: Runs = defaultdict(lambda: defaultdict(dict))
    for path in predictions:
        own = of_parquet(path, PREDICTIONS, STUDY)
        if own.setting is None or own not in facts:
            raise CrisisflowError(f"{path} is of {own}, and its training.json is not given; give both")
        runs = found[own.setting][own.row]
        if own.seed in runs:
            raise CrisisflowError(f"{path} is of {own}, of which there was a file before; give it once")
        rows = read_parquet(path, PREDICTIONS).to_pylist()
        runs[own.seed] = Run(facts[own], {part: _columns(rows, part) for part in HELD_OUT})
    return found


def _columns(rows: Sequence[Mapping[str, str]], part: str) -> tuple[list[str], list[str], list[str]]:
    own = [row for row in rows if row["part"] == part]
    return tuple([row[name] for row in own] for name in ("post_id", "label", "predicted"))


def _test(
    name: str, group: str | None, runs: Mapping[str, Mapping[int, Run]], order: Sequence[str], resamples: int
) -> dict[str, Any]:
    rows = {row: runs[row] for row in order if row in runs}
    first = next(iter(next(iter(rows.values())).values()))
    return {
        "test": name,
        "group": group,
        "classes": first.facts["classes"],
        "counts": first.facts["counts"],
        "rows": [{"row": row, **_row(own)} for row, own in rows.items()],
        "differences": [one for part in HELD_OUT for one in _differences(rows, part, resamples)],
    }


def _row(runs: Mapping[int, Run]) -> dict[str, Any]:
    """A row over its seeds; the interval of its accuracy is that of the mean, by the number of posts."""
    found: dict[str, Any] = {"seeds": sorted(runs), "parameters": next(iter(runs.values())).facts["parameters"]}
    for part in HELD_OUT:
        scores = [run.facts["scores"][part] for run in runs.values()]
        accuracy = OverSeeds.over(own["accuracy"] for own in scores)
        posts = len(next(iter(runs.values())).answers[part][0])
        interval = wilson(accuracy.mean * posts, posts)
        found[part] = {
            "posts": posts,
            "accuracy": {**accuracy._asdict(), "low": interval.low, "high": interval.high},
            "macro_f1": OverSeeds.over(own["macro_f1"] for own in scores)._asdict(),
            "per_class": {
                name: {
                    "f1": OverSeeds.over(own["per_class"][name]["f1"] for own in scores).mean,
                    "support": scores[0]["per_class"][name]["support"],
                }
                for name in scores[0]["per_class"]
            },
        }
    return found


def accuracy(counts: TweetCounts, weights: np.ndarray) -> np.ndarray:
    """The share of the texts that are right; arguments and result are those of `counts.f1`."""
    hits = np.tensordot(weights, counts.hits, axes=1).astype(np.float64).sum(axis=-1)
    return hits / weights.sum(axis=1).reshape(-1, *[1] * (hits.ndim - 1))


def _differences(rows: Mapping[str, Mapping[int, Run]], part: str, resamples: int) -> Iterable[dict[str, Any]]:
    """Accuracy and macro-F1 of each row less those of each other one."""
    counted = {row: {seed: _counted(run, part) for seed, run in own.items()} for row, own in rows.items()}
    for measure, function in (("accuracy", accuracy), ("macro_f1", f1)):
        for pair in differences(counted, measure, resamples, function):
            yield {"part": part, "measure": measure, "first": pair.first, "second": pair.second} | {
                name: float(getattr(pair, name)) for name in ("difference", "low", "high")
            }


def _counted(run: Run, part: str) -> SeedCounts:
    """Of the classes that the part has."""
    ids, labels, predicted = run.answers[part]
    classes = np.unique(labels)
    true, guess = (np.array(values)[:, None] == classes for values in (labels, predicted))
    return SeedCounts(ids, TweetCounts((true & guess).astype(np.float32), true.astype(np.float32) + guess))


def difference(test: Mapping[str, Any], part: str, measure: str, first: str, second: str) -> dict[str, float] | None:
    """What `run` wrote of two rows; None where one of them is missing."""
    for own in test["differences"]:
        if (own["part"], own["measure"]) == (part, measure):
            if (own["first"], own["second"]) == (first, second):
                return {name: own[name] for name in ("difference", "low", "high")}
            if (own["first"], own["second"]) == (second, first):
                return {"difference": -own["difference"], "low": -own["high"], "high": -own["low"]}
    return None
