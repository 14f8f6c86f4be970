"""The scores of the annotation against the gold sets, on sentences of our own."""

import csv
import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.annotation.gold import GoldSet, GoldTweet
from crisisflow.annotation.quality import ERRORS, Case, error_rows, in_hashtag, pattern_rows, run, score, score_rows
from crisisflow.annotation.resolve import resolve
from crisisflow.artifacts import SPANS, read_json, read_parquet, write_parquet
from crisisflow.params import SharedParams, read_own
from crisisflow.spans import Span
from crisisflow.taxonomy import ENTITY_TYPES
from tests.unit.test_gold import TEXT, raw, write_reference

ANNOTATION = read_own(Path("presets/sample/shared.yaml"), SharedParams).annotation


def span(start: int, end: int, label: str, source: str = "gold", rule: str = "r") -> Span:
    return Span("1", start, end, label, source, rule)


def test_scores_by_hand() -> None:
    """One right, one with a wrong border, one of the wrong type, one missed, one that is none."""
    gold = [span(0, 6, "DISASTER_TYPE"), span(10, 15, "LOCATION"), span(17, 19, "NUMBER"), span(26, 31, "LOCATION")]
    found = [span(0, 6, "DISASTER_TYPE"), span(7, 15, "LOCATION"), span(17, 19, "CASUALTY"), span(20, 24, "CASUALTY")]
    overall = score([Case(TEXT, gold, found)], ["LOCATION", "DISASTER_TYPE", "CASUALTY", "NUMBER"])["all"]
    assert (overall["strict"].precision, overall["strict"].recall) == (1 / 4, 1 / 4)
    assert (overall["exact"].precision, overall["exact"].recall) == (2 / 4, 2 / 4)
    assert (overall["partial"].precision, overall["partial"].recall) == (2.5 / 4, 2.5 / 4)
    assert (overall["ent_type"].precision, overall["ent_type"].recall) == (2 / 4, 2 / 4)


def test_neighbours_do_not_overlap() -> None:
    result = score([Case("ab", [span(0, 1, "LOCATION")], [span(1, 2, "LOCATION")])], ["LOCATION"])["LOCATION"]
    assert result["partial"].f1 == 0


def test_types_come_in_the_order_of_the_taxonomy() -> None:
    """nervaluate's own order differs from run to run, and the file's bytes with it."""
    gold = [span(3 * at, 3 * at + 2, label) for at, label in enumerate(ENTITY_TYPES)]
    assert list(score([Case("x" * 40, gold, gold)], ENTITY_TYPES)) == ["all", *ENTITY_TYPES]


def test_the_right_span_of_a_stage_counts_though_a_shorter_one_overlaps_it() -> None:
    """The shorter one comes first, and nervaluate alone would pair it with the gold span."""
    tweets = GoldSet("set", ("CASUALTY",), [GoldTweet("1", "e", TEXT, [span(17, 24, "CASUALTY")])])
    found = [span(14, 19, "CASUALTY", "regex", "part"), span(17, 24, "CASUALTY", "regex", "whole")]
    strict = [
        row for row in score_rows(tweets, {"regex": {"1": found}}) if row[2:6] == ["all", "all", "CASUALTY", "strict"]
    ]
    assert [row[6:] for row in strict] == [[1, 1, 1, 1.0, 1.0, 1.0]]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 6), st.sampled_from(ENTITY_TYPES[:2])), max_size=8))
def test_strictly_right_are_the_spans_that_are_in_the_gold(drawn) -> None:
    gold = [span(0, 4, "LOCATION"), span(5, 9, "DISASTER_TYPE"), span(12, 14, "LOCATION"), span(20, 26, "LOCATION")]
    found = [span(start, start + size, label, "regex") for start, size, label in drawn]
    tweets = GoldSet("set", ENTITY_TYPES[:2], [GoldTweet("1", "e", "x" * 40, gold)])
    flat, _ = resolve(found, ["regex"])
    right = {one[1:4] for one in gold} & {one[1:4] for one in flat}
    rows = score_rows(tweets, {"regex": {"1": found}})
    assert [row[6:9] for row in rows if row[2:6] == ["all", "all", "all", "strict"]] == [[4, len(flat), len(right)]]


@pytest.mark.parametrize(("start", "end", "inside"), [(26, 31, True), (25, 31, False), (10, 15, False)])
def test_inside_a_hashtag(start: int, end: int, inside: bool) -> None:
    assert in_hashtag(TEXT, span(start, end, "LOCATION")) is inside


