"""Confident errors: the most confident first, at their places in the text, and without any text."""

import csv

import pytest

from crisisflow.annotation.reviewed import Mark
from crisisflow.annotation.span_errors import span_errors
from crisisflow.artifacts import PREDICTIONS, TWEETS, read_parquet, write_json, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.masking import COVER, mask
from crisisflow.studies.humaid_ner import confident_errors


@pytest.mark.parametrize(
    ("found", "known", "expected"),
    [
        ([(0, 4, "A")], [(0, 4, "A")], []),
        ([(0, 4, "A")], [(0, 6, "A")], ["border"]),
        ([(0, 4, "A")], [(0, 4, "B")], ["type"]),
        ([(0, 4, "A")], [(2, 6, "B")], ["both"]),
        ([(0, 4, "A")], [(4, 6, "A")], ["false", "miss"]),
        # two found share one known: the first takes it, the other is false
        ([(0, 2, "A"), (3, 6, "A")], [(0, 6, "A")], ["border", "false"]),
    ],
)
def test_each_span_is_one_fault_at_most(found, known, expected):
    pairs = list(span_errors([Mark(*span) for span in found], [Mark(*span) for span in known]))
    assert [kind for kind, *_ in pairs] == expected
    for kind, span, gold in pairs:
        assert (span is None) == (kind == "miss")
        assert (gold is None) == (kind == "false")


@pytest.fixture
def written(trained, corpus, tmp_path):
    write_json(tmp_path / "metrics.json", {"chosen_row": "both"})
    paths = [trained / "rows" / name / "seed13" / "predictions.parquet" for name in ("tags", "both")]
    confident_errors.run(tmp_path / "metrics.json", corpus / "tweets.parquet", paths, tmp_path / "errors.csv")
    with (tmp_path / "errors.csv").open(newline="") as stream:
        return tmp_path / "errors.csv", list(csv.DictReader(stream))


def test_the_errors_are_those_of_the_predictions(written, trained):
    _, lines = written
    table = read_parquet(trained / "rows" / "both" / "seed13" / "predictions.parquet", PREDICTIONS)
    wrong = {
        row["tweet_id"]: max(row["class_probabilities"])
        for row in table.to_pylist()
        if row["class_id"] != row["predicted_class_id"]
    }
    events = [line for line in lines if line["task"] == "cls"]
    assert len(events) == min(len(wrong), confident_errors.KEPT) > 5
    assert [float(line["confidence"]) for line in events] == pytest.approx(
        sorted(wrong.values(), reverse=True)[: confident_errors.KEPT], abs=1e-4
    )
    assert all(line["found"] != line["expected"] for line in events)
    entities = [line for line in lines if line["task"] == "ner"]
    assert len(entities) == confident_errors.KEPT
    assert [line["confidence"] for line in entities] == sorted((line["confidence"] for line in entities), reverse=True)
    assert {line["kind"] for line in entities} <= {"miss", "false", "border", "type", "both"}


def test_a_place_is_that_of_a_word_in_the_text(written, corpus):
    texts = {row["tweet_id"]: row["text"] for row in read_parquet(corpus / "tweets.parquet", TWEETS).to_pylist()}
    _, lines = written
    for line in lines:
        for start, end in (("start", "end"), ("expected_start", "expected_end")):
            if line[start]:
                stretch = texts[line["tweet_id"]][int(line[start]) : int(line[end])]
                assert stretch
                assert stretch == stretch.strip()


def test_no_text_stands_in_the_file(written, corpus):
    path, _ = written
    content = path.read_text()
    assert not any(row["text"][:12] in content for row in read_parquet(corpus / "tweets.parquet", TWEETS).to_pylist())


@pytest.mark.parametrize(
    ("manifest", "shows"),
    [
        ({"source": "sample", "sha256": None}, True),
        ({"source": "HumAID.tar.gz", "sha256": "ab" * 32}, False),
    ],
)
def test_the_texts_of_the_generated_corpus_stand_in_the_file_marked(
    trained, corpus, tmp_path, written, manifest, shows
):
    write_json(tmp_path / "manifest.json", manifest)
    paths = [trained / "rows" / "both" / "seed13" / "predictions.parquet"]
    out = tmp_path / "shown.csv"
    confident_errors.run(tmp_path / "metrics.json", corpus / "tweets.parquet", paths, out, tmp_path / "manifest.json")
    with out.open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert ("text" in lines[0]) == shows
    texts = {row["tweet_id"]: row["text"] for row in read_parquet(corpus / "tweets.parquet", TWEETS).to_pylist()}
    for line, without in zip(lines, written[1], strict=True):
        assert {key: line[key] for key in without} == without
        if shows:
            assert line["text"] == confident_errors.marked(without, mask(texts[line["tweet_id"]]))
            assert "@" not in line["text"]


