"""Figures 1 to 3 of the paper, drawn of this run, and further ones, with the numbers behind each as CSV."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crisisflow.artifacts import read_json
from crisisflow.identity import of_config
from crisisflow.inputs import InputFile
from crisisflow.reporting.drawing import finish, line_style, style_of
from crisisflow.reporting.exhibits import read_frame
from crisisflow.reporting.folders import Plot, write_plots
from crisisflow.studies.actionable_help import STUDY
from crisisflow.studies.actionable_help.claims import FOUR_RESOURCES
from crisisflow.studies.actionable_help.mini_params import ShapeParams
from crisisflow.studies.actionable_help.model_tables import LENGTH
from crisisflow.studies.actionable_help.ratios import ALL
from crisisflow.studies.actionable_help.score import MAIN
from crisisflow.studies.actionable_help.shapes import multiply_adds

if TYPE_CHECKING:  # a heavy import
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OVER_TIME = "country and month"
# The fields of a transformers configuration, in the order of ShapeParams.
SIZES = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")


def _panel(width: float = 8.0, height: float = 4.2) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(width, height), layout="constrained")
    return drawn, drawn.subplots()


def lines(table: pd.DataFrame, x: str, y: Mapping[str, str], series: str, label: str, log: bool) -> "Figure":
    """A line for each value of the column `series`, in the order of the table; a panel for each column of `y`.

    Args:
        y: columns, with what their axes say. label: of the axis of x.
    """
    from matplotlib.figure import Figure

    # As wide as a legend of countries.
    drawn = Figure(figsize=(12.0, 4.2), layout="constrained")
    panels = drawn.subplots(ncols=len(y), squeeze=False)[0]
    names = list(dict.fromkeys(table[series]))
    words = not pd.api.types.is_numeric_dtype(table[x])
    for panel, (column, title) in zip(panels, y.items(), strict=True):
        if words:  # else each line would append the values that the lines before it lack
            panel.xaxis.update_units(table[x].unique())
        for at, name in enumerate(names):
            own = table[table[series] == name]
            panel.plot(own[x], own[column], label=name, **(line_style(at, len(names)) | {"markersize": 3}))
        if log:
            panel.set_yscale("log")
        if words:
            panel.tick_params(axis="x", rotation=90)
        panel.set_xlabel(label)
        panel.set_ylabel(title)
    finish(drawn, *panels)
    return drawn


def curves_of(curves: Sequence[Path]) -> pd.DataFrame:
    """Figure 1's numbers: the loss of each mini and kind of update by step; or its probe's scores likewise."""
    found = pd.concat([read_frame(path) for path in curves], ignore_index=True)
    found.insert(0, "curve", found["mini"].astype(str) + ", " + found["update"])
    return found


def by_resource(ratios: pd.DataFrame) -> pd.DataFrame:
    """Figure 2's numbers: requests and offers by month and resource, of the resources that the paper shows."""
    own = ratios[(ratios["by"] == "month") & ratios["resource"].isin(FOUR_RESOURCES)]
    found = own[["resource", "value", "requests", "offers"]].rename(columns={"value": "month"})
    return found.sort_values("month", kind="stable", ignore_index=True)


def over_time(ratios: pd.DataFrame) -> pd.DataFrame:
    """Figure 3's numbers: requests over offers by country and month, where there are enough tweets."""
    own = ratios[(ratios["by"] == OVER_TIME) & (ratios["resource"] == ALL) & ratios["ratio"].notna()]
    parts = own["value"].str.rsplit(" ", n=1)
    return pd.DataFrame(
        {"country": parts.str[0], "month": parts.str[-1], "ratio": own["ratio"], "low": own["low"], "high": own["high"]}
    ).sort_values("month", kind="stable", ignore_index=True)


def kappas(agreement: Mapping[str, Any]) -> pd.DataFrame:
    """Cohen's kappa of each pair of labellers, in both orders."""
    pairs = [(pair["first"], pair["second"], pair["kappa"]) for pair in agreement["pairs"]]
    both = pairs + [(second, first, kappa) for first, second, kappa in pairs]
    return pd.DataFrame(both, columns=["first", "second", "kappa"])


