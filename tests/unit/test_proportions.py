"""Wilson's interval is SciPy's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from crisisflow.evaluation.proportions import wilson


@given(st.integers(1, 400).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_interval_is_wilson_s(pair):
    right, of = pair
    found, expected = wilson(right, of), binomtest(right, of).proportion_ci(0.95, method="wilson")
    assert found.value == right / of
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_a_mean_over_seeds_needs_no_whole_number():
    assert wilson(7.5, 10).value == 0.75
