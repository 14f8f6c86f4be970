"""Agreement between annotators, against scikit-learn and by hand; and what cannot be compared, in one line."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from crisisflow.annotation.agreement import HEADER, TOKEN, compare, run
from crisisflow.annotation.label_studio import read_export
from crisisflow.annotation.reviewed import Mark, Reviewed, flat
from crisisflow.artifacts import RAW, write_csv, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.taxonomy import ENTITY_TYPES

TEXT = "🔥 Floods in Nepal, 17 dead"
FLOODS, NEPAL, DEAD = Mark(2, 8, "DISASTER_TYPE"), Mark(12, 17, "LOCATION"), Mark(19, 26, "CASUALTY")


def compared(tweets: Sequence[Reviewed]) -> dict[str, dict]:
    """The rows of annotators a and b, by label."""
    return {row[2]: dict(zip(HEADER, row, strict=True)) for row in compare(tweets, "a", "b")}


WORDS = [match.span() for match in TOKEN.finditer("one two three four")]
codings = st.lists(st.sampled_from(["O", "LOCATION", "NUMBER"]), min_size=4, max_size=4)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(codings, codings), min_size=1, max_size=6))
def test_kappa_of_all_types_and_of_each_is_scikit_learn_s(tweets) -> None:
    def marks(coding: list[str]) -> set[Mark]:
        return {Mark(*word, label) for word, label in zip(WORDS, coding, strict=True) if label != "O"}

    rows = compared([Reviewed("one two three four", {"a": marks(a), "b": marks(b)}) for a, b in tweets])
    first, second = ([label for tweet in tweets for label in tweet[side]] for side in (0, 1))
    for label, row in rows.items():
        codes = [[one if label == "all" else one == label for one in side] for side in (first, second)]
        expected = 1.0 if codes[0] == codes[1] else cohen_kappa_score(*codes)
        if len({*codes[0], *codes[1]}) > 1:
            assert row["kappa"] == pytest.approx(expected, abs=1e-4)
            assert row["kappa_low"] == "" or row["kappa_low"] <= row["kappa_high"]


def test_the_same_marks_agree_fully_and_the_bootstrap_has_nothing_to_say() -> None:
    rows = compared([Reviewed(TEXT, {"a": {FLOODS, NEPAL}, "b": {FLOODS, NEPAL}})] * 5)
    assert list(rows) == ["all", "LOCATION", "DISASTER_TYPE"]
    for row in rows.values():
        assert [row[measure] for measure in ("precision", "recall", "span_f1", "kappa")] == [1, 1, 1, 1]
        assert {row[f"{measure}_low"] for measure in ("precision", "recall", "span_f1", "kappa")} == {""}


def test_measures_by_hand() -> None:
    """One of two spans of the first is the second's only one; of 7 tokens the two differ in the two of CASUALTY."""
    rows = compared([Reviewed(TEXT, {"a": {NEPAL, DEAD}, "b": {NEPAL}})])
    assert [rows["all"][f"{one}_spans"] for one in ("first", "second", "both")] == [2, 1, 1]
    assert [rows["all"][measure] for measure in ("precision", "recall", "span_f1")] == [0.5, 1, round(2 / 3, 4)]
    observed, expected = 5 / 7, (4 * 6 + 1 * 1) / 49
    assert rows["all"]["kappa"] == round((observed - expected) / (1 - expected), 4)
    assert [rows["CASUALTY"][measure] for measure in ("precision", "recall", "span_f1", "kappa")] == [0, "", 0, 0]


def test_intervals_are_of_tweets_not_of_spans() -> None:
    """Ten spans in one of twenty tweets go wrong together: a formula for independent spans would give 0.44 to 0.72."""
    text = " ".join("abcdefghij")
    many = {Mark(2 * at, 2 * at + 1, "NUMBER") for at in range(10)}
    one = {Mark(0, 1, "NUMBER")}
    tweets = [Reviewed(text, {"a": many, "b": set()})] + [Reviewed(text, {"a": one, "b": one})] * 19
    row = compared(tweets)["NUMBER"]
    assert row["precision"] == round(19 / 29, 4)
    assert row["precision_low"] < 0.45
    assert row["precision_high"] == 1
    assert list(compare(tweets, "a", "b")) == list(compare(tweets, "a", "b"))


def test_annotators_without_a_common_tweet_have_no_row() -> None:
    assert compared([Reviewed(TEXT, {"a": {NEPAL}}), Reviewed(TEXT, {"b": {NEPAL}})]) == {}


