"""What the figures show, as tables of numbers, and how these are drawn."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crisisflow.artifacts import read_metadata, read_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.identity import KEY
from crisisflow.reporting.drawing import finish, line_style, style_of
from crisisflow.studies.analytics.cluster_scores import FIRST, SECOND, read_clusters
from crisisflow.studies.analytics.clusters import CLUSTERS
from crisisflow.studies.analytics.embed import read_embedded
from crisisflow.studies.analytics.made import Made
from crisisflow.studies.analytics.params import AnalyticsParams
from crisisflow.studies.analytics.posts import POSTS

if TYPE_CHECKING:  # a heavy import
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = (FIRST, SECOND, "both_centred")
MOST_POINTS = 600  # of a panel; more would lie on each other
NONE = "none"
MEASURES = ("c_v", "diversity", "stability")


def numbers_of_topics(made: Made) -> pd.DataFrame:
    """c_v, diversity and stability by corpus and K."""
    rows = []
    for corpus, table in made.k.items():
        for line in table.to_dict("records"):
            taken = line["k"] == made.chosen[corpus]["k"]
            for measure in MEASURES:
                rows.append([corpus, line["k"], measure, line[measure], line.get(f"{measure}_sd"), taken])
    return pd.DataFrame(rows, columns=["corpus", "k", "measure", "mean", "deviation", "taken"]).round(6)


def draw_k(table: pd.DataFrame) -> "Figure":
    """A panel for each measure, a line for each corpus; a ring is the choice."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(3.4 * len(MEASURES) + 0.4, 3.6), layout="constrained")
    panels = drawn.subplots(1, len(MEASURES), squeeze=False).ravel()
    corpora = list(dict.fromkeys(table["corpus"]))
    for panel, measure in zip(panels, MEASURES, strict=True):
        for at, corpus in enumerate(corpora):
            own = table[(table["corpus"] == corpus) & (table["measure"] == measure)].dropna(subset="mean")
            if not len(own):
                continue
            style = line_style(at, len(corpora))
            panel.plot(own["k"], own["mean"], label=corpus, **style)
            panel.errorbar(own["k"], own["mean"], yerr=own["deviation"].fillna(0), fmt="none", ecolor=style["color"])
            taken = own[own["taken"]]
            panel.plot(taken["k"], taken["mean"], "o", mfc="none", mec="black", markersize=16, label="taken")
        panel.set_title(measure)
        panel.set_xlabel("topics")
    finish(drawn, *panels)
    return drawn


def of_days(made: Made) -> pd.DataFrame:
    """Posts and their share of the day by corpus, day and topic."""
    rows = []
    for corpus, scores in made.labels.items():
        totals: dict[str, int] = {}
        for own in scores["days"]:
            totals[own["day"]] = totals.get(own["day"], 0) + own["posts"]
        names = {own["topic"]: own["labels"]["document_weight"] for own in scores["topics"]}
        for own in scores["days"]:
            share = own["posts"] / totals[own["day"]]
            rows.append([corpus, own["day"], own["topic"], names.get(own["topic"], ""), own["posts"], share])
    return pd.DataFrame(rows, columns=["corpus", "day", "topic", "label", "posts", "share"]).round(6)


