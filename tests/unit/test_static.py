"""Static vectors: of subwords, and of texts as their means."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from crisisflow.embedding import SentenceEncoder
from crisisflow.model.static import RARE, StaticVectors, principal
from crisisflow.training.device import open_device

TEXTS = ["we need water", "we give water and food", "storm"]


@pytest.fixture(scope="module")
def encoder(tiny_encoder) -> SentenceEncoder:
    return SentenceEncoder(str(tiny_encoder), 3, 4, open_device("cpu", 1, 1))


def test_a_text_is_the_mean_of_its_subwords_whatever_their_order(encoder):
    vectors = StaticVectors(encoder, TEXTS)
    one, other, alone = vectors.embed(["water we need", "we need water", "need"])
    np.testing.assert_allclose(one, other)
    assert np.abs(one - alone).max() > 0.01
    np.testing.assert_allclose(np.linalg.norm(vectors.embed(TEXTS), axis=1), 1)
    ids = encoder.tokenizer("we need water", add_special_tokens=False)["input_ids"]
    mean = vectors.vectors[np.searchsorted(vectors.known, ids)].mean(axis=0)
    np.testing.assert_allclose(one, mean / np.linalg.norm(mean))


def test_a_subword_is_embedded_by_itself_and_counts_less_the_more_frequent_it_is(encoder):
    vectors = StaticVectors(encoder, TEXTS)
    words = encoder.tokenizer.convert_ids_to_tokens(vectors.known.tolist())
    alone = principal(encoder.embed(words).astype(np.float64))  # each of these words is one subword
    shares = 1 / np.arange(2, len(encoder.tokenizer) + 2)
    weights = RARE / (RARE + shares / shares.sum())
    np.testing.assert_allclose(vectors.vectors, alone * weights[vectors.known][:, None], rtol=1e-4, atol=1e-6)
    assert (np.diff(weights) > 0).all()


def test_what_has_no_vector_counts_nothing(encoder):
    vectors = StaticVectors(encoder, TEXTS)
    np.testing.assert_array_equal(*vectors.embed(["water", "water earthquake"]))
    assert not vectors.embed(["earthquake", ""]).any()


def test_principal_components_keep_the_variance_in_falling_order():
    points = np.random.default_rng(1).normal(size=(50, 6)) * [1, 5, 2, 9, 3, 4] + 7
    scores = principal(points)
    np.testing.assert_allclose(scores.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(scores.var(axis=0).sum(), points.var(axis=0).sum())
    assert (np.diff(scores.var(axis=0)) < 0).all()
    np.testing.assert_allclose(principal(points[:, ::-1]), scores)


def test_principal_components_are_at_most_256_and_the_same_whatever_the_number_of_threads():
    points = np.random.default_rng(1).normal(size=(400, 300))
    with threadpool_limits(1):
        one = principal(points)
    with threadpool_limits(2):
        two = principal(points)
    assert one.shape == (400, 256)
    np.testing.assert_array_equal(one, two)


def test_the_same_texts_give_the_same_vectors(encoder):
    np.testing.assert_array_equal(StaticVectors(encoder, TEXTS).vectors, StaticVectors(encoder, TEXTS[::-1]).vectors)
