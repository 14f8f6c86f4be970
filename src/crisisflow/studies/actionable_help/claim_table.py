"""The table of claims: each number as the paper prints it, as its own tables give it, and as this run has it."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd

from crisisflow.reporting.exhibits import NOT_PRINTED, TOO_FEW
from crisisflow.studies.actionable_help.beside import paper_shapes, rows_of
from crisisflow.studies.actionable_help.claims import (
    BASELINE,
    BUILT,
    FOUR_RESOURCES,
    MINIS,
    SIDES,
    Claim,
    Recomputed,
    claims,
)
from crisisflow.studies.actionable_help.mini_params import ShapeParams
from crisisflow.studies.actionable_help.params import ActionableHelpParams
from crisisflow.studies.actionable_help.ratios import ALL
from crisisflow.studies.actionable_help.reproduction import paper_table
from crisisflow.studies.actionable_help.row_params import BUILT as KIND_BUILT
from crisisflow.studies.actionable_help.score import MAIN
from crisisflow.studies.actionable_help.shapes import BERT_BASE, BERT_ENTRIES, BERT_POSITIONS, config_of, parameters_of

HOLDS = {True: "yes", False: "no", None: "–"}
STAND_IN = "stand_in"
SMALL_DROP = -5  # percent of the baseline's score
FIRST_CITIES = 10
INDIA = ", India"
OURS = " (our)"  # behind the names of the minis in Table 5
# Speed depends on the machine, so it is in no artifact.
MEASURED_APART, NOT_MEASURED = "measured in docs/studies/actionable_help.md", "speed not measured"


class ThisRun(NamedTuple):
    """What a run has.

    Args:
        agreement: the content of agreement.json. minis: metrics.json of each mini. scores: the content of scores.json.
        task_minis: by task and row, the scores of the minis that learnt one task. ratios: ratios.csv.
    """

    params: ActionableHelpParams
    agreement: Mapping[str, Any]
    minis: Mapping[str, Mapping[str, Any]]
    scores: Mapping[str, Any]
    task_minis: Mapping[str, Mapping[str, Any]]
    ratios: pd.DataFrame


def table_of_claims(run: ThisRun) -> pd.DataFrame:
    """All claims, in the order of the paper. Where this run has no such number, the table says why."""
    ours = dict(_of_this_run(run))
    return pd.DataFrame([_line(claim, ours[claim.name]) for claim in claims()])


def _line(claim: Claim, ours: str) -> dict[str, str]:
    return {
        "Claim": claim.name,
        "Where": claim.where or NOT_PRINTED,
        "Unit": claim.unit,
        "Printed": claim.stated.text if claim.stated else NOT_PRINTED,
        "Recomputed": _shown(claim.recomputed),
        "Holds": HOLDS[claim.holds],
        "This run": ours,
    }


def _shown(found: Recomputed) -> str:
    """With the bounds that rounding leaves."""
    low, value, high = (f"{number:,.4f}".rstrip("0").rstrip(".") for number in (found.low, found.value, found.high))
    return value if low == high else f"{value} ({low} to {high})"


def _of_this_run(run: ThisRun) -> Iterator[tuple[str, str]]:
    """The name of each claim with this run's number, or why there is none."""
    yield "tweets on which all labellers agree", f"{run.agreement['agreed']:,}"
    share = run.agreement["share"]
    yield "share of tweets on which all labellers agree", TOO_FEW if share is None else f"{100 * share:.1f}"
    yield from _sizes(run.minis, run.params.minis.shapes)
    yield from _scores(run)
    for model in paper_table("table5")["model"]:
        is_mini = model.removesuffix(OURS) in MINIS
        yield f"{model} times {BASELINE}", MEASURED_APART if is_mini else NOT_MEASURED
    yield from _places(run.ratios)


def _sizes(minis: Mapping[str, Mapping[str, Any]], shapes: Mapping[str, ShapeParams]) -> Iterator[tuple[str, str]]:
    bert = parameters_of(config_of(BERT_BASE, BERT_ENTRIES, BERT_POSITIONS), pooler=True)
    for mini in MINIS:
        is_here = mini in minis and shapes[mini] == paper_shapes()[mini]
        size = f"{100 * (minis[mini]['parameters'] / bert - 1):.0f}" if is_here else f"no mini {mini}"
        yield f"{mini} size against {BASELINE}", size


