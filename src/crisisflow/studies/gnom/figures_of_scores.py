"""Figures of scores: learning curves, and the gain of GNoM over the encoder alone by the share of the labels."""

from typing import TYPE_CHECKING

import pandas as pd

from crisisflow.reporting.drawing import finish, line_style, style_of
from crisisflow.studies.gnom.comparison import PLAIN_MODELS, Scores, cells_of, gain, panel_of, panels_of
from crisisflow.studies.gnom.reproduction import NAMES, paper_scores
from crisisflow.studies.gnom.score import ALL, FLOOR, PLAIN, WHOLE

if TYPE_CHECKING:  # a heavy import
    from matplotlib.figure import Figure

COLUMNS = 3  # of panels
PAPER, OURS = "paper", "this run"
SHOWN = (PLAIN, WHOLE, FLOOR)


def curves(found: Scores) -> pd.DataFrame:
    """Weighted F1 in percent by the share of the labels: TR, GNoM and the floor of this run, and the paper's two."""
    rows = []
    panels = panels_of(found)
    for name, _, share, cell in cells_of(found):
        for row in SHOWN:
            if own := cell["rows"].get(row):
                value = own["f1"][ALL]
                rows.append(
                    {"setting": name, "whose": OURS, "row": row, "share": share, "f1": value["mean"]}
                    | {"deviation": value["deviation"]}
                )
    for cell, value in paper_scores().items():
        row, setting = NAMES.get(cell.model), panel_of(cell, panels)
        if setting and row:
            rows.append(
                {"setting": setting, "whose": PAPER, "row": f"{row} ({cell.model})", "share": cell.share, "f1": value}
                | {"deviation": None}
            )
    table = pd.DataFrame(rows, columns=["setting", "whose", "row", "share", "f1", "deviation"])
    return table.sort_values(["setting", "whose", "row", "share"], kind="stable").round(4)


def panels_of_curves(table: pd.DataFrame) -> "Figure":
    """A panel for each setting."""
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(table["setting"])) or ["no setting"]
    lines = -(-len(names) // COLUMNS)
    drawn = Figure(figsize=(3.6 * min(COLUMNS, len(names)) + 0.4, 1.0 + 3.0 * lines), layout="constrained")
    panels = drawn.subplots(lines, min(COLUMNS, len(names)), squeeze=False).ravel()
    series = list(dict.fromkeys(zip(table["whose"], table["row"], strict=True)))
    for panel, name in zip(panels, names, strict=False):
        for at, (whose, row) in enumerate(series):
            own = table[(table["setting"] == name) & (table["whose"] == whose) & (table["row"] == row)]
            if len(own):
                panel.plot(own["share"], own["f1"], label=f"{row}, {whose}", **line_style(at, len(series)))
        panel.set_title(name)
        panel.set_xlabel("labels, %")
        panel.set_ylabel("weighted F1, %")
    for panel in panels[len(names) :]:
        panel.set_axis_off()
    finish(drawn, *panels[: len(names)])
    return drawn


def gains(found: Scores) -> pd.DataFrame:
    """GNoM less the encoder alone, in points: of this run with its interval, and of the paper."""
    rows = []
    scores, panels = paper_scores(), panels_of(found)
    for name, _, share, cell in cells_of(found):
        if own := gain(cell):
            rows.append(
                {"setting": name, "whose": OURS, "share": share} | dict(zip(("gain", "low", "high"), own, strict=True))
            )
        for one, value in scores.items():
            if one.share == share and panel_of(one, panels) == name and one.model.startswith("GNoM"):
                plain = next(scores[other] for model in PLAIN_MODELS if (other := one._replace(model=model)) in scores)
                rows.append(
                    {"setting": name, "whose": f"{PAPER}: {one.model}", "share": share, "gain": value - plain}
                    | {"low": None, "high": None}
                )
    return pd.DataFrame(rows, columns=["setting", "whose", "share", "gain", "low", "high"]).round(4)


def points_of_gains(table: pd.DataFrame) -> "Figure":
    """A panel for each share; a line for each setting."""
    from matplotlib.figure import Figure

    shares = sorted(set(table["share"]), reverse=True) or [100]
    settings = list(dict.fromkeys(table["setting"]))
    drawn = Figure(figsize=(3.4 * len(shares) + 1.4, 1.4 + 0.45 * max(len(settings), 2)), layout="constrained")
    panels = drawn.subplots(1, len(shares), squeeze=False, sharey=True).ravel()
    owners = list(dict.fromkeys(table["whose"]))
    for panel, share in zip(panels, shares, strict=True):
        for at, whose in enumerate(owners):
            own = table[(table["share"] == share) & (table["whose"] == whose)]
            low, high = (abs(own[end].astype(float) - own["gain"]).fillna(0.0) for end in ("low", "high"))
            style = style_of(at)
            places = [settings.index(name) + 0.12 * (at - (len(owners) - 1) / 2) for name in own["setting"]]
            panel.errorbar(
                own["gain"], places, xerr=[low, high], fmt=style.marker, color=style.colour, capsize=3, label=whose
            )
        panel.axvline(0, color=style_of(7).colour, linewidth=0.8)
        panel.set_yticks(range(len(settings)), settings)
        panel.set_title(f"{share} % of the labels")
        panel.set_xlabel("GNoM less TR, points of F1")
    panels[0].set_ylim(max(len(settings), 1) - 0.5, -0.5)
    finish(drawn, *panels, axis="x")
    return drawn
