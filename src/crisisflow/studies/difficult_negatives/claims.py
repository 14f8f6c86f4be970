"""Claims: what the paper says of its settings, what its own Table 4 gives, and what this run gives."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from crisisflow.reporting.exhibits import NOT_RUN
from crisisflow.reporting.over_seeds import NOTHING
from crisisflow.studies.difficult_negatives.bands import RANDOM
from crisisflow.studies.difficult_negatives.reproduction import PRINTED, TESTS, TRAIN, decomposition, paper_table

DIFFICULT = ("1sigma", "2sigma", "3sigma")


class Table4(NamedTuple):
    """Of each training setting what the claims are counted by; settings and tests as this study names them.

    Args:
        f1: in percent, by test. epochs: the mean number. false: on the test random, the false spans in its ordinary
            tweets for each true span; None where a fold finds no true span.
    """

    f1: Mapping[str, Mapping[str, float]]
    epochs: Mapping[str, float]
    false: Mapping[str, float | None]


class Claim(NamedTuple):
    """A statement. `of`: its number, from a Table 4."""

    statement: str
    where: str
    stated: str
    of: Callable[[Table4], str]


def of_paper() -> Table4:
    """The paper's. It printed no counts, so the false spans follow from its F1."""
    names = {printed: name for name, printed in PRINTED.items()}
    lines = {names[line["train"]]: line for line in paper_table("table4_f1").to_dict("records")}
    return Table4(
        {train: {test: float(line[f"test_{key}"]) for test, key in TESTS.items()} for train, line in lines.items()},
        {train: float(line["epoch"]) for train, line in lines.items()},
        {names[printed]: own.false[RANDOM] for printed, own in decomposition().items()},
    )


def of_run(settings: Mapping[str, Any]) -> Table4 | None:
    """Of a tagger of this run, from scores.json; None where it has not all settings and tests, or finds no span."""
    if not {*TRAIN} <= {*settings} or any(not {*TESTS} <= {*settings[train]["tests"]} for train in TRAIN):
        return None
    f1 = {train: {test: 100 * settings[train]["tests"][test]["f1"]["mean"] for test in TESTS} for train in TRAIN}
    if any(value == 0 for own in f1.values() for value in own.values()):
        return None  # nothing follows from a tagger that finds no span
    false = {train: settings[train]["tests"][RANDOM]["false_spans_per_true_span"] for train in TRAIN}
    return Table4(
        f1,
        {train: settings[train]["epochs"]["mean"] for train in TRAIN},
        {train: own and own["mean"] for train, own in false.items()},
    )


def _gain(first: str, second: str) -> Callable[[Table4], str]:
    return lambda table: f"{table.f1[first]['random+'] - table.f1[second]['random+']:+.2f}"


def _above(firsts: Sequence[str], seconds: Sequence[str]) -> Callable[[Table4], str]:
    """In how many of the cells the first settings are above all second ones."""

    def count(table: Table4) -> str:
        cells = [
            all(table.f1[first][test] > table.f1[second][test] for second in seconds)
            for first in firsts
            for test in TESTS
        ]
        return f"{sum(cells)} of {len(cells)}"

    return count


def _faster(table: Table4) -> str:
    return f"{sum(table.epochs[own] < table.epochs['random'] for own in DIFFICULT)} of {len(DIFFICULT)}"


def _fewer(table: Table4) -> str:
    """For how many difficult settings the negatives of `random` bring fewer false spans for each true one."""
    known = [own for own in (table.false[train] for train in (RANDOM, *DIFFICULT)) if own is not None]
    if len(known) <= len(DIFFICULT):
        return NOTHING
    return f"{sum(own < known[0] for own in known[1:])} of {len(DIFFICULT)}"


def _harder(table: Table4) -> str:
    """For how many training settings F1 falls from the test 1σ to 2σ to 3σ."""
    cells = [table.f1[own]["1sigma"] > table.f1[own]["2sigma"] > table.f1[own]["3sigma"] for own in TRAIN]
    return f"{sum(cells)} of {len(cells)}"


CLAIMS = (
    Claim("2σ is above no negatives at 1:10", "Exp. 1", "+11.28", _gain("2sigma", "none")),
    Claim("2σ is above random negatives at 1:10", "Exp. 1, Future Work", "+1.54", _gain("2sigma", "random")),
    Claim(
        "2σ is the best setting", "Exp. 1", "on all tests", _above(("2sigma",), ("none", "random", "1sigma", "3sigma"))
    ),
    Claim("1σ and 2σ are above random", "Exp. 1", "on all tests", _above(("1sigma", "2sigma"), ("random",))),
    Claim("Difficult negatives are above random", "Exp. 1, Abstract", "yes", _above(DIFFICULT, ("random",))),
    Claim("Difficult negatives take fewer epochs than random ones", "Exp. 1", "yes", _faster),
    Claim("They bring fewer false spans, on the test random", "Conclusion", "yes", _fewer),
    Claim("F1 falls from the test 1σ to 2σ to 3σ, whatever trains", "Search Negatives", "yes", _harder),
)


def table_of_claims(settings: Mapping[str, Any]) -> pd.DataFrame:
    """Each claim beside the paper's own Table 4 and that of a tagger of this run."""
    paper, ours = of_paper(), of_run(settings)
    return pd.DataFrame(
        [
            {"Claim": own.statement, "Where": own.where, "As stated": own.stated}
            | {"From the paper’s Table 4": own.of(paper), "This run": NOT_RUN if ours is None else own.of(ours)}
            for own in CLAIMS
        ]
    )
