"""Mining: negatives by how similar they are to the crisis tweets of a class (paper, "Negative Mining").

An anchor is the mean of the embeddings of a class's positives. The similarities of a random sample of ordinary tweets
to it are about normal. The position of a tweet's similarity in that curve says how difficult it is.

The paper searches the pool once for each class and band, and embeds each tweet that it looks at anew. Here the pool is
searched once, in parts, for all of them: each tweet goes to the first class that still wants it, which gives the same
picks (tests/studies/difficult_negatives/test_mining.py has the paper's loop).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from crisisflow.errors import CrisisflowError
from crisisflow.studies.difficult_negatives.bands import SCALES, Band, Scale

DECIMALS = 6  # of a similarity, before it is compared
PART = 512  # tweets that are embedded before the quotas are looked at again; a part of the result's exact bytes


class Wanted(NamedTuple):
    """What a setting wants of the pool.

    Args:
        name: of the setting. role: `test` or `train`; no tweet is taken for both, and tests go first. band: None where
            any tweet will do. quotas: tweets of each class, in the order of the classes; of a setting without band one.
    """

    name: str
    role: str
    band: Band | None
    quotas: tuple[int, ...]


class Pick(NamedTuple):
    """A tweet that a setting takes: its place in the order of the search, and the class for which (None of any)."""

    name: str
    role: str
    class_id: int | None
    position: int


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors [n, d] scaled to length 1; one without length stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)


class Anchors:
    """The classes' positives, as what a tweet is compared with.

    Args:
        vectors: of positives, scaled to length 1: float32 [n, d]. class_ids: of each, from 0.
    """

    def __init__(self, vectors: np.ndarray, class_ids: Sequence[int]) -> None:
        self.vectors, self.class_ids = vectors.astype(np.float64), np.asarray(class_ids)
        self.classes = int(self.class_ids.max()) + 1
        means = np.stack([self.vectors[self.class_ids == own].mean(axis=0) for own in range(self.classes)])
        self.means = means / np.linalg.norm(means, axis=1, keepdims=True)

    def similarities(self, vectors: np.ndarray) -> np.ndarray:
        """The cosine of each vector [n, d] with the anchor of each class: float64 [n, classes], of DECIMALS."""
        return (vectors.astype(np.float64) @ self.means.T).round(DECIMALS)

    def nearest(self, vectors: np.ndarray) -> np.ndarray:
        """The cosine of each vector with the nearest positive of each class: float64 [n, classes], of DECIMALS."""
        cosines = vectors.astype(np.float64) @ self.vectors.T
        own = [cosines[:, self.class_ids == at].max(axis=1, initial=-1) for at in range(self.classes)]
        return np.stack(own, axis=1).round(DECIMALS)


class Curve(NamedTuple):
    """The normal curve of a class: mean and deviation (n − 1) of the sample, and the sample in ascending order."""

    mean: float
    deviation: float
    sample: np.ndarray

    def z(self, values: np.ndarray) -> np.ndarray:
        """The values, standardised."""
        return (values - self.mean) / self.deviation

    def z_of_rank(self, values: np.ndarray) -> np.ndarray:
        """The z that a normal curve has where the values stand in the sample: that of the mean of their ranks."""
        from scipy.stats import norm

        below = np.searchsorted(self.sample, values, "left") + np.searchsorted(self.sample, values, "right")
        return norm.ppf((below + 1) / (2 * (len(self.sample) + 1)))


def curves_of(values: np.ndarray, names: Sequence[str]) -> list[Curve]:
    """The normal curve of each class, from the similarities [sample, classes].

    Raises:
        CrisisflowError: all similarities to a class are equal.
    """
    found = []
    for own, name in zip(values.T, names, strict=True):
        deviation = float(own.std(ddof=1)) if len(own) > 1 else 0.0
        if deviation < 10**-DECIMALS:
            raise CrisisflowError(
                f"the {len(own)} sampled tweets of the pool are equally similar to class {name}, so there are no "
                "bands; give a larger or more varied pool"
            )
        found.append(Curve(float(own.mean()), deviation, np.sort(own)))
    return found


class Scored(NamedTuple):
    """Tweets that were looked at: similarities to the anchors, and z by scale; arrays [tweets, classes]."""

    similarities: np.ndarray
    z: Mapping[Scale, np.ndarray]


class Scorer:
    """Similarities and z of tweets, by curves that were fitted to a sample.

    Args:
        sample: embeddings of the sample, scaled to length 1. names: of the classes. scales: those that are needed.

    Raises:
        CrisisflowError: what `curves_of` raises.
    """

    def __init__(self, anchors: Anchors, sample: np.ndarray, names: Sequence[str], scales: Sequence[Scale]) -> None:
        self.anchors, self.scales = anchors, scales
        self.curves = curves_of(anchors.similarities(sample), names)
        self._nearest = curves_of(anchors.nearest(sample), names) if "nearest" in scales else []

    def score(self, vectors: np.ndarray) -> Scored:
        """Of embeddings that are scaled to length 1."""
        similarities = self.anchors.similarities(vectors)

        def each(curves: Sequence[Curve], by: Callable[[Curve, np.ndarray], np.ndarray], of: np.ndarray) -> np.ndarray:
            return np.stack([by(curve, own) for curve, own in zip(curves, of.T, strict=True)], axis=1)

        z: dict[Scale, np.ndarray] = {"anchor": each(self.curves, Curve.z, similarities)}
        if "nearest" in self.scales:
            z["nearest"] = each(self._nearest, Curve.z, self.anchors.nearest(vectors))
        if "percentile" in self.scales:
            z["percentile"] = each(self.curves, Curve.z_of_rank, similarities)
        return Scored(similarities, z)


class Search:
    """The picks of all settings, from the tweets of the pool in one order, part by part.

    Args:
        wanted: of all settings. taken: positions that a test has already; no training setting takes them.
    """

    def __init__(self, wanted: Sequence[Wanted], taken: Sequence[int] = ()) -> None:
        self.wanted = sorted(wanted, key=lambda own: own.role != "test")  # stable: the tests first
        self.missing = [list(own.quotas) for own in self.wanted]
        self.examined = [[0 for _ in own.quotas] for own in self.wanted]
        self.picks: list[list[list[int]]] = [[[] for _ in own.quotas] for own in self.wanted]
        self.taken = set(taken)
        self.position = 0

    @property
    def full(self) -> bool:
        """Whether every quota is filled."""
        return not any(any(own) for own in self.missing)

    def look(self, number: int, z: Mapping[Scale, np.ndarray]) -> None:
        """Take what fits of the next `number` tweets; z by scale, arrays [number, classes]."""
        first = self.position
        of_tests = np.array([place in self.taken for place in range(first, first + number)], dtype=bool)
        for own, missing, examined, picks in zip(self.wanted, self.missing, self.examined, self.picks, strict=True):
            free = np.ones(number, dtype=bool) if own.role == "test" else ~of_tests
            for class_id, left in enumerate(missing):
                if not left:
                    continue
                fits = free if own.band is None else free & own.band.holds(z[own.band.scale][:, class_id])
                chosen = np.flatnonzero(fits)[:left]
                free = free.copy()
                free[chosen] = False
                picks[class_id] += (first + chosen).tolist()
                missing[class_id] -= len(chosen)
                examined[class_id] = first + (number if missing[class_id] else int(chosen[-1]) + 1)
                if own.role == "test":
                    of_tests[chosen] = True
        self.position += number

    def found(self) -> Iterator[Pick]:
        """All picks: by setting as they were given, tests first; then by class, then by position."""
        for own, picks in zip(self.wanted, self.picks, strict=True):
            for class_id, positions in enumerate(picks):
                for position in positions:
                    yield Pick(own.name, own.role, None if own.band is None else class_id, position)

    def refuse_missing(self, names: Sequence[str]) -> None:
        """Refuse a search in which a quota was not filled.

        Args:
            names: of the classes.

        Raises:
            CrisisflowError: with the first of them.
        """
        for own, missing in zip(self.wanted, self.missing, strict=True):
            for class_id, (left, quota) in enumerate(zip(missing, own.quotas, strict=True)):
                if left:
                    of = f" of class {names[class_id]}" if own.band else ""
                    both = ", both ends in place of one" if own.band and own.band.end != "both" else ""
                    raise CrisisflowError(
                        f"the pool of {self.position:,} tweets has {quota - left} of the {quota} negatives that "
                        f"{own.role}[{own.name}]{of} wants; give a larger pool{both}, or fewer positives"
                    )


def top(
    similarities: np.ndarray, positives: Sequence[np.ndarray], taken: Sequence[int], margin: float = 0.05
) -> list[list[int]]:
    """For each positive the tweet that is most similar to the anchor and yet well below the positive: TopK-PercPos.

    A tweet counts where its similarity is at most 1 − margin of the positive's, as sentence-transformers'
    `mine_hard_negatives` has it (`relative_margin`; Moreira et al. 2024, "NV-Retriever"). Each tweet is taken once;
    the classes go in turn, their positives in order.

    Args:
        similarities: of the pool to the anchors [tweets, classes]. positives: of each class, those of its positives to
            its anchor. taken: positions that are not to be had.

    Returns:
        By class, positions; fewer than positives where the pool has no more.
    """
    free = np.ones(len(similarities), dtype=bool)
    free[list(taken)] = False
    found: list[list[int]] = []
    for class_id, own in enumerate(positives):
        order = np.argsort(-similarities[:, class_id], kind="stable")
        ranked = similarities[order, class_id]
        picks = []
        for positive in own:
            begin = int(np.searchsorted(-ranked, -(1 - margin) * positive, "left"))
            there = np.flatnonzero(free[order[begin:]])
            if len(there):
                picks.append(int(order[begin + there[0]]))
                free[picks[-1]] = False
        found.append(picks)
    return found


def scales_of(bands: Sequence[Band]) -> list[Scale]:
    """The scales on which these bands lie; that of the anchors is always needed."""
    return [own for own in SCALES if own == "anchor" or any(band.scale == own for band in bands)]
