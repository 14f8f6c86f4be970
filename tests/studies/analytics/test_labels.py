"""Labels: Eq. 5 by hand, the three methods, their evidence, and what never happens."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from crisisflow.artifacts import read_parquet, write_json
from crisisflow.errors import CrisisflowError
from crisisflow.studies.analytics import labels
from crisisflow.studies.analytics.documents import read_documents
from crisisflow.studies.analytics.labels import (
    LABELS,
    class_tfidf,
    document_weights,
    heaviest,
    pick,
    relevant,
    salience,
)
from crisisflow.studies.analytics.topic_model import ModelOf, TopicModel, chosen_model, write_model
from tests.studies.analytics.planted import VOCABULARIES, planted, write_terms
from tests.studies.analytics.settings import labels_params

POSTS, TOPICS = planted(60)
FOUR = [text.split() for text in ("mask mask help", "mask help", "fever", "fever cough help")]


def made(folder, posts=POSTS, topics=TOPICS, k=3, query=(), ngrams=(1,), **own):
    """The labels of a model that has these topics exactly."""
    files = write_terms(folder, posts, ngrams=list(ngrams))
    read = read_documents(*files)
    document_topics = np.eye(k)[topics]
    topic_terms = document_topics.T @ read.counts.toarray() + 0.01
    topic_terms /= topic_terms.sum(axis=1, keepdims=True)
    write_model(folder / "model", TopicModel(ModelOf("own", k, 13), topic_terms, document_topics, 0.1))
    out, manifest = folder / "labels.parquet", folder / "posts.json"
    write_json(manifest, {"corpus": "own", "query": list(query)})
    write_json(folder / "k.json", {"corpus": "own", "k": k, "seed": 13})
    labels.run([folder / "model"], folder / "k.json", *files, "own", manifest, "sklearn", labels_params(**own), out)
    return {(row["topic"], row["method"]): row for row in read_parquet(out, LABELS).to_pylist()}


def test_the_weight_of_a_post_is_that_worked_out_by_hand(tmp_path):
    read = read_documents(*write_terms(tmp_path, FOUR, ngrams=[1]))
    # (0.391649 + 0.124939) / 3, (0.301030 + 0.124939) / 2, 0.301030 / 1, (0.301030 + 0.602060 + 0.124939) / 3
    by_length = [0.172196, 0.212984, 0.301030, 0.342676]
    assert np.round(document_weights(read.weights, read.lengths, 1), 6).tolist() == by_length
    # MinThreshold of the paper's form: no post has as many terms, so each sum is over 11
    assert np.round(document_weights(read.weights, read.lengths, 11), 6).tolist() == [
        0.046963,
        0.038724,
        0.027366,
        0.093457,
    ]


def test_salience_is_the_product_of_the_marginal_and_the_weights(tmp_path):
    read = read_documents(*write_terms(tmp_path, FOUR, ngrams=[1]))
    marginal = np.array([0.1, 0.2, 0.3, 0.4])
    weights = read.weights[[2, 3]]
    summed = np.array([0.602060, 0.602060, 0.124939, 0])  # cough, fever, help, mask
    assert np.allclose(salience(marginal, weights, "weight"), summed / 0.602060, atol=1e-6)
    assert np.allclose(salience(marginal, weights, "product"), marginal * summed / (0.2 * 0.602060), atol=1e-6)
    assert np.allclose(salience(marginal, weights, "marginal"), np.array([0.1, 0.2, 0.3, 0]) / 0.3)


def test_each_topic_has_a_label_of_its_own_words_by_each_method(tmp_path):
    found = made(tmp_path)
    assert len(found) == 9
    for (topic, method), row in found.items():
        assert set(row["terms"]) <= set(VOCABULARIES[topic]), method
        assert row["label"] == " ".join(row["terms"]) and len(row["terms"]) == 3 and row["documents"] == 20


def test_the_evidence_are_the_heaviest_posts_and_the_share_that_has_each_term(tmp_path):
    row = made(tmp_path, top_documents=4)[0, "document_weight"]
    assert len(row["posts"]) == 4 and row["weights"] == sorted(row["weights"], reverse=True)
    own = [POSTS[int(post)] for post in row["posts"]]
    assert row["shares"] == [sum(term in post for post in own) / 4 for term in row["terms"]]
    assert {TOPICS[int(post)] for post in row["posts"]} == {0}


def test_of_near_repeats_one_stands_behind_a_label(tmp_path):
    posts = [["fever", "cough", "throat"]] * 5 + [["chills", "headache", "fever"]] + [["price", "bread"]] * 2
    row = made(tmp_path, posts, [0] * 6 + [1] * 2, 2)[0, "document_weight"]
    assert row["posts"] == ["005", "000"] and row["documents"] == 6


def test_a_topic_without_posts_has_an_empty_label(tmp_path, capsys):
    found = made(tmp_path, topics=[0] * 60)
    for method in labels.METHODS:
        row = found[1, method]
        assert (row["label"], row["terms"], row["posts"], row["documents"]) == ("", [], [], 0)
        assert found[0, method]["label"]
    assert "2 topics have no post, and no label" in capsys.readouterr().err


def test_search_terms_may_be_set_aside(tmp_path):
    query = [" ".join(VOCABULARIES[0][:5])]
    found = made(tmp_path, query=query)
    assert found[0, "document_weight"]["terms"] == VOCABULARIES[0][5:]
    assert set(found[0, "top_terms"]["terms"]) & set(VOCABULARIES[0][:5])
    assert len(made(tmp_path, query=query, drop_query_words=False)[0, "document_weight"]["terms"]) == 3


def test_posts_of_a_topic_by_their_first_topic_or_by_a_share():
    shares = np.array([[0.6, 0.4], [0.5, 0.5], [0.1, 0.9]])
    assert relevant(shares, "argmax").tolist() == [[True, False], [True, False], [False, True]]
    assert relevant(shares, 0.4).tolist() == [[True, True], [True, True], [False, True]]


SPLIT = [["a"], ["a", "b"], ["b"], ["c"], ["c", "a"], ["d", "e"]]


@pytest.mark.parametrize(
    ("penalty", "terms"),
    [
        (labels._kept, [0, 1, 3]),  # a, a b, c: a b brings b alone
        (labels._squared, [0, 3, 1]),  # a b falls from 0.9 to 0.81, below c
        (labels._dropped, [0, 3, 2]),  # and here to nothing, so b comes by itself
    ],
)
def test_a_picked_word_is_penalised(penalty, terms):
    found = pick(np.array([1.0, 0.9, 0.3, 0.85, 0.2, 0.1]), SPLIT, 3, penalty)
    assert found.terms == terms and set(found.words) == {"a", "b", "c"}


@given(
    st.lists(st.floats(0, 1), min_size=6, max_size=6),
    st.integers(1, 6),
    st.sampled_from([labels._kept, labels._squared, labels._dropped]),
)
def test_a_label_never_repeats_a_word_and_is_never_longer(scores, length, penalty):
    found = pick(np.array(scores), SPLIT, length, penalty)
    assert len(found.words) == len(set(found.words)) <= length
    assert len(found.terms) == len(set(found.terms)) == len(found.scores)


@settings(max_examples=20)
@given(order=st.permutations(range(60)))
def test_the_order_of_posts_changes_no_evidence(order, posts_of_60):
    turned = posts_of_60._replace(
        post_ids=[posts_of_60.post_ids[at] for at in order],
        counts=posts_of_60.counts[order],
        weights=posts_of_60.weights[order],
        lengths=posts_of_60.lengths[order],
    )
    found = []
    for read, topics in ((posts_of_60, np.array(TOPICS)), (turned, np.array(TOPICS)[order])):
        weight = document_weights(read.weights, read.lengths, 1)
        own = heaviest(np.flatnonzero(topics == 0), weight, read, 8)
        found.append([read.post_ids[place] for place in own.places])
    assert found[0] == found[1]


@pytest.fixture(scope="module")
def posts_of_60(tmp_path_factory):
    return read_documents(*write_terms(tmp_path_factory.mktemp("posts"), POSTS))


def test_class_based_tf_idf_by_hand():
    # A = 5; term 0: f = 4, term 1: f = 6; shares of the first group 0.75 and 0.25
    found = class_tfidf(np.array([[3, 1], [1, 5]]))
    assert np.allclose(found[0], [0.75 * np.log(1 + 5 / 4), 0.25 * np.log(1 + 5 / 6)])
    assert np.allclose(class_tfidf(np.array([[0, 0], [1, 5]]))[0], 0)


def test_a_label_longer_than_the_vocabulary_is_refused(tmp_path):
    with pytest.raises(CrisisflowError, match=r"corpus own has 1 words in its terms, and analytics.labels.length is 3"):
        made(tmp_path, [["rain"]] * 4, [0, 0, 1, 1], 2)
    assert not (tmp_path / "labels.parquet").exists()
    assert made(tmp_path, [["rain"]] * 4, [0, 0, 1, 1], 2, length=1)[0, "top_terms"]["label"] == "rain"


def test_a_model_that_was_not_chosen_is_refused(tmp_path):
    made(tmp_path)
    write_json(tmp_path / "k.json", {"corpus": "own", "k": 3, "seed": 17})
    with pytest.raises(CrisisflowError, match="none of the 1 models is of corpus own, 3 topics, seed 17"):
        chosen_model([tmp_path / "model"], tmp_path / "k.json")


def test_a_share_of_relevant_posts_is_one():
    with pytest.raises(ValidationError):
        labels_params(relevant=1.5)
