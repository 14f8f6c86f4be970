"""The distance of a sample from the normal curve that is fitted to it."""

import numpy as np
import pytest

from crisisflow.evaluation.normality import TESTS, normality


def rejected(draw, number: int) -> dict[str, int]:
    """In how many of 60 samples of this size each test rejects at 5 %."""
    found = [normality(draw(np.random.default_rng(seed), number), 13, draws=199) for seed in range(60)]
    return {test: sum(own[test]["p"] <= 0.05 for own in found) for test in TESTS}


def test_a_normal_sample_is_rejected_about_as_often_as_the_level_says():
    found = rejected(lambda rng, number: rng.normal(0.2, 0.09, number), 120)
    assert all(times <= 8 for times in found.values())  # 3 are expected; 9 or more have a chance of 0.4 %


def test_a_skewed_sample_is_rejected():
    found = rejected(lambda rng, number: rng.gamma(4, size=number), 400)
    assert all(times >= 57 for times in found.values())


def test_the_moments_are_numpy_s_and_the_same_seed_gives_the_same_numbers():
    values = np.array([0.1, 0.2, 0.25, 0.3, 0.31, 0.4, 0.7])
    found = normality(values, 13)
    centred = (values - values.mean()) / values.std()
    assert found["mean"] == pytest.approx(0.322857, abs=1e-6)
    assert found["deviation"] == pytest.approx(values.std(ddof=1))
    assert found["skewness"] == pytest.approx((centred**3).mean())
    assert found["excess_kurtosis"] == pytest.approx((centred**4).mean() - 3)
    assert normality(values, 13) == found
