"""Figures 4 to 7 of the paper, drawn of this run, and further ones, with the numbers behind each as CSV.

The paper's Figures 5 to 7 show its row A; here every row stands in them.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from crisisflow.inputs import InputFile
from crisisflow.reporting.drawing import finish, line_style, style_of
from crisisflow.reporting.exhibits import read_frame
from crisisflow.reporting.folders import Plot, write_plots
from crisisflow.reporting.runs import read_runs
from crisisflow.studies.humaid_ner import STUDY, score_figures
from crisisflow.studies.humaid_ner.params import RowParams
from crisisflow.studies.humaid_ner.reproduction import TABLE_3
from crisisflow.studies.humaid_ner.rows import FLOOR, SCORE_HEADINGS, RowResult, choose_row, collect

if TYPE_CHECKING:  # a heavy import
    from matplotlib.figure import Figure


class Panel(NamedTuple):
    """One of the panels side by side: a column of history.csv, and what its axis says."""

    column: str
    title: str
    unit: str


F1 = "validation F1"
LOSS = "training loss (mean of an epoch)"
CURVES = {
    "figure5": (Panel("cls_macro_f1", "Classification", F1), Panel("ner_micro_f1", "Entity recognition", F1)),
    "figure6": (Panel("cls_loss", "Classification", LOSS), Panel("ner_loss", "Entity recognition", LOSS)),
    "figure7": (Panel("combined_score", "Combined score (Eq. 5)", F1),),
}


def scores_of_rows(results: Mapping[str, RowResult]) -> pd.DataFrame:
    """Figure 4's numbers: one line per row and score that it has."""
    return pd.DataFrame(
        [
            {
                "row": name,
                "score": score,
                "mean": figure.mean,
                "deviation": figure.deviation,
                "paper": getattr(TABLE_3.get(name), score, None),
            }
            for name, result in results.items()
            for score in SCORE_HEADINGS
            if (figure := result.over_seeds(score))
        ]
    )


def label_foot(top: float, ring: float) -> float:
    """Where the label of a bar begins: above the bar with its whisker, or above the paper's ring if that lies there."""
    radius, height = 0.025, 0.07  # of the ring, of the label
    return ring + radius if top - radius < ring < top + height else top + 0.012


