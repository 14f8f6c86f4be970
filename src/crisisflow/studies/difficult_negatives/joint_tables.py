"""Tables of joint rows: with and without mined negatives."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from crisisflow.reporting.over_seeds import NOTHING

VIEWS = {"punctuation": "punctuation alone", "shape": "lengths of words alone"}  # evaluation.style.VIEWS, headed
STATES = {"came": "as they came", "given": "as rows get them"}

# How a score is headed, its format, and its factor.
HEADINGS = {
    "f1_on_positives": ("NER span micro-F1, validation", ".2f", 100.0),
    "cls_macro_f1": ("CLS macro-F1, validation", ".2f", 100.0),
    "false_alarms_per_1000": ("Of 1,000 ordinary tweets with a span", ".1f", 1.0),
    "humanitarian_per_1000": ("Of 1,000 ordinary tweets called humanitarian", ".1f", 1.0),
    "f1": ("NER span micro-F1 at 1:10", ".2f", 100.0),
}


def shown(own: Mapping[str, float | None], form: str, factor: float, key: str = "mean") -> str:
    """A score or a difference, with its interval where it has one."""
    text = f"{factor * own[key]:{form}}"
    if own.get("low") is None or own.get("high") is None:
        return text
    return f"{text} ({factor * own['low']:{form}} to {factor * own['high']:{form}})"


def table_of_joint_rows(found: Mapping[str, Any]) -> pd.DataFrame:
    """The scores of each row."""
    rows = [
        {"Row": own["row"]} | {title: shown(own[name], *how) for name, (title, *how) in HEADINGS.items()}
        for own in found["lines"]
    ]
    return pd.DataFrame(rows, columns=["Row", *(title for title, *_ in HEADINGS.values())])


def table_of_joint_differences(found: Mapping[str, Any]) -> pd.DataFrame:
    """The scores of each row with negatives, less those of the row without."""
    rows = []
    for own in found["compared"]:
        for name, (title, form, factor) in HEADINGS.items():
            chance = own[name]["low"] <= 0 <= own[name]["high"]
            rows.append(
                {"With negatives": own["with"], "Without": own["without"], "Score": title}
                | {"Difference (95 % interval)": shown(own[name], f"+{form}", factor, "difference")}
                | {"Chance of the tweets": "may be" if chance else "excluded"}
            )
    return pd.DataFrame(
        rows or [], columns=["With negatives", "Without", "Score", "Difference (95 % interval)", "Chance of the tweets"]
    )


def table_of_row_style(found: Mapping[str, Any]) -> pd.DataFrame:
    """How well typography alone tells what rows get from the corpus tweets that they learn from.

    Args:
        found: the style of the step for_rows.
    """
    rows = []
    for own in found["style"]:
        line = {"Texts": own["texts"], "Tweets of a side": f"{own['tweets']:,}"}
        for view, title in VIEWS.items():
            for key, state in STATES.items():
                line[f"AUC, {title}, {state}"] = NOTHING if own[key] is None else f"{own[key][view]:.3f}"
        rows.append(line)
    titles = [f"AUC, {title}, {state}" for title in VIEWS.values() for state in STATES.values()]
    return pd.DataFrame(rows, columns=["Texts", "Tweets of a side", *titles])
