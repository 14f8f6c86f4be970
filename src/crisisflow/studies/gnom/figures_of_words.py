"""Figures of words: Figure 2, two languages before and after training, and Figure 3, the attention of texts."""

import random
import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from crisisflow.errors import CrisisflowError
from crisisflow.reporting.drawing import finish, style_of
from crisisflow.studies.gnom.graph_tables import Words
from crisisflow.studies.gnom.params import GnomParams

if TYPE_CHECKING:  # a heavy import
    from matplotlib.figure import Figure

STATES = {"before": "before training", "after": "after training"}
TEXTS = 10  # of Figure 3
UNSHOWN = re.compile(r"@|[\U00010000-\U0010ffff]")  # handles; what the font of a figure does not have
TOKEN = 0.085  # inches for each character


def projected(vectors: np.ndarray, projection: Literal["pca", "umap"], seed: int) -> np.ndarray:
    """Two dimensions of the vectors: [words, 2]. Those of PCA are the first two principal components.

    Raises:
        CrisisflowError: UMAP is not installed.
    """
    if projection == "umap":
        try:
            from umap import UMAP
        except ImportError:
            raise CrisisflowError(
                "gnom.figures.projection is umap, which is not installed; run: pip install -c constraints.txt "
                "'crisisflow[umap]', or say pca"
            ) from None
        return UMAP(random_state=seed).fit_transform(vectors)
    centred = vectors - vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:2]
    # The sign of a component is free: its largest entry is positive.
    axes = axes * np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
    return centred @ axes.T


def languages_of(run: Words, params: GnomParams) -> dict[str, list[str]]:
    """Words of each of two languages: those that stand in texts of only one set of a setting."""
    setting = params.settings[run.setting]
    sets = [setting.source, setting.target]
    if any(len(params.sets[name].languages) > 1 for name in sets):
        return {}
    of_word = dict(zip(run.table["token"].to_pylist(), run.table["sets"].to_pylist(), strict=True))
    tokens = run.table["token"].to_pylist()
    found: dict[str, list[str]] = {params.sets[name].languages[0]: [] for name in sets}
    for word, at in run.places.items():
        there = [name for name in sets if name in of_word[tokens[at]]]
        if len(there) == 1 and len(found) == 2:
            found[params.sets[there[0]].languages[0]].append(word)
    return found if len(found) == 2 else {}


def places_of_words(runs: Sequence[Words], params: GnomParams) -> pd.DataFrame:
    """Figure 2: some words of either language of a setting, drawn by the seed, before and after training."""
    rows = []
    for run in runs:
        words = []
        for language, own in languages_of(run, params).items():
            number = min(params.figures.words, len(own))
            words += [(language, word) for word in sorted(random.Random(run.seed).sample(sorted(own), number))]
        if len(words) < 3:
            continue
        at = [run.places[word] for _, word in words]
        for state, title in STATES.items():
            points = projected(run.vectors(state)[at], params.figures.projection, run.seed)
            for (language, word), (x, y) in zip(words, points.tolist(), strict=True):
                rows.append(
                    {"setting": run.setting, "state": title, "language": language, "word": word, "x": x, "y": y}
                )
    return pd.DataFrame(rows, columns=["setting", "state", "language", "word", "x", "y"]).round(4)


def panels_of_words(table: pd.DataFrame) -> "Figure":
    """A line of two panels for each setting."""
    from matplotlib.figure import Figure

    settings = list(dict.fromkeys(table["setting"]))
    drawn = Figure(figsize=(10.0, 1.0 + 4.0 * max(len(settings), 1)), layout="constrained")
    panels = drawn.subplots(max(len(settings), 1), 2, squeeze=False)
    languages = list(dict.fromkeys(table["language"]))
    for line, setting in zip(panels, settings, strict=False):
        for panel, state in zip(line, STATES.values(), strict=True):
            own = table[(table["setting"] == setting) & (table["state"] == state)]
            for number, language in enumerate(languages):
                points = own[own["language"] == language]
                style = style_of(number)
                panel.scatter(points["x"], points["y"], s=22, marker=style.marker, color=style.colour, label=language)
            panel.set_title(f"{setting}: {state}")
    if not settings:
        for panel in panels.ravel():
            panel.text(0.5, 0.5, "no setting of two languages", ha="center")
            panel.set_axis_off()
    finish(drawn, *panels.ravel())
    return drawn


def shown_attention(attentions: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Figure 3: the tokens of some texts with their importance. A text with a handle or an emoji is not shown.

    Args:
        attentions: attention.json of one run of each setting; each has as many texts.
    """
    rows, number = [], 0
    attentions = [own for own in attentions if any("tokens" in text for text in own["texts"])]
    for own in attentions:
        plain = [text for text in own["texts"] if not UNSHOWN.search("".join(text["tokens"]))]
        for text in plain[: max(TEXTS // len(attentions), 1)]:
            number += 1
            head = {"setting": own["setting"], "text": number, "predicted": text["predicted"]}
            tokens = zip(text["tokens"], text["nodes"], text["importance"], strict=True)
            for place, (token, node, importance) in enumerate(tokens):
                rows.append(head | {"place": place, "token": token, "node": node, "importance": importance})
    columns = ["setting", "text", "predicted", "place", "token", "node", "importance"]
    return pd.DataFrame(rows, columns=columns).round(4)


def lines_of_attention(table: pd.DataFrame) -> "Figure":
    """A line for each text; the darker a token, the larger its share of the largest importance of the text."""
    from matplotlib.figure import Figure

    texts = [list(own) for _, own in groupby(table.to_dict("records"), key=lambda line: line["text"])]
    width = max([sum(len(line["token"]) + 1.5 for line in own) for own in texts], default=40)
    drawn = Figure(figsize=(max(6.0, TOKEN * width), 0.6 + 0.36 * max(len(texts), 1)), layout="constrained")
    panel = drawn.subplots()
    for row, own in enumerate(texts):
        largest = max(line["importance"] for line in own) or 1.0
        left = 0.0
        for line in own:
            size = len(line["token"]) + 1.5
            share = line["importance"] / largest if line["node"] else 0.0
            panel.barh(-row, size, left=left, height=0.8, color=style_of(0).colour, alpha=0.6 * share, linewidth=0)
            colour = "black" if line["node"] else "#595959"
            panel.text(left + size / 2, -row, line["token"], ha="center", va="center", fontsize=8, color=colour)
            left += size
    if not texts:
        panel.text(0.5, 0, "no text may be shown", ha="center")
    panel.set_xlim(0, width)
    panel.set_axis_off()
    return drawn
