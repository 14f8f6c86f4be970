"""Figures past the paper's: the numbers behind each (a table) and its drawing.

Each pair of functions is `<name>_table` and `draw_<name>`; the table is what the CSV holds and the drawing shows.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crisisflow.reporting.drawing import finish, line_style, style_of
from crisisflow.studies.humaid_ner.rows import RowResult
from crisisflow.taxonomy import CLASSES, ENTITY_TYPES

if TYPE_CHECKING:  # a heavy import
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TASKS = {"cls": "Classification", "ner": "Entity recognition"}
SCORE_OF = {"cls": "cls_macro_f1", "ner": "ner_micro_f1"}
UNIT_OF = {"cls": "macro-F1", "ner": "span micro-F1"}


def _in_words(label: str) -> str:
    return label.replace("_", " ")


def _panels(width: float, height: float, number: int = 2, **options: object) -> tuple["Figure", Sequence["Axes"]]:
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(width, height), layout="constrained")
    return drawn, drawn.subplots(1, number, squeeze=False, **options)[0]


def confusion_table(result: RowResult) -> pd.DataFrame:
    """Tweets by class and predicted class, and the share among those of the class; all seeds together."""
    found = [run["cls"]["confusion"] for run in result.runs]
    lines = [
        (label, guess, sum(matrix[at][place] for matrix in found), sum(sum(matrix[at]) for matrix in found))
        for at, label in enumerate(CLASSES)
        for place, guess in enumerate(CLASSES)
    ]
    table = pd.DataFrame(lines, columns=["class", "predicted", "tweets", "of_class"])
    return table.assign(share=table["tweets"] / table["of_class"].clip(lower=1))


def draw_confusion(table: pd.DataFrame) -> "Figure":
    """A field for each pair of classes; the number is the share of the class in percent."""
    drawn, (panel,) = _panels(9.5, 7.2, 1)
    shares = table.pivot(index="class", columns="predicted", values="share").loc[[*CLASSES], [*CLASSES]]
    image = panel.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")  # squares would leave bands empty
    for (row, column), share in np.ndenumerate(shares.to_numpy()):
        colour = "white" if share > 0.6 else "black"
        panel.text(column, row, f"{share:.0%}", ha="center", va="center", color=colour, fontsize=9)
    sizes = table.groupby("class")["of_class"].first()
    names = [_in_words(label) for label in CLASSES]
    panel.set_xticks(range(len(names)), names, rotation=45, ha="right")
    panel.set_yticks(range(len(names)), [f"{_in_words(label)} (n = {sizes[label]:,})" for label in CLASSES])
    panel.set_xlabel("predicted class")
    panel.set_ylabel("class")
    drawn.colorbar(image, ax=panel, shrink=0.7, label="share of the class")
    return drawn


def reliability_table(results: Mapping[str, RowResult]) -> pd.DataFrame:
    """Per row, task and bin of confidence: predictions, mean confidence and accuracy; all seeds together."""
    lines = [
        (name, task, own["low"], own["high"], own["size"], own["confidence"], own["accuracy"])
        for name, result in results.items()
        for task in TASKS
        for run in result.runs
        if run[task] and "calibration" in run[task]
        for own in run[task]["calibration"]["bins"]
    ]
    table = pd.DataFrame(lines, columns=["row", "task", "low", "high", "size", "confidence", "accuracy"])
    for column in ("confidence", "accuracy"):
        table[column] *= table["size"]
    summed = table.groupby(["row", "task", "low", "high"], sort=False).sum().reset_index()
    for column in ("confidence", "accuracy"):
        summed[column] /= summed["size"]
    return summed


def draw_reliability(table: pd.DataFrame) -> "Figure":
    """Accuracy by confidence; on the dashed line a row is as often right as it says."""
    drawn, panels = _panels(11, 4.8)
    names = list(dict.fromkeys(table["row"]))
    for panel, (task, title) in zip(panels, TASKS.items(), strict=True):
        panel.plot([0, 1], [0, 1], color="#666666", linestyle="--", linewidth=1)
        for at, name in enumerate(names):
            own = table[(table["row"] == name) & (table["task"] == task)].sort_values("low")
            if len(own):
                panel.plot(own["confidence"], own["accuracy"], label=name, **line_style(at, len(names)))
        panel.set_title(title)
        panel.set_xlabel("confidence (mean of a bin)")
        panel.set_ylabel("accuracy (share that is right)")
        panel.set_xlim(0, 1)
        panel.set_ylim(0, 1.02)
    finish(drawn, *panels)
    return drawn


def draw_learning_curve(table: pd.DataFrame) -> "Figure":
    """Scores by the number of training tweets: mean over the seeds, and their range as a band."""
    from matplotlib.ticker import NullLocator

    drawn, panels = _panels(11, 4.4)
    names = list(dict.fromkeys(table["row"]))
    for panel, (task, title) in zip(panels, TASKS.items(), strict=True):
        for at, name in enumerate(names):
            by_size = table[table["row"] == name].groupby("tweets")[SCORE_OF[task]]
            mean = by_size.mean()
            if mean.notna().any():
                drawn_as = line_style(at, len(names))
                panel.plot(mean.index, mean, label=name, **drawn_as)
                panel.fill_between(
                    mean.index, by_size.min(), by_size.max(), color=drawn_as["color"], alpha=0.15, linewidth=0
                )
        sizes = sorted(set(table["tweets"]))
        if sizes:
            panel.set_xscale("log")
            panel.set_xticks(sizes, [f"{size:,}" for size in sizes])
            panel.xaxis.set_minor_locator(NullLocator())
        panel.set_title(title)
        panel.set_xlabel("training tweets (log scale)")
        panel.set_ylabel(f"validation {UNIT_OF[task]}")
    finish(drawn, *panels)
    return drawn


def draw_leave_one_event_out(table: pd.DataFrame) -> "Figure":
    """Per event the score of a row that has seen it and of one that has not, joined by a line."""
    from matplotlib.ticker import MaxNLocator

    lines = list(dict.fromkeys(zip(table["row"], table["event"], strict=True)))
    drawn, panels = _panels(11, 1.6 + 0.45 * max(len(lines), 2), sharey=True)
    several = len({row for row, _ in lines}) > 1
    sizes = table.groupby("event")["tweets"].first()
    names = [f"{_in_words(event)}{f', row {row}' if several else ''} (n = {sizes[event]:,})" for row, event in lines]
    for panel, (task, title) in zip(panels, TASKS.items(), strict=True):
        own = table[table["score"] == SCORE_OF[task]].set_index(["row", "event"])
        places = [(place, own.loc[line]) for place, line in enumerate(lines) if line in own.index]
        for place, scores in places:
            panel.plot([scores["seen"], scores["unseen"]], [place, place], color="#888888", linewidth=1.5, zorder=1)
        at = [place for place, _ in places]
        panel.scatter([scores["seen"] for _, scores in places], at, s=55, color=style_of(0).colour, label="seen")
        panel.scatter(
            [scores["unseen"] for _, scores in places],
            at,
            s=55,
            marker="s",
            facecolors="white",
            edgecolors=style_of(1).colour,
            linewidths=1.8,
            label="not seen in training",
        )
        panel.set_title(title)
        panel.xaxis.set_major_locator(MaxNLocator(5))
        panel.set_xlabel(f"{UNIT_OF[task]} on the event's validation tweets")
    panels[0].set_ylabel("event")
    panels[0].set_yticks(range(len(names)), names)
    panels[0].set_ylim(len(lines) - 0.5, -0.5)
    finish(drawn, *panels, axis="x")
    return drawn


def gradients_table(looks: pd.DataFrame) -> pd.DataFrame:
    """Per row, epoch and part of the encoder: looks, mean, 10th and 90th percentile of the cosine, the share of looks
    with one below 0, and the median of how many times as long NER's gradient is as classification's.

    All seeds together; a row of one task has no looks.

    Args:
        looks: the lines of all gradients.csv, with their `row`.
    """
    looks = looks.dropna(subset=["cosine"])
    looks = looks.astype(dict.fromkeys(("cosine", "ner_norm", "cls_norm"), float))
    looks["ratio"] = looks["ner_norm"] / looks["cls_norm"]
    grouped = looks.groupby(["row", "epoch", "part"], sort=False)
    return grouped.agg(
        looks=("cosine", "size"),
        mean=("cosine", "mean"),
        low=("cosine", lambda own: own.quantile(0.1)),
        high=("cosine", lambda own: own.quantile(0.9)),
        negative=("cosine", lambda own: (own < 0).mean()),
        ratio=("ratio", "median"),
    ).reset_index()


def draw_gradients(table: pd.DataFrame) -> "Figure":
    """Cosine and ratio of the two tasks' gradients by part of the encoder, in the last epoch; below 0 they conflict."""
    drawn, (panel, ratios) = _panels(12, 4.4)
    parts = list(dict.fromkeys(table["part"]))
    if not parts:
        panel.set_title("not asked for: humaid_ner.training.gradient_cosine_every is 0")
    by_row = table.groupby("row", sort=False)
    for at, (name, own) in enumerate(by_row):
        last = own[own["epoch"] == own["epoch"].max()]
        places = [parts.index(part) for part in last["part"]]
        drawn_as = line_style(at, len(by_row))
        panel.plot(places, last["mean"], label=name, **drawn_as)
        panel.fill_between(places, last["low"], last["high"], color=drawn_as["color"], alpha=0.1, linewidth=0)
        ratios.plot(places, last["ratio"], label=name, **drawn_as)
    panel.axhline(0, color="black", linewidth=0.8)
    ratios.axhline(1, color="black", linewidth=0.8)
    for axis, unit in (
        (panel, "cosine of the tasks' gradients"),
        (ratios, "length of NER's gradient / CLS's (median)"),
    ):
        axis.set_xticks(range(len(parts)), parts, rotation=30, ha="right")
        axis.set_xlabel("part of the shared encoder")
        axis.set_ylabel(unit)
    finish(drawn, panel, ratios)
    return drawn


