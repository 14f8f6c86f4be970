"""The report: one HTML file with the tables and the facts of a run, readable without a network."""

import base64
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import pandas as pd
from jinja2 import Environment

from crisisflow.artifacts import read_json, write_text

TEMPLATE = "report.html.jinja"
TITLES = {
    "table1": "Table 1. Dataset statistics",
    "table3": "Table 3. Ablation on the validation split",
    "table5": "Table 5. Validation results beside quoted baselines",
    "differences": "Differences between the rows, with 95 % intervals",
    "scores": "Scores of each entity type and event class",
}
FIGURES = {
    "figure4": "Figure 4. Scores of the rows on the validation split. Bars: mean over the seeds; whiskers: standard "
    "deviation; rings: the paper's scores, which are of its encoders and of all its epochs.",
    "figure5": "Figure 5. Validation scores by epoch (the paper: row A). Lines: mean over the seeds; bands: their "
    "range; rings: each row's best epoch.",
    "figure6": "Figure 6. Training losses by epoch (the paper: row A): each task's mean over an epoch, unweighted.",
    "figure7": "Figure 7. Combined score by epoch (the paper: row A); rows with one task have none.",
}


def _embedded(svg: Path) -> str:
    """The drawing as an address, so that the page is one file and the drawings' names do not meet in it."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.read_bytes()).decode("ascii")


def run(
    preset: str,
    manifest: Path,
    repair: Path,
    corpus: Path,
    annotation: Path,
    metrics: Path,
    tables: Sequence[Path],
    figures: Sequence[Path],
    out: Path,
) -> None:
    """Write the report from artifacts only; every text is escaped."""
    template = files("crisisflow.evaluation").joinpath(TEMPLATE).read_text(encoding="utf-8")
    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(template)
    frames = {TITLES[path.stem]: pd.read_csv(path, dtype=str, keep_default_na=False) for path in tables}
    write_text(
        out,
        page.render(
            preset=preset,
            manifest=read_json(manifest),
            repair=read_json(repair),
            corpus=read_json(corpus),
            annotation=read_json(annotation),
            metrics=read_json(metrics),
            tables=frames,
            figures={FIGURES[path.stem]: _embedded(path) for path in figures},
        ),
    )