def test_without_spans_or_tokens_there_is_nothing_to_measure() -> None:
    row = compared([Reviewed(" ", {"a": set(), "b": set()})])["all"]
    assert [row[one] for one in HEADER[3:]] == [0, 0, 0] + [""] * 12


def standoff(folder: Path, text: str = TEXT, marks: Sequence[Sequence] = (FLOODS, NEPAL)) -> Path:
    header = ["tweet_id", "event", "class_label", "half", "text_sha256"]
    digest = hashlib.sha256(TEXT.encode()).hexdigest()
    write_csv(folder / "tweets.csv", header, [["1", "e", "c", "tuning", digest]])
    row = {"tweet_id": "1", "text": text, "class_label": "c", "event": "e", "official_split": "train"}
    write_parquet(folder / "corpus.parquet", [row], RAW)
    lines = [["1", name, *mark] for name in ("first", "second") for mark in marks]
    write_csv(folder / "passes.csv", ["tweet_id", "annotator", "start", "end", "label"], lines)
    return folder / "passes.csv"


def test_passes_without_text_are_read(tmp_path: Path, capsys) -> None:
    run(standoff(tmp_path), tmp_path / "corpus.parquet", tmp_path / "out.csv")
    assert "first (first) against second: 1 tweets" in capsys.readouterr().err
    assert (tmp_path / "out.csv").read_text().splitlines()[1].startswith("first,second,all,2,2,2,1.0,,,1.0,,,1.0,,,1.0")


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
def test_passes_that_another_program_saved_are_read(tmp_path: Path, end: bytes) -> None:
    path = standoff(tmp_path)
    for file in (path, tmp_path / "tweets.csv"):
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", end))
    run(path, tmp_path / "corpus.parquet", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text().splitlines()[1].startswith("first,second,all,2,2,2,1.0")


def test_another_text_than_the_annotated_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(CrisisflowError, match="tweet 1 has another text than the annotated one"):
        run(standoff(tmp_path, "Another"), tmp_path / "corpus.parquet", None)


def test_a_tweet_that_the_corpus_lacks_is_named(tmp_path: Path) -> None:
    path = standoff(tmp_path)
    write_parquet(tmp_path / "corpus.parquet", [], RAW)
    with pytest.raises(CrisisflowError, match=r"tweet 1 is not in .*corpus\.parquet; give the repaired corpus"):
        run(path, tmp_path / "corpus.parquet", None)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,second,two,8,NUMBER", r"passes\.csv, line 6: invalid literal for int.*'two'"),
        ("1,second,19,21,PLACE", r"passes\.csv, line 6: 'PLACE' is not a valid EntityType"),
        ("1,second,19,99,NUMBER", r"passes\.csv, line 6: 19-99 is no stretch of the tweet's text"),
        ("1,second,15,19,NUMBER", r"passes\.csv, line 6: 12-17 LOCATION overlaps 15-19 NUMBER"),
        ("9,second,19,21,NUMBER", r"passes\.csv, line 6: tweet 9 is not in its tweets\.csv"),
        ("1,second,19,21", r"passes\.csv, line 6: as many values as the header"),
        ("1,second,19,21,NUMBER,x", r"passes\.csv, line 6: as many values as the header"),
        ("\0\udcff", r"passes\.csv is no CSV in UTF-8"),
    ],
)
def test_a_broken_line_of_the_passes_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = standoff(tmp_path)
    with path.open("ab") as lines:
        lines.write(line.encode("utf-8", "surrogateescape") + b"\n")
    with pytest.raises(CrisisflowError, match=message):
        run(path, tmp_path / "corpus.parquet", None)


@pytest.mark.parametrize("name", ["passes.csv", "tweets.csv"])
def test_a_csv_of_another_kind_or_none_is_named(tmp_path: Path, name: str) -> None:
    path = standoff(tmp_path)
    write_csv(tmp_path / name, ["tweet_id", "label"], [])
    with pytest.raises(CrisisflowError, match=rf"{name}: its header lacks "):
        run(path, tmp_path / "corpus.parquet", None)
    (tmp_path / name).unlink()
    with pytest.raises(CrisisflowError, match=rf"cannot read .*{name}: No such file"):
        run(path, tmp_path / "corpus.parquet", None)


def result(start: int, end: int, *labels: str, text: str = "") -> dict:
    return {
        "type": "labels",
        "value": {"start": start, "end": end, "labels": list(labels)} | ({"text": text} if text else {}),
    }


