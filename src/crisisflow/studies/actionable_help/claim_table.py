"""The table of claims: each number as the paper prints it, as its own tables give it, and as this run has it."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from crisisflow.reporting.exhibits import NOT_PRINTED, NOT_RUN
from crisisflow.studies.actionable_help.beside import paper_shapes
from crisisflow.studies.actionable_help.claims import BASELINE, Claim, Recomputed, claims
from crisisflow.studies.actionable_help.mini_params import ShapeParams
from crisisflow.studies.actionable_help.shapes import BERT_BASE, BERT_ENTRIES, BERT_POSITIONS, config_of, parameters_of

HOLDS = {True: "yes", False: "no", None: "–"}


def table_of_claims(
    agreement: Mapping[str, Any], minis: Mapping[str, Mapping[str, Any]], shapes: Mapping[str, ShapeParams]
) -> pd.DataFrame:
    """All claims, in the order of the paper.

    Args:
        agreement: the content of agreement.json. minis: metrics.json of each mini. shapes: of the minis.
    """
    ours = _of_this_run(agreement, minis, shapes)
    return pd.DataFrame([_line(claim, ours.get(claim.name, NOT_RUN)) for claim in claims()])


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


def _of_this_run(
    agreement: Mapping[str, Any], minis: Mapping[str, Mapping[str, Any]], shapes: Mapping[str, ShapeParams]
) -> dict[str, str]:
    found = {"tweets on which all labellers agree": f"{agreement['agreed']:,}"}
    if agreement["share"] is not None:
        found["share of tweets on which all labellers agree"] = f"{100 * agreement['share']:.1f}"
    bert = parameters_of(config_of(BERT_BASE, BERT_ENTRIES, BERT_POSITIONS), pooler=True)
    for name, facts in minis.items():
        if shapes[name] == paper_shapes().get(name):
            found[f"{name} size against {BASELINE}"] = f"{100 * (facts['parameters'] / bert - 1):.0f}"
    return found
