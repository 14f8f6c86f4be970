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
from crisisflow.studies.gnom.score import ALL, FLOOR, NEW, PLAIN, WHOLE

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
            "Without training neighbours": NOT_RUN_HERE,
            "Less TR": NOTHING,
            "95 % interval": NOTHING,
            "Better than TR": NOTHING,
        }
    difference, interval = (NOTHING, NOTHING) if (own := against(row, PLAIN)) is None else own.shown
    return {
        "F1 (this run)": shown(row["f1"][ALL]),
        "Without training neighbours": shown(row["f1"][NEW]),
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
    """GNoM less TR and each other row with a graph, on all test tweets and on the new ones."""
    rows = []
    for name, setting in found.items():
        for share, cell in setting["shares"].items():
            if WHOLE not in cell["rows"]:
                continue
            for row, own in cell["rows"].items():
                if row == WHOLE or (row != PLAIN and row not in params.rows):
                    continue
                of_row = params.rows.get(row)
                graph = "none" if of_row is None else of_row.control or of_row.graph
                line = {"Setting": name, "Labels, %": share, "Beside GNoM": row, "Graph": graph}
                line |= {"F1 of GNoM": shown(cell["rows"][WHOLE]["f1"][ALL]), "F1 of the other": shown(own["f1"][ALL])}
                for part, title in ((ALL, ""), (NEW, ", new tweets")):
                    compared = against(cell["rows"][WHOLE], row, part) if row == PLAIN else _turned(own, part)
                    difference, interval, verdict = _compared(compared)
                    line |= {f"GNoM less it{title}": difference, f"95 % interval{title}": interval}
                    line |= {f"GNoM is{title}": verdict}
                rows.append(line)
    columns = ["Setting", "Labels, %", "Beside GNoM", "Graph", "F1 of GNoM", "F1 of the other"]
    for title in ("", ", new tweets"):
        columns += [f"GNoM less it{title}", f"95 % interval{title}", f"GNoM is{title}"]
    return pd.DataFrame(rows, columns=columns)


def _turned(row: Mapping[str, Any], part: str) -> Compared | None:
    own = against(row, WHOLE, part)
    return None if own is None else -own


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
        scores = {row: own["f1"][ALL]["mean"] for cell in cells[:1] for row, own in cell["rows"].items()}
        known = {row: scores[row] for row in ((PLAIN,) if source == target else (PLAIN, WHOLE)) if row in scores}
        line = {"Setting": f"{source} → {target}", "Asked": f"the paper's encoder alone, {asked:.2f}"}
        line["Asked"] += f", within {NEAR:g} point" if source == target else ""
        rows.append(line | _answered(known, asked - NEAR * (source == target)))
        if source != target and "constant" in scores:
            rows.append(
                {"Setting": f"{source} → {target}", "Asked": f"the constant answer, {scores['constant']:.2f}"}
                | _answered(known, scores["constant"])
            )
    for row in (PLAIN, WHOLE):
        compared = [against(cell["rows"].get(row), FLOOR) for *_, cell in cells_of(found)]
        known = [one.verdict for one in compared if one is not None]
        rows.append(
            {"Setting": f"all cells, {row}", "Asked": "the linear floor, interval above zero", "This run": NOTHING}
            | {"Answer": f"passed in {known.count('holds')} of {len(known)}" if known else NOT_RUN_HERE}
        )
    return pd.DataFrame(rows)


def _answered(scores: Mapping[str, float], asked: float) -> dict[str, str]:
    if not scores:
        return {"This run": NOT_RUN_HERE, "Answer": NOT_RUN_HERE}
    best = max(scores, key=lambda row: scores[row])
    return {"This run": f"{best} {scores[best]:.2f}", "Answer": "yes" if scores[best] >= asked else "no"}


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
