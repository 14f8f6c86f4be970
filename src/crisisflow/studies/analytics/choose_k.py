"""Choose K: the number of topics by coherence over the seeds, and what that choice is worth."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from math import nan
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, Literal

import numpy as np
from scipy.optimize import linear_sum_assignment

from crisisflow.artifacts import read_json, write_csv, write_json
from crisisflow.errors import CrisisflowError
from crisisflow.inputs import InputFile
from crisisflow.progress import say
from crisisflow.studies.analytics import STUDY
from crisisflow.studies.analytics.params import Topics

MEASURES = ("c_v", "c_npmi", "u_mass", "diversity", "log_likelihood")
Scores = Mapping[str, Any]


def run(
    coherences: Sequence[InputFile],
    corpus: str,
    k: Topics | Literal["auto"],
    sweep: list[Topics],
    out: Path,
    table: Path,
) -> None:
    """Write which K is taken, and its seed of the highest c_v, and all K beside each other.

    Args:
        coherences: of the step coherence, of all K and seeds
        corpus: its name
        k: analytics.lda.k; auto takes the smallest of the sweep whose mean c_v is within one standard deviation (over
            the seeds) of the highest one
        sweep: analytics.lda.sweep
        out: JSON
        table: CSV, a line for each K: means and standard deviations over the seeds, and stability

    Raises:
        CrisisflowError: a file is of another corpus, a model is there twice, or the one that is asked for is not.
    """
    by_k = read_scores(coherences, corpus)
    asked = sweep if k == "auto" else [k]
    if missing := [own for own in asked if own not in by_k]:
        raise CrisisflowError(
            f"corpus {corpus}: no model has {', '.join(map(str, missing))} topics; train it: step lda"
        )
    chosen = chosen_k({own: by_k[own] for own in asked})
    best = max(by_k[chosen], key=lambda own: (_ordered(own["c_v"]), -own["seed"]))
    lines = [line(own, by_k[own]) for own in sorted(by_k)]
    write_csv(table, list(lines[0]), [list(own.values()) for own in lines])
    write_json(out, {"study": STUDY, "corpus": corpus, "k": chosen, "seed": best["seed"], "asked": k})
    say(f"choose_k: {chosen} topics for {corpus}, seed {best['seed']}")


def read_scores(paths: Sequence[Path], corpus: str) -> dict[int, list[Scores]]:
    """The scores of the models of each K, by seed."""
    found: dict[int, dict[int, Scores]] = defaultdict(dict)
    for path in paths:
        own = read_json(path, "corpus", "k", "seed", "topics", *MEASURES)
        if own["corpus"] != corpus:
            raise CrisisflowError(f"{path} is of the corpus {own['corpus']}, not of {corpus}; give that corpus's files")
        if own["seed"] in found[own["k"]]:
            raise CrisisflowError(f"{path}: another file is of {own['k']} topics and seed {own['seed']} too; give one")
        found[own["k"]][own["seed"]] = own
    return {k: [own[seed] for seed in sorted(own)] for k, own in found.items()}


def chosen_k(by_k: Mapping[int, Sequence[Scores]]) -> int:
    """The smallest K whose mean c_v is within one standard deviation of the highest mean."""
    means = {k: fmean(_ordered(own["c_v"]) for own in scores) for k, scores in by_k.items()}
    highest = max(sorted(means), key=means.__getitem__)
    margin = _deviation([_ordered(own["c_v"]) for own in by_k[highest]])
    return min(k for k, mean in means.items() if mean >= means[highest] - margin)


def _ordered(value: float | None) -> float:
    """An undefined coherence is below all others; c_v is never below -1."""
    return -1.0 if value is None else value


def _deviation(values: Sequence[float]) -> float:
    return stdev(values) if len(values) > 1 else 0.0


def line(k: int, scores: Sequence[Scores]) -> dict[str, Any]:
    """The line of a K in the table; an empty cell is not defined."""
    found: dict[str, Any] = {"k": k, "seeds": len(scores)}
    for measure in MEASURES:
        values = [own[measure] for own in scores if own[measure] is not None]
        found[measure] = fmean(values) if values else None
        found[f"{measure}_sd"] = stdev(values) if len(values) > 1 else None
    found["stability"] = stability([own["topics"] for own in scores])
    return found


def stability(topics_of_seeds: Sequence[Sequence[Sequence[str]]]) -> float | None:
    """How alike the topics of two seeds are: the mean over all pairs of seeds, None of one seed.

    Topics of two seeds are matched one to one so that the sum of the Jaccard similarities of their top terms is highest
    (the Hungarian method; Greene, O'Callaghan and Cunningham 2014); the mean of these similarities counts.
    """
    pairs = [matched(first, second) for first, second in combinations(topics_of_seeds, 2)]
    return fmean(pairs) if pairs else None


def matched(first: Sequence[Sequence[str]], second: Sequence[Sequence[str]]) -> float:
    """The mean Jaccard similarity of the matched topics of two models."""
    sets = [[frozenset(topic) for topic in own] for own in (first, second)]
    similar = np.array([[len(a & b) / len(a | b) if a | b else nan for b in sets[1]] for a in sets[0]])
    rows, columns = linear_sum_assignment(similar, maximize=True)
    return float(similar[rows, columns].mean())
