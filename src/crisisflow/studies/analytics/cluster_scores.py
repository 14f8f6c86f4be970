"""Cluster scores: what the paper judged by eye (5.3, Fig. 5), against classes and against groups.

Against classes: six measures with 95 % intervals of the bootstrap over the posts, beside clusters drawn by chance and
one cluster of all posts. Against groups (events, diseases): the same normalised mutual information, since a cluster of
one event is no class of information. Without labels: silhouette, and agreement of the seeds. Nothing is chosen with
labels in sight, so all labelled posts count.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np

from crisisflow.artifacts import read_metadata, read_parquet, write_json
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation import clustering
from crisisflow.evaluation.clustering import MEASURES, Estimate, Values, estimate, numbered, of_all
from crisisflow.identity import KEY
from crisisflow.inputs import InputFile
from crisisflow.params import Name, Positive
from crisisflow.progress import say
from crisisflow.reporting.over_seeds import OverSeeds
from crisisflow.studies.analytics import STUDY
from crisisflow.studies.analytics.clusters import CLUSTERS
from crisisflow.studies.analytics.embed import read_embedded
from crisisflow.studies.analytics.posts import POSTS

CHANCE, WHOLE = "chance", "one_cluster"  # beside the methods: clusters drawn evenly, and all posts in one
MOST_SILHOUETTE = 2_000  # posts, the first ones by a drawn order: the distances of all would not fit
FIRST, SECOND = "argmax", "features"  # the paper's methods (a) and (b)


class Clustered(NamedTuple):
    """Clusters of a method and seed, of the posts in the order of their ids."""

    method: str
    seed: int
    clusters: np.ndarray


def run(
    posts: InputFile,
    clusters: Sequence[InputFile],
    embedded: InputFile,
    corpus: Name,
    k: Positive,
    resamples: Positive,
    out: Path,
) -> None:
    """Write the scores of all methods and seeds of a corpus.

    Args:
        clusters: of the step clusters, of all methods and seeds; repeat
        embedded: of the step embed: the silhouette is that of the posts' embeddings, by cosine, for all methods alike
        corpus: its name
        k: clusters, analytics.corpora.NAME.k
        resamples: of the bootstrap, analytics.scores.resamples
        out: JSON

    Raises:
        CrisisflowError: a file is of another corpus or of other posts, or a method and seed is there twice.
    """
    from threadpoolctl import threadpool_limits

    ids, found = read_clusters(clusters, corpus)
    rows = {row["post_id"]: row for row in read_parquet(posts, POSTS).select(["post_id", "label", "group"]).to_pylist()}
    if missing := next((post_id for post_id in ids if post_id not in rows), None):
        raise CrisisflowError(f"{posts} has no post {missing}, which has a cluster; make both again, from posts on")
    labels, groups = ([rows[post_id][key] for post_id in ids] for key in ("label", "group"))
    found += list(_beside(len(ids), k, sorted({own.seed for own in found})))
    # On one thread: a sum over several differs in its last bits.
    with threadpool_limits(1):
        by_label, resampled = against(labels, found, resamples)
        by_group, _ = against(groups, found, 0)
        shapes = silhouettes(found, *_embeddings(embedded, ids))
    lines = [
        {"method": own.method, "seed": own.seed, "silhouette": shape}
        | {"labels": of_label, "groups": None if of_group is None else {"nmi": of_group["nmi"]}}
        for own, shape, of_label, of_group in zip(found, shapes, by_label, by_group, strict=True)
    ]
    facts = {
        "study": STUDY,
        "corpus": corpus,
        "k": k,
        "posts": len(ids),
        "labelled": sum(label is not None for label in labels),
        "classes": len({*labels} - {None}),
        "groups": len({*groups} - {None}),
        "resamples": resamples,
        "runs": lines,
        "methods": [_method(name, lines, found, resampled) for name in dict.fromkeys(own.method for own in found)],
        "differences": list(_differences(lines, resampled)),
    }
    write_json(out, facts)
    best = max(facts["methods"], key=lambda own: own["nmi"]["mean"] if own["nmi"] else -1.0)
    told = f"; {best['method']} is nearest to the classes, NMI {best['nmi']['mean']:.3f}" if best["nmi"] else ""
    say(f"cluster_scores: {len(clusters)} clusterings of {corpus}{told}")


def read_clusters(paths: Sequence[Path], corpus: str) -> tuple[list[str], list[Clustered]]:
    """The ids of the posts, rising, and the clusters of each file, in the order of the files.

    Raises:
        CrisisflowError: a file is of another corpus or of other posts, or one is there twice.
    """
    ids: list[str] = []
    found: dict[tuple[str, int], Clustered] = {}
    for path in paths:
        facts = json.loads(read_metadata(path, CLUSTERS).get(KEY.encode(), b"{}"))
        if facts.get("corpus") != corpus:
            raise CrisisflowError(f"{path} is of the corpus {facts.get('corpus')}, not of {corpus}; give its files")
        key = (facts["method"], facts["seed"])
        if key in found:
            raise CrisisflowError(f"{path}: another file is of the method {key[0]} and seed {key[1]} too; give one")
        table = read_parquet(path, CLUSTERS).sort_by("post_id")
        own = table["post_id"].to_pylist()
        if ids and own != ids:
            raise CrisisflowError(f"{path} is of other posts than {paths[0]}; make both again with the step clusters")
        ids = own
        found[key] = Clustered(*key, numbered(table["cluster"].to_numpy()))
    return ids, list(found.values())


def _beside(posts: int, k: int, seeds: Sequence[int]) -> Iterator[Clustered]:
    """What clusters of nothing would score."""
    for seed in seeds:
        yield Clustered(CHANCE, seed, numbered(np.random.default_rng(seed).integers(k, size=posts)))
    for seed in seeds:
        yield Clustered(WHOLE, seed, np.zeros(posts, dtype=np.int64))


def against(
    values: Sequence[str | None], found: Sequence[Clustered], resamples: int
) -> tuple[list[dict[str, float] | None], list[Values | None]]:
    """The scores of each clustering against classes or groups, and those of the resamples; of posts that have one.

    None where fewer than two of them differ: there is nothing to be found.
    """
    kept = np.array([value is not None for value in values], dtype=bool)
    if len({*values} - {None}) < 2:
        return [None] * len(found), [None] * len(found)
    classes = numbered([value for value in values if value is not None])
    own = [numbered(one.clusters[kept]) for one in found]
    return [of_all(classes, clusters) for clusters in own], [
        clustering.resampled(classes, clusters, resamples) if resamples else None for clusters in own
    ]


def _embeddings(path: Path, ids: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Places of the posts that are looked at, and their embeddings."""
    post_ids, vectors = read_embedded(path)
    place = {post_id: at for at, post_id in enumerate(post_ids)}
    if place.keys() != {*ids}:
        raise CrisisflowError(f"{path} is of other posts than the clusters; make it again with the step embed")
    chosen = np.sort(np.random.default_rng(0).permutation(len(ids))[:MOST_SILHOUETTE])
    return chosen, vectors[[place[ids[at]] for at in chosen]]


