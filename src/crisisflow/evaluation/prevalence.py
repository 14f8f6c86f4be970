"""Prevalence: how many items of each class there are, given a classifier's counts and how it errs.

Counts of predictions are biased: a classifier that takes one in ten irrelevant tweets for a request finds requests in
a crowd without any. With P(predicted | true) from a labelled sample, the counts that explain the predicted ones best
are found by maximum likelihood ("adjusted count": Forman 2008, "Quantifying counts and costs via classification"). The
method assumes that the classifier errs alike in the labelled sample and in what is counted.
"""

import numpy as np

ITERATIONS = 2_000
TOLERANCE = 1e-8


def rates(confusion: np.ndarray) -> np.ndarray:
    """P(predicted | true) from a confusion matrix.

    Args:
        confusion: counts [..., true, predicted].

    Returns:
        [..., true, predicted]; each line sums to 1. A class without examples is taken as predicted without an error,
        since nothing is known of it.
    """
    totals = confusion.sum(axis=-1, keepdims=True)
    certain = np.broadcast_to(np.eye(confusion.shape[-1]), confusion.shape)
    return np.where(totals > 0, confusion / np.maximum(totals, 1), certain)


def adjusted_counts(predicted: np.ndarray, of_classes: np.ndarray) -> np.ndarray:
    """The counts by true class that explain the counts by predicted class.

    Args:
        predicted: counts [..., classes]. of_classes: P(predicted | true) [..., true, predicted], as `rates` gives it.

    Returns:
        [..., classes], not negative, with the same sums as `predicted`. They maximise the multinomial likelihood, by
        expectation maximisation (Dempster et al. 1977) from equal shares.
    """
    totals = predicted.sum(axis=-1, keepdims=True)
    shares = np.full(predicted.shape, 1 / predicted.shape[-1])
    observed = predicted / np.maximum(totals, 1)
    for _ in range(ITERATIONS):
        expected = np.einsum("...t,...tp->...p", shares, of_classes)
        explained = np.divide(observed, expected, out=np.zeros_like(expected), where=expected > 0)
        renewed = shares * np.einsum("...tp,...p->...t", of_classes, explained)
        moved = np.abs(renewed - shares).max(initial=0.0)
        shares = renewed
        if moved < TOLERANCE:
            break
    return shares * totals
