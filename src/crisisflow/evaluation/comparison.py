"""The paper beside this run: each number of the paper, ours, their difference, and the settings that are others.

The paper's settings are those of presets/paper.yaml; where the paper is silent they are decided (docs/reproduction.md).
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from crisisflow.evaluation.bootstrap import Difference
from crisisflow.evaluation.reproduction import (
    BEST_EPOCH,
    CLS_LAST,
    CLS_PEAK,
    CLS_PEAK_EPOCH,
    COMBINED_PEAK,
    CURVES_ROW,
    LOG_VARIANCE,
    NER_FIRST,
    PARAMETERS,
    PARAMETERS_OF_STAGE_2,
    TABLE_1,
    TABLE_3,
)
from crisisflow.evaluation.results import NOTHING, SCORES, Figure, RowResult
from crisisflow.evaluation.settings import without_folders
from crisisflow.params import RowParams

# Sections of params.yaml that change results, and what in them does not, or only adds to a run.
SETTINGS = ("corpus", "annotation", "alignment", "model", "training")
BESIDE = (
    "corpus.sample",
    "corpus.events",
    "annotation.quality",
    "training.gradient_cosine_every",
    "training.frozen_cache_gb",
    "training.device",
    "training.processes",
    "training.threads",
)
DATA = ("corpus", "annotation")  # what Table 1 depends on


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each value of a nested mapping under its dotted path."""
    if isinstance(value, Mapping):
        for key, own in value.items():
            yield from _leaves(own, f"{path}.{key}" if path else str(key))
    else:
        yield path, value