def draw_days(table: pd.DataFrame) -> "Figure":
    """A panel for each corpus: the shares of the topics, one upon the other."""
    from matplotlib.figure import Figure

    corpora = list(dict.fromkeys(table["corpus"])) or ["no posts with a time"]
    drawn = Figure(figsize=(9.5, 0.6 + 3.2 * len(corpora)), layout="constrained")
    panels = drawn.subplots(len(corpora), 1, squeeze=False).ravel()
    for panel, corpus in zip(panels, corpora, strict=True):
        own = table[table["corpus"] == corpus]
        days = sorted(set(own["day"]))
        below = np.zeros(len(days))
        for at, topic in enumerate(sorted(set(own["topic"]))):
            part = own[own["topic"] == topic].set_index("day")
            shares = part["share"].reindex(days).fillna(0.0).to_numpy(float)
            name = f"{topic}: {part['label'].iloc[0]}"
            panel.bar(range(len(days)), shares, bottom=below, width=0.9, label=name, **_filled(at))
            below += shares
        every = max(1, len(days) // 7)
        panel.set_xticks(range(0, len(days), every), days[::every], rotation=20)
        panel.set_ylabel("share of the posts")
        panel.set_title(corpus)
        panel.spines[["top", "right"]].set_visible(False)
        if len(own):
            panel.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return drawn


def _filled(at: int) -> dict[str, Any]:
    """Colour and hatching of a bar: with more than eight topics the hatching tells two of a colour apart."""
    return {
        "color": style_of(at).colour,
        "hatch": ("", "//", "..")[at // 8 % 3],
        "edgecolor": "white",
        "linewidth": 0.3,
    }


def confusion(made: Made) -> pd.DataFrame:
    """Posts by corpus, true and predicted class; `none` where a topic stands for no class."""
    rows = []
    for corpus, scores in made.labels.items():
        if found := scores["prediction"]:
            for true, counts in zip(scores["classes"], found["confusion"], strict=True):
                for predicted, number in zip([*scores["classes"], NONE], counts, strict=True):
                    rows.append([corpus, true, predicted, number])
    return pd.DataFrame(rows, columns=["corpus", "class", "predicted", "posts"])


def draw_confusion(table: pd.DataFrame) -> "Figure":
    """A panel for each corpus; a cell is the share of its row."""
    from matplotlib.figure import Figure

    corpora = list(dict.fromkeys(table["corpus"])) or ["no labelled posts"]
    drawn = Figure(figsize=(7.5, 0.4 + 5.6 * len(corpora)), layout="constrained")
    for panel, corpus in zip(drawn.subplots(len(corpora), 1, squeeze=False).ravel(), corpora, strict=True):
        own = table[table["corpus"] == corpus]
        classes = list(dict.fromkeys(own["class"]))
        columns = [name for name in [*classes, NONE] if name != NONE or own[own["predicted"] == NONE]["posts"].sum()]
        counts = own.pivot(index="class", columns="predicted", values="posts").reindex(index=classes, columns=columns)
        counts = counts.to_numpy(float).reshape(len(classes), len(columns))
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        if not len(classes):
            panel.set_title(corpus)
            panel.set_axis_off()
            continue
        panel.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for (row, column), number in np.ndenumerate(counts):
            colour = "white" if shares[row, column] > 0.5 else "black"
            panel.text(column, row, f"{number:.0f}", ha="center", va="center", color=colour)
        names = [name.replace("_", " ") for name in columns]
        panel.set_xticks(range(len(columns)), names, rotation=40, ha="right")
        panel.set_yticks(range(len(classes)), names[: len(classes)])
        panel.set_xlabel("predicted by the topic")
        panel.set_ylabel("class")
        panel.set_title(corpus)
    return drawn


def scatter(
    params: AnalyticsParams, posts: Sequence[Path], embedded: Sequence[Path], clustered: Sequence[Path]
) -> pd.DataFrame:
    """Places, cluster and class of some posts of each corpus, by method.

    Args:
        posts, embedded: in the order of the corpora. clustered: of all corpora, methods and seeds.

    Raises:
        CrisisflowError: there are not as many files as corpora, or a file is of other posts.
    """
    if not len(posts) == len(embedded) == len(params.corpora):
        raise CrisisflowError(
            f"there are {len(params.corpora)} corpora; give posts and embeddings of each, in their order"
        )
    rows: list[list[Any]] = []
    by_corpus = _by_corpus(clustered, params)
    for corpus, table, vectors in zip(params.corpora, posts, embedded, strict=True):
        rows += _places(corpus, params.clusters.seeds[0], table, vectors, by_corpus[corpus])
    return pd.DataFrame(rows, columns=["corpus", "method", "x", "y", "cluster", "class"])


def _by_corpus(paths: Sequence[Path], params: AnalyticsParams) -> Mapping[str, list[Path]]:
    """The files of each corpus; which it is, each file says itself."""
    found: dict[str, list[Path]] = {corpus: [] for corpus in params.corpora}
    for path in paths:
        facts = json.loads(read_metadata(path, CLUSTERS).get(KEY.encode(), b"{}"))
        found.setdefault(facts.get("corpus"), []).append(path)
    return found


def _places(corpus: str, seed: int, posts: Path, embedded: Path, paths: Sequence[Path]) -> Iterator[list[Any]]:
    from sklearn.decomposition import PCA
    from threadpoolctl import threadpool_limits

    ids, found = read_clusters(paths, corpus)
    classes = {
        row["post_id"]: row["label"] for row in read_parquet(posts, POSTS).select(["post_id", "label"]).to_pylist()
    }
    post_ids, vectors = read_embedded(embedded)
    order = sorted(range(len(post_ids)), key=post_ids.__getitem__)
    if [post_ids[at] for at in order] != ids:
        raise CrisisflowError(f"{embedded} is of other posts than the clusters of {corpus}; make both again")
    with threadpool_limits(1):
        places = PCA(min(2, len(ids), vectors.shape[1]), svd_solver="full").fit_transform(vectors[order])
    if places.shape[1] < 2:
        places = np.hstack([places, np.zeros((len(places), 1))])
    # The sign of a component is free: the largest value is positive.
    places *= np.sign(places[np.abs(places).argmax(axis=0), range(2)])
    chosen = np.sort(np.random.default_rng(0).permutation(len(ids))[:MOST_POINTS])
    for method in SHOWN:
        for own in found:
            if (own.method, own.seed) == (method, seed):
                for at in chosen:
                    x, y = places[at].round(4).tolist()
                    yield [corpus, method, x, y, int(own.clusters[at]), classes[ids[at]] or NONE]


def draw_scatter(table: pd.DataFrame) -> "Figure":
    """A row of panels for each corpus, one for each method."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    corpora = list(dict.fromkeys(table["corpus"])) or [NONE]
    methods = [name for name in SHOWN if name in set(table["method"])] or [NONE]
    drawn = Figure(figsize=(3.7 * len(methods), 1.3 + 3.6 * len(corpora)), layout="constrained")
    grid = drawn.subplots(len(corpora), len(methods), squeeze=False, sharex="row", sharey="row")
    names = list(dict.fromkeys(sorted(table["class"])))
    for line, corpus in zip(grid, corpora, strict=True):
        for panel, method in zip(line, methods, strict=True):
            _panel(panel, table[(table["corpus"] == corpus) & (table["method"] == method)], names)
            panel.set_title(f"{corpus}: {method}")
    finish(drawn, *grid.ravel(), axis="both")
    # In the legend the mark alone tells: the colour is the cluster's.
    marks = [Line2D([], [], marker=_mark(at), color="#555555", linestyle="") for at in range(len(names))]
    drawn.legend(marks, [name.replace("_", " ") for name in names], loc="outside lower center", ncols=4, frameon=False)
    return drawn


MARKS = "os^DvP*X<>hpd"


def _mark(at: int) -> str:
    return MARKS[at % len(MARKS)]


def _panel(panel: "Axes", own: pd.DataFrame, names: Sequence[str]) -> None:
    for at, name in enumerate(names):
        part = own[own["class"] == name]
        colours = [style_of(cluster).colour for cluster in part["cluster"]]
        panel.scatter(part["x"], part["y"], s=14, marker=_mark(at), c=colours, linewidths=0, alpha=0.7)
