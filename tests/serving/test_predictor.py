"""The predictor and its runtimes: the same answers as training's own pass, long texts whole."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crisisflow.inference import annotate, load
from crisisflow.serving import predictor
from crisisflow.serving.predictor import Predictor, joined_words, windows_of
from crisisflow.serving.runtime import open_runtime, to_int8, to_onnx

TEXTS = [
    "17 people killed near Marawi, rescue teams requested immediately",
    "",
    "Flöod 🔥🔥 in Ke\u0301rala #PrayForKerala 👩‍👩‍👧 send water",
    "flood",
]


@pytest.fixture(scope="module")
def onnx(row):
    return Predictor(row, open_runtime(row, "onnx", 1))


@pytest.mark.parametrize("runtime", ["onnx", "torch"])
def test_short_texts_get_what_the_row_itself_finds(row, runtime):
    found = Predictor(row, open_runtime(row, runtime, 1))(TEXTS)
    for own, other in zip(found, annotate(row, TEXTS), strict=True):
        assert [span[:3] for span in own.spans] == [span[:3] for span in other.spans]
        assert [span.score for span in own.spans] == pytest.approx([span.score for span in other.spans], abs=1e-5)
        assert own.probabilities == pytest.approx(other.probabilities, abs=1e-5)


def test_int8_is_smaller_and_near(row):
    exact = to_onnx(row)
    small = to_int8(exact)
    assert len(small) < len(exact)
    ids, mask = np.array([[101, 2543, 2111, 2730, 102]]), np.ones((1, 5), np.int64)
    for own, other in zip(open_runtime(row, "onnx-int8", 1)(ids, mask), open_runtime(row, "onnx", 1)(ids, mask)):  # noqa: B905
        assert np.abs(own - other).max() < 0.5


def test_a_row_of_one_task_has_no_event(results):
    folder = results / "rows" / "tags" / "seed13"
    tags = load(folder / "model.safetensors", folder / "config.json")
    (found,) = Predictor(tags, open_runtime(tags, "onnx", 1))(["17 dead"])
    assert found.probabilities is None
    assert found.spans is not None


def test_a_batch_changes_nothing(onnx):
    texts = [*TEXTS, "flood " * 200]
    for own, alone in zip(onnx(texts), [onnx([text])[0] for text in texts], strict=True):
        assert [span[:3] for span in own.spans] == [span[:3] for span in alone.spans]
        assert own.probabilities == pytest.approx(alone.probabilities, abs=1e-5)


def test_a_long_text_is_read_to_its_end_and_one_too_long_says_so(onnx, row):
    words = ["flood", "water", "rescue", "Kerala", "people", "dead"]
    text = " ".join(words[at % len(words)] for at in range(300))
    (windows,) = windows_of(row, [text])
    assert len(windows) > 3
    joined, places = joined_words(windows)
    assert [text[word.start : word.end].lower() for word in joined] == text.lower().split()
    # But for the text's own ends, no word is labelled near a window's edge.
    assert all(place.distance >= row.max_length // 8 - 1 for place in places[20:-20])
    assert not onnx([text])[0].cut
    long = " ".join(["flood"] * (predictor.WINDOWS * row.max_length))
    found = onnx([long])[0]
    assert found.cut
    assert sum(found.probabilities) == pytest.approx(1, abs=1e-4)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=400))
def test_spans_lie_in_any_text_in_order(onnx, text):
    (found,) = onnx([text])
    ends = [0, *(end for span in found.spans for end in span[:2])]
    assert ends == sorted(ends)
    assert all(0 <= span.start < span.end <= len(text) for span in found.spans)