def settings_that_differ(params: Mapping[str, Any], paper: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The dotted path of each setting that is not the paper's, with both values; of the rows that both have.

    Args:
        params: the run's params.yaml. paper: that of the preset `paper`.
    """

    def of(plain: Mapping[str, Any]) -> dict[str, Any]:
        rows = {name: row for name, row in plain["rows"].items() if name in paper["rows"] and name in params["rows"]}
        found = dict(_leaves({**{key: plain[key] for key in SETTINGS}, "rows": rows}))
        return {key: value for key, value in found.items() if not key.startswith(BESIDE)}

    own, papers = of(params), of(paper)
    return {
        key: (papers.get(key), own.get(key))
        for key in dict.fromkeys([*papers, *own])
        if papers.get(key) != own.get(key)
    }


def table_of_settings(differing: Mapping[str, tuple[Any, Any]]) -> pd.DataFrame:
    """Every setting of this run that is not the paper's."""

    def shown(value: Any) -> str:
        return NOTHING if value is None else str(without_folders(value))

    lines = [(key, shown(papers), shown(own)) for key, (papers, own) in differing.items()]
    return pd.DataFrame(lines, columns=["Setting", "Paper", "This run"])


class _Comparison:
    """Collects lines: what a number of the paper is, here and there."""

    def __init__(self, differing: Mapping[str, Any], schedules: Mapping[str, str]) -> None:
        self._differing, self._schedules = list(differing), schedules
        self.lines: list[dict[str, str]] = []

    def add(
        self, place: str, quantity: str, paper: float, own: Figure | None, rows: Sequence[str], form: str = ".3f"
    ) -> None:
        """A number that depends on the data, and on these rows if there are any; `own` is None where it was not run."""
        others = [key for key in self._differing if self._counts(key, rows)]
        self.lines.append(
            {
                "Place": place,
                "Quantity": quantity,
                "Paper": format(paper, form),
                "This run": NOTHING if own is None else own.shown(form),
                "Difference": NOTHING if own is None else f"{float(own.mean - paper):+z{form.lstrip('+')}}",
                "Settings that differ": str(len(others)) if others else "none",
            }
        )

    def _counts(self, key: str, rows: Sequence[str]) -> bool:
        """Whether a number of these rows, or of the data alone, depends on a setting."""
        section, *rest = key.split(".")
        if section == "rows":
            return rest[0] in rows
        if section == "training" and rest[0] in ("single", "two_stage"):
            return rest[0] in {self._schedules[row] for row in rows}
        return section in DATA or bool(rows)


def table_of_comparison(
    differing: Mapping[str, tuple[Any, Any]],
    rows: Mapping[str, RowParams],
    dataset: Mapping[str, Mapping[str, int]],
    results: Mapping[str, RowResult],
    histories: Mapping[str, Sequence[pd.DataFrame]],
    differences: Sequence[Difference],
) -> pd.DataFrame:
    """The paper's numbers in its order, those of rows that the run does not have left out.

    Args:
        differing: of `settings_that_differ`. rows: of this run.
        dataset: tweets and spans per split.
        histories: history.csv of each row's seeds.
        differences: between the rows of this run.
    """
    made = _Comparison(differing, {name: row.schedule for name, row in rows.items()})
    for split, paper in TABLE_1.items():
        own = dataset[split]
        made.add("Table 1", f"{split}: tweets", paper.tweets, Figure(own["tweets"], None), [], ",.0f")
        average = Figure(own["spans"] / own["tweets"], None)
        made.add("Table 1", f"{split}: spans per tweet", paper.spans_per_tweet, average, [], ".2f")
    both = [name for name in TABLE_3 if name in rows]
    for name in both:
        for score, heading in SCORES.items():
            paper = getattr(TABLE_3[name], score)
            made.add("Table 3", f"row {name}: {heading}", paper, results[name].figure(score), [name])
    found = {(pair.first, pair.second, pair.score): pair.difference for pair in differences}
    for first, second in pairwise(both):
        for score in ("ner_micro_f1", "cls_macro_f1"):
            paper = getattr(TABLE_3[second], score) - getattr(TABLE_3[first], score)
            own = found.get((first, second, score))
            own = None if own is None else Figure(-own, None)
            made.add("IV-B", f"{first} to {second}: {SCORES[score]}", paper, own, [first, second], "+.3f")
    if CURVES_ROW in both:
        _add_curves(made, histories[CURVES_ROW], results[CURVES_ROW])
    for name in ("C", "D"):
        if name in both:
            for task in ("ner", "cls"):
                s = Figure.over(history[f"s_{task}"].iloc[-1] for history in histories[name])
                made.add("III-D", f"row {name}: s of {task.upper()} at the end", LOG_VARIANCE, s, [name], ".2f")
    if "D" in both:
        own = Figure.over(run["parameters"] / 1e6 for run in results["D"].runs)
        made.add("III-C", "row D: parameters (millions)", PARAMETERS / 1e6, own, ["D"], ".1f")
        trained = Figure.over(history["trainable_parameters"].iloc[-1] / 1e6 for history in histories["D"])
        paper = PARAMETERS_OF_STAGE_2 / 1e6
        made.add("III-E", "row D: parameters trained in stage 2 (millions)", paper, trained, ["D"], ".1f")
    return pd.DataFrame(made.lines)


def _add_curves(made: _Comparison, histories: Sequence[pd.DataFrame], result: RowResult) -> None:
    """Figures 5 and 7, of row A."""
    row = [CURVES_ROW]

    def over(column: str, what: str) -> Figure:
        return Figure.over(getattr(history[column], what)() for history in histories)

    def epoch(column: str) -> Figure:
        return Figure.over(history["epoch"][history[column].idxmax()] for history in histories)

    last = Figure.over(history["cls_macro_f1"].iloc[-1] for history in histories)
    first = Figure.over(history["ner_micro_f1"].iloc[0] for history in histories)
    made.add("Figure 5", "row A: highest CLS macro-F1 of an epoch", CLS_PEAK, over("cls_macro_f1", "max"), row, ".4f")
    made.add("Figure 5", "row A: epoch of the highest CLS macro-F1", CLS_PEAK_EPOCH, epoch("cls_macro_f1"), row, ".1f")
    made.add("Figure 5", "row A: CLS macro-F1 of the last epoch", CLS_LAST, last, row, ".4f")
    made.add("Figure 5", "row A: NER span micro-F1 of the first epoch", NER_FIRST, first, row)
    made.add("Figure 7", "row A: highest combined score", COMBINED_PEAK, over("combined_score", "max"), row, ".4f")
    made.add("Figure 7", "row A: best epoch", BEST_EPOCH, result.figure("best_epoch"), row, ".1f")
