"""Tables of scores: the paper's Tables 4 to 11 beside this run, all rows of the run, controls and leaks.

Scores are weighted F1 in percent, differences in points. Numbers of this run are mean ± standard deviation over the
seeds.
"""

from collections.abc import Iterable, Mapping
from statistics import mean
from typing import Any

import pandas as pd

from crisisflow.reporting.exhibits import NOT_PRINTED, NOT_RUN_HERE
from crisisflow.reporting.over_seeds import NOTHING
from crisisflow.studies.gnom.claims import COUNTED, Average, Gain, recomputed
from crisisflow.studies.gnom.comparison import Compared, Scores, against, cells_of, counterpart, of_paper_setting, shown
from crisisflow.studies.gnom.params import GnomParams
from crisisflow.studies.gnom.reproduction import (
    AVERAGE,
    CONFIGURATIONS,
    NAMES,
    Cell,
    ablation,
    paper_scores,
    paper_table,
)
from crisisflow.studies.gnom.score import ALL, CONSTANT, FLOOR, NEW, PLAIN, WHOLE

BEST = " (best)"  # behind a number that the paper prints bold


def table_of_scores(name: str, found: Scores) -> pd.DataFrame:
    """One of Tables 4 to 10: the paper's models beside their rows of this run, then the further rows of the run."""
    rows = []
    lines = paper_table(name).to_dict("records")
    for source, target, share in dict.fromkeys(
        (line["source"], line["target"], line["supervision_percent"]) for line in lines
    ):
        head = {"Source": source, "Target": target, "Labels, %": share}
        for line in lines:
            if (line["source"], line["target"], line["supervision_percent"]) == (source, target, share):
                own = counterpart(found, Cell(source, target, int(share), line["model"]))
                rows.append(head | {"Model": line["model"], "F1 (paper)": _printed(line)} | _of_run(own))
        cells = of_paper_setting(found, source, target, int(share))
        for number, cell in enumerate(cells, 1):
            which = f", encoder {number}" if len(cells) > 1 else ""
            for row, own in cell["rows"].items():
                if row not in NAMES.values():
                    rows.append(head | {"Model": f"here: {row}{which}", "F1 (paper)": NOT_PRINTED} | _of_run(own))
    return pd.DataFrame(rows)


def _printed(line: Mapping[str, str]) -> str:
    return f"{line['weighted_f1']}{BEST * (line['mark'] == 'bold')}" if line["weighted_f1"] else NOT_PRINTED


def _of_run(row: Mapping[str, Any] | None) -> dict[str, str]:
    """The columns of a run's row; the verdict is one of the rows that the paper says are better than TR."""
    if row is None:
        return {
            "F1 (this run)": NOT_RUN_HERE,
            "New tweets": NOT_RUN_HERE,
            "Less TR": NOTHING,
            "95 % interval": NOTHING,
            "Better than TR": NOTHING,
        }
    difference, interval = (NOTHING, NOTHING) if (own := against(row, PLAIN)) is None else own.shown
    return {
        "F1 (this run)": shown(row["f1"][ALL]),
        "New tweets": shown(row["f1"][NEW]),
        "Less TR": difference,
        "95 % interval": interval,
        "Better than TR": NOTHING if own is None else own.verdict,
    }


def table_11(found: Scores) -> pd.DataFrame:
    """Table 11: the four configurations; averages over the settings that have a number."""
    rows = []
    averages: dict[str, list[float]] = {name: [] for name in CONFIGURATIONS}
    for (source, target, name), printed in ablation().items():
        head = {"Source": source, "Target": target or NOTHING, "Configuration": name}
        if source == AVERAGE:
            own = averages[name]
            run = _of_run(None) | ({"F1 (this run)": f"{mean(own):.2f} over {len(own)} settings"} if own else {})
            rows.append(head | {"F1 (paper)": f"{printed:.2f}"} | run)
            continue
        cells = of_paper_setting(found, source, target, 100)
        row = cells[0]["rows"].get(CONFIGURATIONS[name]) if cells else None
        if row:
            averages[name].append(row["f1"][ALL]["mean"])
        rows.append(head | {"F1 (paper)": NOT_PRINTED if printed is None else f"{printed:.2f}"} | _of_run(row))
    return pd.DataFrame(rows)


