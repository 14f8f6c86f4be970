"""Tables of classes: Tables 4 and 5, the scores of each class, and the rows beside each other."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from crisisflow.reporting.exhibits import NOT_PRINTED, NOT_RUN
from crisisflow.reporting.over_seeds import NOTHING
from crisisflow.studies.analytics.classify_params import STRATIFIED, EncoderRow, SvmRow
from crisisflow.studies.analytics.classify_scores import difference
from crisisflow.studies.analytics.made import Made
from crisisflow.studies.analytics.params import AnalyticsParams
from crisisflow.studies.analytics.reproduction import ABSENT, CLASSES, STAND_INS, accuracies, constant, paper_table
from crisisflow.studies.analytics.topic_tables import between, described_short, over

SPLITS = ("train", "validation", "test")


def _test(made: Made, name: str) -> Mapping[str, Any]:
    return next(own for own in made.classes["tests"] if own["test"] == name)


def table_4(made: Made) -> pd.DataFrame:
    """The classes, the paper's beside them, and how many posts each split has."""
    counts = _test(made, STRATIFIED)["counts"]
    paper = paper_table("table4_labelled").set_index("class")["labelled_tweets"]
    rows = []
    for name in _test(made, STRATIFIED)["classes"]:
        printed = CLASSES.get(STAND_INS.get(name, name))
        own = [counts[split][name] for split in SPLITS]
        cells = [f"{value:,}" for value in (*own, sum(own))]
        of_paper = NOT_PRINTED if printed is None else paper[printed] or ABSENT
        rows.append([described_short(name), printed or NOT_PRINTED, *cells, of_paper])
    total = [sum(counts[split].values()) for split in SPLITS]
    shown = [f"{value:,}" for value in (*total, sum(total))]
    rows.append(["all", "total", *shown, f"{int(constant('tweets labelled by hand')):,}"])
    heads = ["Class", "Class (paper)", "Train", "Validation", "Test", "All", "Labelled (paper)"]
    return pd.DataFrame(rows, columns=heads)


def table_5(made: Made, params: AnalyticsParams) -> pd.DataFrame:
    """Accuracy on validation and test posts, and macro-F1, by row and test."""
    printed = dict(accuracies())
    rows = []
    for test in made.classes["tests"]:
        beside = printed if test["test"] == STRATIFIED else {}
        shown: set[str] = set()
        for own in test["rows"]:
            kind = params.classify.rows[own["row"]].kind
            # The paper has one model of each kind: a further row of it stands beside none.
            paper = (NOT_PRINTED,) * 2 if kind in shown else beside.get(kind, (NOT_PRINTED,) * 2)
            shown.add(kind)
            rows.append([_named(test), own["row"], *_accuracies(own), over(own["test"]["macro_f1"]), *paper])
    heads = ["Test", "Row", "Validation, %", "95 % interval", "Test posts, %", "95 % interval, test", "Macro-F1"]
    return pd.DataFrame(rows, columns=[*heads, "Validation, % (paper)", "Test, % (paper)"])


def _accuracies(own: Mapping[str, Any]) -> Iterator[str]:
    for part in ("validation", "test"):
        score = {
            name: value if name == "seeds" else value and 100 * value for name, value in own[part]["accuracy"].items()
        }
        yield over(score, ".2f")
        yield between(score, ".2f")


def _named(test: Mapping[str, Any]) -> str:
    if test["group"] is None:
        return "stratified"
    return f"trained without {test['group']}, tested on it"


def table_of_class_scores(made: Made) -> pd.DataFrame:
    """F1 of each class by row, on the test posts."""
    rows = []
    names = [own["row"] for own in made.classes["tests"][0]["rows"]]
    for test in made.classes["tests"]:
        by_row = {own["row"]: own["test"]["per_class"] for own in test["rows"]}
        for name in test["classes"]:
            support = next(iter(by_row.values()))[name]["support"]
            scores = [_f1(by_row.get(row), name) if support else NOTHING for row in names]
            rows.append([_named(test), described_short(name), f"{support:,}", *scores])
    return pd.DataFrame(rows, columns=["Test", "Class", "Posts", *(f"F1 of {name}" for name in names)])


def _f1(per_class: Mapping[str, Any] | None, name: str) -> str:
    return NOT_RUN if per_class is None else f"{per_class[name]['f1']:.3f}"


def table_of_row_differences(made: Made, params: AnalyticsParams) -> pd.DataFrame:
    """Each row less the floor, and the encoder less each row, on the test posts."""
    known = params.classify.rows
    floors = [name for name, row in known.items() if isinstance(row, SvmRow)]
    encoders = [name for name, row in known.items() if isinstance(row, EncoderRow)][:1]
    rows = []
    for test in made.classes["tests"]:
        names = [own["row"] for own in test["rows"]]
        pairs = [(name, floor) for floor in floors for name in names if name != floor]
        pairs += [(first, name) for first in encoders for name in names if name not in (*encoders, *floors)]
        for first, second in pairs:
            for measure in ("accuracy", "macro_f1"):
                own = difference(test, "test", measure, first, second)
                if own is None:
                    continue
                verdict = "better" if own["low"] > 0 else "worse" if own["high"] < 0 else "may be chance"
                cells = [first, second, measure.replace("_f1", "-F1"), f"{own['difference']:+.3f}"]
                rows.append([_named(test), *cells, between(own, "+.3f"), verdict])
    heads = ["Test", "Row", "Beside it", "Measure", "Row less the other", "95 % interval", "The row is"]
    return pd.DataFrame(rows, columns=heads)
