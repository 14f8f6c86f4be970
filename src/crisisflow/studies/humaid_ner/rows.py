"""Results: what a row scores over its seeds, a row in words, and which row the policy chooses."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any, NamedTuple

from crisisflow.artifacts import PREDICTIONS, read_json
from crisisflow.errors import CrisisflowError
from crisisflow.identity import Identity, each_once, of_json, of_parquet
from crisisflow.pretrained import bare_name
from crisisflow.reporting.over_seeds import OverSeeds
from crisisflow.studies.humaid_ner import STUDY
from crisisflow.studies.humaid_ner.params import RowParams

FLOOR = "floor"
FLOOR_IN_WORDS = "TF-IDF + linear SVM"
TASKS_IN_WORDS = {"joint": "", "ner": ", NER only", "cls": ", classification only"}


# The scores of metrics.json that are shown, and how they are headed.
SCORE_HEADINGS = {
    "ner_micro_f1": "NER span micro-F1",
    "cls_macro_f1": "CLS macro-F1",
    "combined_score": "Combined",
}


class RowResult(NamedTuple):
    """A row in words, and the content of the metrics.json of each seed."""

    configuration: str
    runs: list[dict[str, Any]]

    def over_seeds(self, *keys: str) -> OverSeeds | None:
        """The number at `keys` over the seeds; None for the score of a task that is not trained."""
        values = [reduce(getitem, keys, run) for run in self.runs]
        if None in values:
            return None
        return OverSeeds.over(values)


def describe(row: RowParams) -> str:
    """A row in words: encoder, task where it is only one, weighting, schedule, negatives."""
    depth = f" (lower {row.layers} layers)" if row.layers else ""
    schedule = ""
    if row.schedule == "two_stage":
        embeddings = " and embeddings" if row.freeze_embeddings else ""
        dropout = "" if row.frozen_dropout else " without dropout"
        schedule = f" + two-stage (stage 2 freezes {row.freeze_layers} layers{embeddings}{dropout})"
    weighting = row.weighting.replace("_", " ")
    negatives = "" if row.negatives is None else f" + {row.negatives.tweets:,} negatives ({row.negatives.band})"
    return f"{bare_name(row.encoder)}{depth}{TASKS_IN_WORDS[row.tasks]} + {weighting}{schedule}{negatives}"


def choose_row(results: dict[str, RowResult]) -> str:
    """The paper's classification-first policy: CLS macro-F1 decides, NER span micro-F1 breaks ties, then the name.

    The system must do both tasks: a row of one task is chosen only where no row has both. Where CLS scores are equal,
    NER decides as Eq. 5 does.
    """

    figures = {
        name: [result.over_seeds(score) for score in ("cls_macro_f1", "ner_micro_f1")]
        for name, result in results.items()
    }
    joint = [name for name, own in figures.items() if None not in own]

    def rank(name: str) -> tuple[float, ...]:
        return tuple(1.0 if figure is None else -figure.mean for figure in figures[name])

    return min(joint or figures, key=lambda name: (rank(name), name))


def of_predictions(paths: Iterable[Path], *beside: str) -> dict[Path, Identity]:
    """Of which row and seed each file of predictions is; with `beside` of a training beside a row (`each_once`)."""
    return each_once(paths, lambda path: of_parquet(path, PREDICTIONS, STUDY), *beside)


def of_metrics(paths: Iterable[Path]) -> dict[Path, Identity]:
    """Of which row and seed each metrics.json is."""
    return each_once(paths, lambda path: of_json(path, STUDY))


def collect(rows: dict[str, RowParams], metrics: Sequence[Path]) -> dict[str, RowResult]:
    """The results of the rows, then the floor's.

    Args:
        metrics: metrics.json of each row and seed, and of the floor.

    Raises:
        CrisisflowError: a row has no such file, a file no row, two are of the same row and seed, or one does not say
            of which it is.
    """
    configurations = {**{name: describe(row) for name, row in rows.items()}, FLOOR: FLOOR_IN_WORDS}
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path, identity in of_metrics(metrics).items():
        found[identity.row].append(read_json(path))
    for name in sorted({*configurations} ^ {*found}):
        raise CrisisflowError(f"row {name} has no metrics, or is not among the rows: {', '.join(configurations)}")
    return {name: RowResult(configuration, found[name]) for name, configuration in configurations.items()}