def test_a_row_of_one_task_has_errors_of_one_task(trained, corpus, tmp_path):
    write_json(tmp_path / "metrics.json", {"chosen_row": "tags"})
    paths = [trained / "rows" / "tags" / "seed13" / "predictions.parquet"]
    confident_errors.run(tmp_path / "metrics.json", corpus / "tweets.parquet", paths, tmp_path / "errors.csv")
    assert {line.partition(",")[0] for line in (tmp_path / "errors.csv").read_text().splitlines()[1:]} == {"ner"}


def test_for_a_person_the_text_stands_beside_masked_and_marked(tmp_path):
    text = "@someone 17 dead\x1b[2J call 555-010-0199"
    row = {"tweet_id": "1", "text": text, "class_label": "x", "event": None, "split": "validation"}
    write_parquet(tmp_path / "tweets.parquet", [row], TWEETS)
    line = "ner,1,0.9000,type,9,16,RESCUE,9,16,CASUALTY"
    (tmp_path / "errors.csv").write_text(",".join(confident_errors.COLUMNS) + f"\n{line}\n")
    (shown,) = confident_errors.show(tmp_path / "errors.csv", tmp_path / "tweets.parquet", None, 5)
    assert "type: found RESCUE '17 dead' at 9-16, expected CASUALTY '17 dead' at 9-16" in shown
    assert "someone" not in shown
    assert "0199" not in shown
    assert f"{COVER * 8} {{[17 dead]}}" in shown
    assert "\x1b" not in shown
    assert list(confident_errors.show(tmp_path / "errors.csv", tmp_path / "tweets.parquet", "cls", 5)) == []


@pytest.mark.parametrize(
    ("found", "expected", "shown"),
    [
        ((0, 2), (3, 5), "[ab] {cd} ef"),
        ((0, 5), (3, 8), "[ab {cd] ef}"),
        ((0, 2), (2, 5), "[ab]{ cd} ef"),
        ((2, 5), (0, 2), "{ab}[ cd] ef"),
        (("", ""), (0, 8), "{ab cd ef}"),
    ],
)
def test_spans_are_marked_where_they_are(found, expected, shown):
    line = dict(zip(("start", "end", "expected_start", "expected_end"), map(str, found + expected), strict=True))
    assert confident_errors.marked(line, "ab cd ef") == shown


def test_errors_of_another_corpus_are_one_line(written, tmp_path):
    path, _ = written
    write_parquet(tmp_path / "tweets.parquet", [], TWEETS)
    with pytest.raises(CrisisflowError, match=r"errors\.csv is of another corpus than .*tweets\.parquet"):
        list(confident_errors.show(path, tmp_path / "tweets.parquet", "cls", 5))


def test_a_chosen_row_without_predictions_is_one_line(trained, corpus, tmp_path):
    write_json(tmp_path / "metrics.json", {"chosen_row": "Z"})
    paths = [trained / "rows" / "tags" / "seed13" / "predictions.parquet"]
    with pytest.raises(CrisisflowError, match="chose row Z, whose predictions are not among those given"):
        confident_errors.run(tmp_path / "metrics.json", corpus / "tweets.parquet", paths, tmp_path / "errors.csv")


def test_before_there_is_a_study_it_is_said_how_to_make_one(tmp_path):
    with pytest.raises(CrisisflowError, match=r"errors\.csv does not exist yet: .*make reproduce"):
        list(confident_errors.show(tmp_path / "errors.csv", tmp_path / "tweets.parquet", None, 5))


def test_without_the_corpus_there_is_nothing_to_show(written, tmp_path):
    path, _ = written
    with pytest.raises(CrisisflowError, match=r"is not here, and .* holds no texts; bring it: dvc pull"):
        list(confident_errors.show(path, tmp_path / "nothing.parquet", None, 5))
