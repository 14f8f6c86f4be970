"""Scores of labels: identification by words, and prediction of classes by topics on the other half."""

from datetime import UTC, datetime

import numpy as np
import pytest

from crisisflow.studies.analytics import label_scores
from crisisflow.studies.analytics.documents import read_documents
from crisisflow.studies.analytics.halves import is_first
from crisisflow.studies.analytics.label_scores import LENGTHS, identification, of_days, of_topics, prediction
from crisisflow.studies.analytics.labels import METHODS
from crisisflow.studies.analytics.reproduction import described, descriptions
from tests.studies.analytics.planted import planted, write_terms
from tests.studies.analytics.settings import labels_params

IDS = [f"post{at}" for at in range(400)]
HALF = [is_first(post_id) for post_id in IDS]


def test_the_halves_are_about_equal_and_depend_on_the_id_alone():
    assert 150 < sum(HALF) < 250
    assert [is_first(post_id) for post_id in reversed(IDS)] == HALF[::-1]


def test_topics_that_are_the_classes_predict_all_of_them():
    labels = ["abc"[at % 3] for at in range(400)]
    topics = np.array([(2, 0, 1)[at % 3] for at in range(400)])
    found = prediction(IDS, topics, labels, ["a", "b", "c"], 100)
    assert found["micro"]["precision"]["value"] == found["macro"]["recall"]["value"] == 1
    assert found["topics"] == ["b", "c", "a"]
    assert found["posts"] + found["mapped_on"] == 400
    assert found["summed"]["false_positives"] == 0 and found["summed"]["true_negatives"] == 2 * found["posts"]


def test_precision_and_recall_are_counted_on_the_half_of_which_nothing_was_read_off():
    labels = ["a" if first else "b" for first in HALF]
    found = prediction(IDS, np.zeros(400, dtype=int), labels, ["a", "b"], 100)
    assert found["topics"] == ["a"]  # of the first half
    assert found["micro"]["recall"]["value"] == 0 and found["majority"] == 1
    assert found["confusion"] == [[0, 0, 0], [found["posts"], 0, 0]]


def test_a_topic_without_a_labelled_post_stands_for_no_class():
    labels = [None if first and at % 2 else "ab"[at % 2] for at, first in enumerate(HALF)]
    found = prediction(IDS, np.arange(400) % 2, labels, ["a", "b"], 100)
    assert found["topics"] == ["a", None]
    posts = sum(not first and at % 2 for at, first in enumerate(HALF))
    assert found["confusion"][1] == [0, 0, posts]
    assert found["micro"]["precision"]["value"] == 1 and found["micro"]["recall"]["value"] < 1


def test_a_topic_has_the_class_of_most_of_its_posts():
    rows = [{"topic": 0, "method": method, "label": method} for method in METHODS]
    found = of_topics(np.array([0, 0, 0, 1]), ["b", "a", "b", None], 3, rows)
    assert [own["class"] for own in found] == ["b", None, None] and found[0]["share"] == 2 / 3
    assert found[0]["labels"] == {method: method for method in METHODS} and found[2]["posts"] == 0


def test_days_are_of_posts_with_a_time():
    noon = datetime(2020, 3, 2, 12, tzinfo=UTC)
    assert of_days(np.array([1, 1, 0]), [noon, noon, None]) == [{"day": "2020-03-02", "topic": 1, "posts": 2}]


def test_labels_pick_their_classes_by_every_method_and_length(tmp_path):
    posts, topics = planted(45)
    read = read_documents(*write_terms(tmp_path, posts, min_df=1))
    classes = ["fever_and_cough", "schools", "shops_and_markets"]
    labels = [classes[topic] for topic in topics]
    params = labels_params(drop_query_words=False)
    found = identification(read, labels, classes, params, frozenset(), "embedded:minilm-l6", 32, 100)
    assert [(own["method"], own["length"]) for own in found["identification"]] == [
        (method, length) for length in LENGTHS for method in METHODS
    ]
    for own in found["identification"]:
        assert own["mrr"]["value"] == own["accuracy"] == 1
        assert len(own["labels"]["schools"].split()) == own["length"]
    assert all(own["value"] == 0 for own in found["identification_differences"])


def test_the_right_one_of_equally_near_ones_comes_last():
    assert label_scores._rank(np.array([0.2, 0.9, 0.9]), 1) == 2


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("disease_transmission", descriptions()["transmission"]),
        ("affected_people", descriptions()["impact"]),
        ("injured_or_dead_people", "injured or dead people"),
    ],
)
def test_a_class_is_described_in_the_paper_s_words_where_it_has_it(name, words):
    assert described(name) == words
