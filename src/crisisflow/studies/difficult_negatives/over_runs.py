"""Over runs: what a tagger comes to on a setting, over its folds and seeds."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from crisisflow.reporting.over_seeds import OverSeeds
from crisisflow.studies.difficult_negatives.bands import RANDOM, RANDOM_PLUS
from crisisflow.studies.difficult_negatives.folds import MEASURES, RATIOS, TestScores
from crisisflow.studies.difficult_negatives.runs import Run


def over(values: Iterable[float | None]) -> dict[str, float | int | None] | None:
    """Mean and standard deviation over folds and seeds; None where one has no value."""
    known = list(values)
    if not known or None in known:
        return None
    own = OverSeeds.over(value for value in known if value is not None)
    return {"mean": own.mean, "deviation": own.deviation, "runs": own.seeds}


def f1_at(scores: TestScores, ratio: float) -> float:
    """F1 with so many ordinary tweets for each crisis tweet.

    True spans, and false ones in crisis tweets, stay as they are; the false spans of an ordinary tweet are a rate.
    """
    if ratio and not scores.negatives:
        raise ValueError("a test without negatives has no rate of false spans")
    false = scores.found - scores.found_in_positives
    brought = ratio * scores.positives * false / scores.negatives if ratio else 0.0
    whole = scores.spans + scores.found_in_positives + brought
    return 2 * scores.hits / whole if whole else 0.0


def growth(runs: Iterable[Run]) -> list[dict[str, float]] | None:
    """Mean F1 at each of RATIOS, by the rate of false spans on the largest random test; None without such a test."""
    own = list(runs)
    test = next((name for name in (RANDOM_PLUS, RANDOM) if own and name in own[0].scores), None)
    if test is None:
        return None
    return [{"ratio": ratio, "f1": float(np.mean([f1_at(run.scores[test], ratio) for run in own]))} for ratio in RATIOS]


def of_setting(runs: Mapping[int, Run]) -> dict[str, Any]:
    """What a tagger comes to that was trained on a setting: each measure of each test over the folds and seeds."""
    own = list(runs.values())
    tests = own[0].scores if own else {}
    return {
        "epochs": over(run.epochs for run in own),
        "steps": over(run.steps for run in own),
        "tests": {
            test: {name: over(getattr(run.scores[test], name) for run in own) for name in MEASURES} for test in tests
        },
        "growth": growth(own),
    }
