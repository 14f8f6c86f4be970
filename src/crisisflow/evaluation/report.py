"""The report: one HTML file with the tables and the facts of a run, readable without a network."""

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


def run(
    preset: str,
    manifest: Path,
    repair: Path,
    corpus: Path,
    annotation: Path,
    metrics: Path,
    tables: Sequence[Path],
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
        ),
    )
