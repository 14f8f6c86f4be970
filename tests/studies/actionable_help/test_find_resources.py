"""The resources of texts by lexicon and classifier, and the scores of both. All texts are invented."""

import json
from pathlib import Path

import pytest

from crisisflow.artifacts import write_parquet
from crisisflow.corpus.sources.posts import POSTS
from crisisflow.errors import CrisisflowError
from crisisflow.params import TextsParams
from crisisflow.studies.actionable_help.case_params import ResourcesParams
from crisisflow.studies.actionable_help.find_resources import read_resources, run
from crisisflow.studies.actionable_help.generated import TRUTH
from crisisflow.studies.actionable_help.labels import RESOURCES
from crisisflow.studies.actionable_help.pool import POOL
from crisisflow.studies.actionable_help.resource_classifier import Spoken, by_classifier, read_spoken

TEXTS = TextsParams(repair=True, entities=True, urls=True, mentions=True, emoji=True, white_space=True)
PARAMS = ResourcesParams(learns_from=["mine"], folds=2, seed=13)
# Words that the lexicon does not have, so that only a classifier can know them.
TAUGHT = {"food": "plumcakes", "water": "canisters", "shelter": "yurts"}


def taught() -> list[Spoken]:
    """Texts in two pairs of resources and one of each, no two of them near duplicates."""
    kinds = [("food",), ("water",), ("shelter",), ("food", "water")]
    texts = [
        (own, f"{' and '.join(TAUGHT[name] for name in own)} {at} {at + 50} {at + 90} {at + 130} {at + 170}")
        for at in range(12)
        for own in kinds
    ]
    return [Spoken(str(at), text, frozenset(own)) for at, (own, text) in enumerate(texts)]


def write_posts(path: Path, spoken: list[Spoken], task: str = "resource", split: str | None = None) -> Path:
    rows = [
        {
            "tweet_id": own.tweet_id,
            "text": own.text,
            "labels": [{"task": task, "value": value} for value in sorted(own.resources)],
            "official_split": split,
            "group": at,
        }
        for at, own in enumerate(spoken)
    ]
    write_parquet(path, rows, POSTS)
    return path


def test_a_text_may_speak_of_several_resources_and_what_nobody_taught_is_left_to_the_lexicon():
    asked = ["three canisters 7 8 9", "plumcakes with canisters 1 2", "yurts and drivers 4 5"]
    assert by_classifier(asked, taught(), 2, 13) == [["water"], ["food", "water"], ["volunteers", "shelter"]]
    assert by_classifier(asked, taught()[::-1], 2, 13) == by_classifier(asked, taught(), 2, 13)


def test_a_resource_of_few_texts_is_found_beside_one_of_many():
    learnt = [
        Spoken(str(at), f"{TAUGHT[own]} {at} {at + 50} {at + 90} {at + 130} {at + 170}", frozenset({own}))
        for at, own in enumerate(["food"] * 4 + ["water"] * 100)
    ]
    assert by_classifier(["plumcakes 7 8 9"], learnt, 2, 13) == [["food"]]


def test_no_text_is_judged_by_what_learnt_from_it():
    """A text whose words no other has is not known, although it is among those to learn from."""
    alone = Spoken("x", "zorbs are up", frozenset({"food"}))
    assert by_classifier([alone.text], [*taught(), alone], 2, 13) == [[]]


@pytest.mark.parametrize(
    ("learnt", "reason"),
    [
        (
            [Spoken("a", "rice", frozenset({"food"})), Spoken("b", "soup here", frozenset({"food"}))],
            "the same resources",
        ),
        ([*taught()[1::2], Spoken("x", "money 1 2 3", frozenset({"money"}))], "tell money from"),
    ],
)
def test_what_cannot_be_learnt_is_refused(learnt, reason):
    with pytest.raises(CrisisflowError, match=reason):
        by_classifier([own.text for own in learnt], learnt, 2, 13)