def silhouettes(found: Sequence[Clustered], chosen: np.ndarray, vectors: np.ndarray) -> list[float | None]:
    """The mean silhouette (Rousseeuw 1987) of the chosen posts by the cosine distance; None of a single cluster."""
    from sklearn.metrics import pairwise_distances, silhouette_score

    distances = pairwise_distances(vectors, metric="cosine")
    np.fill_diagonal(distances, 0)
    shapes: list[float | None] = []
    for own in found:
        clusters = own.clusters[chosen]
        some = 1 < len(np.unique(clusters)) < len(clusters)
        shapes.append(float(silhouette_score(distances, clusters, metric="precomputed")) if some else None)
    return shapes


def _method(
    name: str, lines: Sequence[Mapping[str, Any]], found: Sequence[Clustered], resampled: Sequence[Values | None]
) -> dict[str, Any]:
    """A method over its seeds."""
    at = [place for place, own in enumerate(found) if own.method == name]
    of_groups = [lines[place]["groups"]["nmi"] for place in at if lines[place]["groups"]]
    shapes = [lines[place]["silhouette"] for place in at]
    return {
        "method": name,
        "seeds": len(at),
        **{
            measure: _over(measure, [lines[place]["labels"] for place in at], [resampled[p] for p in at])
            for measure in MEASURES
        },
        "groups_nmi": OverSeeds.over(of_groups)._asdict() if of_groups else None,
        "silhouette": None if None in shapes else OverSeeds.over(shapes)._asdict(),
        "agreement": agreement([found[place].clusters for place in at]),
    }


def _over(
    measure: str, values: Sequence[Mapping[str, float] | None], resampled: Sequence[Values | None]
) -> dict[str, Any] | None:
    """Mean and deviation over the seeds, and the interval of the mean over the posts."""
    if not values or None in values:
        return None
    own = OverSeeds.over(value[measure] for value in values)
    found = estimate(own.mean, np.mean([one[measure] for one in resampled], axis=0))
    return {**own._asdict(), "low": found.low, "high": found.high}


def agreement(clusterings: Sequence[np.ndarray]) -> float | None:
    """The mean adjusted Rand index of all pairs of seeds; None of one seed."""
    pairs = [of_all(one, other)["ari"] for one, other in combinations(clusterings, 2)]
    return fmean(pairs) if pairs else None


def _differences(lines: Sequence[Mapping[str, Any]], resampled: Sequence[Values | None]) -> Iterator[dict[str, Any]]:
    """NMI with the classes of each pair of methods: the first less the second, with its interval."""
    values: dict[str, list[float]] = {}
    redrawn: dict[str, list[np.ndarray]] = {}
    for line, own in zip(lines, resampled, strict=True):
        if own is not None:
            values.setdefault(line["method"], []).append(line["labels"]["nmi"])
            redrawn.setdefault(line["method"], []).append(own["nmi"])
    for first, second in combinations(values, 2):
        less = fmean(values[first]) - fmean(values[second])
        found: Estimate = estimate(less, np.mean(redrawn[first], axis=0) - np.mean(redrawn[second], axis=0))
        yield {"first": first, "second": second, "difference": found.value, "low": found.low, "high": found.high}


def difference(scores: Mapping[str, Any], first: str, second: str) -> Estimate | None:
    """The difference of two methods in what `run` wrote; None where it has no labels, or lacks one of them."""
    for own in scores["differences"]:
        if (own["first"], own["second"]) == (first, second):
            return Estimate(own["difference"], own["low"], own["high"])
        if (own["first"], own["second"]) == (second, first):
            return Estimate(-own["difference"], -own["high"], -own["low"])
    return None
