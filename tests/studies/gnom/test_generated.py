"""The generated sets: their labels and languages, and a positive control that only a graph can solve."""

from collections import Counter
from importlib.util import find_spec

import pytest

from crisisflow.artifacts import read_json, read_parquet
from crisisflow.corpus.sources.microblog_tracks import SMERP17_CLASSES
from crisisflow.corpus.sources.posts import POSTS
from crisisflow.pretrained import EMBEDDED, load_tokenizer
from crisisflow.studies.gnom.files import GENERATED_SETS
from crisisflow.studies.gnom.generated import (
    CLASSES,
    CONTROL,
    OF_LANGUAGE,
    UNLABELLED,
    control,
    control_words,
    generate,
    run,
    templates,
)
from crisisflow.studies.gnom.params import GeneratedParams
from crisisflow.studies.gnom.stop_words import stop_words

PARAMS = GeneratedParams(tweets=200, unlabelled=60, control=120, seed=13)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generated")
    posts, manifests = ([folder / f"{name}.{kind}" for name in GENERATED_SETS] for kind in ("parquet", "json"))
    run(PARAMS, posts, manifests)
    return {
        name: read_parquet(path, POSTS).to_pylist() for name, path in zip(GENERATED_SETS, posts, strict=True)
    }, folder


def test_the_classes_are_those_of_smerp17():
    assert CLASSES == SMERP17_CLASSES


def test_each_language_has_two_events_and_all_labels(written):
    sets, folder = written
    for language, name in OF_LANGUAGE.items():
        own = sets[name]
        assert {post["language"] for post in own} == {language}
        assert len({post["event"] for post in own}) == 2
        found = Counter(label["value"] for post in own for label in post["labels"])
        assert found["relevant"] + found["not_relevant"] == len(own) == 200
        assert all(found[value] >= 10 for value in CLASSES)
        assert 0.5 < found["relevant"] / 200 < 0.6
        assert len({post["group"] for post in own}) <= 195  # near duplicates
        assert any(post["text"].startswith("RT @") for post in own)
        assert read_json(folder / f"{name}.json")["labels"] == dict(sorted(found.items()))
    assert not any(post["labels"] for post in sets[UNLABELLED])
    assert {post["official_split"] for post in sets[CONTROL]} == {"train", "dev", "test"}


def test_a_text_without_relevance_has_no_class():
    for tweet in generate("it", 300, 1):
        assert tweet.relevance == "relevant" or not tweet.classes


def test_the_same_seed_gives_the_same_tweets_and_another_one_others():
    assert generate("es", 50, 3) == generate("es", 50, 3) != generate("es", 50, 4)
    assert generate("es", 50, 3) != generate("es", 50, 3, "unlabelled")


def test_one_text_is_damaged_by_a_wrong_encoding(written):
    sets, _ = written
    assert any("Ã" in post["text"] or "â€" in post["text"] or "ðŸ" in post["text"] for post in sets["GeneratedS"])


@pytest.mark.parametrize("name", ["minilm-l6", "e5-small-multilingual"])
def test_a_word_of_the_control_is_one_token_of_each_embedded_encoder(name):
    if find_spec(EMBEDDED[name].package) is None:
        pytest.skip("there is no such package for this machine")
    tokenizer = load_tokenizer(f"embedded:{name}")
    own = tokenizer(templates()["control"]["words"], add_special_tokens=False)["input_ids"]
    assert {len(ids) for ids in own} == {1}


def test_no_word_of_the_control_is_a_stop_word():
    words = set(templates()["control"]["words"])
    assert not words & {*stop_words("en"), *stop_words("es"), *stop_words("it")}


def test_no_labelled_text_of_the_control_has_a_hidden_word():
    words = control_words(5)
    hidden = {word for own in words.hidden.values() for word in own}
    known = {word for own in words.known.values() for word in own}
    assert not hidden & known
    for tweet in control(60, 5):
        found = set(tweet.text.split())
        assert bool(found & hidden) == (tweet.split == "test") != bool(found & known)
