"""The paper beside this run: each number of the paper, ours, their difference, and the settings that are others.

The paper's settings are those of presets/paper/; where the paper is silent they are decided (the ledger).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from math import isnan
from typing import Any

import pandas as pd

from crisisflow.evaluation.bootstrap import Difference
from crisisflow.pretrained import bare_name
from crisisflow.reporting.over_seeds import NOTHING, OverSeeds
from crisisflow.reporting.shown_settings import without_folders
from crisisflow.studies.humaid_ner.params import RowParams
from crisisflow.studies.humaid_ner.reproduction import (
    BEST_EPOCH,
    CLS_LAST,
    CLS_PEAK,
    CLS_PEAK_EPOCH,
    COMBINED_PEAK,
    CURVES_ROW,
    LOG_VARIANCE,
    NER_FIRST,
    NER_LAST,
    PARAMETERS,
    PARAMETERS_OF_STAGE_2,
    PLATEAU,
    PLATEAU_EPOCHS,
    TABLE_1,
    TABLE_3,
)
from crisisflow.studies.humaid_ner.rows import SCORE_HEADINGS, RowResult

# Sections of params.yaml that change results, and those of this study in its own; what in them does not, or only adds
# to a run.
SHARED, OWN = ("corpus", "annotation"), ("alignment", "model", "training")
BESIDE = (
    "corpus.sample",
    "corpus.events",
    "annotation.quality",
    "humaid_ner.training.gradient_cosine_every",
)
# What a number depends on that is of no trained row.
TWEETS, SPANS = ("corpus",), ("corpus", "annotation")
SIZE = ("humaid_ner.rows.D.encoder", "humaid_ner.rows.D.layers")
TRAINED_IN_STAGE_2 = (*SIZE, "humaid_ner.rows.D.schedule", "humaid_ner.rows.D.freeze")


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

    both = params["humaid_ner"], paper["humaid_ner"]

    def of(plain: Mapping[str, Any]) -> dict[str, Any]:
        own = plain["humaid_ner"]
        rows = {name: own["rows"][name] for name in own["rows"] if all(name in each["rows"] for each in both)}
        study = {**{key: own[key] for key in OWN}, "rows": rows}
        found = dict(_leaves({**{key: plain[key] for key in SHARED}, "humaid_ner": study}))
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

    def __init__(
        self, differing: Mapping[str, Any], rows: Mapping[str, RowParams], papers: Mapping[str, RowParams]
    ) -> None:
        self._differing, self._rows, self._papers = list(differing), rows, papers
        self.lines: list[dict[str, str]] = []

    def add(
        self,
        place: str,
        quantity: str,
        paper: float,
        own: OverSeeds | None,
        rows: Sequence[str] = (),
        form: str = ".3f",
        of: tuple[str, ...] | None = None,
    ) -> None:
        """A number of these rows or of the data alone; `own` is None where it was not run.

        Args:
            of: how the names of the settings begin on which it depends; None for all that the training of the rows
                depends on.
        """
        others = [key for key in self._differing if (self._counts(key, rows) if of is None else key.startswith(of))]
        self.lines.append(
            {
                "Place": place,
                "Quantity": quantity,
                "Paper": format(paper, form),
                "This run": NOTHING if own is None else own.shown(form),
                "Difference": NOTHING if own is None else f"{float(own.mean - paper):+z{form.lstrip('+')}}",
                "Encoder (paper)": _encoders(self._papers, rows),
                "Encoder (this run)": _encoders(self._rows, rows),
                "Settings that differ": str(len(others)) if others else "none",
            }
        )

    def _counts(self, key: str, rows: Sequence[str]) -> bool:
        """Whether the training of these rows depends on a setting."""
        section, *rest = key.removeprefix("humaid_ner.").split(".")
        if section == "rows":
            return rest[0] in rows
        if section == "training" and rest[0] in ("single", "two_stage"):
            return rest[0] in {self._rows[row].schedule for row in rows}
        return True


def _encoders(rows: Mapping[str, RowParams], names: Sequence[str]) -> str:
    """The encoders of rows, with what is kept of them; of two rows, from the one to the other."""
    found = [
        bare_name(rows[name].encoder) + (f", lower {rows[name].layers}" if rows[name].layers else "") for name in names
    ]
    return " → ".join(dict.fromkeys(found)) or NOTHING


def _steps(results: Mapping[str, RowResult], differences: Sequence[Difference]) -> dict[tuple[str, str, str], float]:
    """What each score gains from a first row to a second; of scores that both rows have."""
    found = {}
    for pair in differences:
        found[pair.first, pair.second, pair.score] = -pair.difference
        found[pair.second, pair.first, pair.score] = pair.difference
    combined = {name: result.over_seeds("combined_score") for name, result in results.items()}
    there = {name: own.mean for name, own in combined.items() if own is not None}
    found |= {(one, other, "combined_score"): there[other] - there[one] for one in there for other in there}
    return found


def table_of_comparison(
    differing: Mapping[str, tuple[Any, Any]],
    rows: Mapping[str, RowParams],
    papers: Mapping[str, RowParams],
    dataset: Mapping[str, Mapping[str, int]],
    results: Mapping[str, RowResult],
    histories: Mapping[str, Sequence[pd.DataFrame]],
    differences: Sequence[Difference],
) -> pd.DataFrame:
    """The paper's numbers in its order, those of rows that the run does not have left out.

    Args:
        differing: of `settings_that_differ`. rows: of this run. papers: of the preset `paper`.
        dataset: tweets and spans per split.
        histories: history.csv of each row's seeds.
        differences: between the rows of this run.
    """
    made = _Comparison(differing, rows, papers)
    for split, paper in TABLE_1.items():
        own = dataset[split]
        made.add("Table 1", f"{split}: tweets", paper.tweets, OverSeeds(own["tweets"], None), form=",.0f", of=TWEETS)
        made.add("Table 1", f"{split}: spans", paper.spans, OverSeeds(own["spans"], None), form=",.0f", of=SPANS)
        average = OverSeeds(own["spans"] / own["tweets"], None)
        made.add("Table 1", f"{split}: spans per tweet", paper.spans_per_tweet, average, form=".2f", of=SPANS)
    both = [name for name in TABLE_3 if name in rows]
    for name in both:
        for score, heading in SCORE_HEADINGS.items():
            paper = getattr(TABLE_3[name], score)
            made.add("Table 3", f"row {name}: {heading}", paper, results[name].over_seeds(score), [name])
    steps = _steps(results, differences)
    for first, second in pairwise(both):
        for score, heading in SCORE_HEADINGS.items():
            paper = getattr(TABLE_3[second], score) - getattr(TABLE_3[first], score)
            own = steps.get((first, second, score))
            own = None if own is None else OverSeeds(own, None)
            made.add("IV-B", f"{first} to {second}: {heading}", paper, own, [first, second], "+.3f")
    if CURVES_ROW in both:
        _add_curves(made, histories[CURVES_ROW], results[CURVES_ROW])
    for name in ("C", "D"):
        if name in both and rows[name].weighting.startswith("kendall") and rows[name].tasks == "joint":
            for task in ("ner", "cls"):
                s = OverSeeds.over(history[f"s_{task}"].iloc[-1] for history in histories[name])
                made.add("III-D", f"row {name}: s of {task.upper()} at the end", LOG_VARIANCE, s, [name], ".2f")
    if "D" in both:
        own = OverSeeds.over(run["parameters"] / 1e6 for run in results["D"].runs)
        made.add("III-C", "row D: parameters (millions)", PARAMETERS / 1e6, own, ["D"], ".1f", SIZE)
    if "D" in both and rows["D"].schedule == "two_stage":
        trained = OverSeeds.over(history["trainable_parameters"].iloc[-1] / 1e6 for history in histories["D"])
        paper = PARAMETERS_OF_STAGE_2 / 1e6
        made.add(
            "III-E", "row D: parameters trained in stage 2 (millions)", paper, trained, ["D"], ".1f", TRAINED_IN_STAGE_2
        )
    return pd.DataFrame(made.lines)


def _add_curves(made: _Comparison, histories: Sequence[pd.DataFrame], result: RowResult) -> None:
    """Figures 5 and 7, of row A."""

    def add(
        place: str, what: str, paper: float, column: str, number: Callable[[pd.DataFrame], float], form: str
    ) -> None:
        """A number of each seed's history; None of a task that the row does not have, or of epochs that it has not."""
        own = [None if history[column].isna().all() else number(history) for history in histories]
        figure = None if any(value is None or isnan(value) for value in own) else OverSeeds.over(own)
        made.add(place, f"row {CURVES_ROW}: {what}", paper, figure, [CURVES_ROW], form)

    cls, ner, both = "cls_macro_f1", "ner_micro_f1", "combined_score"
    low, high = PLATEAU_EPOCHS

    def plateau(history: pd.DataFrame) -> pd.Series:
        within = history[history["epoch"].between(low, high)][both]
        return within if len(within) == high - low + 1 else within.iloc[:0]

    add("Figure 5", "highest CLS macro-F1 of an epoch", CLS_PEAK, cls, lambda own: own[cls].max(), ".4f")
    add("Figure 5", "epoch of the highest CLS macro-F1", CLS_PEAK_EPOCH, cls,
        lambda own: own["epoch"][own[cls].idxmax()], ".1f")  # fmt: skip
    add("Figure 5", "CLS macro-F1 of the last epoch", CLS_LAST, cls, lambda own: own[cls].iloc[-1], ".4f")
    add("Figure 5", "CLS macro-F1 from its highest to the last epoch", CLS_LAST - CLS_PEAK, cls,
        lambda own: own[cls].iloc[-1] - own[cls].max(), "+.4f")  # fmt: skip
    add("Figure 5", "NER span micro-F1 of the first epoch", NER_FIRST, ner, lambda own: own[ner].iloc[0], ".3f")
    add("Figure 5", "NER span micro-F1 of the last epoch", NER_LAST, ner, lambda own: own[ner].iloc[-1], ".3f")
    span = f"combined score in epochs {low} to {high}"
    add("Figure 7", f"lowest {span}", PLATEAU[0], both, lambda own: plateau(own).min(), ".3f")
    add("Figure 7", f"highest {span}", PLATEAU[1], both, lambda own: plateau(own).max(), ".3f")
    add("Figure 7", "highest combined score", COMBINED_PEAK, both, lambda own: own[both].max(), ".4f")
    made.add("Figure 7", "row A: best epoch", BEST_EPOCH, result.over_seeds("best_epoch"), [CURVES_ROW], ".1f")
