"""Figures of the mining: anchors, normal curves and bands (Figures 3 to 6 of the paper)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from crisisflow.reporting.drawing import finish, style_of
from crisisflow.studies.difficult_negatives.collection import TRAIN
from crisisflow.studies.difficult_negatives.reproduction import PRINTED

if TYPE_CHECKING:  # a heavy import
    from matplotlib.figure import Figure

COLUMNS = 2  # of panels
HEIGHTS = {"1sigma": 0.17, "2sigma": 0.05, "3sigma": 0.085}  # of what is written in Figure 6
BANDS = {"1sigma": (0, 1), "2sigma": (1, 2), "3sigma": (2, 3)}  # of |z|


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


def regions(found: Mapping[str, Any]) -> pd.DataFrame:
    """The bands at each end: percent of the sampled tweets, the mean over the classes, beside a normal curve's."""
    classes = list(found["classes"].values())
    rows = []
    for band, edges in BANDS.items():
        for end, sign in (("lower", -1), ("upper", 1)):
            share = 100 * float(np.mean([own["shares"][band][end] for own in classes]))
            normal = 100 * float(np.mean([own["shares"][band]["normal"] for own in classes])) / 2
            near, far = sorted(sign * edge for edge in edges)
            rows.append(
                {
                    "band": band,
                    "end": end,
                    "from": near,
                    "to": far,
                    "share": round(share, 3),
                    "normal": round(normal, 3),
                }
            )
    return pd.DataFrame(rows)


def method(table: pd.DataFrame) -> "Figure":
    """The normal curve with its bands, and this run's share of each end."""
    from matplotlib.figure import Figure
    from scipy.stats import norm

    drawn = Figure(figsize=(10.0, 4.2), layout="constrained")
    panel = drawn.subplots()
    for at, band in enumerate(BANDS):
        style = style_of((2, 5, 4)[at])
        for line in table[table["band"] == band].to_dict("records"):
            z = np.linspace(line["from"], line["to"], 50)
            panel.fill_between(z, norm.pdf(z), color=style.colour, alpha=0.5, label=PRINTED[band])
            place = (line["from"] + line["to"]) / 2
            text = f"{line['share']:.1f} %\n(normal {line['normal']:.1f})"
            panel.annotate(text, (place, HEIGHTS[band]), ha="center", va="center", fontsize=8)
    z = np.linspace(-3.6, 3.6, 200)
    panel.plot(z, norm.pdf(z), color=style_of(6).colour, label="fitted normal curve")
    panel.set_ylim(0, 0.48)
    panel.set_yticks([])
    panel.set_xlabel(
        "less similar: lower end  ←  z, the similarity to the anchor in standard deviations  →  upper end: more similar"
    )
    finish(drawn, panel)
    return drawn


def components(positives: pa.Table, vectors: Mapping[str, np.ndarray]) -> tuple[pd.DataFrame, tuple[float, float]]:
    """The crisis tweets that train and the anchors on two principal components, and the shares that these explain."""
    rows = [row for row in positives.select(["text_id", "role", "class"]).to_pylist() if row["role"] == TRAIN]
    classes = np.array([row["class"] for row in rows])
    matrix = np.array([vectors[row["text_id"]] for row in rows], dtype=np.float64)
    _, sizes, axes = np.linalg.svd(matrix - matrix.mean(axis=0), full_matrices=False)
    axes = axes[:2] * np.sign(axes[np.arange(2), np.abs(axes[:2]).argmax(axis=1)])[:, None]  # else the sign is open
    shares = (sizes**2 / np.sum(sizes**2))[:2]
    names = sorted({*classes.tolist()})
    anchors = np.array([matrix[classes == name].mean(axis=0) for name in names])
    parts = []
    for kind, own, points in (("tweet", classes.tolist(), matrix), ("anchor", names, anchors)):
        projected = ((points - matrix.mean(axis=0)) @ axes.T).round(4) + 0.0  # no negative zero
        parts.append(pd.DataFrame({"class": own, "kind": kind, "first": projected[:, 0], "second": projected[:, 1]}))
    return pd.concat(parts, ignore_index=True), (float(shares[0]), float(shares[1]))


def anchors(table: pd.DataFrame) -> "Figure":
    """Crisis tweets as points, the anchors as large marks."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(7.5, 5.5), layout="constrained")
    panel = drawn.subplots()
    for at, name in enumerate(sorted(set(table["class"]))):
        style = style_of(at)
        own = table[table["class"] == name]
        points, anchor = own[own["kind"] == "tweet"], own[own["kind"] == "anchor"]
        panel.scatter(points["first"], points["second"], s=12, color=style.colour, marker=style.marker, alpha=0.45)
        panel.scatter(
            anchor["first"],
            anchor["second"],
            s=190,
            color=style.colour,
            marker=style.marker,
            edgecolor="black",
            label=name,
        )
    panel.set_xlabel("first principal component")
    panel.set_ylabel("second principal component")
    finish(drawn, panel, axis="both")
    return drawn
