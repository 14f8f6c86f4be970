"""Kappas: against scikit-learn, statsmodels and the published example."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats import inter_rater

from crisisflow.evaluation.agreement import fleiss_kappa, in_words, kappa

# Fleiss 1971, table 1: diagnoses of 30 patients, by six psychiatrists each. Columns: depression, personality disorder,
# schizophrenia, neurosis, other.
_TABLE = """
00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031
00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006
"""
DIAGNOSES = np.array([list(map(int, line)) for line in _TABLE.split()])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=40))
def test_cohen_s_kappa_is_scikit_learn_s(pairs) -> None:
    table = np.zeros((3, 3))
    np.add.at(table, tuple(np.array(pairs).T), 1)
    expected = cohen_kappa_score(*np.array(pairs).T, labels=[0, 1, 2])
    value = kappa(table)
    assert np.isnan(value) if np.isnan(expected) else value == pytest.approx(expected)


def test_fleiss_kappa_is_that_of_his_own_example() -> None:
    assert (DIAGNOSES.sum(axis=1) == 6).all()
    assert fleiss_kappa(DIAGNOSES) == pytest.approx(0.430, abs=5e-4)
    # and of each diagnosis against all others, as he gives them
    found = [fleiss_kappa(np.stack([column, 6 - column], axis=1)) for column in DIAGNOSES.T]
    assert found == pytest.approx([0.245, 0.245, 0.520, 0.471, 0.566], abs=5e-4)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=20))
def test_fleiss_kappa_is_statsmodels(codings) -> None:
    counts = np.array([np.bincount(own, minlength=4) for own in codings])
    with np.errstate(all="ignore"):
        expected = inter_rater.fleiss_kappa(counts)
    value = fleiss_kappa(counts)
    assert np.isnan(value) if np.isnan(expected) else value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (-0.1, "none"),
        (0.20, "none"),
        (0.21, "minimal"),
        (0.39, "minimal"),
        (0.40, "weak"),
        (0.60, "moderate"),
        (0.79, "moderate"),
        (0.80, "strong"),
        (0.90, "strong"),
        (0.924, "almost perfect"),
        (float("nan"), None),
        (None, None),
    ],
)
def test_the_words_are_mchugh_s(value, word) -> None:
    assert in_words(value) == word
