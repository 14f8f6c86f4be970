"""Validation: which tweets people check, and what their labels say of the labellers' (paper, section 3.2).

The paper checks a sample of T_agree, the tweets that the labellers agree on. Here the others are sampled too, so that
the price of agreement is known. All figures of the whole pool weigh a tweet by how many of its stratum it stands for.
"""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from math import ceil
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.agreement import in_words, kappa
from crisisflow.evaluation.bootstrap import interval, stratified_resamples
from crisisflow.studies.actionable_help.agree import agree, pair_table, votes_of
from crisisflow.studies.actionable_help.labelled import UNUSABLE, Key
from crisisflow.studies.actionable_help.labels import BOTH, LABELS, OFFER, REQUEST

DISAGREED = "disagreed"
RESAMPLES = 2_000


def sample_size(population: int, confidence: float, margin: float) -> int:
    """The tweets that give a share of one half within +-`margin`, at this confidence, of `population` tweets.

    n0 = z^2 / 4 E^2, and n = n0 / (1 + (n0 - 1) / N) with the correction for a finite population (Cochran 1977,
    "Sampling Techniques", section 4.4), rounded up.
    """
    infinite = NormalDist().inv_cdf((1 + confidence) / 2) ** 2 / (4 * margin**2)
    return ceil(infinite / (1 + (infinite - 1) / population))


def margin_of(drawn: int, population: int, confidence: float) -> float:
    """Half the width of the interval of a share of one half, of `drawn` out of `population` tweets."""
    correction = (population - drawn) / max(population - 1, 1)
    return NormalDist().inv_cdf((1 + confidence) / 2) * (correction / (4 * drawn)) ** 0.5


def in_proportion(sizes: Mapping[str, int], total: int) -> dict[str, int]:
    """How many of about `total` each stratum gets: its share, rounded, and at least one; none where it is empty.

    This is the paper's rule: 164 + 52 + 1 + 840 = 1,057 tweets (docs/studies/actionable_help.md, entry 1).
    """
    whole = sum(sizes.values())
    return {name: max(round(total * size / whole), 1) for name, size in sizes.items() if size}


class Drawn(NamedTuple):
    """A tweet of the sample, the stratum from which it was drawn, and the tweets of that stratum, drawn or not."""

    key: Key
    stratum: str
    population: int


def draw(
    labels: Mapping[Key, str | None],
    confidence: float,
    margin: float,
    whole_classes: Sequence[str],
    disagreed: int,
    seed: int,
) -> list[Drawn]:
    """The sample: of the agreed tweets in proportion, the whole of some classes, and some of the others; shuffled.

    Args:
        labels: the agreed label of each tweet of the pool, None where there is none; their order counts for nothing.
        whole_classes: of which every agreed tweet is taken (entry 2: each once).
        disagreed: how many tweets without an agreed label.

    Raises:
        CrisisflowError: nothing is agreed on, or fewer tweets are disagreed on than asked for.
    """
    strata: dict[str, list[Key]] = {name: [] for name in (*LABELS, DISAGREED)}
    for key in sorted(labels):
        strata[labels[key] or DISAGREED].append(key)
    others = strata.pop(DISAGREED)
    sizes = {name: len(members) for name, members in strata.items()}
    if not sum(sizes.values()):
        raise CrisisflowError("the labellers agree on no tweet, so there is nothing to sample; see agreement.json")
    if disagreed > len(others):
        raise CrisisflowError(
            f"validation.disagreed is {disagreed:,} but the labellers disagree on {len(others):,} tweets; lower it"
        )
    numbers = in_proportion(sizes, sample_size(sum(sizes.values()), confidence, margin))
    numbers |= {name: sizes[name] for name in whole_classes if sizes[name]}
    generator = random.Random(seed)
    drawn = [
        Drawn(key, name, len(members))
        for name, members, number in (
            *((name, strata[name], numbers.get(name, 0)) for name in LABELS),
            (DISAGREED, others, disagreed),
        )
        for key in generator.sample(members, number)
    ]
    generator.shuffle(drawn)
    return drawn


class Truth(NamedTuple):
    """What people, or the making of a text, say of some tweets.

    Attributes:
        strata: the stratum from which each tweet was drawn.
        weights: for how many tweets of the pool each stands.
        passes: codes by the name of each annotator, before they settled; empty where there is but one truth.
        settled: codes of the label that counts.
    """

    strata: Sequence[str]
    weights: np.ndarray
    passes: Mapping[str, np.ndarray]
    settled: np.ndarray


def _estimate(value: float, resampled: np.ndarray) -> dict[str, float | None]:
    """A value with its 95 % interval, which is null where no resample differs (evaluation.bootstrap.interval)."""
    low, high = interval(resampled)
    numbers = {"value": value, "low": low, "high": high}
    return {name: round(float(number), 4) if np.isfinite(number) else None for name, number in numbers.items()}


