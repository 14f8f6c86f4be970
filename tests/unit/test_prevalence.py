"""Prevalence: counts of predictions corrected for a classifier's errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crisisflow.evaluation.prevalence import adjusted_counts, rates


@st.composite
def classifiers(draw):
    """P(predicted | true) of a classifier that is mostly right, as counts."""
    classes = draw(st.integers(2, 4))
    lines = draw(
        st.lists(st.lists(st.integers(0, 20), min_size=classes, max_size=classes), min_size=classes, max_size=classes)
    )
    return np.array(lines) + 60 * np.eye(classes, dtype=int)


@settings(deadline=None, max_examples=60)
@given(classifiers(), st.data())
def test_the_truth_is_found_again_from_what_a_known_classifier_predicts(confusion, data):
    classes = len(confusion)
    truth = np.array(data.draw(st.lists(st.integers(0, 10_000), min_size=classes, max_size=classes)), dtype=float)
    found = adjusted_counts(truth @ rates(confusion), rates(confusion))
    assert found == pytest.approx(truth, abs=max(0.5, 0.002 * truth.sum()))


@settings(deadline=None, max_examples=60)
@given(classifiers(), st.data())
def test_counts_stay_counts_whatever_was_predicted(confusion, data):
    classes = len(confusion)
    predicted = np.array(data.draw(st.lists(st.integers(0, 500), min_size=classes, max_size=classes)), dtype=float)
    found = adjusted_counts(predicted, rates(confusion))
    assert (found >= 0).all()
    assert found.sum() == pytest.approx(predicted.sum(), rel=1e-6)


def test_many_at_once_are_as_each_alone():
    confusion = np.array([[40, 10], [5, 45]])
    several = np.array([[10.0, 90.0], [50.0, 50.0], [0.0, 0.0]])
    found = adjusted_counts(several, rates(confusion))
    assert found == pytest.approx(np.stack([adjusted_counts(own, rates(confusion)) for own in several]), abs=1e-3)
    assert (found[2] == 0).all()


def test_a_class_without_examples_counts_as_predicted():
    assert rates(np.array([[0, 0], [1, 3]])).tolist() == [[1, 0], [0.25, 0.75]]
