"""Against gold: unseen tweets only, and two questions that are not one."""

import csv
import gzip
import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.annotation import quality
from crisisflow.annotation.gold import GoldSet, GoldTweet
from crisisflow.annotation.quality import Case
from crisisflow.artifacts import TWEETS, read_parquet, write_json, write_parquet
from crisisflow.corpus.stratify import draw_training
from crisisflow.corpus.tweet_words import tokens
from crisisflow.identity import CONFIG, Identity
from crisisflow.spans import Span
from crisisflow.studies.humaid_ner import STUDY, against_gold
from crisisflow.studies.humaid_ner.against_gold import MOST, lines_of, score, unseen, usable
from crisisflow.taxonomy import CLASSES
from tests.studies.humaid_ner.test_evaluation import row
from tests.unit.test_quality import ANNOTATION

KINDS = ["PERSON", "NUMBER"]


def laid_out(drawn):
    """Spans of one tweet, none of which overlaps another, from gaps, lengths and types."""
    end = 0
    for gap, length, kind in drawn:
        start, end = end + gap - 1, end + gap - 1 + length
        yield Span("1", start, end, kind, "gold", "drawn")


def test_to_agree_and_to_be_right_are_counted_apart():
    gold = {("1", 0, 4, "PERSON"), ("1", 5, 9, "NUMBER")}
    rules = {("1", 0, 4, "PERSON"), ("1", 5, 8, "NUMBER")}
    lines = {line[1]: line for line in lines_of("x", ("PERSON", "NUMBER"), 1, rules, rules, gold)}
    assert lines["all"] == ["x", "all", 1, 2, 2, 0.5, 0.5, 0.5, 1.0, 0.5]
    assert lines["NUMBER"][-3:] == [0, 1, 0]
    assert score(set(), gold) == (0, 0, 0)
    assert [line[1] for line in lines_of("x", ("LOCATION",), 1, rules, rules, gold)] == ["all"]


@given(*[st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4), st.sampled_from(KINDS)), max_size=6)] * 2)
def test_the_scores_are_nervaluate_s(found, gold):
    spans = [list(laid_out(drawn)) for drawn in (found, gold)]
    ours = score(*({span[:4] for span in own} for own in spans))
    theirs = quality.score([Case("x" * 60, spans[1], spans[0])], KINDS)["all"]["strict"]
    assert ours == pytest.approx((theirs.precision, theirs.recall, theirs.f1))


@pytest.mark.parametrize("size", [100, "all"])
def test_no_tweet_is_scored_that_a_seed_has_learnt_from_or_that_is_of_the_test_split(corpus, size):
    table = read_parquet(corpus / "tweets.parquet", TWEETS)
    rows = table.to_pylist()
    found = unseen(table, size, [13, 17])
    words = {row["tweet_id"]: tokens(row["text"]) for row in table.to_pylist()}
    by_id = {row["tweet_id"]: row for row in rows}
    train = [row for row in rows if row["split"] == "train"]
    classes = [CLASSES.index(row["class_label"]) for row in train]
    learnt = {train[at]["tweet_id"] for seed in (13, 17) for at in draw_training(classes, size, seed)}
    assert not learnt & set(found)
    assert {by_id[tweet_id]["split"] for tweet_id in found} == (
        {"validation"} if size == "all" else {"train", "validation"}
    )
    assert all(found[tweet_id] == by_id[tweet_id]["text"] for tweet_id in found)
    known = {words[tweet_id] for tweet_id in learnt}
    assert not known & {words[tweet_id] for tweet_id in found}
    assert len(found) == sum(
        row["split"] != "test" and row["tweet_id"] not in learnt and words[row["tweet_id"]] not in known for row in rows
    )


def test_a_retweet_of_what_was_learnt_is_not_unseen(corpus):
    rows = read_parquet(corpus / "tweets.parquet", TWEETS).to_pylist()
    learnt = next(row for row in rows if row["split"] == "train")
    copy = next(row for row in rows if row["split"] == "validation")
    copy["text"] = f"{learnt['text'].upper()} https://example.org"
    table = pa.Table.from_pylist(rows, schema=TWEETS)
    assert copy["tweet_id"] not in unseen(table, "all", [13])


