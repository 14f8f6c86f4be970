"""Clusters against classes: information-theoretic scores, the adjusted Rand index and purity, with intervals.

Sources: Vinh, Epps and Bailey 2010 (JMLR 11; NMI and AMI, with the arithmetic mean of the entropies), Rosenberg and
Hirschberg 2007 (homogeneity, completeness), Hubert and Arabie 1985 (ARI), Manning, Raghavan and Schütze 2008, 16.3
(purity). The values are scikit-learn's; here they are computed of many resamples at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from crisisflow.evaluation.bootstrap import INTERVAL, resamples

MEASURES = ("nmi", "ami", "ari", "homogeneity", "completeness", "purity")
Values = Mapping[str, np.ndarray]  # by measure, one of each table


class Estimate(NamedTuple):
    """A value of all items, and its 95 % interval."""

    value: float
    low: float
    high: float


def numbered(values: Sequence[Any]) -> np.ndarray:
    """The values [items] as numbers from 0, in their own order."""
    return np.unique(np.asarray(values), return_inverse=True)[1]


def contingency(classes: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """How many items of each class each cluster has [classes, clusters]; both are numbers from 0."""
    shape = (classes.max(initial=0) + 1, clusters.max(initial=0) + 1)
    return np.bincount(classes * shape[1] + clusters, minlength=shape[0] * shape[1]).reshape(shape)


def scores(tables: np.ndarray, expected: float) -> Values:
    """The measures [tables] of contingency tables [tables, classes, clusters]; a table has an item at least.

    Args:
        expected: the expected mutual information of chance, in nats (`expected_information`).
    """
    n = tables.sum(axis=(1, 2))
    of_classes, of_clusters = tables.sum(axis=2), tables.sum(axis=1)
    classes, clusters = _entropy(of_classes, n), _entropy(of_clusters, n)
    shared = np.maximum(classes + clusters - _entropy(tables.reshape(len(tables), -1), n), 0)
    mean = (classes + clusters) / 2
    pairs, pairs_of_classes, pairs_of_clusters = (
        (own * (own - 1) / 2).reshape(len(tables), -1).sum(axis=1) for own in (tables, of_classes, of_clusters)
    )
    by_chance = pairs_of_classes * pairs_of_clusters / np.maximum(n * (n - 1) / 2, 1)
    return {
        "nmi": _ratio(shared, mean),
        "ami": _ratio(shared - expected, mean - expected),
        "ari": _ratio(pairs - by_chance, (pairs_of_classes + pairs_of_clusters) / 2 - by_chance),
        "homogeneity": _ratio(shared, classes),
        "completeness": _ratio(shared, clusters),
        "purity": tables.max(axis=1).sum(axis=1) / n,
    }


def expected_information(table: np.ndarray) -> float:
    """The mutual information, in nats, that clusters of these sizes share with the classes by chance (Vinh et al.)."""
    from sklearn.metrics.cluster import expected_mutual_information

    return float(expected_mutual_information(table.astype(np.int64), int(table.sum())))


def _entropy(counts: np.ndarray, n: np.ndarray) -> np.ndarray:
    shares = counts / n[:, None]
    return -(shares * np.log(np.where(shares > 0, shares, 1))).sum(axis=1)


def _ratio(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    """1 where there is nothing to be told apart, as in scikit-learn."""
    return np.where(np.abs(under) < 1e-12, 1.0, over / np.where(np.abs(under) < 1e-12, 1.0, under))


def of_all(classes: np.ndarray, clusters: np.ndarray) -> dict[str, float]:
    """Each measure of all items."""
    table = contingency(classes, clusters)
    return {name: float(own[0]) for name, own in scores(table[None], expected_information(table)).items()}


def resampled(classes: np.ndarray, clusters: np.ndarray, number: int) -> Values:
    """Each measure of `number` resamples of the items; the same resamples for the same number of items.

    So that values of two clusterings of the same items are paired. The expected mutual information is held at that of
    all items: it hardly moves, and costs the most.
    """
    table = contingency(classes, clusters)
    expected = expected_information(table)
    cells = np.zeros((len(classes), table.size), dtype=np.float32)
    cells[np.arange(len(classes)), classes * table.shape[1] + clusters] = 1
    parts = [scores(tables, expected) for tables in _tables(cells, table.shape, number)]
    return {name: np.concatenate([part[name] for part in parts]) for name in MEASURES}


def _tables(cells: np.ndarray, shape: tuple[int, ...], number: int) -> Iterator[np.ndarray]:
    for weights in resamples(len(cells), number):
        yield (weights @ cells).astype(np.float64).reshape(len(weights), *shape)


def estimate(value: float, values: np.ndarray) -> Estimate:
    """A value with the 95 % interval of its resamples [resamples], moved by their bias.

    Items that are drawn twice make classes and clusters share more than they do, so that a percentile interval of a
    mutual information may lie above the value itself: what the resamples are above the value on average is taken away.
    """
    low, high = np.quantile(values, INTERVAL) - values.mean() + value
    return Estimate(value, float(low), float(high))