def types_table(results: Mapping[str, RowResult]) -> pd.DataFrame:
    """F1 and support of each entity type and humanitarian class, per row, the mean over the seeds."""
    groups = {"ner": ("per_type", ENTITY_TYPES), "cls": ("per_class", CLASSES)}
    return pd.DataFrame(
        [
            (name, task, label, result.over_seeds(task, group, label, "f1").mean, run[group][label]["support"])
            for name, result in results.items()
            for task, (group, labels) in groups.items()
            for run in [result.runs[0][task]]
            if run
            for label in labels
        ],
        columns=["row", "task", "label", "f1", "support"],
    )


def draw_types(table: pd.DataFrame) -> "Figure":
    """A mark per row for each type and class."""
    drawn, panels = _panels(12, 5.6)
    names = list(dict.fromkeys(table["row"]))
    for panel, (task, title) in zip(panels, TASKS.items(), strict=True):
        of_task = table[table["task"] == task]
        labels = list(dict.fromkeys(of_task["label"]))
        for at, name in enumerate(names):
            own = of_task[of_task["row"] == name].set_index("label")["f1"]
            if len(own):
                marks = line_style(at, len(names)) | {"linestyle": "none"}
                panel.plot(own[labels], range(len(labels)), label=name, **marks)
        support = of_task.groupby("label")["support"].first()
        panel.set_yticks(range(len(labels)), [f"{_in_words(label)} (n = {support[label]:,})" for label in labels])
        panel.set_ylim(len(labels) - 0.5, -0.5)
        panel.set_xlim(-0.02, 1.02)
        panel.set_title(title)
        panel.set_xlabel("validation F1 (mean over the seeds)")
        panel.set_ylabel("humanitarian class" if task == "cls" else "entity type")
    finish(drawn, *panels, axis="both")
    return drawn