def table_of_rows(found: Scores) -> pd.DataFrame:
    """All rows of the run on all settings, each against TR and against the floor."""
    rows = []
    for name, setting in found.items():
        for share, cell in setting["shares"].items():
            for row, own in cell["rows"].items():
                line = {"Setting": name, "Labels, %": share, "Row": row}
                for part, title in ((ALL, "F1"), (NEW, "F1, new tweets")):
                    line[title] = shown(own["f1"][part])
                for baseline, title in ((PLAIN, "TR"), (FLOOR, "the floor")):
                    difference, interval, verdict = _compared(against(own, baseline))
                    line |= {f"Less {title}": difference, f"95 % interval, {title}": interval}
                    line |= {f"Against {title}": verdict}
                rows.append(line)
    return pd.DataFrame(rows)


def table_of_controls(found: Scores, params: GnomParams) -> pd.DataFrame:
    """GNoM less TR and each other row with a graph, and these less the row without edges.

    On all test tweets and on the new ones.
    """
    empty = [row for row, own in params.rows.items() if own.control == "empty"]
    graphs = {PLAIN: "none"} | {row: own.control or own.graph for row, own in params.rows.items()}
    rows = []
    for name, setting in found.items():
        for share, cell in setting["shares"].items():
            there = [row for row in cell["rows"] if row in graphs]
            pairs = [(WHOLE, row) for row in there if WHOLE in there and row != WHOLE]
            pairs += [
                (row, control)
                for row in there
                if row in params.rows and row != WHOLE and params.rows[row].control is None
                for control in empty
                if control in there
            ]
            for row, other in pairs:
                line = {"Setting": name, "Labels, %": share, "Row": row, "Beside it": other}
                line |= {"Graph of the other": graphs[other]}
                line |= {
                    title: shown(cell["rows"][one]["f1"][ALL])
                    for title, one in (("F1 of the row", row), ("F1 of the other", other))
                }
                for part, title in ((ALL, ""), (NEW, ", new tweets")):
                    difference, interval, verdict = _compared(_between(cell, row, other, part))
                    line |= {f"Row less the other{title}": difference, f"95 % interval{title}": interval}
                    line |= {f"The row is{title}": verdict}
                rows.append(line)
    columns = ["Setting", "Labels, %", "Row", "Beside it", "Graph of the other", "F1 of the row", "F1 of the other"]
    for title in ("", ", new tweets"):
        columns += [f"Row less the other{title}", f"95 % interval{title}", f"The row is{title}"]
    return pd.DataFrame(rows, columns=columns)


def _between(cell: Mapping[str, Any], row: str, other: str, part: str) -> Compared | None:
    """A row less another one, whichever of the two was the baseline."""
    own = against(cell["rows"][row], other, part)
    turned = against(cell["rows"][other], row, part)
    return own if turned is None else -turned


def _compared(own: Compared | None) -> tuple[str, str, str]:
    return (NOTHING, NOTHING, NOTHING) if own is None else (*own.shown, own.better)


# Whether small encoders are as good as the paper's: one set, or across languages; and the score to be passed there.
WITHIN = ("NEQ", "EcuadorE", "EcuadorS", "ChileEQT1", "SoSItalyT4")
ACROSS = (("EcuadorE", "EcuadorS"), ("SoSItalyT4", "ChileEQT1"), ("ChileEQT1", "SoSItalyT4"))
NEAR = 1.0  # points


def table_of_questions(found: Scores) -> pd.DataFrame:
    """Whether the encoders of this run reach the paper's, and whether GNoM's rows pass the floor."""
    paper = paper_scores()
    rows = []
    for source, target in (*((name, name) for name in WITHIN), *ACROSS):
        cells = of_paper_setting(found, source, target, 100)
        asked = next(paper[cell] for name in ("BERT", "mBERT") if (cell := Cell(source, target, 100, name)) in paper)
        scores = {row: own for cell in cells[:1] for row, own in cell["rows"].items()}
        known = {row: scores[row] for row in ((PLAIN,) if source == target else (PLAIN, WHOLE)) if row in scores}
        line = {"Setting": f"{source} → {target}", "Asked": f"the paper's encoder alone, {asked:.2f}"}
        line["Asked"] += f", within {NEAR:g} point" if source == target else ""
        rows.append(line | _answered(known, asked - NEAR * (source == target)))
        if source != target and CONSTANT in scores:
            constant = f"the constant answer, {scores[CONSTANT]['f1'][ALL]['mean']:.2f}, interval above zero"
            rows.append({"Setting": f"{source} → {target}", "Asked": constant} | _passed(known, CONSTANT))
    for row in (PLAIN, WHOLE):
        compared = [against(cell["rows"].get(row), FLOOR) for *_, cell in cells_of(found)]
        known = [one.verdict for one in compared if one is not None]
        rows.append(
            {"Setting": f"all cells, {row}", "Asked": "the linear floor, interval above zero", "This run": NOTHING}
            | {"Answer": f"passed in {known.count('holds')} of {len(known)}" if known else NOT_RUN_HERE}
        )
    return pd.DataFrame(rows)


