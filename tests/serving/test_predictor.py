"""The predictor and its runtimes: the same findings from each, of texts that are judged."""

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from onnx import numpy_helper
from tokenizers import Regex
from tokenizers.pre_tokenizers import Split

from crisisflow.alignment.decoding import FoundSpan, with_marks
from crisisflow.alignment.windows import joined_words, windows_of
from crisisflow.inference import WINDOWS, find, load, torch_forward
from crisisflow.serving.predictor import Predictor
from crisisflow.serving.runtime import open_runtime, to_int8, to_onnx
from crisisflow.taxonomy import BIO_LABELS

TEXTS = [
    "17 people killed near Marawi, rescue teams requested immediately",
    "",
    "Flöod 🔥🔥 in Ke\u0301rala #PrayForKerala 👩‍👩‍👧 send water",
    "flood",
]


@pytest.fixture(scope="module")
def predictor(row):
    return Predictor(row, open_runtime(row, "onnx", 1))


@pytest.mark.parametrize("runtime", ["onnx", "torch"])
def test_what_is_served_is_what_the_row_itself_finds(row, runtime):
    texts = [*TEXTS, "17 people killed in the flood " * 40]
    found = Predictor(row, open_runtime(row, runtime, 1))(texts)
    for own, other in zip(found, find(row, torch_forward(row), texts), strict=True):
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


def test_embeddings_are_int8_rows_with_a_scale_each(row):
    model = onnx.load_from_string(to_int8(to_onnx(row)))
    stored = {own.name: numpy_helper.to_array(own) for own in model.graph.initializer}
    assert not any(own.dtype == np.float32 and own.ndim == 2 and own.shape[1] > 1 for own in stored.values())
    whole = row.model.encoder.embeddings.word_embeddings.weight.detach().numpy()
    (name,) = (name for name, own in stored.items() if own.shape == whole.shape)
    scale = stored[name.replace("_int8", "_scale")]
    assert (np.abs(stored[name] * scale - whole) <= scale * 0.501).all()


def test_a_row_is_exported_whatever_its_tokenizer_makes_of_the_example_texts(row):
    """They may be more subwords than the example has places for: a small vocabulary cuts words into letters."""
    cut = row.tokenizer.backend_tokenizer.from_str(row.tokenizer.backend_tokenizer.to_str())
    cut.pre_tokenizer = Split(Regex("."), "isolated")
    tokenizer = type(row.tokenizer)(tokenizer_object=cut, pad_token=row.tokenizer.pad_token)
    assert len(tokenizer("unlike length")["input_ids"]) > 8
    ids, mask = np.array([[101, 2543, 102]]), np.ones((1, 3), np.int64)
    found = open_runtime(row._replace(tokenizer=tokenizer), "onnx", 1)(ids, mask)
    for own, other in zip(found, open_runtime(row, "torch", 1)(ids, mask), strict=True):
        assert own == pytest.approx(other, abs=1e-5)


def test_a_row_of_one_task_has_no_class(results):
    folder = results / "rows" / "tags" / "seed13"
    tags = load(folder / "model.safetensors", folder / "config.json")
    (found,) = Predictor(tags, open_runtime(tags, "onnx", 1))(["17 dead"])
    assert found.probabilities is None
    assert found.spans is not None


def test_a_batch_changes_nothing(predictor):
    texts = [*TEXTS, "flood " * 200]
    for own, alone in zip(predictor(texts), [predictor([text])[0] for text in texts], strict=True):
        assert [span[:3] for span in own.spans] == [span[:3] for span in alone.spans]
        assert own.probabilities == pytest.approx(alone.probabilities, abs=1e-5)


def test_a_long_text_is_read_to_its_end_and_one_too_long_says_so(predictor, row):
    words = ["flood", "water", "rescue", "Kerala", "people", "dead"]
    text = " ".join(words[at % len(words)] for at in range(300))
    (windows,) = windows_of(row.tokenizer, row.max_length, [text])
    assert len(windows) > 3
    joined, places = joined_words(windows, text)
    assert [text[word.start : word.end].lower() for word in joined] == text.lower().split()
    # But for the text's own ends, no word is labelled near a window's edge.
    assert all(place.distance >= row.max_length // 8 - 1 for place in places[20:-20])
    assert not predictor([text])[0].cut
    long = " ".join(["flood"] * (WINDOWS * row.max_length))
    found = predictor([long])[0]
    assert found.cut
    assert sum(found.probabilities.values()) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("Bogota\u0301 is flooded", [(0, 7)]),
        ("near Bogota\u0301", [(5, 12)]),
        ("Bogota\u0301\ufe0f!", [(0, 8)]),
        ("Bogota, Kerala\u0301\u0301", [(0, 6), (8, 16)]),
        ("Bogota \u0301", [(0, 6)]),
        ("Bo\u0301gota", [(0, 7)]),
        ("is flooded\u0301", []),
    ],
)
def test_a_span_has_the_marks_of_its_last_letter(row, text, spans):
    (found,) = Predictor(row, named(row, "Bogota", "Kerala"))([text])
    assert [(span.start, span.end) for span in found.spans] == spans
    assert {span.label for span in found.spans} <= {"LOCATION"}


def test_marks_of_every_kind_are_taken_but_none_of_the_next_span():
    spans = [FoundSpan(0, 1, "LOCATION", 1.0), FoundSpan(4, 5, "LOCATION", 1.0)]
    assert [span[:2] for span in with_marks("a\u0301\u20dd\u0903\u0301x", spans)] == [(0, 4), (4, 5)]


def named(row, *words):
    """A forward pass that finds these words to be places, by their first subwords, and nothing else."""
    firsts = [row.tokenizer(word)["input_ids"][1] for word in words]

    def forward(ids, mask):
        entity = np.zeros((*ids.shape, len(BIO_LABELS)))
        entity[..., BIO_LABELS.index("O")] = 1
        entity[..., BIO_LABELS.index("B-LOCATION")] = 2 * np.isin(ids, firsts)
        return entity, None

    return forward


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=400))
def test_spans_lie_in_any_text_in_order(row, text):
    (found,) = Predictor(row, everything)([text])
    assume(found.spans is not None)  # a text of another language is not judged
    assert [span[2] for span in found.spans] == ["LOCATION"] * len(found.spans)
    assert found.spans or not any(letter.isalnum() and letter.isascii() for letter in text)
    ends = [0, *(end for span in found.spans for end in span[:2])]
    assert ends == sorted(ends)
    assert all(0 <= span.start < span.end <= len(text) for span in found.spans)


def everything(ids, mask):
    """A forward pass that finds each word to be a place."""
    entity = np.zeros((*ids.shape, len(BIO_LABELS)))
    entity[..., BIO_LABELS.index("B-LOCATION")] = 1
    return entity, None
