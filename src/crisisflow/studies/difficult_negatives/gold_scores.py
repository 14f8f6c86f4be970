"""Gold scores: all settings of a tagger on tweets whose spans are not those of the rules."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from crisisflow.evaluation.bootstrap import SeedCounts, differences
from crisisflow.evaluation.counts import span_counts
from crisisflow.studies.difficult_negatives.bands import RANDOM
from crisisflow.studies.difficult_negatives.folds import scores_of, span_numbers
from crisisflow.studies.difficult_negatives.gold_tweets import of_types
from crisisflow.studies.difficult_negatives.over_runs import over
from crisisflow.studies.difficult_negatives.runs import Run

OF_GOLD = ("precision", "recall", "f1")


def on_gold(settings: Mapping[str, Mapping[int, Run]], name: str, types: Collection[str]) -> dict[str, Any]:
    """Of each setting precision, recall and F1 on a gold set, and F1 less that of random with the 95 % interval.

    Args:
        types: of which the set knows all spans; others count neither as found nor as missed.
    """

    labels = next(run.labels for runs in settings.values() for run in runs.values())

    def part(run: Run) -> pa.Table:
        inside = [own == [name] for own in run.gold["settings"].to_pylist()]
        return of_types(run.gold.filter(pa.array(inside, pa.bool_())), types, labels)

    tables = {setting: [part(run) for run in runs.values()] for setting, runs in settings.items()}
    scores = {
        setting: [
            scores_of(span_numbers(table, labels), np.ones(table.num_rows, bool), np.ones(table.num_rows, bool))
            for table in own
        ]
        for setting, own in tables.items()
    }
    compared: dict[str, dict[str, float]] = {}
    if RANDOM in settings:
        counted = {
            setting: {
                number: SeedCounts(table["text_id"].to_pylist(), span_counts(table, labels))
                for number, table in enumerate(tables[setting])
            }
            for setting in sorted(tables, key=lambda setting: setting == RANDOM)
        }
        for pair in differences(counted, "f1"):
            if pair.second == RANDOM:
                compared[pair.first] = {"difference": pair.difference, "low": pair.low, "high": pair.high}
    return {
        setting: {measure: over(getattr(each, measure) for each in own) for measure in OF_GOLD}
        | {"less_random": compared.get(setting)}
        for setting, own in scores.items()
    }


def sets_of(gold: pa.Table) -> list[tuple[str, list[str], int]]:
    """Each gold set with its types and the number of its tweets."""
    known: dict[str, list[str]] = {}
    number: Counter[str] = Counter(gold["gold_set"].to_pylist())
    for name, types in zip(gold["gold_set"].to_pylist(), gold["types"].to_pylist(), strict=True):
        known.setdefault(name, types)
    return [(name, types, number[name]) for name, types in known.items()]
