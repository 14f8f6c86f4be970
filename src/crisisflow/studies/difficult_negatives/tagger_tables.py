"""Tables of taggers: the paper's Tables 4, 5 and 6 beside this run, and what the gain of each setting is made of.

Scores are in percent, differences in points. Numbers of this run are mean ± standard deviation over folds and seeds.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from crisisflow.reporting.exhibits import NOT_IN_TEXT, NOT_RUN
from crisisflow.reporting.over_seeds import NOTHING, OverSeeds
from crisisflow.studies.difficult_negatives.bands import RANDOM, RANDOM_PLUS
from crisisflow.studies.difficult_negatives.folds import ON_POSITIVES
from crisisflow.studies.difficult_negatives.reproduction import BEST, PRINTED, TESTS, TRAIN, decomposition, paper_table
from crisisflow.studies.difficult_negatives.tagger_params import TaggerParams

PAPER = "paper: BERTweet-LSTM-CRF"
BY_EVENT = "95 % interval, whole events drawn"
Scores = Mapping[str, Any]  # of the step score


def name_of(setting: str) -> str:
    """A setting as the paper prints it."""
    return PRINTED.get(setting, setting)


def shown(own: Mapping[str, Any] | None, form: str = ".2f", factor: float = 100.0) -> str:
    """A measure of scores.json; a dash where it has no value."""
    if own is None:
        return NOTHING
    deviation = None if own["deviation"] is None else factor * own["deviation"]
    return OverSeeds(factor * own["mean"], deviation, own["runs"]).shown(form)


def tests_of(found: Scores) -> list[str]:
    """The tests of the run: those of the paper first, in its order."""
    every = dict.fromkeys(
        test for settings in found["rows"].values() for own in settings.values() for test in own["tests"]
    )
    return [*(test for test in TESTS if test in every), *sorted(test for test in every if test not in TESTS)]


def ordered(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The settings of a row: those of the paper first, in its order."""
    known = [name for name in TRAIN if name in settings]
    for name in (*known, *sorted(name for name in settings if name not in TRAIN)):
        yield name, settings[name]


def table_4(found: Scores) -> pd.DataFrame:
    """F1 of each tagger by training and test setting, and how many epochs it was trained."""
    paper = paper_table("table4_f1")
    tests = [*TESTS, *(test for test in tests_of(found) if test not in TESTS)]
    rows = [
        {"Tagger": PAPER, "Train": line["train"]}
        | {name_of(test): line[f"test_{TESTS[test]}"] if test in TESTS else NOTHING for test in tests}
        | {"Epochs": line["epoch"]}
        for line in paper.to_dict("records")
    ]
    for row, settings in found["rows"].items():
        for setting, own in ordered(settings):
            rows.append(
                {"Tagger": row, "Train": name_of(setting)}
                | {
                    name_of(test): shown(own["tests"][test]["f1"]) if test in own["tests"] else NOT_RUN
                    for test in tests
                }
                | {"Epochs": shown(own["epochs"], ".1f", 1.0)}
            )
    return pd.DataFrame(rows)


def verdict(own: Mapping[str, float]) -> str:
    """Whether chance is excluded."""
    if own["low"] > 0:
        return "better"
    return "worse" if own["high"] < 0 else "may be chance"


def points(own: Mapping[str, float], form: str = "+.2f") -> tuple[str, str]:
    """A difference, and its interval."""
    return f"{100 * own['difference']:{form}}", f"{100 * own['low']:{form}} to {100 * own['high']:{form}}"


def table_of_differences(found: Scores) -> pd.DataFrame:
    """F1 of each setting less that of random negatives, on each test and on the crisis tweets alone."""
    paper = paper_table("table4_f1").set_index("train")
    apart = decomposition()
    rows = []
    for row, settings in found["against_random"].items():
        for setting, tests in ordered(settings):
            name = name_of(setting)
            for test in (*tests_of(found), ON_POSITIVES):
                if test not in tests:
                    continue
                printed = NOTHING
                if name in paper.index and test in TESTS:
                    column = f"test_{TESTS[test]}"
                    printed = f"{float(paper.loc[name, column]) - float(paper.loc['random', column]):+.2f}"
                elif name in apart and test == ON_POSITIVES:
                    printed = f"{apart[name].f1 - apart['random'].f1:+.2f}"
                gain, interval = points(tests[test])
                events = tests[test]["events"]
                rows.append(
                    {"Tagger": row, "Train": name}
                    | {"Test": "crisis tweets alone" if test == ON_POSITIVES else name_of(test)}
                    | {"Difference (paper)": printed, "Difference (this run)": gain}
                    | {"95 % interval": interval, "Against random": verdict(tests[test])}
                    | {BY_EVENT: NOTHING if events is None else points(tests[test] | events)[1]}
                )
    return pd.DataFrame(
        rows,
        columns=[
            "Tagger",
            "Train",
            "Test",
            "Difference (paper)",
            "Difference (this run)",
            "95 % interval",
            "Against random",
            BY_EVENT,
        ],
    )


