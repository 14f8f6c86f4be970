"""The crisis tweets: evenly over the classes, each with a span, none like one of the other side."""

import gzip
import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from crisisflow.artifacts import TWEETS, read_json, read_parquet
from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.corpus.tweet_words import tokens
from crisisflow.errors import CrisisflowError
from crisisflow.studies.difficult_negatives import collection
from crisisflow.studies.difficult_negatives.collection import POSITIVES, quotas, shares_of
from crisisflow.studies.difficult_negatives.gold_tweets import GOLD
from tests.studies.difficult_negatives.conftest import make_gold, no_urban, params


def test_the_positives_are_evenly_of_the_classes_and_from_their_events(small_run, corpus):
    rows = read_parquet(small_run / "positives.parquet", POSITIVES).to_pylist()
    assert Counter((row["role"], row["class"]) for row in rows) == {
        ("train", "storm"): 8,
        ("train", "wildfire"): 8,
        ("test", "storm"): 3,
        ("test", "wildfire"): 3,
    }
    classes = params().collection.classes
    for row in rows:
        own = classes[row["class"]]
        assert row["event"] in (own.train if row["role"] == "train" else own.unseen)
    assert "not_humanitarian" not in {row["class_label"] for row in rows}
    assert len(set(groups_of([row["text"] for row in rows]).tolist())) == len(rows)
    tweets = read_parquet(corpus / "tweets.parquet", TWEETS)
    known = dict(zip(tweets["tweet_id"].to_pylist(), tweets["text"].to_pylist(), strict=True))
    assert all(known[row["text_id"]] == row["original"] for row in rows)
    counts = read_json(small_run / "collection.json")
    assert sum(own["tweets"] for own in counts["positives"]) == len(rows)
    assert sum(counts["spans"].values()) == sum(len(row["spans"]) for row in rows)


def test_spans_have_the_words_of_their_text(small_run):
    rows = read_parquet(small_run / "positives.parquet", POSITIVES).to_pylist()
    assert all(row["spans"] for row in rows)
    for row in rows:
        for span in row["spans"]:
            text = row["text"][span["start"] : span["end"]]
            assert text and text == text.strip()
            assert text.replace(" ", "")[:3] in row["original"].replace(" ", "") or not text.isalpha()


@pytest.mark.parametrize(("total", "classes", "expected"), [(269, 4, [67, 67, 67, 68]), (864, 4, [216] * 4)])
def test_quotas_are_as_even_as_can_be(total, classes, expected):
    assert quotas(total, classes) == expected
    assert shares_of(total, [total] * classes) == expected


@given(st.lists(st.integers(0, 40), min_size=1, max_size=7), st.integers(0, 200))
def test_a_class_that_has_too_few_tweets_gives_all_and_the_others_share_the_rest(there, total):
    shares = shares_of(total, there)
    assert sum(shares) == min(total, sum(there))
    assert all(share <= own for share, own in zip(shares, there, strict=True))
    spare = [share for share, own in zip(shares, there, strict=True) if share < own]
    assert not spare or max(shares) <= min(spare) + 1


def run(corpus, folder, **values):
    own = params().collection.model_dump() | values
    section = params(collection=own).collection
    found = (corpus / "tweets.parquet", corpus / "gold.parquet", *no_urban(folder))
    collection.run(*found, section, [], folder / "out.parquet", folder / "counts.json")


def test_an_event_that_the_corpus_lacks_is_named(corpus, tmp_path):
    classes = {"storm": {"train": ["hurricane_nemo"], "unseen": ["hurricane_irma_2017"]}}
    with pytest.raises(CrisisflowError, match="the corpus has no tweet of hurricane_nemo; there are: california"):
        run(corpus, tmp_path, classes=classes)
    with pytest.raises(CrisisflowError, match=r"400 tweets with .* class storm has \d+, wildfire has \d+; lower"):
        run(corpus, tmp_path, positives={"train": 400, "test": 6})
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"classes": {"a": {"train": ["x", "y"], "unseen": ["z"]}, "b": {"train": ["u"], "unseen": ["x"]}}},
            "named twice: x",
        ),
        ({"positives": {"train": 3, "test": 6}}, "each of the 2 classes needs two positives"),
        ({"classes": {"a": {"train": ["x"], "unseen": []}}}, "no class has an event that is unseen"),
    ],
)
def test_classes_that_do_not_fit_are_refused_with_params_yaml(values, message):
    with pytest.raises(ValidationError, match=message):
        params(collection=params().collection.model_dump() | values)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("train", ["4sigma"]),
        ("train", ["random+"]),
        ("test", ["none"]),
        ("train", ["random", "random"]),
        ("normalise", ["x"]),
    ],
)
def test_a_setting_that_nothing_makes_is_refused_with_params_yaml(key, value):
    with pytest.raises(ValidationError):
        params(**{key: value})


def test_gold_tweets_are_of_unseen_events_and_of_no_training_tweet(small_run, corpus, tiny_encoder, tmp_path):
    rows = read_parquet(small_run / "gold.parquet", GOLD).to_pylist()
    own = params(tiny_encoder)
    unseen = {event for name in own.collection.classes.values() for event in name.unseen}
    assert rows and {row["event"] for row in rows} == unseen
    assert {row["gold_set"] for row in rows} == {"generated"}
    crisis = read_parquet(small_run / "positives.parquet", POSITIVES).to_pylist()
    assert not {tokens(row["text"]) for row in rows} & {tokens(row["text"]) for row in crisis if row["role"] == "train"}
    spans = {row["text"][span["start"] : span["end"]] for row in rows for span in row["spans"]}
    assert spans and all(text == text.strip() != "" for text in spans)

    # IDRISI-R: both of its files as one set, of locations only
    folder = tmp_path / "idrisi"
    folder.mkdir()
    there = {"tweet_id": "7", "event": min(unseen), "text": "Roads in Springfield, closed!"}
    there["location_mentions"] = [{"start": 9, "end": 20, "text": "Springfield"}]
    elsewhere = {**there, "tweet_id": "8", "event": "kerala_floods_2018"}
    known = {**there, "tweet_id": "9", "text": crisis[0]["original"], "location_mentions": []}
    for name, lines in (("train", [there]), ("dev", [elsewhere, known])):
        with gzip.open(folder / f"{name}.jsonl.gz", "wt", encoding="utf-8") as file:
            file.writelines(f"{json.dumps(line)}\n" for line in lines)
    (tmp_path / "positives.parquet").write_bytes((small_run / "positives.parquet").read_bytes())
    make_gold(tmp_path, own, corpus, folder)
    found = [row for row in read_parquet(tmp_path / "gold.parquet", GOLD).to_pylist() if row["gold_set"] == "idrisi"]
    assert [(row["text_id"], row["text"], row["types"]) for row in found] == [
        ("7", "Roads in Springfield closed", ["LOCATION"])
    ]
    assert found[0]["spans"] == [{"start": 9, "end": 20, "label": "LOCATION"}]
