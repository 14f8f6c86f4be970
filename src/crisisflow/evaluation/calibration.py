"""Calibration: how often a row is right when it says that it is so sure.

Expected calibration error (Naeini et al. 2015; Guo et al. 2017, "On calibration of modern neural networks"): the mean
distance of confidence and accuracy over bins of equal width, each weighed by its share.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from crisisflow.evaluation.word_arrays import flat, words_of
from crisisflow.labels import Labels

BINS = 10


def reliability(confidences: np.ndarray, right: np.ndarray) -> list[dict[str, float | int]]:
    """The bins that hold anything, each with its `low` and `high` border, size, mean confidence and accuracy.

    Args:
        confidences: (n,) in [0, 1]. A bin is open at its low border, as in Guo et al.; the first one is closed.
        right: (n,) booleans.
    """
    at = np.clip(np.ceil(np.asarray(confidences, dtype=np.float64) * BINS).astype(int) - 1, 0, BINS - 1)
    return [
        {
            "low": number / BINS,
            "high": (number + 1) / BINS,
            "size": int((at == number).sum()),
            "confidence": float(np.mean(confidences[at == number], dtype=np.float64)),
            "accuracy": float(right[at == number].mean()),
        }
        for number in range(BINS)
        if (at == number).any()
    ]


def expected_error(bins: Sequence[dict[str, float | int]]) -> float | None:
    """The expected calibration error; None of nothing."""
    total = sum(own["size"] for own in bins)
    if total == 0:
        return None
    return sum(own["size"] * abs(own["accuracy"] - own["confidence"]) for own in bins) / total


def _facts(confidences: np.ndarray, right: np.ndarray) -> dict[str, Any]:
    bins = reliability(confidences, right)
    return {"expected_error": expected_error(bins), "bins": bins}


def of_spans(predictions: pa.Table, labels: Labels) -> dict[str, Any]:
    """Of the predicted spans: the confidence is that of the least sure word, and right is one with the same borders
    and type among the labels."""
    words = words_of(predictions, labels)
    confidences = flat(predictions, "label_probabilities")
    starts = np.flatnonzero(words.predicted_ends)
    # reduceat takes pairs (start, end); the last end may lie behind the array, hence the one more value
    borders = np.column_stack([starts, words.predicted_ends[starts]]).ravel()
    least = np.minimum.reduceat(np.append(confidences, 1), borders)[::2] if len(starts) else confidences[:0]
    return _facts(least, words.hits[starts])


def of_classes(predictions: pa.Table) -> dict[str, Any]:
    """Of the predicted classes."""
    probabilities = np.array(predictions["class_probabilities"].to_pylist(), dtype=np.float64)
    right = predictions["class_id"].to_numpy() == predictions["predicted_class_id"].to_numpy()
    return _facts(probabilities.max(axis=1), right)