class _Models:
    """The scores of this run's rows by the paper's names of models, on the tasks that are no stand-ins."""

    def __init__(self, run: ThisRun) -> None:
        self._rows = rows_of(run.params.rows, run.params.minis.shapes)
        self._scores = run.scores["rows"]
        self.tasks = [task for task, kind in run.scores["kinds"].items() if kind != STAND_IN]

    def missing(self, *models: str) -> str:
        """Why a number of these models is not there; "" where all of them are rows of this run."""
        lacking = [model for model in models if model not in self._rows]
        return f"no row {' and no row '.join(lacking)}" if lacking else "" if self.tasks else "only stand-ins"

    def of(self, model: str) -> dict[str, float]:
        """The macro F1 by task."""
        (row, *_) = self._rows[model]
        return {task: self._scores[row]["tasks"][task]["test"][MAIN]["mean"] for task in self.tasks}

    def average(self, model: str) -> float:
        """Of the macro F1, over the tasks."""
        return sum(self.of(model).values()) / len(self.tasks)


def _change(value: float, reference: float) -> float:
    """In percent; from nothing it is infinite."""
    return 100 * (value / reference - 1) if reference else float("inf")


def _scores(run: ThisRun) -> Iterator[tuple[str, str]]:
    models = _Models(run)
    over = f"{len(models.tasks)} task{'s' if len(models.tasks) != 1 else ''}"
    for model in (name for name in paper_table("table3").columns if name != "task"):
        yield f"{model} average", models.missing(model) or f"{models.average(model):.3f} ({over})"
    for mini in MINIS:
        generic = f"{mini}^G"
        yield f"{generic} against {mini}^T on {BUILT}", _against_its_specific(mini, models, run)
        reason = models.missing(generic, BASELINE)
        changes = {} if reason else _changes(models.of(generic), models.of(BASELINE))
        less = reason or f"{100 * (models.average(generic) - models.average(BASELINE)):.2f} ({over})"
        yield f"{generic} average less {BASELINE}'s", less
        above = sum(change > 0 for change in changes.values())
        yield f"{generic} tasks above {BASELINE}", reason or f"{above} of {len(changes)}"
        small = sum(SMALL_DROP < change < 0 for change in changes.values())
        yield f"{generic} tasks with a drop below 5 percent", reason or f"{small} of {len(changes)}"
    for model in (*(f"{mini}^G" for mini in MINIS), *paper_table("table4")["model"]):
        reason = models.missing(model, BASELINE)
        shown = reason or f"{_change(models.average(model), models.average(BASELINE)):.2f} ({over})"
        yield f"{model} average against {BASELINE}", shown


def _changes(values: Mapping[str, float], references: Mapping[str, float]) -> dict[str, float]:
    return {task: _change(value, references[task]) for task, value in values.items()}


def _against_its_specific(mini: str, models: _Models, run: ThisRun) -> str:
    """A generic mini against the better of the minis of its shape that learnt the built task, in percent."""
    task = next(name for name, own in run.params.tasks.items() if own.kind == KIND_BUILT)
    learnt = run.task_minis.get(task, {})
    names = [f"{mini}-{loss}" for loss in run.params.task_distillation.losses]
    specific = [learnt[name]["test"][MAIN]["mean"] for name in names if name in learnt]
    if reason := models.missing(f"{mini}^G"):
        return reason
    if not specific:
        return f"no mini {mini} of one task"
    return f"{_change(models.of(f'{mini}^G')[task], max(specific)):.2f}"


def _places(ratios: pd.DataFrame) -> Iterator[tuple[str, str]]:
    of_all = ratios[ratios["resource"] == ALL]
    countries = of_all[of_all["by"] == "country"].set_index("value")["ratio"].dropna()
    for country in paper_table("table6")["country"]:
        shown = f"{countries[country]:.2f}" if country in countries else TOO_FEW
        yield f"requests to offers, {country}", shown
    cities = of_all[(of_all["by"] == "city") & of_all["ratio"].notna()]
    for side in SIDES:
        first = cities.sort_values([f"{side}s", "value"], ascending=[False, True])["value"][:FIRST_CITIES]
        indian = sum(city.endswith(INDIA) for city in first)
        shown = f"{indian} of {len(first)}" if len(first) else TOO_FEW
        yield f"Indian cities among the top 10 of {side}s", shown
    offers = ratios[ratios["by"] == ALL].set_index("resource")["offers"]
    spoken_of = sum(offers[resource] for resource in FOUR_RESOURCES)
    shown = f"{100 * spoken_of / offers[ALL]:.1f}" if offers[ALL] else TOO_FEW
    yield "offers of money, food, volunteers or shelter", shown
