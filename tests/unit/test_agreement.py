"""Agreement between annotators, against scikit-learn and by hand."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from crisisflow.annotation.agreement import Reviewed, compare, kappa, read_label_studio, run
from crisisflow.artifacts import RAW, write_csv, write_parquet
from crisisflow.errors import CrisisflowError

TEXT = "🔥 Floods in Nepal, 17 dead"
FLOODS, NEPAL, DEAD = (2, 8, "DISASTER_TYPE"), (12, 17, "LOCATION"), (19, 26, "CASUALTY")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=40))
def test_kappa_is_scikit_learn_s(pairs) -> None:
    first, second = np.array(pairs).T
    value, low, high = kappa(first, second, np.arange(len(pairs)) // 3, 3)
    expected = cohen_kappa_score(first, second, labels=[0, 1, 2])
    assert np.isnan(value) if np.isnan(expected) else value == pytest.approx(expected)
    assert np.isnan(low) or low <= high


def test_the_same_marks_agree_fully() -> None:
    rows = list(compare([Reviewed(TEXT, {"a": {FLOODS, NEPAL}, "b": {FLOODS, NEPAL}})], "a", "b"))
    assert [(row[2], row[5], row[6]) for row in rows] == [
        ("all", 1, 1),
        ("LOCATION", 1, 1),
        ("DISASTER_TYPE", 1, 1),
    ]


def test_span_f1_and_kappa_by_hand() -> None:
    """One of two spans of the first is the second's only one; of 7 tokens the two differ in the two of CASUALTY."""
    rows = {row[2]: row for row in compare([Reviewed(TEXT, {"a": {NEPAL, DEAD}, "b": {NEPAL}})], "a", "b")}
    assert rows["all"][3:6] == [2, 1, round(2 / 3, 4)]
    observed, expected = 5 / 7, (4 * 6 + 1 * 1) / 49
    assert rows["all"][6] == round((observed - expected) / (1 - expected), 4)
    assert rows["CASUALTY"][5:7] == [0, 0]


def standoff(folder: Path, text: str) -> Path:
    header = ["tweet_id", "event", "class_label", "half", "text_sha256"]
    digest = hashlib.sha256(TEXT.encode()).hexdigest()
    write_csv(folder / "tweets.csv", header, [["1", "e", "c", "tuning", digest]])
    row = {"tweet_id": "1", "text": text, "class_label": "c", "event": "e", "official_split": "train"}
    write_parquet(folder / "corpus.parquet", [row], RAW)
    marks = [["1", name, *mark] for name in ("first", "second") for mark in (FLOODS, NEPAL)]
    write_csv(folder / "passes.csv", ["tweet_id", "annotator", "start", "end", "label"], marks)
    return folder / "passes.csv"


def test_passes_without_text_are_read(tmp_path: Path, capsys) -> None:
    run(standoff(tmp_path, TEXT), tmp_path / "corpus.parquet", tmp_path / "out.csv")
    assert "first / second" in capsys.readouterr().err
    assert (tmp_path / "out.csv").read_text().splitlines()[1].startswith("first,second,all,2,2,1.0,1.0,")


def test_another_text_than_the_annotated_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(CrisisflowError, match="tweet 1 has another text in"):
        run(standoff(tmp_path, "Another"), tmp_path / "corpus.parquet", None)


def export(annotators: int) -> list[dict]:
    def result(start: int, end: int, label: str) -> dict:
        return {"type": "labels", "value": {"start": start, "end": end, "text": "", "labels": [label]}}

    # In UTF-16 the flame takes two units.
    marked = {"result": [result(3, 9, "DISASTER_TYPE"), result(13, 18, "LOCATION")]}
    annotations = [{**marked, "completed_by": number} for number in range(annotators)]
    return [{"data": {"text": TEXT}, "predictions": [marked], "annotations": annotations}]


def test_an_export_of_label_studio_is_read_in_code_points(tmp_path: Path) -> None:
    (tmp_path / "export.json").write_text(json.dumps(export(2)))
    (tweet,) = read_label_studio(tmp_path / "export.json")
    assert tweet.marks == {name: {FLOODS, NEPAL} for name in ("pipeline", "0", "1")}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([{"data": {"text": TEXT}, "annotations": []}], "no tweet was annotated by two; annotators: none"),
        ([{"text": TEXT}], r"is no JSON export of Label Studio \(KeyError 'data'\)"),
    ],
)
def test_what_cannot_be_compared_is_said(tmp_path: Path, content, message: str) -> None:
    (tmp_path / "export.json").write_text(json.dumps(content))
    with pytest.raises(CrisisflowError, match=message):
        run(tmp_path / "export.json", tmp_path, None)
