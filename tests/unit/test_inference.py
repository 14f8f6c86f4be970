"""A trained row read back: it predicts what training said that it predicts, on texts."""

import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.scheme import IOB2, Entities

from crisisflow import inference
from crisisflow.alignment.bio import Word
from crisisflow.alignment.decoding import strict_spans
from crisisflow.artifacts import PREDICTIONS, TWEETS, read_parquet
from crisisflow.errors import CrisisflowError

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


def test_the_findings_lie_in_the_text_and_are_as_many_as_texts(trained):
    folder = trained / "rows" / "both" / "seed13"
    row = inference.load(folder / "model.safetensors", folder / "config.json")
    texts = ["17 dead in Kerala \U0001f525 cafe\u0301", "", "flood " * 100]
    found = inference.annotate(row, texts)
    assert [findings.cut for findings in found] == [False, False, True]
    for text, findings in zip(texts, found, strict=True):
        assert sum(findings.probabilities) == pytest.approx(1, abs=1e-5)
        ends = [0, *(end for span in findings.spans for end in span[:2])]
        assert ends == sorted(ends)
        assert all(0 <= span.start < span.end <= len(text) and 0 < span.score <= 1 for span in findings.spans)


def test_a_row_without_classes_has_no_probabilities(trained):
    folder = trained / "rows" / "tags" / "seed13"
    row = inference.load(folder / "model.safetensors", folder / "config.json")
    (findings,) = inference.annotate(row, ["17 dead"])
    assert findings.probabilities is None
    assert findings.spans is not None


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
        (edit_config(bio_labels=["O"]), "is of other labels than this version's"),
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


def test_weights_of_another_shape_are_refused(trained, tmp_path):
    config = json.loads((trained / "rows" / "both" / "seed13" / "config.json").read_text())
    change = edit_config(encoder={**config["encoder"], "num_hidden_layers": 2})
    with pytest.raises(CrisisflowError, match="does not fit") as error:
        inference.load(*broken(trained, tmp_path, change))
    assert "\n" not in str(error.value)
