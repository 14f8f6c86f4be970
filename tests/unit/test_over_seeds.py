"""Numbers over the seeds: mean, standard deviation and interval."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from crisisflow.reporting.over_seeds import OverSeeds


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9))
def test_the_interval_is_student_s(values):
    own = OverSeeds.over(values)
    error = np.std(values, ddof=1) / len(values) ** 0.5
    low, high = stats.t.interval(0.95, len(values) - 1, loc=np.mean(values), scale=error or 1)
    assert own.half_interval == pytest.approx((high - low) / 2 if error else 0, rel=1e-6, abs=1e-9)


def test_with_three_seeds_half_an_interval_is_2_48_standard_deviations():
    """ledger of actionable_help, entry 7: the paper's table has the one, its text the other."""
    own = OverSeeds.over([0.1, 0.2, 0.3])
    assert own.half_interval / own.deviation == pytest.approx(2.48, abs=0.005)


def test_one_seed_has_no_interval():
    assert OverSeeds.over([0.5]).half_interval is OverSeeds(0.5, None).half_interval is None
