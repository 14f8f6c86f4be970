"""A trained row read back: it predicts what training said that it predicts, on texts."""

import json
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from seqeval.scheme import IOB2, Entities

from crisisflow import inference
from crisisflow.alignment.bio import Word, words_of
from crisisflow.alignment.decoding import spans_of, strict_spans
from crisisflow.alignment.windows import joined_words, windows_of
from crisisflow.artifacts import PREDICTIONS, TWEETS, read_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.inference import find, torch_forward
from crisisflow.taxonomy import BIO_LABELS, CLASSES
from crisisflow.taxonomy import LABELS as OF_STUDY
from crisisflow.training.device import open_device

KINDS = ["PERSON", "NUMBER"]
LABELS = ["O", *(f"{prefix}-{kind}" for kind in KINDS for prefix in "BI")]


def validation_texts(corpus):
    table = read_parquet(corpus / "tweets.parquet", TWEETS)
    return [row["text"] for row in table.to_pylist() if row["split"] == "validation"]


@pytest.mark.parametrize("name", ["both", "tags"])
def test_on_the_validation_texts_it_predicts_what_training_wrote(trained, corpus, name):
    folder = trained / "rows" / name / "seed13"
    row = inference.load(folder / "model.safetensors", folder / "config.json")
    guess = inference.predict_texts(row, validation_texts(corpus))
    written = read_parquet(folder / "predictions.parquet", PREDICTIONS)
    assert guess["predicted_labels"] == written["predicted_labels"].to_pylist()
    for own, other in zip(guess["label_probabilities"], written["label_probabilities"].to_pylist(), strict=True):
        assert own == pytest.approx(other, abs=1e-6)
    if name == "both":
        assert guess["predicted_class_id"] == written["predicted_class_id"].to_pylist()
        assert guess["class_probabilities"][0] == pytest.approx(written["class_probabilities"][0].as_py(), abs=1e-6)
    else:
        assert "predicted_class_id" not in guess


@pytest.fixture(scope="module")
def row(trained):
    folder = trained / "rows" / "both" / "seed13"
    return inference.load(folder / "model.safetensors", folder / "config.json")


def test_the_findings_lie_in_the_text_and_are_as_many_as_texts(row):
    texts = ["17 dead in Kerala \U0001f525 cafe\u0301", "", "flood " * 100, "flood " * 48 * inference.WINDOWS]
    found = find(row, torch_forward(row), texts)
    assert [findings.cut for findings in found] == [False, False, False, True]
    for text, findings in zip(texts, found, strict=True):
        assert sum(findings.probabilities.values()) == pytest.approx(1, abs=1e-5)
        ends = [0, *(end for span in findings.spans for end in span[:2])]
        assert ends == sorted(ends)
        assert all(0 <= span.start < span.end <= len(text) and 0 < span.score <= 1 for span in findings.spans)
    assert find(row, torch_forward(row), []) == []


def test_a_row_without_classes_has_no_probabilities(trained):
    folder = trained / "rows" / "tags" / "seed13"
    row = inference.load(folder / "model.safetensors", folder / "config.json")
    (findings,) = find(row, torch_forward(row), ["17 dead"])
    assert findings.probabilities is None
    assert findings.spans is not None


def test_short_texts_get_the_labels_and_probabilities_of_training_s_own_pass(row, corpus):
    """A window of a short text is the text as training reads it."""
    texts = [*validation_texts(corpus), "", "cafe\u0301 in Ke\u0301rala \U0001f525"]
    encoded = row.tokenizer(texts, return_offsets_mapping=True)
    assert max(map(len, encoded["input_ids"])) <= row.max_length
    guess = inference.predict_texts(row, texts)
    for at, (text, findings) in enumerate(zip(texts, find(row, torch_forward(row), texts), strict=True)):
        words = words_of(encoded.word_ids(at), encoded["offset_mapping"][at], text)
        labels = [BIO_LABELS[guess["predicted_labels"][at][word.token]] for word in words]
        expected = spans_of(text, words, labels, [guess["label_probabilities"][at][word.token] for word in words])
        assert [span[:3] for span in findings.spans] == [span[:3] for span in expected]
        assert [span.score for span in findings.spans] == pytest.approx([span.score for span in expected], abs=1e-5)
        assert list(findings.probabilities) == list(CLASSES)
        assert list(findings.probabilities.values()) == pytest.approx(guess["class_probabilities"][at], abs=1e-5)


# Texts of the length of a few windows, with words that the tokenizer parts and marks that it drops.
PIECES = [
    "flood",
    "Kerala",
    "17",
    "e\u0301vacue\u0301s",
    "\U0001f525",
    "#PrayForKerala",
    "uninhabitable" * 8,
    ",",
    "\u0301",
    "日本",
]
LONG = st.lists(st.sampled_from(PIECES), min_size=30, max_size=80).map(" ".join)
TEXTS = LONG | st.lists(st.sampled_from(PIECES), max_size=10).map(" ".join) | st.text(max_size=300)
own_row = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def of_ids(ids, mask):
    """A forward pass without rounding: its logits follow from a subword, its place and what the mask shows."""
    shown = ((ids + 1) * mask).sum(axis=1, keepdims=True)
    subword = ids + shown + np.arange(ids.shape[1])
    entity = np.sin(subword[..., None] * np.arange(1, len(BIO_LABELS) + 1))
    return entity, np.sin(shown * np.arange(1, len(CLASSES) + 1))


