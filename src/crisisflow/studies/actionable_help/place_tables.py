"""Tables of the case study: requests and offers by country and by city (Tables 6 and 7 of the paper), and how right the
two finders of resources are."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from crisisflow.reporting.exhibits import NOT_PRINTED, TOO_FEW
from crisisflow.reporting.over_seeds import NOTHING
from crisisflow.studies.actionable_help.claims import SIDES
from crisisflow.studies.actionable_help.find_resources import FINDERS
from crisisflow.studies.actionable_help.labels import RESOURCES
from crisisflow.studies.actionable_help.ratios import ALL
from crisisflow.studies.actionable_help.reproduction import paper_table

# Of a resource, as they are shown.
SCORES = {"precision": "Precision", "recall": "Recall", "f1": "F1"}


def groups(ratios: pd.DataFrame, by: str) -> pd.DataFrame:
    """The lines of ratios.csv of one kind, of all resources, that have a ratio."""
    return ratios[(ratios["by"] == by) & (ratios["resource"] == ALL) & ratios["ratio"].notna()]


def _interval(line: pd.Series, value: str, low: str, high: str) -> str:
    if pd.isna(line[value]):
        return TOO_FEW
    return f"{line[value]:.2f} ({line[low]:.2f} to {line[high]:.2f})"


def table_6(ratios: pd.DataFrame) -> pd.DataFrame:
    """The paper's countries, then those of this run that the paper does not list, by their ratio."""
    found = groups(ratios, "country").sort_values(["ratio", "value"], ascending=[False, True])
    ours = {line["value"]: line for _, line in found.iterrows()}
    paper = {line["country"]: line for line in paper_table("table6").to_dict("records")}
    lines = []
    for country in [*paper, *(name for name in ours if name not in paper)]:
        printed, own = paper.get(country), ours.get(country)
        line = {"Country": country}
        for column, heading in (("requests", "Requests"), ("offers", "Offers"), ("requests_to_offers", "R/O")):
            line[f"{heading} (paper)"] = printed[column] if printed else NOT_PRINTED
        for side in ("requests", "offers"):
            line[f"{side.capitalize()} (this run)"] = TOO_FEW if own is None else f"{own[side]:,.0f}"
        raw, corrected = ("ratio", "low", "high"), ("corrected", "corrected_low", "corrected_high")
        line["R/O (this run)"] = TOO_FEW if own is None else _interval(own, *raw)
        line["R/O corrected (this run)"] = TOO_FEW if own is None else _interval(own, *corrected)
        lines.append(line)
    return pd.DataFrame(lines)


def table_7(ratios: pd.DataFrame) -> pd.DataFrame:
    """The cities of most requests and of most offers, with their share of all tweets of the side."""
    cities = groups(ratios, "city")
    (whole,) = (line for _, line in ratios[ratios["by"] == ALL].iterrows() if line["resource"] == ALL)
    lines = []
    ranked = {
        side: cities.sort_values([f"{side}s", "value"], ascending=[False, True]).reset_index(drop=True)
        for side in SIDES
    }
    for at, printed in enumerate(paper_table("table7").to_dict("records")):
        line = {"Rank": printed["rank"]}
        for side in SIDES:
            line[f"{side.capitalize()}s (paper)"] = f"{printed[f'{side}_city']}: {printed[f'{side}_percent']}"
            own = ranked[side]
            share = TOO_FEW
            if at < len(own) and whole[f"{side}s"]:
                share = f"{own.loc[at, 'value']}: {100 * own.loc[at, f'{side}s'] / whole[f'{side}s']:.2f}"
            line[f"{side.capitalize()}s (this run)"] = share
        lines.append(line)
    return pd.DataFrame(lines)


def table_of_resources(scores: Mapping[str, Any]) -> pd.DataFrame:
    """The scores of each finder by resource, and their macro F1.

    Args:
        scores: the content of resource_scores.json.
    """
    lines = []
    for own in scores["scores"]:
        found = own["finders"]
        of_first = found[FINDERS[0]]["per_class"]
        for resource in filter(of_first.__contains__, RESOURCES):
            line = {"Truth": own["name"], "Resource": resource, "Texts": f"{of_first[resource]['support']:,}"}
            for finder in FINDERS:
                of_class = found[finder]["per_class"][resource]
                line |= {f"{shown} ({finder})": f"{of_class[score]:.3f}" for score, shown in SCORES.items()}
            lines.append(line)
        mean = dict.fromkeys(lines[-1], NOTHING)
        mean |= {"Truth": own["name"], "Resource": "macro average", "Texts": f"{own['texts']:,}"}
        lines.append(mean | {f"F1 ({finder})": f"{found[finder]['macro_f1']:.3f}" for finder in FINDERS})
    return pd.DataFrame(lines)