def matrix(table: pd.DataFrame) -> "Figure":
    """The kappas as a matrix of shades and numbers."""
    drawn, panel = _panel(5.5, 4.6)
    names = list(dict.fromkeys([*table["first"], *table["second"]]))
    values = table.pivot(index="first", columns="second", values="kappa").reindex(index=names, columns=names)
    shades = panel.imshow(values.to_numpy(dtype=float), cmap="Greys", vmin=0, vmax=1)
    for row, column in np.argwhere(values.notna().to_numpy()):
        value = values.iat[row, column]
        panel.text(column, row, f"{value:.2f}", ha="center", va="center", color="white" if value > 0.6 else "black")
    panel.set_xticks(range(len(names)), names, rotation=30, ha="right")
    panel.set_yticks(range(len(names)), names)
    drawn.colorbar(shades, ax=panel, label="Cohen's kappa")
    return drawn


def coverage(scores: Mapping[str, Any]) -> pd.DataFrame:
    """Accuracy and coverage of what each group of labellers agrees on, by each truth."""
    return pd.DataFrame(
        [
            {
                "truth": own["name"],
                "labellers": len(group["labellers"]),
                "names": ", ".join(group["labellers"]),
                "coverage": group["coverage"]["value"],
                "accuracy": group["accuracy"]["value"],
            }
            for own in scores["scores"]
            for group in own["unanimous"]
        ],
        columns=["truth", "labellers", "names", "coverage", "accuracy"],
    )


def points(table: pd.DataFrame) -> "Figure":
    """A mark for each group of labellers, by how many they are."""
    drawn, panel = _panel()
    series = list(dict.fromkeys(zip(table["truth"], table["labellers"], strict=True)))
    for at, (truth, number) in enumerate(series):
        own = table[(table["truth"] == truth) & (table["labellers"] == number)]
        style = style_of(at)
        panel.scatter(
            own["coverage"], own["accuracy"], color=style.colour, marker=style.marker, label=f"{truth}, {number}"
        )
    panel.set_xlabel("share of tweets on which the labellers agree")
    panel.set_ylabel("accuracy of what they agree on")
    finish(drawn, panel)
    return drawn


def speed(scores: Mapping[str, Any], configs: Sequence[Path]) -> pd.DataFrame:
    """The average macro F1 of each encoder row beside the multiply-adds of one text."""
    shapes = {}
    for path in configs:
        encoder = read_json(path, "encoder")["encoder"]
        sizes = zip(ShapeParams.model_fields, SIZES, strict=True)
        shapes[of_config(path, STUDY).row] = ShapeParams(**{name: encoder[size] for name, size in sizes})
    return pd.DataFrame(
        [
            {
                "row": row,
                "multiply_adds": multiply_adds(shapes[row], LENGTH),
                "macro_f1": own["average"],
            }
            for row, own in scores["rows"].items()
            if row in shapes
        ],
        columns=["row", "multiply_adds", "macro_f1"],
    )


def tradeoff(table: pd.DataFrame) -> "Figure":
    """A mark for each row."""
    drawn, panel = _panel()
    for at, line in enumerate(table.itertuples()):
        style = style_of(at)
        panel.scatter([line.multiply_adds], [line.macro_f1], color=style.colour, marker=style.marker, label=line.row)
    panel.set_xscale("log")
    panel.set_xlabel(f"multiply-adds of one text of {LENGTH} subwords")
    panel.set_ylabel("macro F1, average of all tasks")
    finish(drawn, panel)
    return drawn


def task_scores(scores: Mapping[str, Any]) -> pd.DataFrame:
    """The macro F1 of each row on each task, with half its 95 % interval where there are several seeds."""
    return pd.DataFrame(
        [
            {
                "task": task,
                "row": row,
                "macro_f1": own["tasks"][task]["test"][MAIN]["mean"],
                "half_interval": own["tasks"][task]["test"][MAIN]["half_interval"],
            }
            for task in scores["kinds"]
            for row, own in scores["rows"].items()
        ]
    )


