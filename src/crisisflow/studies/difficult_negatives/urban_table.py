"""The urban types' spans: how far the rules agree with the marks, and the two passes of marking with each other."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from crisisflow.evaluation.agreement import in_words
from crisisflow.reporting.over_seeds import NOTHING

CODINGS = {"rules": "rules against the marks", "passes": "second pass against the first"}


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{100 * value:.1f}"


def table_of_urban(found: Mapping[str, Any]) -> pd.DataFrame:
    """Exact spans and words of each pair of codings, with Cohen's kappa of the words' types."""
    rows = []
    for name, title in CODINGS.items():
        if (own := found[name]) is None:
            continue
        kappa = own["kappa"]
        for unit in ("spans", "words"):
            rows.append(
                {"Compared": title, "Of": f"exact {unit}" if unit == "spans" else unit}
                | {"First": f"{own[unit]['true']:,}", "Second": f"{own[unit]['found']:,}"}
                | {key.title(): _percent(own[unit][key]) for key in ("precision", "recall")}
                | {"F1": _percent(own[unit]["f1"])}
                | {"κ": NOTHING if kappa is None or unit == "spans" else f"{kappa:.2f} ({in_words(kappa)})"}
            )
    return pd.DataFrame(rows, columns=["Compared", "Of", "First", "Second", "Precision", "Recall", "F1", "κ"])
