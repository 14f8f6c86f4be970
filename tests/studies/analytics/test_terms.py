"""Terms: Eq. 1 to 3 by hand, and what holds for any corpus."""

from math import log10

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crisisflow.artifacts import read_json, read_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.studies.analytics.documents import read_documents
from crisisflow.studies.analytics.terms import DOCUMENTS, TERMS, frequency, rarity, terms_of
from tests.studies.analytics.planted import write_terms

# Worked out by hand: N = 4; df of cough 1, fever 2, help 3, mask 2.
FOUR = ["mask mask help", "mask help", "fever", "fever cough help"]
IDF = {"cough": 0.602060, "fever": 0.301030, "help": 0.124939, "mask": 0.301030}
WEIGHTS = [
    {"help": 0.124939, "mask": 0.391649},  # 1.301030 x 0.301030
    {"help": 0.124939, "mask": 0.301030},
    {"fever": 0.301030},
    {"cough": 0.602060, "fever": 0.301030, "help": 0.124939},
]


def four(folder, **own):
    return write_terms(folder, [text.split() for text in FOUR], **own)


def test_frequencies_rarities_and_weights_are_those_worked_out_by_hand(tmp_path):
    files = four(tmp_path, ngrams=[1])
    rows = read_parquet(files.terms, TERMS).to_pylist()
    assert {row["term"]: round(row["idf"], 6) for row in rows} == IDF
    assert [(row["term"], row["df"], row["count"]) for row in rows] == [
        ("cough", 1, 1),
        ("fever", 2, 2),
        ("help", 3, 3),
        ("mask", 2, 3),
    ]
    names = [row["term"] for row in rows]
    documents = read_parquet(files.documents, DOCUMENTS).to_pylist()
    found = [
        {names[term]: round(weight, 6) for term, weight in zip(row["terms"], row["weights"], strict=True)}
        for row in documents
    ]
    assert found == WEIGHTS
    assert [row["counts"] for row in documents] == [[1, 2], [1, 1], [1], [1, 1, 1]]
    assert [row["length"] for row in documents] == [3, 2, 1, 3]


def test_pairs_are_neighbours_and_terms_are_chosen_by_the_posts_that_have_them(tmp_path):
    assert list(terms_of(["a", "b", "a"], [1, 2])) == ["a", "b", "a", "a b", "b a"]
    assert list(terms_of(["a", "b"], [2])) == ["a b"] and list(terms_of([], [1, 2])) == []
    names = read_parquet(four(tmp_path, min_df=2).terms, TERMS)["term"].to_pylist()
    assert names == ["fever", "help", "mask", "mask help"]
    names = read_parquet(four(tmp_path, max_df=0.5).terms, TERMS)["term"].to_pylist()
    assert "help" not in names and "mask" in names
    assert read_json(tmp_path / "terms.json")["terms"] == {"1": 3, "2": 4}


def test_a_post_without_terms_stays(tmp_path):
    files = four(tmp_path, ngrams=[1], min_df=3)
    read = read_documents(*files)
    assert read.terms == ["help"] and read.counts.toarray().ravel().tolist() == [1, 1, 0, 1]
    assert read_json(tmp_path / "terms.json")["posts_without_terms"] == 1


POSTS = st.lists(st.lists(st.sampled_from("abcde"), max_size=6), min_size=1, max_size=8).filter(any)


@settings(max_examples=20)
@given(posts=POSTS)
def test_weights_are_never_negative_and_the_order_of_posts_changes_nothing(posts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("terms")
    files = write_terms(folder, posts)
    read = read_documents(*files)
    assert (read.weights.data >= 0).all() and (read.counts.data > 0).all()
    content = files.terms.read_bytes()
    turned = read_documents(*write_terms(folder, posts[::-1]))
    assert files.terms.read_bytes() == content
    assert np.array_equal(turned.weights.toarray()[::-1], read.weights.toarray())


@given(st.integers(1, 10**6), st.data())
def test_a_term_in_more_posts_is_less_rare(posts, data):
    df, other = sorted(data.draw(st.lists(st.integers(1, posts), min_size=2, max_size=2)))
    assert rarity(posts, df) >= rarity(posts, other) >= 0
    assert frequency(1) == 1 and frequency(df + 1) > frequency(df) and rarity(10, 1) == log10(10)


def test_a_corpus_without_a_term_that_often_is_refused(tmp_path):
    with pytest.raises(CrisisflowError, match=r"own: none of its 8 terms is in at least 9 and at most 100%") as error:
        four(tmp_path, min_df=9)
    assert "\n" not in str(error.value) and not (tmp_path / "documents.parquet").exists()


def test_files_of_two_runs_are_refused(tmp_path):
    (tmp_path / "other").mkdir()
    with pytest.raises(CrisisflowError, match="make both again"):
        read_documents(four(tmp_path, ngrams=[1]).terms, four(tmp_path / "other").documents)