def rows_by_task(table: pd.DataFrame) -> "Figure":
    """Marks side by side for the rows of each task; a whisker is the 95 % interval."""
    tasks, rows = (list(dict.fromkeys(table[name])) for name in ("task", "row"))
    drawn, panel = _panel(max(8.0, 2.2 * len(tasks)))
    for at, row in enumerate(rows):
        own, style = table[table["row"] == row], style_of(at)
        places = [tasks.index(task) + 0.8 * ((at + 0.5) / len(rows) - 0.5) for task in own["task"]]
        half = own["half_interval"].astype(float).fillna(0)
        panel.errorbar(
            places, own["macro_f1"], yerr=half, color=style.colour, marker=style.marker, linestyle="none", label=row
        )
    panel.set_xticks(range(len(tasks)), tasks, rotation=90 if len(tasks) > 6 else 0)
    panel.set_ylabel("macro F1, test tweets")
    finish(drawn, panel)
    return drawn


def run(
    rows: list[str],
    agreement: InputFile,
    label_scores: InputFile,
    scores: InputFile,
    configs: Sequence[InputFile],
    curves: Sequence[InputFile],
    probes: Sequence[InputFile],
    ratios: InputFile,
    folder: Path,
) -> None:
    """Write each figure as SVG, its numbers as CSV, and captions.json into `folder`.

    Args:
        rows: names of all rows, in the order of display
        agreement: of the step agree
        label_scores: of the step score_labels
        scores: of the step score
        configs: config.json of each training; repeat
        curves: losses.csv of each mini; repeat
        probes: probe.csv of each mini; repeat
        ratios: of the step ratios

    Raises:
        CrisisflowError: a file is absent or was written by another version.
    """
    found = read_json(scores, "rows", "kinds")
    found["rows"] = {row: found["rows"][row] for row in rows}
    of_place = read_frame(ratios)
    drawn = {
        "scores": Plot(
            task_scores(found),
            rows_by_task,
            "Macro F1 of each row on each task. A whisker is the 95 % interval by Student's t over the seeds; with one "
            "seed there is none.",
        ),
        "agreement": Plot(kappas(read_json(agreement, "pairs")), matrix, "Cohen's kappa of each pair of labellers."),
        "coverage": Plot(
            coverage(read_json(label_scores, "scores")),
            points,
            "What agreement costs. Each mark is a group of labellers: the more must agree, the fewer tweets are left.",
        ),
        "speed": Plot(
            speed(found, configs),
            tradeoff,
            "Macro F1 against the multiply-adds of the encoder. Rows without a fine-tuned encoder are left out.",
        ),
        "figure1": Plot(
            curves_of(curves),
            partial(lines, x="step", y={"loss": "loss"}, series="curve", label="step", log=True),
            "Figure 1. Loss of the generic distillation by step, by mini and by the state that is compared. A lower "
            "loss alone does not say that a mini knows more (ledger, entry 19).",
        ),
        "probe": Plot(
            curves_of(probes),
            partial(lines, x="step", y={"macro_f1": "macro F1 of the probe"}, series="curve", label="step", log=False),
            "What the minis of Figure 1 know meanwhile: macro F1 of a linear classifier over their embeddings, which "
            "stay as they are. It learns from the training tweets of the built task and is scored on its test tweets. "
            "Step 0 is random weights, unless the minis start with the teacher's word vectors.",
        ),
        "figure2": Plot(
            by_resource(of_place),
            partial(
                lines,
                x="month",
                y={"requests": "requests", "offers": "offers"},
                series="resource",
                label="month",
                log=False,
            ),
            "Figure 2. Requests and offers by month and resource.",
        ),
        "figure3": Plot(
            over_time(of_place),
            partial(lines, x="month", y={"ratio": "requests / offers"}, series="country", label="month", log=False),
            "Figure 3. Requests over offers by country and month. Months with too few tweets have no point.",
        ),
    }
    write_plots(folder, drawn)
