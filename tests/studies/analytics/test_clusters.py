"""Clusters: each method, the centred ones on posts whose words come from event and class alike, and what is refused."""

import random
from typing import get_args

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.metrics import normalized_mutual_info_score

from crisisflow.artifacts import read_parquet, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.studies.analytics import clusters, embed
from crisisflow.studies.analytics.clusters import CLUSTERS, EMPTY, k_means
from crisisflow.studies.analytics.documents import read_documents
from crisisflow.studies.analytics.embed import EMBEDDED, read_embedded
from crisisflow.studies.analytics.params import CENTRED, ClusterMethod
from crisisflow.studies.analytics.posts import POSTS
from crisisflow.studies.analytics.representations import centred, features, top_words, unit
from crisisflow.studies.analytics.terms import DOCUMENTS
from crisisflow.studies.analytics.topic_model import ModelOf, TopicModel, read_model, write_model
from tests.studies.analytics.planted import VOCABULARIES, write_terms
from tests.studies.analytics.settings import clusters_params

METHODS = get_args(ClusterMethod)
EVENTS = ("ebola", "mers", "flood", "storm")
SIZE = 120
CLASS = [at % 3 for at in range(SIZE)]
EVENT = [at // 3 % 4 for at in range(SIZE)]


def mixed():
    """Posts with four words of their event, of a few, and three of their class."""
    rng = random.Random(3)
    words = [[f"{event}{number}" for number in range(5)] for event in EVENTS]
    return [
        rng.sample(words[event], 4) + rng.sample(VOCABULARIES[own], 3) for own, event in zip(CLASS, EVENT, strict=True)
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clusters")
    files = write_terms(folder, mixed(), ngrams=[1])
    read = read_documents(*files)
    topics = np.eye(3)[CLASS] * 0.8 + 0.2 / 3
    topics /= topics.sum(axis=1, keepdims=True)
    topic_terms = topics.T @ read.counts.toarray()
    topic_terms /= topic_terms.sum(axis=1, keepdims=True)
    write_model(folder / "model", TopicModel(ModelOf("own", 3, 13), topic_terms, topics, 0.1))
    rng = np.random.default_rng(5)
    vectors = 2 * np.eye(12)[EVENT] + np.eye(12)[np.array(CLASS) + 5] + rng.normal(0, 0.1, (SIZE, 12))
    rows = [{"post_id": own, "vector": vector} for own, vector in zip(read.post_ids, unit(vectors), strict=True)]
    write_parquet(folder / "embedded.parquet", rows, EMBEDDED)
    rows = [dict.fromkeys(POSTS.names) | {"post_id": own, "text": "x"} for own in read.post_ids]
    write_parquet(
        folder / "posts.parquet", [{**row, "group": EVENTS[at]} for row, at in zip(rows, EVENT, strict=True)], POSTS
    )
    write_parquet(folder / "without.parquet", rows, POSTS)
    return folder


def made(folder, method, out, posts="posts.parquet", documents="documents.parquet", k=3, seed=13, **own):
    paths = (folder / posts, folder / "terms.parquet", folder / documents, [folder / "model"])
    args = (folder / "embedded.parquet", "own", method, k, seed, clusters_params(**own), out)
    clusters.run(*paths, *args)
    return read_parquet(out, CLUSTERS)["cluster"].to_pylist()


@pytest.mark.parametrize("method", METHODS)
def test_each_method_gives_each_post_a_cluster(folder, tmp_path, method):
    found = made(folder, method, tmp_path / "a")
    assert len(found) == SIZE and set(found) == {0, 1, 2}
    made(folder, method, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("plain", "better"), [("tfidf_svd", "tfidf_centred"), ("embedding", "centred"), ("embedding", "both_centred")]
)
def test_a_centred_method_finds_the_classes_where_a_plain_one_finds_the_events(folder, tmp_path, plain, better):
    scores = {
        method: normalized_mutual_info_score(CLASS, made(folder, method, tmp_path / method))
        for method in (plain, better)
    }
    assert scores[better] > 0.9 > scores[plain] + 0.5
    assert normalized_mutual_info_score(EVENT, made(folder, better, tmp_path / "again")) < 0.1


def test_argmax_is_the_first_topic_and_theta_clusters_the_topics(folder, tmp_path):
    assert made(folder, "argmax", tmp_path / "a") == CLASS
    assert normalized_mutual_info_score(CLASS, made(folder, "theta", tmp_path / "b")) == pytest.approx(1)


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_the_posts_changes_no_cluster(folder, tmp_path, method):
    found = made(folder, method, tmp_path / "a")
    rows = read_parquet(folder / "documents.parquet", DOCUMENTS).to_pylist()
    turned = tmp_path / "turned"
    turned.mkdir()
    for name in ("terms.parquet", "posts.parquet"):
        (turned / name).write_bytes((folder / name).read_bytes())
    write_parquet(turned / "documents.parquet", rows[::-1], DOCUMENTS)
    vectors = read_parquet(folder / "embedded.parquet", EMBEDDED).to_pylist()
    write_parquet(turned / "embedded.parquet", vectors[::-1], EMBEDDED)
    model = read_model(folder / "model")
    write_model(turned / "model", model._replace(document_topics=model.document_topics[::-1].copy()))
    assert made(turned, method, tmp_path / "b") == found[::-1]


def test_posts_without_a_top_word_are_a_group_of_their_own_or_go_to_the_nearest_centre(tmp_path):
    posts = [["fever", "cough"], ["school", "class"]] * 10 + [["zebra"]] * 3
    write_terms(tmp_path, posts, ngrams=[1])
    names = ["class", "cough", "fever", "school", "zebra"]
    topic_terms = np.array([[0, 0.5, 0.5, 0, 0], [0.5, 0, 0, 0.5, 0]])
    topics = np.array([[0.9, 0.1], [0.1, 0.9]] * 10 + [[0.5, 0.5]] * 3)
    write_model(tmp_path / "model", TopicModel(ModelOf("own", 2, 13), topic_terms, topics, 0.1))
    own = {"top_words": 2, "k": 2}
    ids = [f"{at:03}" for at in range(23)]
    write_parquet(tmp_path / "posts.parquet", [dict.fromkeys(POSTS.names) | {"post_id": own} for own in ids], POSTS)
    assert read_documents(tmp_path / "terms.parquet", tmp_path / "documents.parquet").terms == names
    (tmp_path / "embedded.parquet").touch()
    found = made(tmp_path, "features", tmp_path / "a", empty="group", **own)
    assert found == [0, 1] * 10 + [EMPTY] * 3
    assert set(made(tmp_path, "features", tmp_path / "b", empty="nearest", **own)) == {0, 1}


def test_features_are_the_components_of_the_top_words(folder):
    read = read_documents(folder / "terms.parquet", folder / "documents.parquet")
    words = top_words(read_model(folder / "model"), 4)
    assert len(words) <= 12 and (np.diff(words) > 0).all()
    few, many = (features(read.counts, words, share)(read.counts) for share in (0.5, 0.95))
    assert few.shape[1] < many.shape[1] <= len(words)
    total = read.counts[:, words].toarray().var(axis=0).sum()
    assert few.var(axis=0).sum() >= 0.5 * total > few[:, :-1].var(axis=0).sum()


def test_centring_takes_the_mean_of_a_group_away_and_draws_small_ones_to_the_overall_mean():
    vectors = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    found = centred(vectors, ["a", "a", None], 0)
    assert np.allclose(found, [[0, -1], [0, 1], [0, 0]])
    # the group of one post: mean (0 + 2 * 2/3) / 3, (1 + 2 * 2/3) / 3
    drawn = centred(vectors, ["a", "a", None], 2)[2]
    assert np.allclose(drawn, unit(np.array([[0 - 4 / 9, 1 - 7 / 9]]))[0])


def test_clusters_are_counted_in_the_order_of_the_posts_and_fewer_where_fewer_differ():
    vectors = np.array([[5.0], [0.0], [5.1], [0.1]])
    assert k_means(vectors, 2, 1, 3).tolist() == [0, 1, 0, 1]
    assert k_means(np.zeros((3, 2)), 2, 1, 3).tolist() == [0, 0, 0]
    assert k_means(vectors[:1], 2, 1, 3).tolist() == [0] and len(k_means(vectors[:0], 2, 1, 3)) == 0


@pytest.mark.parametrize("method", CENTRED)
def test_a_centred_method_without_groups_is_refused(folder, tmp_path, method):
    with pytest.raises(CrisisflowError, match=f"corpus own has no groups, and the method {method}") as error:
        made(folder, method, tmp_path / "a", posts="without.parquet")
    assert "\n" not in str(error.value) and not (tmp_path / "a").exists()
    assert made(folder, "tfidf_svd", tmp_path / "a", posts="without.parquet")


def test_a_model_or_embeddings_of_another_run_are_refused(folder, tmp_path):
    with pytest.raises(CrisisflowError, match="none of the 1 models is of corpus own, 5 topics, seed 13"):
        made(folder, "argmax", tmp_path / "a", k=5)
    with pytest.raises(CrisisflowError, match="none of the 1 models is of corpus own, 3 topics, seed 17"):
        made(folder, "argmax", tmp_path / "a", seed=17)
    rows = read_parquet(folder / "embedded.parquet", EMBEDDED).to_pylist()
    whole = (folder / "embedded.parquet").read_bytes()
    try:
        write_parquet(folder / "embedded.parquet", rows[:-1], EMBEDDED)
        with pytest.raises(CrisisflowError, match="is of other posts; make it again"):
            made(folder, "embedding", tmp_path / "a")
    finally:
        (folder / "embedded.parquet").write_bytes(whole)


def test_posts_are_embedded_in_the_order_of_the_documents_at_unit_length(tmp_path, tiny_encoder):
    files = write_terms(tmp_path, [["rain", "again"], ["wind"], ["snow", "today"]], ngrams=[1])
    rows = [dict.fromkeys(POSTS.names) | {"post_id": f"{at:03}", "text": text} for at, text in enumerate("abcd")]
    write_parquet(tmp_path / "posts.parquet", rows[::-1], POSTS)
    args = (tmp_path / "posts.parquet", files.documents, "own", str(tiny_encoder), 16, tmp_path / "e.parquet")
    embed.run(*args)
    ids, vectors = read_embedded(tmp_path / "e.parquet")
    assert ids == ["000", "001", "002"] and vectors.shape == (3, 32)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    write_parquet(tmp_path / "posts.parquet", rows[:2], POSTS)
    with pytest.raises(CrisisflowError, match=r"has posts that .* lacks; make both again"):
        embed.run(*args)


def test_a_method_or_seed_twice_is_refused():
    for own in ({"methods": ["argmax", "argmax"]}, {"seeds": [1, 1]}):
        with pytest.raises(ValidationError, match="each may stand there once"):
            clusters_params(**own)
