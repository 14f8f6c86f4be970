"""Topic models: both libraries find planted topics, posts are folded in, and the same posts give the same bytes."""

import json

import numpy as np
import pytest
from pydantic import ValidationError

from crisisflow.artifacts import read_json
from crisisflow.errors import CrisisflowError
from crisisflow.studies.analytics import choose_k, coherence, lda
from crisisflow.studies.analytics.choose_k import matched, stability
from crisisflow.studies.analytics.coherence import diversity
from crisisflow.studies.analytics.documents import read_documents
from crisisflow.studies.analytics.topic_model import fold_in, read_model
from tests.studies.analytics.planted import VOCABULARIES, planted, write_terms
from tests.studies.analytics.settings import lda_params

LIBRARIES = {"tomotopy": {}, "gensim": {"model": "gensim", "iterations": 20}}
POSTS, TOPICS = planted(90)


def train(folder, files, k=3, seed=13, name="model", **own):
    paths = (folder / f"{name}.safetensors", folder / f"{name}.json")
    lda.run(*files, "own", k, seed, lda_params(**own), *paths)
    return paths


def scored(folder, files, k=3, seed=13, **own):
    name = f"k{k}-{seed}"
    out = folder / f"{name}-coherence.json"
    coherence.run(*train(folder, files, k, seed, name, **own), *files, "own", 5, out)
    return out


def purity(found, true):
    return sum(np.bincount(np.array(true)[found == topic]).max() for topic in set(found.tolist())) / len(true)


