"""Taggers on gold spans: whether the order of the settings is that on the spans of the rules."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from crisisflow.reporting.over_seeds import NOTHING
from crisisflow.studies.difficult_negatives.folds import ON_POSITIVES
from crisisflow.studies.difficult_negatives.tagger_tables import Scores, name_of, ordered, points, shown, verdict

BY = {"generated": "its generator", "reference": "language models", "idrisi": "people, locations only"}
LEAST = 3  # settings from which an order is compared


def _on_rules(settings: Mapping[str, Any]) -> dict[str, float]:
    """F1 on the crisis tweets of the tests, whose spans are of rules, by setting."""
    return {name: next(iter(own["tests"].values()))[ON_POSITIVES]["mean"] for name, own in settings.items()}


def agreement(rules: Mapping[str, float], gold: Mapping[str, float]) -> float | None:
    """Spearman's rank correlation of the settings' F1; None of fewer than LEAST settings, or where all are equal."""
    names = list(rules)
    first, second = (pd.Series([own[name] for name in names]).rank() for own in (rules, gold))
    if len(names) < LEAST or first.nunique() == 1 or second.nunique() == 1:
        return None
    return float(first.corr(second))


def table_of_gold(found: Scores) -> pd.DataFrame:
    """Precision, recall and F1 on each gold set, by tagger and setting; behind the F1 on the tests' own spans."""
    rows = []
    for name, gold in found["gold"].items():
        for row, settings in gold["rows"].items():
            on_rules = _on_rules(found["rows"][row])
            rank = agreement(on_rules, {setting: own["f1"]["mean"] for setting, own in settings.items()})
            for setting, own in ordered(settings):
                compared = own["less_random"]
                gain, interval = points(compared) if compared else (NOTHING, NOTHING)
                rows.append(
                    {"Gold set": name, "Spans by": BY[name], "Tweets": f"{gold['tweets']:,}", "Tagger": row}
                    | {"Train": name_of(setting), "F1 on the rules' spans": f"{100 * on_rules[setting]:.2f}"}
                    | {key.title(): shown(own[key]) for key in ("precision", "recall")}
                    | {"F1": shown(own["f1"]), "Less random": gain, "95 % interval": interval}
                    | {"Against random": verdict(compared) if compared else NOTHING}
                    | {"Order as on the rules' spans (Spearman)": NOTHING if rank is None else f"{rank:+.2f}"}
                )
    columns = ["Gold set", "Spans by", "Tweets", "Tagger", "Train", "F1 on the rules' spans", "Precision", "Recall"]
    columns += ["F1", "Less random", "95 % interval", "Against random", "Order as on the rules' spans (Spearman)"]
    return pd.DataFrame(rows, columns=columns)