class _Resampled:
    """Estimates of one sample and of its resamples: shares of weighted tweets, and kappas of counted ones."""

    def __init__(self, truth: Truth) -> None:
        self._counted = stratified_resamples(truth.strata, RESAMPLES)
        self._weights = truth.weights
        self._weighted = self._counted * truth.weights.astype(np.float32)

    def share(self, part: np.ndarray, whole: np.ndarray) -> dict[str, float | None]:
        """The share of the weight of `whole` that is in `part`; both are 0 to 1 for each tweet."""
        both = np.stack([part * whole, whole], axis=1).astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            value = np.divide(*(self._weights @ both))
            resampled = self._weighted @ both
            return _estimate(value, resampled[:, 0] / resampled[:, 1])

    def kappa(self, first: np.ndarray, second: np.ndarray, among: np.ndarray) -> dict[str, Any]:
        """Cohen's kappa over the tweets `among`, each counted once as in the paper, and McHugh's word for it."""
        classes = len(LABELS) + 2
        own = np.where(first == UNUSABLE, len(LABELS), first)
        other = np.where(second == UNUSABLE, len(LABELS) + 1, second)
        cells = np.eye(classes * classes, dtype=np.float32)[own * classes + other] * among[:, None]
        resampled = kappa((self._counted @ cells).reshape(-1, classes, classes))
        found = _estimate(float(kappa(pair_table(first[among], second[among]))), resampled)
        return found | {"words": in_words(found["value"]), "tweets": int(among.sum())}


def scores_of(codes: np.ndarray, names: Sequence[str], least: int, truth: Truth) -> dict[str, Any]:
    """What the truth says of the labellers and of their agreement.

    Args:
        codes: [labellers, tweets] of the tweets of the truth. names: of the labellers.
        least: how many must agree.
    """
    resampled = _Resampled(truth)
    everything = np.ones(len(truth.settled), dtype=bool)
    agreed = agree(codes, least).codes
    inside = agreed != UNUSABLE
    right = agreed == truth.settled
    both = LABELS.index(BOTH)
    codes_of_side = {side: (LABELS.index(side), both) for side in (REQUEST, OFFER)}
    sides = {side: np.isin(truth.settled, own) for side, own in codes_of_side.items()}
    votes = votes_of(codes)
    top = (votes == votes.max(axis=1, keepdims=True)) & (votes > 0)
    # A tie counts in parts: the majority is then right by chance.
    majority = top[np.arange(len(top)), truth.settled] / np.maximum(top.sum(axis=1), 1)
    return {
        "tweets": len(truth.settled),
        "strata": dict(sorted(Counter(truth.strata).items())),
        "kappa": {
            "settled": resampled.kappa(agreed, truth.settled, inside),
            "passes": {name: resampled.kappa(agreed, own, inside) for name, own in truth.passes.items()},
            "between_passes": [
                {"first": first, "second": second, **resampled.kappa(own, other, everything)}
                for (first, own), (second, other) in combinations(truth.passes.items(), 2)
            ],
            "labellers": {
                name: resampled.kappa(own, truth.settled, everything) for name, own in zip(names, codes, strict=True)
            },
        },
        "agreed": {
            "coverage": resampled.share(inside, everything),
            "accuracy": resampled.share(right, inside),
            "precision": {label: resampled.share(right, agreed == at) for at, label in enumerate(LABELS)},
            # A tweet is not recalled where the labellers disagree, which is `lost`, or agree on another label.
            "recall": {label: resampled.share(agreed == at, truth.settled == at) for at, label in enumerate(LABELS)},
            "recall_sides": {
                side: resampled.share(np.isin(agreed, own), sides[side]) for side, own in codes_of_side.items()
            },
            "lost": {label: resampled.share(~inside, truth.settled == at) for at, label in enumerate(LABELS)},
            "lost_sides": {side: resampled.share(~inside, own) for side, own in sides.items()},
        },
        "majority": {"accuracy": resampled.share(majority, everything)},
        "labellers": {
            name: {"accuracy": resampled.share(own == truth.settled, everything)}
            for name, own in zip(names, codes, strict=True)
        },
        "unanimous": [
            {
                "labellers": [names[at] for at in chosen],
                "coverage": resampled.share(found != UNUSABLE, everything),
                "accuracy": resampled.share(found == truth.settled, found != UNUSABLE),
            }
            for number in range(1, len(names) + 1)
            for chosen in combinations(range(len(names)), number)
            for found in (agree(codes[list(chosen)], number).codes,)
        ],
    }
