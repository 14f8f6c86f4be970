"""Tables of gates: what they do alone, and taggers behind them against taggers with mined negatives."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from crisisflow.reporting.over_seeds import NOTHING
from crisisflow.studies.difficult_negatives.tagger_tables import name_of, points, verdict

Found = Mapping[str, Any]  # the content of gate.json


def table_of_gates(found: Found) -> pd.DataFrame:
    """What each gate does alone: crisis tweets that it keeps, and ordinary ones that it lets through."""
    rows = [
        {
            "Gate": own["name"],
            "AUC": f"{own['auc']:.3f}",
            "Crisis tweets kept, %": f"{100 * own['kept']:.1f}",
        }
        | {"Let through of 1,000 ordinary tweets": f"{own['false_alarms_per_1000']:.1f}"}
        for own in found["gates"]
    ]
    return pd.DataFrame(rows)


def _with_interval(own: Mapping[str, float | None], form: str, factor: float) -> str:
    mean = f"{factor * own['mean']:{form}}"
    if own["low"] is None:  # no resample differs from another
        return mean
    return f"{mean} ({factor * own['low']:{form}} to {factor * own['high']:{form}})"


def table_of_gated_taggers(found: Found) -> pd.DataFrame:
    """Each tagger without and behind each gate, and F1 less that of the best with mined negatives and no gate."""
    rows = []
    for own in found["lines"]:
        compared = own["less_best_mined"]
        difference, interval = points(compared) if compared else (NOTHING, NOTHING)
        best = found["best_mined"] is not None and own == found["best_mined"]
        rows.append(
            {"Tagger": own["row"], "Train": name_of(own["setting"]), "Gate": own["gate"] or "none"}
            | {"F1 on crisis tweets": _with_interval(own["f1_on_positives"], ".2f", 100.0)}
            | {"False alarms per 1,000": _with_interval(own["false_alarms_per_1000"], ".1f", 1.0)}
            | {"F1 at 1:10": _with_interval(own["f1"], ".2f", 100.0)}
            | {"Less the best mined": difference, "95 % interval": interval}
            | {"Against it": "the best mined" if best else verdict(compared) if compared else NOTHING}
        )
    return pd.DataFrame(rows)


def _named(own: Mapping[str, Any]) -> str:
    gate = "" if own["gate"] is None else f", behind the gate {own['gate']}"
    return f"{own['row']}, {name_of(own['setting'])}{gate}: F1 {100 * own['f1']['mean']:.1f}"


def _against(own: Mapping[str, Any]) -> str:
    """A line, and how far it is above the best with mined negatives."""
    difference, interval = points(own["less_best_mined"], "+.1f")
    return f"{_named(own)} ({difference}, 95 % interval {interval})"


# By the verdict on the best tagger that has a gate and no mined negatives, against the best that has them and no gate.
SAYS = {
    "worse": "Mined negatives beat a gate",
    "better": "A gate beats mined negatives",
    "may be chance": "Between mined negatives and a gate the difference may be chance",
}


def first_line(found: Found) -> str:
    """Whether mined negatives alone beat a gate alone; empty where the run has not both.

    The best tagger behind a gate stands last: it may have mined negatives too, and a gate seldom harms the tagger that
    is behind it, so that comparison alone says little of mined negatives.
    """
    mined, gated, plain = found["best_mined"], found["best_gated"], found["best_gated_not_mined"]
    if mined is None or plain is None:
        return ""
    text = (
        f"{SAYS[verdict(plain['less_best_mined'])]}, at ten ordinary tweets for each crisis tweet. With mined "
        f"negatives and no gate the best is {_named(mined)}. Behind a gate and without mined negatives it is "
        f"{_against(plain)}"
    )
    if gated != plain:
        text += f". With both it is {_against(gated)}"
    return f"{text}."