def export(*results: dict, annotators: Sequence = (1, 2), **data) -> list[dict]:
    """As Label Studio 1.23 exports: predictions as their numbers, the task's data as it was imported."""
    annotations = [{"completed_by": who, "result": list(results)} for who in annotators]
    return [{"id": 5, "data": {"text": TEXT, **data}, "predictions": [3], "annotations": annotations}]


def test_an_export_of_label_studio_is_read_in_code_points(tmp_path: Path) -> None:
    """Offsets and texts as Label Studio 1.23.2 gave them for spans marked in a browser."""
    results = [result(2, 8, "DISASTER_TYPE", text="Floods"), result(12, 17, "LOCATION", text="Nepal")]
    choice = {"type": "choices", "value": {"choices": ["unsure"]}}
    tasks = export(*results, choice, annotators=(1, {"id": 2, "email": "b@example.org"}), pipeline=[list(NEPAL)])
    skipped = {"completed_by": 4, "was_cancelled": True, "result": []}
    tasks[0]["annotations"].append(skipped)
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    (tweet,) = read_export(tmp_path / "export.json")
    assert tweet.marks == {"pipeline": {NEPAL}, "1": {FLOODS, NEPAL}, "b@example.org": {FLOODS, NEPAL}}


def test_neighbours_do_not_overlap() -> None:
    neighbours = [Mark(0, 2, "NUMBER"), Mark(2, 3, "NUMBER")]
    assert flat(neighbours) == set(neighbours)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (export(annotators=()), "no tweet was annotated by two; annotators: none"),
        ([{"text": TEXT}], r"is no JSON export of Label Studio \(KeyError 'data'\)"),
        ({"data": 1}, "is no JSON export of Label Studio"),
        (7, "is no JSON export of Label Studio"),
        (export(result(12, 17, "PLACE")), "task 5: 'PLACE' is not a valid EntityType"),
        (export(result(12, 99, "LOCATION")), "task 5: 12-99 is no stretch of the tweet's text"),
        (export(result(-1, 17, "LOCATION")), "task 5: -1-17 is no stretch of the tweet's text"),
        (export(result(12, 17, "LOCATION", "NUMBER")), "task 5: 12-17 has 2 types, not one"),
        (export(result(12, 17, "LOCATION"), result(15, 19, "NUMBER")), "task 5: 12-17 LOCATION overlaps 15-19 NUMBER"),
        (export(result(12, 17, "LOCATION"), result(12, 17, "LOCATION")), "task 5: 12-17 LOCATION overlaps 12-17"),
        (export(result("12", 17, "LOCATION")), "is no JSON export of Label Studio"),
        (
            export(result(13, 18, "LOCATION", text="Nepal")),
            "task 5: 13-18 LOCATION is not what was marked; old versions",
        ),
        (export(annotators=(1, 1)), "task 5: annotator 1 annotated it twice"),
        (
            export(annotators=(1, "pipeline")),
            "task 5: an annotator is called pipeline, as the imported marks are; rename",
        ),
        (export(pipeline=[[12, 17]]), "is no JSON export of Label Studio"),
        (export(pipeline=[[0, 99, "NUMBER"]]), "task 5: 0-99 is no stretch"),
    ],
)
def test_what_cannot_be_compared_is_said(tmp_path: Path, content, message: str) -> None:
    (tmp_path / "export.json").write_text(json.dumps(content))
    with pytest.raises(CrisisflowError, match=message):
        run(tmp_path / "export.json", tmp_path, None)


@pytest.mark.parametrize(
    ("content", "message"), [(b"[{", "is no JSON"), (b"\xff", "is no JSON"), (None, "cannot read")]
)
def test_an_export_that_is_none_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content:
        (tmp_path / "export.json").write_bytes(content)
    with pytest.raises(CrisisflowError, match=message):
        run(tmp_path / "export.json", tmp_path, None)


def test_each_type_and_all_of_them_together_have_a_row() -> None:
    text = " ".join(["word"] * 40)
    marks = {Mark(5 * at, 5 * at + 4, ENTITY_TYPES[at % 10]) for at in range(40)}
    missed = Mark(0, 4, ENTITY_TYPES[0])
    rows = compared([Reviewed(text, {"a": marks, "b": marks - {missed}})] * 3)
    assert list(rows) == ["all", *ENTITY_TYPES]
    spans = {name: [row[f"{one}_spans"] for one in ("first", "second", "both")] for name, row in rows.items()}
    others = {name: [12, 12, 12] for name in ENTITY_TYPES}
    assert spans == {**others, "all": [120, 117, 117], missed.label: [12, 9, 9]}
