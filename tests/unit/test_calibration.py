"""Calibration: the bins hold every prediction once, and the error is the textbook's."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.artifacts import PREDICTIONS
from crisisflow.evaluation.calibration import BINS, expected_error, of_classes, of_spans, reliability
from crisisflow.taxonomy import BIO_LABELS, LABELS

ID = {label: at for at, label in enumerate(BIO_LABELS)}


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=60))
def test_every_prediction_is_in_the_bin_of_its_confidence(predictions):
    confidences = np.array([confidence for confidence, _ in predictions])
    right = np.array([hit for _, hit in predictions], dtype=bool)
    bins = reliability(confidences, right)
    assert sum(own["size"] for own in bins) == len(predictions)
    assert sum(round(own["size"] * own["accuracy"]) for own in bins) == right.sum()
    for own in bins:
        assert own["low"] - 1e-9 <= own["confidence"] <= own["high"] + 1e-9
        inside = (confidences > own["low"]) & (confidences <= own["high"]) | ((confidences == 0) & (own["low"] == 0))
        assert inside.sum() == own["size"]
    error = expected_error(bins)
    assert error is None if not predictions else 0 <= error <= 1


def test_the_error_is_the_weighed_distance_of_the_bins():
    confidences = np.array([0.95] * 10 + [0.55] * 30)
    right = np.array([True] * 9 + [False] + [True] * 15 + [False] * 15)
    assert expected_error(reliability(confidences, right)) == pytest.approx((10 * 0.05 + 30 * 0.05) / 40)


def test_one_that_is_sure_and_right_is_calibrated():
    assert expected_error(reliability(np.ones(5), np.ones(5, dtype=bool))) == 0


def predictions(labels, predicted, confidence, class_ids=(0,), probabilities=((1.0, *[0.0] * 9),)):
    columns = {
        "tweet_id": [str(at) for at in range(len(labels))],
        "class_id": list(class_ids),
        "predicted_class_id": [int(np.argmax(own)) for own in probabilities],
        "class_probabilities": list(map(list, probabilities)),
        "labels": labels,
        "predicted_labels": predicted,
        "label_probabilities": confidence,
    }
    return pa.table(columns, schema=PREDICTIONS)


def test_a_span_is_as_sure_as_its_least_sure_word_and_right_with_borders_and_type():
    b, i, o = ID["B-PERSON"], ID["I-PERSON"], ID["O"]
    table = predictions(
        [[-100, b, -100, i, o, b, -100]],
        [[o, b, o, i, o, b, i]],  # what stands at continuations does not count
        [[0.1, 0.9, 0.2, 0.65, 0.3, 0.85, 0.1]],
    )
    found = of_spans(table, LABELS)
    assert [(own["size"], own["accuracy"]) for own in found["bins"]] == [(1, 1), (1, 1)]
    assert [own["confidence"] for own in found["bins"]] == pytest.approx([0.65, 0.85])
    longer = predictions([[b, i, o]], [[b, i, i]], [[0.9, 0.9, 0.9]])
    assert [own["accuracy"] for own in of_spans(longer, LABELS)["bins"]] == [0]


def test_a_span_ends_with_its_tweet():
    b, i = ID["B-PERSON"], ID["I-PERSON"]
    nothing = [[0.1] * 10] * 2
    table = predictions([[b], [b, i]], [[b], [b, i]], [[0.95], [0.35, 0.25]], (0, 0), nothing)
    assert sorted(own["size"] for own in of_spans(table, LABELS)["bins"]) == [1, 1]
    assert of_spans(table, LABELS)["bins"][0]["confidence"] == pytest.approx(0.25)


def test_without_a_predicted_span_there_is_no_error():
    o = ID["O"]
    assert of_spans(predictions([[o]], [[o]], [[0.9]]), LABELS) == {"expected_error": None, "bins": []}


def test_an_event_is_as_sure_as_its_most_probable_class():
    probabilities = [[0.6, 0.4, *[0.0] * 8], [0.2, 0.8, *[0.0] * 8]]
    table = predictions([[0], [0]], [[0], [0]], [[1.0], [1.0]], (0, 0), probabilities)
    assert of_classes(table)["expected_error"] == pytest.approx((0.4 + 0.8) / 2)
    assert [own["accuracy"] for own in of_classes(table)["bins"]] == [1, 0]
    assert len(of_classes(table)["bins"]) <= BINS