def test_a_gold_tweet_with_another_text_is_left_out_and_counted_and_the_draw_is_fixed(capsys):
    tweets = [GoldTweet(str(at), "e", f"text {at}", []) for at in range(MOST + 100)]
    texts = {tweet.tweet_id: tweet.text for tweet in tweets} | {"3": "another text"}
    chosen = usable(GoldSet("idrisi_dev", ("LOCATION",), tweets), texts)
    assert len(chosen) == MOST
    assert "3" not in {tweet.tweet_id for tweet in chosen}
    assert chosen == usable(GoldSet("idrisi_dev", ("LOCATION",), tweets[::-1]), texts)
    assert "500 of 600 tweets; 600 are in the corpus and are unseen, 1 of these" in capsys.readouterr().err
    few = dict(list(texts.items())[:2])
    assert [tweet.tweet_id for tweet in usable(GoldSet("x", (), tweets), few)] == ["0", "1"]


def test_every_row_that_recognises_entities_is_held_against_gold_and_rules(trained, corpus, tmp_path):
    rows = {"both": row(), "tags": row(tasks="ner"), "events": row(tasks="cls")}
    weights = [trained / "rows" / name / "seed13" / "model.safetensors" for name in ("both", "tags")]
    events = tmp_path / "model.safetensors"  # is not opened
    write_json(tmp_path / "config.json", {CONFIG: Identity(STUDY, "events", 13).facts()})
    against_gold.run(
        rows,
        [13],
        "all",
        ANNOTATION,
        corpus / "repaired.parquet",
        corpus / "gold.parquet",
        tmp_path / "no_reference",
        corpus / "tweets.parquet",
        corpus / "gold.parquet",  # rules that are always right
        [*weights, events],
        tmp_path / "out.csv",
    )
    with (tmp_path / "out.csv").open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert {(line["gold_set"], line["row"], line["seed"]) for line in lines} == {
        ("generated", "both", "13"),
        ("generated", "tags", "13"),
    }
    for line in lines:
        assert line["right_f1"] == line["agrees_f1"]
        assert float(line["rules_f1"]) in (0, 1)
    whole = next(line for line in lines if (line["row"], line["label"]) == ("both", "all"))
    assert 0.05 < float(whole["right_f1"]) < 1
    assert whole["tweets"] == "60"


def test_a_set_of_which_no_tweet_is_usable_has_no_line(trained, corpus, tmp_path):
    table = read_parquet(corpus / "tweets.parquet", TWEETS)
    others = [row | {"text": "another"} for row in table.to_pylist()]
    write_parquet(tmp_path / "tweets.parquet", others, TWEETS)
    gold = corpus / "gold.parquet"
    weights = [trained / "rows" / "tags" / "seed13" / "model.safetensors"]
    inputs = (corpus / "repaired.parquet", gold, tmp_path / "none", tmp_path / "tweets.parquet", gold, weights)
    against_gold.run({"tags": row(tasks="ner")}, [13], "all", ANNOTATION, *inputs, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text().splitlines() == [",".join(against_gold.COLUMNS)]


def test_sets_outside_of_the_corpus_are_scored_with_rules_that_are_run_on_them(trained, corpus, tmp_path):
    told = [
        {
            "tokens": ["Floods", "in", "#Nepal", ",", "says", "@somebody"],
            "labels": ["O", "O", "B-LOC", "O", "O", "B-PER"],
        },
        {"tokens": ["Red", "Cross", "helps"], "labels": ["B-ORG", "I-ORG", "O"]},
    ]
    with gzip.open(tmp_path / "invented.jsonl.gz", "wt") as lines:
        lines.writelines(f"{json.dumps(one)}\n" for one in told)
    told_of = ANNOTATION.quality.model_copy(update={"outside": str(tmp_path)})
    gold = corpus / "gold.parquet"
    weights = [trained / "rows" / name / "seed13" / "model.safetensors" for name in ("both", "tags")]
    against_gold.run(
        {"both": row(), "tags": row(tasks="ner")},
        [13],
        "all",
        ANNOTATION.model_copy(update={"quality": told_of}),
        *(corpus / "repaired.parquet", gold, tmp_path / "none", corpus / "tweets.parquet", gold),
        weights,
        tmp_path / "out.csv",
    )
    with (tmp_path / "out.csv").open(newline="") as stream:
        lines = [line for line in csv.DictReader(stream) if line["gold_set"] == "outside_invented"]
    assert [(line["row"], line["label"], line["by"], line["tweets"], line["gold"]) for line in lines] == [
        (name, label, "people", "2", gold)
        for name in ("both", "tags")
        for label, gold in (("all", "2"), ("LOCATION", "1"), ("ORGANIZATION", "1"), ("PERSON", "0"))
    ]
    # The handle is no PERSON of the guideline.
    assert [float(line["rules_f1"]) for line in lines[:4]] == [1, 1, 1, 0]