def test_errors_are_told_by_kind() -> None:
    gold = [span(0, 6, "DISASTER_TYPE"), span(10, 15, "LOCATION"), span(17, 19, "NUMBER"), span(26, 31, "LOCATION")]
    found = [span(7, 15, "LOCATION"), span(17, 19, "CASUALTY"), span(20, 24, "CASUALTY"), span(26, 31, "LOCATION")]
    rows = list(error_rows(GoldSet("set", ("LOCATION",), [GoldTweet("1", "e", TEXT, gold)]), {"1": found}))
    assert [(row["kind"], row.get("start"), row.get("gold_start")) for row in rows] == [
        ("border", 7, 10),
        ("type", 17, 17),
        ("false", 20, None),
        ("miss", None, 0),
    ]


def test_patterns_are_counted_before_and_after_resolution() -> None:
    tweets = GoldSet("set", ("LOCATION",), [GoldTweet("1", "e", TEXT, [span(10, 15, "LOCATION")])])
    right, wrong = span(10, 15, "LOCATION", "ruler", "country"), span(7, 15, "LOCATION", "spacy", "spacy.gpe")
    rows = list(pattern_rows(tweets, {"ruler": {"1": [right]}, "spacy": {"1": [wrong]}, "resolved": {"1": [wrong]}}))
    assert rows == [
        ["set", "ruler", "country", "LOCATION", 1, 1, 1, 1.0, 0, 0, ""],
        ["set", "spacy", "spacy.gpe", "LOCATION", 1, 0, 1, 0.0, 1, 0, 0.0],
    ]


def test_run_scores_the_reference_and_idrisi(tmp_path: Path) -> None:
    repaired = raw(tmp_path / "repaired.parquet", t1=TEXT)
    write_parquet(tmp_path / "gold.parquet", [], SPANS)
    spans = [(0, 6, "DISASTER_TYPE"), (10, 15, "LOCATION"), (17, 24, "CASUALTY"), (26, 31, "LOCATION")]
    folder = write_reference(tmp_path / "reference", TEXT, spans)
    mention = {"text": "Nepal", "type": "Country", "start": 10, "end": 15}
    line = {"tweet_id": "7", "event": "e", "text": TEXT, "class": "c", "location_mentions": [mention]}
    with gzip.open(tmp_path / "dev.jsonl.gz", "wt") as lines:
        lines.write(json.dumps(line) + "\n")
    params = ANNOTATION.model_copy(update={"quality": ANNOTATION.quality.model_copy(update={"idrisi": str(tmp_path)})})
    out = {name: tmp_path / name for name in ("scores", "patterns", "errors", "metrics")}
    run(repaired, tmp_path / "gold.parquet", folder, params, *out.values())
    metrics = read_json(out["metrics"])
    assert metrics["reference_tuning"]["resolved"]["all"]["f1"] == 1
    assert metrics["idrisi_dev"]["resolved"]["LOCATION"] == {
        "gold": 1,
        "found": 2,
        "precision": 0.5,
        "recall": 1.0,
        "f1": 0.6667,
    }
    with out["scores"].open() as lines:
        rows = [row for row in csv.DictReader(lines) if row["gold_set"] == "idrisi_dev" and row["measure"] == "exact"]
    assert {(row["stage"], row["place"], row["found"]) for row in rows if row["event"] == "all"} >= {
        ("resolved", "inside hashtag", "1"),
        ("resolved", "outside hashtag", "1"),
    }
    errors = read_parquet(out["errors"], ERRORS).to_pylist()
    assert [(row["gold_set"], row["kind"], row["start"]) for row in errors] == [("idrisi_dev", "false", 26)]


def test_without_gold_the_outputs_are_empty_and_that_is_said(tmp_path: Path, capsys) -> None:
    repaired = raw(tmp_path / "repaired.parquet", t9=TEXT)
    write_parquet(tmp_path / "gold.parquet", [], SPANS)
    folder = write_reference(tmp_path / "reference", "another", [])
    out = [tmp_path / name for name in ("scores", "patterns", "errors", "metrics")]
    run(repaired, tmp_path / "gold.parquet", folder, ANNOTATION, *out)
    assert read_json(out[3]) == {}
    assert "no gold set is there" in capsys.readouterr().err
