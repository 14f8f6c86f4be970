"""Figures 4 to 7 of the paper, drawn of this run, with the numbers behind each as CSV.

The paper's Figures 5 to 7 show its row A; here every row stands in them.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from crisisflow.artifacts import read_json, write_text
from crisisflow.drawing import style_of, write_svg
from crisisflow.evaluation.reproduction import TABLE_3
from crisisflow.evaluation.results import SCORES

if TYPE_CHECKING:  # a heavy import
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Panel(NamedTuple):
    """One of the drawings side by side: a column of history.csv, and what its axis says."""

    column: str
    title: str
    unit: str


F1 = "validation F1"
LOSS = "training loss (mean of an epoch)"
CURVES = {
    "figure5": (Panel("cls_macro_f1", "Event classification", F1), Panel("ner_micro_f1", "Entity recognition", F1)),
    "figure6": (Panel("cls_loss", "Event classification", LOSS), Panel("ner_loss", "Entity recognition", LOSS)),
    "figure7": (Panel("combined_score", "Combined score (Eq. 5)", F1),),
}


def read_histories(paths: Sequence[Path]) -> pd.DataFrame:
    """The lines of all history.csv, with the columns `row` and `seed` of .../<row>/seed<k>/history.csv before them."""
    frames = []
    for path in paths:
        frame = pd.read_csv(path)
        frame.insert(0, "row", path.parent.parent.name)
        frame.insert(1, "seed", int(path.parent.name.removeprefix("seed")))
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def scores_of_rows(rows: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """Figure 4's numbers, of results/metrics.json's `rows`: one line per row and score that it has."""
    return pd.DataFrame(
        [
            {
                "row": name,
                "score": score,
                "mean": scores[score],
                "deviation": scores.get(f"{score}_sd"),
                "paper": getattr(TABLE_3.get(name), score, None),
            }
            for name, scores in rows.items()
            for score in SCORES
            if score in scores
        ]
    )


def bars(table: pd.DataFrame) -> "Figure":
    """Figure 4: bars per row; a whisker is the standard deviation over the seeds, a ring the paper's score."""
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(table["row"]))
    drawn = Figure(figsize=(max(6.0, 1.6 * len(names)), 4.2), layout="constrained")
    panel = drawn.subplots()
    width = 0.26
    for at, (score, heading) in enumerate(SCORES.items()):
        own = table[table["score"] == score].set_index("row").reindex(names)
        places = [place + (at - 1) * width for place in range(len(names))]
        shown = panel.bar(
            places,
            own["mean"],
            width,
            yerr=own["deviation"] if own["deviation"].notna().any() else None,
            color=style_of(at).colour,
            hatch=("", "//", "..")[at],
            edgecolor="white",
            ecolor="black",
            capsize=3,
            label=heading,
        )
        panel.bar_label(
            shown,
            fmt=lambda value: f"{value:.3f}" if value == value else "",  # not where a row has no such score
            label_type="center",
            rotation=90,
            fontsize=8,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        )
        panel.scatter(places, own["paper"], facecolors="none", edgecolors="black", zorder=3, label=None)
    panel.scatter([], [], facecolors="none", edgecolors="black", label="paper (its encoders)")
    panel.set_xticks(range(len(names)), names)
    panel.set_xlabel("row")
    panel.set_ylabel(F1)
    panel.set_ylim(0, 1.05)
    _finish(drawn, panel)
    return drawn


def curves(histories: pd.DataFrame, panels: Sequence[Panel]) -> "Figure":
    """Figures 5 to 7: each row by epoch, the mean of its seeds and, as a band, their range; the best is ringed."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    drawn = Figure(figsize=(5.5 * len(panels), 4.2), layout="constrained")
    axes = drawn.subplots(1, len(panels), squeeze=False)[0]
    names = list(dict.fromkeys(histories["row"]))
    for panel, axis in zip(panels, axes, strict=True):
        for at, name in enumerate(names):
            by_epoch = histories[histories["row"] == name].groupby("epoch")[panel.column]
            mean = by_epoch.mean()
            if mean.isna().all():  # a task that the row does not have
                continue
            style = style_of(at)
            axis.plot(mean.index, mean, style.line, marker=style.marker, color=style.colour, label=name, markersize=5)
            axis.fill_between(mean.index, by_epoch.min(), by_epoch.max(), color=style.colour, alpha=0.15, linewidth=0)
            best = mean.idxmin() if panel.unit == LOSS else mean.idxmax()
            axis.scatter(best, mean[best], s=110, facecolors="none", edgecolors=style.colour, zorder=3)
        axis.set_title(panel.title)
        axis.set_xlabel("epoch")
        axis.set_ylabel(panel.unit)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    _finish(drawn, *axes)
    return drawn


def _finish(drawn: "Figure", *axes: "Axes") -> None:
    """What all figures have in common: no box around the drawings, one legend above them."""
    labelled: dict[str, Any] = {}
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="y", color="#dddddd", linewidth=0.6)
        axis.set_axisbelow(True)
        handles, labels = axis.get_legend_handles_labels()
        labelled |= dict(zip(labels, handles, strict=True))
    drawn.legend(labelled.values(), labelled, loc="outside upper center", ncols=min(len(labelled), 8), frameon=False)


def run(histories: Sequence[Path], metrics: Path, folder: Path) -> None:
    """Write figure4 to figure7 into `folder`, each as SVG and as CSV."""
    table = scores_of_rows(read_json(metrics)["rows"])
    lines = read_histories(histories)
    _write(folder / "figure4", table, lambda: bars(table))
    for name, panels in CURVES.items():
        columns = ["row", "seed", "epoch", *(panel.column for panel in panels)]
        _write(folder / name, lines[columns], partial(curves, lines, panels))


def _write(stem: Path, numbers: pd.DataFrame, draw: "Callable[[], Figure]") -> None:
    write_text(stem.with_suffix(".csv"), numbers.to_csv(index=False, lineterminator="\n"))
    write_svg(stem.with_suffix(".svg"), draw)
