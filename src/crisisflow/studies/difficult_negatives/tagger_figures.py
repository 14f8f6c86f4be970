"""Figures of the taggers: F1 as ordinary tweets become more, and the gain by batch size (Figure 10 of the paper)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from crisisflow.reporting.drawing import finish, line_style, style_of
from crisisflow.reporting.exhibits import NOT_IN_TEXT
from crisisflow.studies.difficult_negatives.bands import RANDOM_PLUS
from crisisflow.studies.difficult_negatives.folds import RATIOS
from crisisflow.studies.difficult_negatives.reproduction import BEST, PRINTED, decomposition, paper_table
from crisisflow.studies.difficult_negatives.tagger_params import TaggerParams

if TYPE_CHECKING:  # a heavy import
    from matplotlib.figure import Figure

COLUMNS = 2  # of panels


def growth(scored: Mapping[str, Any]) -> pd.DataFrame:
    """F1 in percent by the number of ordinary tweets for each crisis tweet: of the paper's Table 4, and of this run."""
    rows = []
    for train, own in decomposition().items():
        for ratio in RATIOS:
            f1 = 1 / (1 / own.f1 + ratio * own.false["random"] / 200)
            rows.append(
                {"source": "paper", "tagger": "BERTweet-LSTM-CRF", "train": train, "negatives": ratio, "f1": f1}
            )
    for row, settings in scored["rows"].items():
        for setting, found in settings.items():
            for point in found["growth"] or []:
                rows.append(
                    {"source": "this run", "tagger": row, "train": PRINTED.get(setting, setting)}
                    | {"negatives": point["ratio"], "f1": 100 * point["f1"]}
                )
    return pd.DataFrame(rows).round({"f1": 4})


def lines_of_growth(table: pd.DataFrame) -> "Figure":
    """A panel for the paper and for each tagger; a line for each training setting."""
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(zip(table["source"], table["tagger"], strict=True)))
    settings = list(dict.fromkeys(table["train"]))
    rows = -(-len(names) // COLUMNS)
    drawn = Figure(figsize=(10.0, 1.0 + 3.2 * rows), layout="constrained")
    panels = drawn.subplots(rows, min(COLUMNS, len(names)), squeeze=False).ravel()
    for panel, (source, tagger) in zip(panels, names, strict=False):
        for at, train in enumerate(settings):
            own = table[(table["source"] == source) & (table["tagger"] == tagger) & (table["train"] == train)]
            if len(own):
                panel.plot(own["negatives"], own["f1"], label=train, **line_style(at, len(settings)))
        panel.set_xscale("symlog", linthresh=1)
        panel.set_xticks([0, 1, 10, 100, 1000], ["0", "1", "10", "100", "1,000"])
        panel.set_title(f"{source}: {tagger}")
        panel.set_xlabel("ordinary tweets for each crisis tweet")
        panel.set_ylabel("F1, %")
    for panel in panels[len(names) :]:
        panel.set_axis_off()
    finish(drawn, *panels[: len(names)])
    return drawn


def gains(scored: Mapping[str, Any], taggers: Mapping[str, TaggerParams]) -> pd.DataFrame:
    """The gain of 2σ over random in points by batch size; of the paper two are told as below zero, without a number."""
    rows = []
    for line in paper_table("figure10_partial").to_dict("records"):
        told = line["gain_f1"].startswith("<")
        rows.append(
            {"source": "paper: BERTweet-LSTM-CRF", "batch_size": int(line["batch_size"]), "steps": None, "low": None}
            | {"high": None, "gain": float(line["gain_f1"]) if line["gain_f1"] and not told else None}
            | {"told": "below zero" if told else "a number" if line["gain_f1"] else NOT_IN_TEXT}
        )
    own = [
        (row, taggers[row].batch_size, compared, scored["rows"][row].get(BEST, {}).get("steps"))
        for row, compared in scored["against_random"].items()
    ]
    own += [
        (batch["tagger"], batch["batch_size"], batch["against_random"], batch["steps"].get(BEST))
        for batch in scored["batch_sizes"].values()
    ]
    for row, size, compared, steps in sorted(own, key=lambda each: (list(taggers).index(each[0]), each[1])):
        if gain := compared.get(BEST, {}).get(RANDOM_PLUS):
            rows.append(
                {"source": row, "batch_size": size, "steps": steps["mean"], "told": "a number"}
                | {"low": 100 * gain["low"], "high": 100 * gain["high"], "gain": 100 * gain["difference"]}
            )
    return pd.DataFrame(rows, columns=["source", "batch_size", "steps", "gain", "low", "high", "told"]).round(4)


def points_of_gains(table: pd.DataFrame) -> "Figure":
    """The paper's points, an arrow where it says below zero, and this run's with intervals and steps."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(8.5, 4.2), layout="constrained")
    panel = drawn.subplots()
    for at, source in enumerate(dict.fromkeys(table["source"])):
        style = style_of(at)
        own = table[(table["source"] == source) & table["gain"].notna()]
        low, high = (abs(own[end].astype(float) - own["gain"]).fillna(0.0) for end in ("low", "high"))
        panel.errorbar(
            own["batch_size"],
            own["gain"],
            yerr=[low, high],
            fmt=style.marker,
            color=style.colour,
            capsize=4,
            label=source,
        )
        for line in own[own["steps"].notna()].to_dict("records"):
            panel.annotate(
                f"{line['steps']:,.0f} steps",
                (line["batch_size"], line["gain"]),
                xytext=(7, 4),
                textcoords="offset points",
            )
    for line in table[table["told"] == "below zero"].to_dict("records"):
        panel.annotate(
            "below 0",
            (line["batch_size"], -0.1),
            xytext=(0, -26),
            textcoords="offset points",
            ha="center",
            arrowprops={"arrowstyle": "<-"},
            color=style_of(0).colour,
        )
    panel.axhline(0, color=style_of(7).colour, linewidth=0.8)
    panel.set_xscale("log", base=2)
    panel.set_xticks(sizes := sorted(set(table["batch_size"])), [str(size) for size in sizes])
    panel.set_xlabel("batch size")
    panel.set_ylabel("F1 of 2σ less random, points")
    finish(drawn, panel)
    return drawn