@pytest.fixture(scope="module", params=LIBRARIES)
def model(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lda")
    files = write_terms(folder, POSTS, ngrams=[1])
    path, facts = train(folder, files, **LIBRARIES[request.param])
    return read_model(path), read_documents(*files), read_json(facts)


def test_planted_topics_are_found(model):
    own, read, facts = model
    assert own.own == ("own", 3, 13) and facts["posts"] == 90
    assert purity(own.document_topics.argmax(axis=1), TOPICS) >= 0.95
    tops = {frozenset(read.terms[term] for term in topic) for topic in own.top(6)}
    assert tops == {frozenset(words) for words in VOCABULARIES}
    assert np.allclose(own.topic_terms.sum(axis=1), 1, atol=1e-4)
    assert np.allclose(own.document_topics.sum(axis=1), 1, atol=1e-4)


def test_the_likelihood_is_that_of_the_topics(model):
    own, read, facts = model
    shares = own.document_topics @ own.topic_terms
    dense = read.counts.toarray()
    assert facts["log_likelihood"] == pytest.approx((dense * np.log(shares)).sum() / dense.sum(), abs=1e-4)


def test_a_post_that_is_folded_in_has_the_topic_of_its_training(model):
    own, read, _ = model
    found = fold_in(own.topic_terms, own.alpha, read.counts)
    assert found.shape == own.document_topics.shape and np.allclose(found.sum(axis=1), 1)
    assert (found.argmax(axis=1) == own.document_topics.argmax(axis=1)).all()
    empty = read.counts[:2] * 0
    empty.eliminate_zeros()
    assert np.allclose(fold_in(own.topic_terms, own.alpha, empty), 1 / 3)
    assert len(fold_in(own.topic_terms, own.alpha, read.counts[:0])) == 0


def test_gensim_takes_the_weights_of_eq_3(tmp_path):
    files = write_terms(tmp_path, POSTS, ngrams=[1])
    path, _ = train(tmp_path, files, model="gensim", input="tfidf", iterations=20)
    assert purity(read_model(path).document_topics.argmax(axis=1), TOPICS) >= 0.95
    with pytest.raises(ValidationError, match="tomotopy counts whole occurrences"):
        lda_params(input="tfidf")


def test_the_order_of_the_posts_changes_no_topic(tmp_path):
    found = []
    for name, posts in (("first", POSTS), ("turned", [*POSTS[::-1]])):
        folder = tmp_path / name
        folder.mkdir()
        files = write_terms(folder, posts)
        if name == "turned":  # the same posts under the same ids, in another order
            from crisisflow.artifacts import read_parquet, write_parquet
            from crisisflow.studies.analytics.terms import DOCUMENTS

            rows = read_parquet(tmp_path / "first" / "documents.parquet", DOCUMENTS).to_pylist()
            write_parquet(files.documents, rows[::-1], DOCUMENTS)
        found.append(read_model(train(folder, files)[0]))
    assert np.array_equal(found[0].topic_terms, found[1].topic_terms)
    assert np.array_equal(found[0].document_topics, found[1].document_topics[::-1])


def test_a_post_without_terms_has_all_topics_evenly(tmp_path):
    files = write_terms(tmp_path, [*POSTS, []])
    assert np.allclose(read_model(train(tmp_path, files)[0]).document_topics[-1], 1 / 3)


@pytest.mark.parametrize("own", LIBRARIES.values(), ids=LIBRARIES)
def test_fewer_posts_than_topics_are_refused(tmp_path, own):
    files = write_terms(tmp_path, [["rain"], ["rain", "wind"], []])
    with pytest.raises(CrisisflowError, match="2 posts with terms, fewer than 3 topics; lower k") as error:
        train(tmp_path, files, **own)
    assert "\n" not in str(error.value) and not (tmp_path / "model.safetensors").exists()


@pytest.mark.parametrize("own", LIBRARIES.values(), ids=LIBRARIES)
def test_a_vocabulary_of_one_word(tmp_path, own):
    files = write_terms(tmp_path, [["rain"]] * 4)
    found = read_json(scored(tmp_path, files, k=2, **own))
    assert found["topics"] == [["rain"], ["rain"]] and found["c_v"] is None and found["diversity"] == 0.5


def test_one_topic_is_none():
    for own in ({"k": 1}, {"sweep": [1]}):
        with pytest.raises(ValidationError, match="greater than or equal to 2"):
            lda_params(**own)


# Coherence and the choice of K


def test_coherent_topics_score_higher_than_mixed_ones(tmp_path):
    files = write_terms(tmp_path, POSTS, ngrams=[1])
    read = read_documents(*files)
    number = {term: at for at, term in enumerate(read.terms)}
    pure = np.array([[number[word] for word in words] for words in VOCABULARIES])
    mixed = pure.T.reshape(3, 6)
    good, bad = coherence.coherence(pure, read), coherence.coherence(mixed, read)
    assert all(good[measure] > bad[measure] for measure in coherence.MEASURES)
    assert len(good["c_v_of_topics"]) == 3 and diversity(pure) == 1 and diversity(np.array([[1, 2], [2, 1]])) == 0.5


def test_auto_finds_the_planted_number_of_topics(tmp_path):
    files = write_terms(tmp_path, POSTS, ngrams=[1])
    scores = [scored(tmp_path, files, k, seed) for k in (2, 3, 5) for seed in (13, 17)]
    choose_k.run(scores, "own", "auto", [2, 3, 5], tmp_path / "k.json", tmp_path / "k.csv")
    found = read_json(tmp_path / "k.json")
    assert found["k"] == 3 and found["seed"] in (13, 17)
    lines = (tmp_path / "k.csv").read_text().splitlines()
    assert lines[0].startswith("k,seeds,c_v,c_v_sd,")
    assert [line.partition(",")[0] for line in lines[1:]] == ["2", "3", "5"]
    assert float(lines[2].rpartition(",")[2]) == 1  # three topics are found by both seeds
    choose_k.run(scores, "own", 5, [2, 3], tmp_path / "k.json", tmp_path / "k.csv")
    assert read_json(tmp_path / "k.json")["k"] == 5
    with pytest.raises(CrisisflowError, match="no model has 7 topics; train it"):
        choose_k.run(scores, "own", 7, [2], tmp_path / "k.json", tmp_path / "k.csv")
    with pytest.raises(CrisisflowError, match="another file is of 2 topics and seed 13"):
        choose_k.run([scores[0], scores[0]], "own", 2, [2], tmp_path / "k.json", tmp_path / "k.csv")
    with pytest.raises(CrisisflowError, match="is of the corpus own, not of other"):
        choose_k.run(scores, "other", 2, [2], tmp_path / "k.json", tmp_path / "k.csv")


def score(k, seed, c_v):
    return {"k": k, "seed": seed, "c_v": c_v}


def test_the_smallest_k_within_one_standard_deviation_of_the_highest_is_taken():
    by_k = {
        4: [score(4, 1, 0.40), score(4, 2, 0.42)],
        8: [score(8, 1, 0.44), score(8, 2, 0.48)],
        6: [score(6, 1, 0.44), score(6, 2, 0.44)],
    }
    assert choose_k.chosen_k(by_k) == 6  # 0.44 >= 0.46 - 0.028
    assert choose_k.chosen_k({2: [score(2, 1, None)], 3: [score(3, 1, 0.1)]}) == 3


def test_topics_of_two_seeds_are_matched_one_to_one():
    first, second = [["a", "b"], ["c", "d"]], [["c", "e"], ["a", "b"]]
    assert matched(first, second) == pytest.approx((1 + 1 / 3) / 2)
    assert stability([first, first]) == 1 and stability([first]) is None


def test_a_model_of_another_corpus_or_of_other_terms_is_refused(tmp_path):
    files = write_terms(tmp_path, POSTS, ngrams=[1])
    paths = train(tmp_path, files)
    with pytest.raises(CrisisflowError, match=r"is of corpus own, 3 topics, seed 13 with .* not of corpus other"):
        coherence.run(*paths, *files, "other", 5, tmp_path / "c.json")
    files = write_terms(tmp_path, POSTS[:60], ngrams=[1])
    with pytest.raises(CrisisflowError, match="make it again with the step lda"):
        coherence.run(*paths, *files, "own", 5, tmp_path / "c.json")


@pytest.mark.parametrize("content", [b"", b"no tensors", json.dumps({}).encode()])
def test_a_file_that_is_no_model_is_refused(tmp_path, content):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(CrisisflowError, match="is no topic model"):
        read_model(path)
