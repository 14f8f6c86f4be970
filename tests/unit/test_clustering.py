"""Clusters against classes: the scores are scikit-learn's, and intervals are of paired resamples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from crisisflow.evaluation import clustering
from crisisflow.evaluation.clustering import MEASURES, contingency, estimate, numbered, of_all, resampled

FUNCTIONS = {
    "nmi": metrics.normalized_mutual_info_score,
    "ami": metrics.adjusted_mutual_info_score,
    "ari": metrics.adjusted_rand_score,
    "homogeneity": metrics.homogeneity_score,
    "completeness": metrics.completeness_score,
}
PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=2, max_size=60)


@settings(max_examples=60)
@given(PAIRS)
def test_scores_are_those_of_scikit_learn(pairs):
    classes, clusters = (numbered(values) for values in zip(*pairs, strict=True))
    found = of_all(classes, clusters)
    for name, function in FUNCTIONS.items():
        if name == "nmi" and len({*classes}) == len({*clusters}) == 1:
            continue  # nothing to be told apart
        assert found[name] == pytest.approx(function(classes, clusters), abs=1e-9), name
    assert found["purity"] == contingency(classes, clusters).max(axis=0).sum() / len(pairs)


@given(PAIRS, st.randoms(use_true_random=False))
def test_neither_the_order_of_the_items_nor_the_names_of_the_clusters_count(pairs, rng):
    other = [(own, 7 - cluster) for own, cluster in pairs]
    rng.shuffle(other)
    one, two = (of_all(*(numbered(values) for values in zip(*own, strict=True))) for own in (pairs, other))
    assert one == pytest.approx(two, abs=1e-9)


def test_resamples_are_of_the_items_and_the_same_for_two_clusterings_of_them():
    rng = np.random.default_rng(3)
    classes, clusters = rng.integers(3, size=200), rng.integers(4, size=200)
    values = resampled(classes, clusters, 300)
    assert {*values} == {*MEASURES} and all(own.shape == (300,) for own in values.values())
    assert np.allclose(values["nmi"], resampled(classes, 3 - clusters, 300)["nmi"])
    weights = np.concatenate(list(clustering.resamples(200, 300)))[0]
    drawn = np.repeat(np.arange(200), weights.astype(int))
    assert values["nmi"][0] == pytest.approx(FUNCTIONS["nmi"](classes[drawn], clusters[drawn]))


def test_an_interval_has_its_value_and_the_bias_of_the_resamples_is_taken_away():
    rng = np.random.default_rng(1)
    classes, clusters = rng.integers(5, size=150), rng.integers(5, size=150)
    value, values = of_all(classes, clusters)["nmi"], resampled(classes, clusters, 500)["nmi"]
    found = estimate(value, values)
    assert found.low < value < found.high
    assert values.mean() > 1.2 * value and (found.low + found.high) / 2 == pytest.approx(value, abs=0.01)
