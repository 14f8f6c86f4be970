"""Human gold: unseen tweets only, and two questions that are not one."""

import csv

import pytest

from crisisflow.annotation.gold import GoldSet, GoldTweet
from crisisflow.artifacts import TWEETS, read_parquet
from crisisflow.corpus.stratify import draw_training
from crisisflow.evaluation import human_gold
from crisisflow.evaluation.human_gold import MOST, lines_of, score, unseen, usable
from crisisflow.taxonomy import EVENT_CLASSES
from tests.unit.test_evaluation import row


def test_to_agree_and_to_be_right_are_counted_apart():
    gold = {("1", 0, 4, "PERSON"), ("1", 5, 9, "NUMBER")}
    rules = {("1", 0, 4, "PERSON"), ("1", 5, 8, "NUMBER")}
    lines = {line[1]: line for line in lines_of("x", ("PERSON", "NUMBER"), 1, rules, rules, gold)}
    assert lines["all"] == ["x", "all", 1, 2, 2, 0.5, 0.5, 0.5, 1.0, 0.5]
    assert lines["NUMBER"][-3:] == [0, 1, 0]
    assert score(set(), gold) == (0, 0, 0)
    assert [line[1] for line in lines_of("x", ("LOCATION",), 1, rules, rules, gold)] == ["all"]


@pytest.mark.parametrize("size", [100, "all"])
def test_no_tweet_is_scored_that_a_seed_has_learnt_from_or_that_is_of_the_test_split(corpus, size):
    table = read_parquet(corpus / "tweets.parquet", TWEETS)
    rows = table.to_pylist()
    found = unseen(table, size, [13, 17])
    by_id = {row["tweet_id"]: row for row in rows}
    train = [row for row in rows if row["split"] == "train"]
    classes = [EVENT_CLASSES.index(row["class_label"]) for row in train]
    learnt = {train[at]["tweet_id"] for seed in (13, 17) for at in draw_training(classes, size, seed)}
    assert not learnt & set(found)
    assert {by_id[tweet_id]["split"] for tweet_id in found} == (
        {"validation"} if size == "all" else {"train", "validation"}
    )
    assert all(found[tweet_id] == by_id[tweet_id]["text"] for tweet_id in found)
    assert len(found) == len(rows) - len(learnt) - sum(row["split"] == "test" for row in rows)


def test_a_gold_tweet_with_another_text_is_left_out_and_the_draw_is_fixed():
    tweets = [GoldTweet(str(at), "e", f"text {at}", []) for at in range(MOST + 100)]
    texts = {tweet.tweet_id: tweet.text for tweet in tweets} | {"3": "another text"}
    chosen = usable(GoldSet("idrisi_dev", ("LOCATION",), tweets), texts)
    assert len(chosen) == MOST
    assert "3" not in {tweet.tweet_id for tweet in chosen}
    assert chosen == usable(GoldSet("idrisi_dev", ("LOCATION",), tweets[::-1]), texts)
    few = dict(list(texts.items())[:2])
    assert [tweet.tweet_id for tweet in usable(GoldSet("x", (), tweets), few)] == ["0", "1"]


def test_every_row_that_recognises_entities_is_held_against_gold_and_rules(trained, corpus, tmp_path):
    rows = {"both": row(), "tags": row(tasks="ner"), "events": row(tasks="cls")}
    weights = [trained / "rows" / name / "seed13" / "model.safetensors" for name in ("both", "tags")]
    events = tmp_path / "rows" / "events" / "seed13" / "model.safetensors"  # is not opened
    human_gold.run(
        rows,
        [13],
        "all",
        None,
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