def table_5(found: Scores) -> pd.DataFrame:
    """Precision, recall and F1 at ten ordinary tweets for each crisis tweet."""
    paper = paper_table("table5_partial")
    measures = ("precision", "recall", "f1")
    titles = {"precision": "Precision", "recall": "Recall", "f1": "F1"}
    rows = [
        {"Tagger": PAPER, "Train": line["train"].replace("minus", "less")}
        | {
            titles[name]: ("+" * ("minus" in line["train"]) + line[name] if line[name] else NOT_IN_TEXT)
            for name in measures
        }
        for line in paper.to_dict("records")
    ]
    for row, settings in found["rows"].items():
        of_row = {setting: own["tests"].get(RANDOM_PLUS) for setting, own in ordered(settings)}
        for setting, own in of_row.items():
            rows.append(
                {"Tagger": row, "Train": name_of(setting)}
                | {titles[name]: NOT_RUN if own is None else shown(own[name]) for name in measures}
            )
        random, best = of_row.get(RANDOM), of_row.get(BEST)
        if random and best:
            rows.append(
                {"Tagger": row, "Train": f"{name_of(BEST)} less random"}
                | {titles[name]: f"{100 * (best[name]['mean'] - random[name]['mean']):+.2f}" for name in measures}
            )
    return pd.DataFrame(rows)


def table_6(found: Scores, taggers: Mapping[str, TaggerParams]) -> pd.DataFrame:
    """The gain of the paper's best setting over random negatives, by tagger."""
    rows = []
    for line in paper_table("table6_partial").to_dict("records"):
        for which in ("smallest", "largest"):
            rows.append(
                {"Tagger": f"paper: {which} gain of its architectures", "Embedding": line["version"]}
                | {"Train: random": NOT_IN_TEXT, "Train: 2σ": NOT_IN_TEXT}
                | {
                    "Gain": f"{float(line[f'{which}_gain_f1']):+.2f}",
                    "95 % interval": NOTHING,
                    "Against random": NOTHING,
                }
            )
    for row, settings in found["rows"].items():
        compared = found["against_random"].get(row, {}).get(BEST, {}).get(RANDOM_PLUS)
        gain, interval = points(compared) if compared else (NOT_RUN, NOTHING)
        f1 = {
            setting: shown(settings[setting]["tests"][RANDOM_PLUS]["f1"])
            if RANDOM_PLUS in settings.get(setting, {}).get("tests", {})
            else NOT_RUN
            for setting in (RANDOM, BEST)
        }
        rows.append(
            {"Tagger": row, "Embedding": taggers[row].embedding}
            | {"Train: random": f1[RANDOM], "Train: 2σ": f1[BEST], "Gain": gain, "95 % interval": interval}
            | {"Against random": verdict(compared) if compared else NOTHING}
        )
    return pd.DataFrame(rows)


def table_of_decomposition(found: Scores) -> pd.DataFrame:
    """F1 taken apart: on crisis tweets alone, and the false spans that the negatives of a test bring."""
    tests = [test for test in TESTS if test != RANDOM_PLUS]
    rows = []
    for train, own in decomposition().items():
        rows.append(
            {"Tagger": PAPER, "Train": train, "F1 on crisis tweets": f"{own.f1:.2f}"}
            | {f"False spans per true span: {name_of(test)}": f"{own.false[TESTS[test]]:.3f}" for test in tests}
            | {"False alarms per 1,000 ordinary tweets": NOT_IN_TEXT}
        )
    for row, settings in found["rows"].items():
        for setting, own in ordered(settings):
            scores = own["tests"]
            first = next(iter(scores.values()))
            largest = scores.get(RANDOM_PLUS) or scores.get(RANDOM)
            rows.append(
                {"Tagger": row, "Train": name_of(setting), "F1 on crisis tweets": shown(first[ON_POSITIVES])}
                | {
                    f"False spans per true span: {name_of(test)}": shown(
                        scores[test]["false_spans_per_true_span"], ".3f", 1.0
                    )
                    if test in scores
                    else NOT_RUN
                    for test in tests
                }
                | {
                    "False alarms per 1,000 ordinary tweets": shown(largest["false_alarms_per_1000"], ".1f", 1.0)
                    if largest
                    else NOT_RUN
                }
            )
    return pd.DataFrame(rows)


def table_of_surest(found: Scores) -> pd.DataFrame:
    """The surest false spans of each tagger and setting: tweets by id, no text."""
    rows = []
    for row, settings in found["rows"].items():
        for setting, own in ordered(settings):
            for kind, title in (("negatives", "ordinary"), ("positives", "crisis")):
                for tweet in own["surest"][kind]:
                    rows.append(
                        {"Tagger": row, "Train": name_of(setting), "Tweet": title, "Text id": tweet["text_id"][:19]}
                        | {"Class": tweet["class"] or NOTHING}
                        | {"z": NOTHING if tweet["z"] is None else f"{tweet['z']:.1f}"}
                        | {"Label": tweet["label"], "Probability": f"{tweet['probability']:.2f}"}
                    )
    columns = ["Tagger", "Train", "Tweet", "Text id", "Class", "z", "Label", "Probability"]
    return pd.DataFrame(rows, columns=columns)
