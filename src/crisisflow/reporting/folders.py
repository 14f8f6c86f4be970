"""How every study writes its tables and figures: a folder of files, with captions.json."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from crisisflow.artifacts import write_text
from crisisflow.reporting.drawing import write_svg

if TYPE_CHECKING:  # a heavy import
    from matplotlib.figure import Figure

PAGE = 40  # lines; a longer table needs an environment of LaTeX that breaks over pages


class Captioned(NamedTuple):
    """A table of text cells, and what it shows."""

    table: pd.DataFrame
    caption: str


class Plot(NamedTuple):
    """A figure: its numbers, what draws them, and what it shows."""

    table: pd.DataFrame
    draw: Callable[[pd.DataFrame], "Figure"]
    caption: str


def write_tables(folder: Path, tables: Mapping[str, Captioned]) -> None:
    """Write each table as Markdown, CSV and LaTeX, and captions.json, in the order of display."""
    for name, (table, caption) in tables.items():
        stem = folder / name
        write_text(stem.with_suffix(".md"), f"{caption}\n\n{table.to_markdown(index=False, disable_numparse=True)}\n")
        write_text(stem.with_suffix(".csv"), table.to_csv(index=False, lineterminator="\n"))
        latex = table.style.hide(axis="index").format(escape="latex")
        latex_caption = caption.translate({ord(sign): f"\\{sign}" for sign in "&%$#_{}"})
        environment = "longtable" if len(table) > PAGE else None
        write_text(
            stem.with_suffix(".tex"), latex.to_latex(caption=latex_caption, hrules=True, environment=environment)
        )
    _write_captions(folder, {name: own.caption for name, own in tables.items()})


def write_plots(folder: Path, plots: Mapping[str, Plot]) -> None:
    """Write each figure as SVG, its numbers as CSV, and captions.json, in the order of display."""
    for name, (table, draw, _) in plots.items():
        write_text(folder / f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))
        write_svg(folder / f"{name}.svg", partial(draw, table))
    _write_captions(folder, {name: own.caption for name, own in plots.items()})


def _write_captions(folder: Path, captions: Mapping[str, str]) -> None:
    write_text(folder / "captions.json", json.dumps(captions, indent=2, ensure_ascii=False) + "\n")
