"""The paper's numbers (Ghosh, Maji and Desarkar, WebSci 2022, arXiv 2203.02912), to stand beside a run's.

The files in paper/ are transcribed from the paper's tables, cell by cell. An empty cell is empty there too. Figure 3
shows tweets of other people, and is not among them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from crisisflow.reporting.exhibits import read_cells

FOLDER = Path(__file__).with_name("paper")
OF_SCORES = tuple(f"table{number}" for number in range(4, 11))
NAMES = {"BERT": "TR", "mBERT": "TR", "GNoMB": "GNoM", "GNoMM": "GNoM", "GNoMX": "GNoM"}  # of a model: our row
SECOND = "GNoMX"  # the model of the second encoder of the other languages
# Of Table 11: our rows.
CONFIGURATIONS = {"TR": "TR", "TR+GF": "TR-GF", "TR+GF-e+IE": "TR-GF-e-IE", "GNoM(B|M)": "GNoM"}
AVERAGE = "Average"


class Cell(NamedTuple):
    """A number of a table: whose, trained on what share of the source's labels, in percent, and tested on what."""

    source: str
    target: str
    share: int
    model: str


def paper_table(name: str) -> pd.DataFrame:
    """One of the paper's tables, each cell as printed.

    Raises:
        CrisisflowError: there is no such table.
    """
    return read_cells(FOLDER / f"{name}.csv")


def scores_of(name: str) -> dict[Cell, float | None]:
    """Weighted F1 in percent of Tables 4 to 10; None of a cell that is empty in the paper."""
    return {
        Cell(line["source"], line["target"], int(line["supervision_percent"]), line["model"]): _number(
            line["weighted_f1"]
        )
        for line in paper_table(name).to_dict("records")
    }


def paper_scores() -> dict[Cell, float]:
    """All numbers of Tables 4 to 10."""
    return {cell: value for name in OF_SCORES for cell, value in scores_of(name).items() if value is not None}


def ablation() -> dict[tuple[str, str, str], float | None]:
    """Table 11: weighted F1 in percent by source, target and configuration; the averages have the source AVERAGE."""
    return {
        (line["source"], line["target"], line["configuration"]): _number(line["weighted_f1"])
        for line in paper_table("table11").to_dict("records")
    }


def table_of(cells: Mapping[Cell, float], source: str, target: str, share: int) -> dict[str, float]:
    """The numbers of one setting by model."""
    return {
        cell.model: value
        for cell, value in cells.items()
        if (cell.source, cell.target, cell.share) == (source, target, share)
    }


def _number(text: str) -> float | None:
    return float(text) if text else None
