"""Embeddings measured against others: explained variance against scikit-learn, neighbours by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import r2_score

from crisisflow.evaluation import embeddings
from crisisflow.evaluation.embeddings import (
    explained_variance,
    nearest,
    overlap,
    overlap_by_chance,
    total_variance,
)


def drawn(texts: int, width: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(texts, width)).astype(np.float32)


@given(st.integers(0, 50), st.floats(0, 3))
def test_explained_variance_is_the_coefficient_of_determination_over_all_dimensions(seed, noise):
    target = drawn(30, 4, seed) * [1, 5, 0.1, 2] + [3, 0, 0, 1]
    predicted = target + noise * drawn(30, 4, seed + 1)
    expected = r2_score(target, predicted, multioutput="variance_weighted")
    assert explained_variance(target, predicted) == pytest.approx(expected, abs=1e-6)


def test_a_constant_prediction_explains_nothing_and_a_constant_target_has_nothing_to_explain():
    target = drawn(50, 3, 1)
    assert explained_variance(target, np.tile(target.mean(axis=0), (50, 1))) == pytest.approx(0, abs=1e-6)
    assert explained_variance(np.ones((5, 2)), np.zeros((5, 2))) == 0
    assert total_variance(np.ones((5, 2))) == 0


def test_the_nearest_are_others_by_distance_and_the_earlier_first(monkeypatch):
    monkeypatch.setattr(embeddings, "NEIGHBOURS", 2)
    monkeypatch.setattr(embeddings, "AT_ONCE", 2)
    line = np.array([[0.0], [1.0], [3.0], [3.0], [10.0]])
    assert nearest(line).tolist() == [[1, 2], [0, 2], [3, 1], [2, 1], [2, 3]]
    assert nearest(line[:2]).tolist() == [[1], [0]]


@given(st.integers(0, 20))
def test_rotating_shifting_and_scaling_changes_no_neighbour(seed):
    own = drawn(40, 6, seed)
    turn, _ = np.linalg.qr(drawn(6, 6, seed + 1).astype(np.float64))
    assert overlap(nearest(own), nearest(3 * own @ turn + 5)) == 1
    assert overlap(nearest(own), nearest(-own)) == 1


def test_unrelated_embeddings_share_as_many_neighbours_as_chance_says():
    shared = overlap(nearest(drawn(400, 5, 1)), nearest(drawn(400, 5, 2)))
    assert shared == pytest.approx(overlap_by_chance(400), abs=0.01)
    assert overlap_by_chance(400) == pytest.approx(10 / 399)
    assert overlap_by_chance(1) == 0 == overlap(nearest(drawn(1, 5, 1)), nearest(drawn(1, 5, 2)))