@own_row
@given(st.lists(TEXTS, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_the_findings_of_a_text_do_not_depend_on_the_others_of_the_call(row, texts, random):
    alone = {text: find(row, of_ids, [text])[0] for text in texts}
    random.shuffle(texts)
    assert find(row, of_ids, texts) == [alone[text] for text in texts]


@own_row
@given(TEXTS)
def test_windows_join_to_the_words_of_the_whole_text(row, text):
    encoded = row.tokenizer(text, return_offsets_mapping=True)
    whole = words_of(encoded.word_ids(), encoded["offset_mapping"], text)
    (windows,) = windows_of(row.tokenizer, row.max_length, [text])
    words, positions = joined_words(windows, text)
    assert [word[:2] for word in words] == [word[:2] for word in whole]
    for word, position in zip(words, positions, strict=True):
        # Each is labelled at its first subword.
        assert windows[position.window].offsets[position.token][0] == word.start
    if len(encoded["input_ids"]) <= row.max_length:
        assert [window.ids for window in windows] == [encoded["input_ids"]]
        assert words == whole


@own_row
@given(LONG)
def test_the_probabilities_of_the_classes_are_the_mean_over_the_windows(row, text):
    (windows,) = windows_of(row.tokenizer, row.max_length, [text])
    logits = np.stack([of_ids(np.array([own.ids]), np.ones((1, len(own.ids)), np.int64))[1][0] for own in windows])
    expected = (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).mean(axis=0)
    (found,) = find(row, of_ids, [text])
    assert found.probabilities == pytest.approx(dict(zip(CLASSES, expected.tolist(), strict=True)))


@given(st.lists(st.tuples(st.sampled_from(LABELS), st.floats(0, 1)), max_size=12))
def test_spans_are_those_of_seqeval_s_strict_iob2(tagged):
    words = [Word(2 * at, 2 * at + 1, at) for at in range(len(tagged))]
    labels, scores = [label for label, _ in tagged], [score for _, score in tagged]
    found = strict_spans(words, labels, scores)
    expected = [(2 * entity.start, 2 * entity.end - 1, entity.tag) for entity in Entities([labels], IOB2).entities[0]]
    assert [span[:3] for span in found] == expected
    for span in found:
        assert span.score == min(scores[span.start // 2 : span.end // 2 + 1])


def broken(trained, tmp_path, change):
    folder = trained / "rows" / "both" / "seed13"
    for file in ("model.safetensors", "config.json"):
        shutil.copy(folder / file, tmp_path / file)
    change(tmp_path)
    return tmp_path / "model.safetensors", tmp_path / "config.json"


def edit_config(**values):
    def change(folder):
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | values))

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "model.safetensors").unlink(), "model.safetensors does not exist; run: dvc checkout"),
        (lambda folder: (folder / "config.json").unlink(), "config.json does not exist"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"x" * 40), "is no readable safetensors file"),
        (edit_config(bio_labels=["O"]), "does not fit"),
        (edit_config(bio_labels=["O", "I-PERSON", "B-PERSON"]), "is of other labels than this version's"),
        (
            lambda folder: (folder / "config.json").write_text("{}"),
            "is not what training writes (KeyError: 'bio_labels')",
        ),
        (lambda folder: (folder / "config.json").write_text("[]"), "is not what training writes (TypeError: "),
        (edit_config(encoder={"model_type": "nonsense"}), "is not what training writes (ValueError: "),
        (edit_config(row={"tasks": "ner", "encoder": "x"}), "does not fit"),
    ],
)
def test_what_cannot_be_read_is_one_line(trained, tmp_path, change, message):
    with pytest.raises(CrisisflowError) as error:
        inference.load(*broken(trained, tmp_path, change))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_weights_of_another_training_are_refused_even_if_they_fit(trained, tmp_path):
    def change_weights(folder):
        path = folder / "model.safetensors"
        device = open_device("cpu", 1, 1)
        device.save({name: tensor + 1 for name, tensor in load_file(path).items()}, path)

    with pytest.raises(CrisisflowError, match=r"does not belong to .*config\.json, which is of weights") as error:
        inference.load(*broken(trained, tmp_path, change_weights))
    assert "\n" not in str(error.value)
    with pytest.raises(CrisisflowError, match="was written by another version: it lacks weights; make it again"):
        inference.load(*broken(trained, tmp_path, without_weights))


def without_weights(folder):
    config = json.loads((folder / "config.json").read_text())
    del config["weights"]
    (folder / "config.json").write_text(json.dumps(config))


def test_a_study_takes_no_row_of_other_labels(trained):
    folder = trained / "rows" / "both" / "seed13"
    files = (folder / "model.safetensors", folder / "config.json")
    assert inference.load(*files, OF_STUDY).model.labels == OF_STUDY
    with pytest.raises(CrisisflowError, match="is of other labels"):
        inference.load(*files, OF_STUDY._replace(classes=OF_STUDY.classes[::-1]))


def test_weights_of_another_shape_are_refused(trained, tmp_path):
    config = json.loads((trained / "rows" / "both" / "seed13" / "config.json").read_text())
    change = edit_config(encoder={**config["encoder"], "num_hidden_layers": 2})
    with pytest.raises(CrisisflowError, match="does not fit") as error:
        inference.load(*broken(trained, tmp_path, change))
    assert "\n" not in str(error.value)