NOT_ANSWERED = {"This run": NOT_RUN_HERE, "Answer": NOT_RUN_HERE}


def _chosen(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """The row with the best score on the validation part: not the one with the best score on what is told."""
    return max(rows, key=lambda row: rows[row]["validation"]["mean"] if rows[row]["validation"] else -1.0)


def _answered(rows: Mapping[str, Mapping[str, Any]], asked: float) -> dict[str, str]:
    if not rows:
        return NOT_ANSWERED
    own = rows[(row := _chosen(rows))]["f1"][ALL]
    return {"This run": f"{row} {shown(own)}", "Answer": "yes" if own["mean"] >= asked else "no"}


def _passed(rows: Mapping[str, Mapping[str, Any]], baseline: str) -> dict[str, str]:
    """Whether the interval of the difference from another row of the run is above zero."""
    if not rows:
        return NOT_ANSWERED
    own = rows[(row := _chosen(rows))]
    if (compared := against(own, baseline)) is None:
        return NOT_ANSWERED
    answer = {"holds": "yes", "does not hold": "no", "not decided": "not decided"}[compared.verdict]
    difference, interval = compared.shown
    return {"This run": f"{row} {shown(own['f1'][ALL])}", "Answer": f"{answer}: {difference} ({interval})"}


def table_of_leaks(found: Scores, overlaps: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """How many test tweets have a near duplicate that trains, and what scores lose without them.

    Args:
        overlaps: of the settings.
    """
    rows = []
    for overlap in overlaps:
        setting = found.get(overlap["setting"], {"shares": {}})
        both = overlap["groups_in_both_sets"]
        line = {
            "Setting": overlap["setting"],
            "Test tweets": f"{overlap['test_tweets']:,}",
            "With a near duplicate that trains": f"{overlap['with_training_neighbour']:,}",
            "The same text": f"{overlap['equal_to_training']:,}",
            "With a near duplicate in unlabelled text": f"{overlap['with_unlabelled_neighbour']:,}",
            "Groups in both sets": NOTHING if both is None else f"{both:,}",
        }
        cell = setting["shares"].get("100", {"rows": {}})
        for row in (FLOOR, PLAIN, WHOLE):
            own = cell["rows"].get(row)
            line[f"F1 of {row}"] = NOT_RUN_HERE if own is None else shown(own["f1"][ALL])
            line[f"{row} without them"] = NOT_RUN_HERE if own is None else shown(own["f1"][NEW])
        rows.append(line)
    return pd.DataFrame(rows)


def table_of_claims(found: Scores) -> pd.DataFrame:
    """The numbers of the paper's sentences: printed, counted again from its tables, and of this run."""
    rows = []
    for line in paper_table("claims").to_dict("records"):
        counted = COUNTED.get((line["place"], line["claim"]))
        ours, holds = _of_claim(counted, found) if counted else (NOTHING, NOTHING)
        rows.append(
            {
                "Place": line["place"],
                "Claim": line["claim"],
                "Printed": line["printed"],
                "From the paper’s tables": recomputed(counted) if counted else line["recomputed"],
                "Agrees": line["agrees"] or NOTHING,
                "This run": ours,
                "Intervals of this run": holds,
            }
        )
    return pd.DataFrame(rows)


def _of_claim(counted: tuple[Gain | Average, ...], found: Scores) -> tuple[str, str]:
    """The number of this run over the settings that were run, and in how many of them the interval excludes zero."""
    first = counted[0]
    if isinstance(first, Average):
        rows = [
            cells[0]["rows"].get(CONFIGURATIONS[first.configuration])
            for source, target in first.settings()
            if (cells := of_paper_setting(found, source, target, 100))
        ]
        values = [row["f1"][ALL]["mean"] for row in rows if row]
        return (f"{mean(values):.2f} over {len(values)} settings" if values else NOT_RUN_HERE), NOTHING
    own = next((gain for gain in counted if gain.other in NAMES), None)
    if own is None:
        return f"{NOT_RUN_HERE}: {first.other}", NOTHING
    pairs = own.cells()
    compared = [against(counterpart(found, cell), PLAIN) for cell, _ in pairs]
    known = [one for one in compared if one is not None]
    if not known:
        return NOT_RUN_HERE, NOTHING
    number = f"{mean(one.difference for one in known):+.2f} over TR in {len(known)} of {len(pairs)} settings"
    return number, f"holds in {sum(one.verdict == 'holds' for one in known)} of {len(known)}"
