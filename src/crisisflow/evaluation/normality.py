"""Normality: how far a sample is from the normal curve that is fitted to it."""

from typing import Any

import numpy as np

DRAWS = 999  # samples of a normal curve, by which the p-values are found
TESTS = {"kolmogorov_smirnov": "ks", "anderson_darling": "ad"}  # as SciPy calls their statistics


def normality(values: np.ndarray, seed: int, draws: int = DRAWS) -> dict[str, Any]:
    """Mean, standard deviation (n − 1), skewness, excess kurtosis, and two tests of a sample.

    The p-values hold for a mean and deviation that are estimated from the sample itself: each drawn sample gets a curve
    of its own (SciPy's `goodness_of_fit`; Lilliefors 1967, Stephens 1974). Those of a plain `kstest` would be far too
    large. A p-value says as much of the sample's size as of its form, so the statistics stand beside.

    Args:
        values: at least three, not all equal. seed: of the draws.
    """
    from scipy import stats

    found: dict[str, Any] = {
        "tweets": len(values),
        "mean": float(values.mean()),
        "deviation": float(values.std(ddof=1)),
        "skewness": float(stats.skew(values)),
        "excess_kurtosis": float(stats.kurtosis(values)),
    }
    for name, statistic in TESTS.items():
        rng = np.random.default_rng(seed)
        test = stats.goodness_of_fit(stats.norm, values, statistic=statistic, n_mc_samples=draws, rng=rng)
        found[name] = {"statistic": float(test.statistic), "p": float(test.pvalue)}
    return found