def test_a_set_without_resources_or_with_unknown_ones_is_refused(tmp_path):
    path = write_posts(tmp_path / "posts.parquet", [Spoken("1", "Boats", frozenset({"boats"}))])
    with pytest.raises(CrisisflowError, match="has the resource 'boats'; map it to: money"):
        read_spoken(path, "mine", TEXTS)
    path = write_posts(tmp_path / "posts.parquet", [Spoken("1", "Boats", frozenset({"need"}))], "help")
    with pytest.raises(CrisisflowError, match="no post of the set mine has a label of the task resource"):
        read_spoken(path, "mine", TEXTS)


def test_both_are_scored_on_the_generated_tweets_and_the_test_part_of_the_messages(tmp_path):
    pooled = {"generated:1": "We need rice 5 6 7", "generated:2": "Have 3 canisters 8 9", "other": "Sunny 12 13"}
    rows = [
        {"set": "generated" if ":" in key else "x", "tweet_id": key, "text": text, "group": at}
        for at, (key, text) in enumerate(pooled.items())
    ]
    write_parquet(tmp_path / "pool.parquet", rows, POOL)
    made = {"generated:1": ["food"], "generated:2": ["water"], "generated:3": ["money"]}
    rows = [{"tweet_id": key, "label": "request", "resources": own, "hard": False} for key, own in made.items()]
    write_parquet(tmp_path / "truth.parquet", rows, TRUTH)
    messages = [
        Spoken("1", "Send tents 21 22", frozenset({"shelter", "request"})),
        Spoken("2", "Doctors are here 23 24", frozenset({"medical_help", "medical_products"})),
        Spoken("3", "Canisters 25 26", frozenset({"water"})),
    ]
    paths = [
        write_posts(tmp_path / "mine.parquet", taught()),
        write_posts(tmp_path / "gold.parquet", messages, "category", "test"),
    ]
    out, scores = tmp_path / "resources.parquet", tmp_path / "scores.json"
    run(
        tmp_path / "pool.parquet",
        tmp_path / "truth.parquet",
        ["mine", "messages"],
        paths,
        ["messages"],
        PARAMS,
        TEXTS,
        out,
        scores,
    )
    keys = [("generated", "generated:1"), ("generated", "generated:2"), ("x", "other")]
    assert read_resources(out, keys, "lexicon") == [["food"], [], []]
    assert read_resources(out, keys, "trained")[1:] == [["water"], []]
    with pytest.raises(CrisisflowError, match="of other tweets than the pool"):
        read_resources(out, keys[::-1], "lexicon")
    generated, gold = json.loads(scores.read_text(encoding="utf-8"))["scores"]
    assert (generated["name"], generated["texts"], gold["name"], gold["texts"]) == ("generated", 2, "messages", 3)
    assert list(generated["finders"]["lexicon"]["per_class"]) == sorted(RESOURCES)
    # The messages have no volunteers.
    assert set(gold["finders"]["lexicon"]["per_class"]) == {"money", "clothing", "shelter", "medical", "food", "water"}
    found = {
        finder: {name: own["per_class"][name]["recall"] for name in ("shelter", "medical", "water")}
        for finder, own in gold["finders"].items()
    }
    assert found["lexicon"] == {"shelter": 1.0, "medical": 1.0, "water": 0.0}
    assert found["trained"] == {"shelter": 0.0, "medical": 1.0, "water": 1.0}


def test_of_the_messages_only_what_is_not_scored_is_learnt(tmp_path):
    write_parquet(tmp_path / "pool.parquet", [{"set": "x", "tweet_id": "1", "text": "Sun", "group": 0}], POOL)
    write_parquet(tmp_path / "truth.parquet", [], TRUTH)
    gold = write_posts(tmp_path / "gold.parquet", taught(), "category", "test")
    params = PARAMS.model_copy(update={"learns_from": ["messages"]})
    files = tmp_path / "pool.parquet", tmp_path / "truth.parquet"
    outputs = tmp_path / "resources.parquet", tmp_path / "scores.json"
    with pytest.raises(CrisisflowError, match="has no training or validation part"):
        run(*files, ["messages"], [gold], ["messages"], params, TEXTS, *outputs)
    assert not any(path.exists() for path in outputs)