def bars(table: pd.DataFrame) -> "Figure":
    """Figure 4: bars per row; a whisker is the standard deviation over the seeds, a ring the paper's score."""
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(table["row"]))
    drawn = Figure(figsize=(max(6.0, 1.9 * len(names)), 4.2), layout="constrained")
    panel = drawn.subplots()
    width = 0.26
    for at, (score, heading) in enumerate(SCORE_HEADINGS.items()):
        own = table[table["score"] == score].set_index("row").reindex(names)
        places = [place + (at - 1) * width for place in range(len(names))]
        panel.bar(
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
        tops = own["mean"] + own["deviation"].fillna(0)
        for place, mean, top, ring in zip(places, own["mean"], tops, own["paper"].astype(float), strict=True):
            if mean == mean:  # a row may have no such score
                panel.text(place, label_foot(top, ring), f"{mean:.3f}", ha="center", va="bottom", fontsize=8)
        panel.scatter(places, own["paper"], facecolors="none", edgecolors="black", zorder=3, label=None)
    panel.scatter([], [], facecolors="none", edgecolors="black", label="paper (its encoders)")
    panel.set_xticks(range(len(names)), names)
    panel.set_xlabel("row")
    panel.set_ylabel(F1)
    panel.set_ylim(0, 1.15)  # a label may stand above 1
    finish(drawn, panel)
    return drawn


def curves(histories: pd.DataFrame, panels: Sequence[Panel]) -> "Figure":
    """Figures 5 to 7: each row by epoch, the mean of its seeds and, as a band, their range; the best is filled."""
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
            drawn_as = line_style(at, len(names))
            axis.plot(mean.index, mean, label=name, **drawn_as)
            colour, size = drawn_as["color"], drawn_as["markersize"]
            axis.fill_between(mean.index, by_epoch.min(), by_epoch.max(), color=colour, alpha=0.15, linewidth=0)
            best = mean.idxmin() if panel.unit == LOSS else mean.idxmax()
            axis.scatter(
                best,
                mean[best],
                s=size**2,
                marker=drawn_as["marker"],
                facecolors=colour,
                edgecolors="white",
                linewidths=0.8,
                zorder=3,
            )
        axis.set_title(panel.title)
        axis.set_xlabel("epoch")
        axis.set_ylabel(panel.unit)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    finish(drawn, *axes)
    return drawn


def plots(
    results: Mapping[str, RowResult],
    chosen: str,
    histories: pd.DataFrame,
    gradients: pd.DataFrame,
    learning_curve: pd.DataFrame,
    unseen: pd.DataFrame,
) -> dict[str, Plot]:
    """Every figure by its name, in the order of display."""
    rows = {name: result for name, result in results.items() if name != FLOOR}
    first, seeds = results[chosen].runs[0], len(results[chosen].runs)
    repeated = f"{seeds} seed{'s' * (seeds > 1)}"
    whiskers, bands = ("; whiskers: standard deviation", "; bands: their range") if seeds > 1 else ("", "")
    trained, n = first["training_tweets"], f"n = {first['validation_tweets']:,} validation tweets, {repeated}"
    found = {
        "figure4": Plot(
            scores_of_rows(results),
            bars,
            f"Figure 4. Scores of the rows. Bars, and the numbers above them: mean over the seeds{whiskers}; rings: "
            f"the paper's scores, which are of its encoders and all its epochs. {n}.",
        ),
        "types": Plot(
            score_figures.types_table(results),
            score_figures.draw_types,
            f"F1 of each entity type and humanitarian class, a mark per row; n is the support. {n}.",
        ),
        "confusion": Plot(
            score_figures.confusion_table(results[chosen]),
            score_figures.draw_confusion,
            f"Confusion of the humanitarian classes by row {chosen}, which the policy chooses: of each class the "
            f"share that is predicted as each class; the seeds' tweets are counted together. {n}.",
        ),
        "reliability": Plot(
            score_figures.reliability_table(rows),
            score_figures.draw_reliability,
            "Reliability: how often a prediction is right (a span: borders and type) by its confidence, in bins of a "
            f"tenth; the dashed line is perfect calibration. {n}.",
        ),
    }
    captions = {
        "figure5": f"Figure 5. Validation scores by epoch (the paper: row A). Lines: mean over the seeds{bands}; "
        f"filled: each curve's highest point (the epoch that Eq. 5 chooses is in Table 3). {n}.",
        "figure6": "Figure 6. Training losses by epoch (the paper: row A): each task's cross-entropy in nats, the mean "
        f"over an epoch, unweighted; filled: the lowest point. n = {trained:,} training tweets, {repeated}.",
        "figure7": "Figure 7. Combined score by epoch (the paper: row A); rows with one task have none. "
        f"Filled: the highest point. {n}.",
    }
    for name, panels in CURVES.items():
        columns = ["row", "seed", "epoch", *(panel.column for panel in panels)]
        found[name] = Plot(histories[columns], partial(curves, panels=panels), captions[name])
    cosines = score_figures.gradients_table(gradients)
    found["gradients"] = Plot(
        cosines,
        score_figures.draw_gradients,
        "Cosine of the two tasks' gradients on each part of the shared encoder in a row's last epoch: mean over the "
        "looks, and as a band their 10th to 90th percentile; below 0 the tasks pull apart. Beside it how many times as "
        "long NER's gradient is as classification's, the median of the same looks. A frozen part has none. "
        f"n = {cosines['looks'].max() if len(cosines) else 0} looks a point at most, {repeated}.",
    )
    found["learning_curve"] = Plot(
        learning_curve,
        score_figures.draw_learning_curve,
        "Learning curve: scores by the number of training tweets, with equally many epochs, and equally many steps of "
        "warm-up, each: a short training is also one of few steps. Lines: mean over the "
        f"seeds; bands: their range; the floor is trained on the same tweets. {n}.",
    )
    found["leave_one_event_out"] = Plot(
        unseen,
        score_figures.draw_leave_one_event_out,
        f"Unseen events: {_named(unseen)} scored on an event's validation tweets, trained with the event's own tweets "
        f"and without any of them{_trained_on(unseen)}. The 95 % intervals of the differences stand beside the "
        "numbers. The epoch was chosen on the validation tweets of all events, and of the others only. Macro-F1 is "
        "over the classes that the event has. n are its validation "
        f"tweets; {repeated}.",
    )
    return found


def _named(unseen: pd.DataFrame) -> str:
    """The rows that were trained without an event."""
    names = list(dict.fromkeys(unseen["row"]))
    return f"row{'s' * (len(names) > 1)} {', '.join(names)}" if names else "no row"


def _trained_on(unseen: pd.DataFrame) -> str:
    """The numbers of training tweets with and without an event, where there are any."""
    sizes = {
        name: sorted({f"{int(size):,}" for size in unseen[f"trained_{name}"].dropna()}) for name in ("seen", "unseen")
    }
    return (
        f" ({' or '.join(sizes['seen'])} and {' or '.join(sizes['unseen'])} training tweets)" if sizes["seen"] else ""
    )


def run(
    rows: dict[str, RowParams],
    metrics: Sequence[InputFile],
    histories: Sequence[InputFile],
    gradients: Sequence[InputFile],
    learning_curve: InputFile,
    unseen: InputFile,
    folder: Path,
) -> None:
    """Write each figure into `folder` as SVG and CSV, and captions.json: the caption of each, in the order of display.

    Args:
        rows: section humaid_ner.rows
        metrics: of a row and seed, or of the floor, .../<row>/seed<k>/metrics.json; repeat
        histories: history.csv of a row and seed; repeat
        gradients: gradients.csv of a row and seed; repeat
        learning_curve: what the step learning_curve wrote
        unseen: what the step leave_one_event_out wrote
    """
    results = collect(rows, metrics)
    chosen = choose_row({name: results[name] for name in rows})
    made = plots(
        results,
        chosen,
        pd.concat(read_runs(histories, STUDY), ignore_index=True),
        pd.concat(read_runs(gradients, STUDY), ignore_index=True),
        read_frame(learning_curve),
        read_frame(unseen),
    )
    write_plots(folder, made)
