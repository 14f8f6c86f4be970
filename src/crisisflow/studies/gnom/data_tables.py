"""Tables of data: the paper's Tables 1 to 3 beside this run, all sets of the run, and what is unlabelled."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from crisisflow.corpus.sources.microblog_tracks import FIRE16_CLASSES
from crisisflow.reporting.exhibits import NOT_PRINTED, NOT_RUN_HERE
from crisisflow.reporting.over_seeds import NOTHING
from crisisflow.studies.gnom.comparison import Scores, shown
from crisisflow.studies.gnom.params import NOT_RELEVANT, RELEVANT, GnomParams
from crisisflow.studies.gnom.reproduction import paper_table
from crisisflow.studies.gnom.score import ALL

Sets = Mapping[str, Mapping[str, Any]]  # the JSON files of the sets, by name
SPELT = {"SOSItalyT4": "SoSItalyT4"}  # in Table 1 alone
FIRE16, SMERP17 = "FIRE16", "SMERP17"
SPLITS = ("train", "validation", "test")


def table_1(sets: Sets) -> pd.DataFrame:
    """Table 1: tweets by class and split."""
    rows = []
    for line in paper_table("table1").to_dict("records"):
        name = SPELT.get(line["dataset"], line["dataset"])
        own = sets.get(name)
        row = {"Dataset": name, "Language": line["language"]}
        for title, column, kind in (
            ("Relevant", "relevant", RELEVANT),
            ("Not relevant", "irrelevant", NOT_RELEVANT),
            *((split.capitalize(), split, split) for split in SPLITS),
        ):
            row[f"{title} (paper)"] = line[column]
            row[f"{title} (this run)"] = NOT_RUN_HERE if own is None else _count(own, kind)
        rows.append(row)
    return pd.DataFrame(rows)


def _count(own: Mapping[str, Any], kind: str) -> str:
    value = own["splits" if kind in SPLITS else "classes"].get(kind)
    return NOTHING if value is None else f"{value:,}"


def table_2(params: GnomParams) -> pd.DataFrame:
    """Table 2: which class of FIRE16 counts as which one of SMERP17."""
    ours = params.sets.get(FIRE16)
    rows = []
    for line in paper_table("table2").to_dict("records"):
        label = FIRE16_CLASSES[int(line["fire16_class"]) - 1]
        own = [] if ours is None or ours.classes is None else [key for key, of in ours.classes.items() if label in of]
        rows.append(
            {
                "Class of FIRE16": f"{line['fire16_class']}: {line['fire16_title']}",
                "Class of SMERP17 (paper)": _titled(line),
                "Label here": label,
                "Class (this run)": NOT_RUN_HERE if ours is None else " and ".join(own) or "left out",
            }
        )
    return pd.DataFrame(rows)


def _titled(line: Mapping[str, str]) -> str:
    if line["smerp17_title"]:
        return f"{line['smerp17_class']}: {line['smerp17_title']}"
    return "left out" if line["smerp17_class"] == "-" else "the same as the line above"


def table_3(sets: Sets, params: GnomParams) -> pd.DataFrame:
    """Table 3: labels by class. The paper numbers the classes; so does a run, in the order of params.yaml."""
    rows = []
    for line in paper_table("table3").to_dict("records"):
        own, number = sets.get(line["dataset"]), line["class"]
        if own is None:
            name, ours = NOTHING, NOT_RUN_HERE
        elif number.isdecimal():
            name = [*params.sets[line["dataset"]].classes][int(number) - 1]
            ours = f"{own['classes'][name]:,}"
        else:
            name, ours = NOTHING, f"{own['tweets']:,}"
        printed = {split.capitalize(): line[split] for split in SPLITS}
        rows.append(
            {"Dataset": line["dataset"], "Class (paper)": number, **printed}
            | {"All (paper)": f"{sum(int(line[split]) for split in SPLITS):,}"}
            | {"Class (this run)": name, "All (this run)": ours}
        )
    return pd.DataFrame(rows)


def table_of_sets(sets: Sets) -> pd.DataFrame:
    """What was read of each set, and what was dropped."""
    rows = []
    for name, own in sets.items():
        rows.append(
            {"Set": name, "Terms": own["terms"], "Tweets": f"{own['tweets']:,}"}
            | {"Languages": _listed(own["languages"]), "Dropped": _listed(own["dropped"]) or "none"}
            | {"Classes": _listed(own["classes"] or {}) or "unlabelled"}
            | {"Splits": _listed(own["splits"] or {}) or NOTHING}
            | {"Near duplicates in it": f"{own['near_duplicates']:,}"}
            | {
                "Test tweets near training ones": NOTHING
                if own["classes"] is None
                else f"{own['test_near_training']:,}"
            }
        )
    return pd.DataFrame(rows)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in counts.items())


def table_of_unlabelled(sets: Sets, params: GnomParams) -> pd.DataFrame:
    """The unlabelled texts of each set: the paper's number beside those of this run."""
    rows = []
    lines = {line["dataset"]: line for line in paper_table("unlabelled_sets").to_dict("records")}
    for name in dict.fromkeys([*lines, *(name for name, own in params.sets.items() if own.classes is not None)]):
        line, own = lines.get(name), params.sets.get(name)
        texts = {other: sets[other]["tweets"] for other in (own.unlabelled if own else []) if other in sets}
        rows.append(
            {"Set": name, "Texts (paper)": _given(line, "unlabelled_tweets"), "From (paper)": _given(line, "source")}
            | {"Texts (this run)": NOT_RUN_HERE if own is None else f"{sum(texts.values()):,}"}
            | {"From (this run)": NOT_RUN_HERE if own is None else _listed(texts) or "none"}
        )
    return pd.DataFrame(rows)


def _given(line: Mapping[str, str] | None, name: str) -> str:
    return NOT_PRINTED if line is None else line[name] or NOTHING


def table_of_less_unlabelled(
    found: Scores, params: GnomParams, statistics: Sequence[Mapping[str, Any]]
) -> pd.DataFrame:
    """The scores with fewer unlabelled texts in the graph, at the smallest share of the labels.

    Args:
        statistics: of the graphs.
    """
    share = min(params.shares)
    rows = []
    for name, setting in found.items():
        for row, own in params.rows.items():
            graph = next(
                (one for one in statistics if (one["setting"], one["graph"], one["share"]) == (name, own.graph, share)),
                None,
            )
            score = setting["shares"].get(str(share), {"rows": {}})["rows"].get(row)
            if graph and score and own.control is None:
                rows.append(
                    {"Setting": name, "Labels, %": str(share), "Row": row, "Graph": own.graph}
                    | {"Unlabelled texts": f"{graph['unlabelled_tweets']:,}"}
                    | {"Left out: near a validation or test tweet": f"{graph['unlabelled_left_out']:,}"}
                    | {"F1": shown(score["f1"][ALL])}
                )
    return pd.DataFrame(
        rows,
        columns=[
            *("Setting", "Labels, %", "Row", "Graph", "Unlabelled texts"),
            *("Left out: near a validation or test tweet", "F1"),
        ],
    )
