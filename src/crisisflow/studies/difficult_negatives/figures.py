"""Figures: Figure 5 of the paper, drawn of this run, with its numbers as CSV."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crisisflow.artifacts import read_json
from crisisflow.inputs import InputFile
from crisisflow.params import Line, Name
from crisisflow.progress import say
from crisisflow.reporting.drawing import finish, style_of
from crisisflow.reporting.folders import Plot, write_plots

if TYPE_CHECKING:  # a heavy import
    from matplotlib.figure import Figure

COLUMNS = 2  # of panels


def frequencies(found: Mapping[str, Any]) -> pd.DataFrame:
    """Of each class and step of similarity the sampled tweets, and how many a normal curve would have there."""
    from scipy.stats import norm

    parts = []
    for name, own in found["classes"].items():
        edges = np.array(own["histogram"]["edges"])
        counts = np.array(own["histogram"]["tweets"])
        inside = np.flatnonzero(counts | (np.abs(edges[:-1]) < 3.5))
        kept = slice(inside[0], inside[-1] + 1)
        parts.append(
            pd.DataFrame(
                {
                    "class": name,
                    "z": edges[:-1][kept],
                    "similarity": (own["mean"] + edges[:-1] * own["deviation"]).round(6)[kept],
                    "width": round((edges[1] - edges[0]) * own["deviation"], 6),
                    "tweets": counts[kept],
                    "normal": (counts.sum() * np.diff(norm.cdf(edges))).round(4)[kept],
                    "mean": round(own["mean"], 6),
                    "deviation": round(own["deviation"], 6),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def curves(table: pd.DataFrame) -> "Figure":
    """A panel for each class: the tweets as bars, the curve, and the edges of the bands."""
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(table["class"]))
    rows = -(-len(names) // COLUMNS)
    drawn = Figure(figsize=(10.0, 1.0 + 2.6 * rows), layout="constrained")
    panels = drawn.subplots(rows, min(COLUMNS, len(names)), squeeze=False).ravel()
    bars, line, edge = style_of(5), style_of(1), style_of(7)
    for panel, name in zip(panels, names, strict=False):
        own = table[table["class"] == name]
        width = own["width"].iloc[0]
        panel.bar(own["similarity"], own["tweets"], width, align="edge", color=bars.colour, label="sampled tweets")
        panel.plot(own["similarity"] + width / 2, own["normal"], color=line.colour, label="normal curve")
        mean, deviation = own["mean"].iloc[0], own["deviation"].iloc[0]
        for sigmas in (-3, -2, -1, 1, 2, 3):
            panel.axvline(mean + sigmas * deviation, color=edge.colour, linestyle=edge.line, label="±1, 2, 3 σ")
        panel.set_title(name)
        panel.set_xlabel("lower end  ←  similarity to the anchor  →  upper end")
        panel.set_ylabel("tweets")
    for panel in panels[len(names) :]:
        panel.set_axis_off()
    finish(drawn, *panels[: len(names)])
    return drawn


def run(preset: Name, encoder: Line, fit: InputFile, folder: Path) -> None:
    """Write the figures: SVG, CSV and captions.json.

    Args:
        preset: its name
        encoder: difficult_negatives.mining.encoder
        fit: of the step mine_bands
        folder: a folder

    Raises:
        CrisisflowError: the file is absent or damaged.
    """
    found = read_json(fit, "classes")
    sampled = next(iter(found["classes"].values()))["tweets"]
    caption = (
        f"Figure 5. Similarity of {sampled:,} sampled tweets to the anchor of each class, with the fitted normal curve "
        "and the edges of the bands. A band of the paper has both ends; only the upper one is more similar to "
        f"crisis tweets. Preset {preset}, encoder {encoder}."
    )
    write_plots(folder, {"figure5": Plot(frequencies(found), curves, caption)})
    say(f"figures: 1 figure in {folder}")
