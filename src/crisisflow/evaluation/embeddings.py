"""Embeddings measured against others of the same texts: explained variance, total variance, shared neighbours."""

import numpy as np

NEIGHBOURS = 10
AMONG = 5_000  # texts at most among which neighbours are looked for: all pairs of them are compared
AT_ONCE = 500  # texts whose distances to all others are held


def total_variance(embeddings: np.ndarray) -> float:
    """The variance of embeddings [texts, d], summed over the dimensions."""
    return float(embeddings.var(axis=0, dtype=np.float64).sum())


def explained_variance(target: np.ndarray, predicted: np.ndarray) -> float:
    """The share of the target's total variance that the prediction explains: 1 - sum of squared errors / variance.

    It is the coefficient of determination over all dimensions together (scikit-learn's r2_score with `multioutput`
    `variance_weighted`). Both are [texts, d]; a target that does not vary gives 0.
    """
    errors = ((target.astype(np.float64) - predicted) ** 2).sum(axis=1).mean()
    variance = total_variance(target)
    return 1 - float(errors) / variance if variance else 0.0


def nearest(embeddings: np.ndarray) -> np.ndarray:
    """The nearest other texts of each of the first AMONG texts by Euclidean distance: positions [texts, NEIGHBOURS].

    Of equally near ones the earlier comes first. Where there are fewer others, all of them.
    """
    own = embeddings[:AMONG].astype(np.float64)
    squares = (own**2).sum(axis=1)
    wanted = min(NEIGHBOURS, len(own) - 1)
    found = np.empty((len(own), wanted), dtype=np.int64)
    for begin in range(0, len(own), AT_ONCE):
        part = own[begin : begin + AT_ONCE]
        distances = squares[None] - 2 * part @ own.T  # without what is the same for all others
        rows = np.arange(len(part))
        distances[rows, begin + rows] = np.inf
        found[begin : begin + len(part)] = np.argsort(distances, axis=1, kind="stable")[:, :wanted]
    return found


def overlap(neighbours: np.ndarray, others: np.ndarray) -> float:
    """The mean share of the neighbours (both as `nearest` gives them) that are among the other neighbours too."""
    if not neighbours.size:
        return 0.0
    shared = (neighbours[:, :, None] == others[:, None, :]).any(axis=2)
    return float(shared.mean())


def overlap_by_chance(texts: int) -> float:
    """The overlap that neighbours drawn at random would have among so many texts."""
    others = min(texts, AMONG) - 1
    return min(NEIGHBOURS, others) / others if others > 0 else 0.0
