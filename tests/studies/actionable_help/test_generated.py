"""The generated set: its truth, its pairs, and what makes it hard."""

import re
import subprocess
import sys
from collections import defaultdict

import pytest

from crisisflow.corpus.texts import STEPS, prepare
from crisisflow.corpus.tweet_words import tokens
from crisisflow.params import TextsParams
from crisisflow.studies.actionable_help.generated import control, generate, templates, without_labels
from crisisflow.studies.actionable_help.labels import IRRELEVANT, LABELS, OFFER, REQUEST, RESOURCES, TRAPS


@pytest.fixture(scope="module")
def tweets():
    return list(generate(1000, 5))


def test_the_shares_of_labels_and_traps_are_those_of_the_templates(tweets):
    shares = templates()["labels"]
    for label in LABELS:
        assert sum(tweet.label == label for tweet in tweets) == pytest.approx(1000 * shares[label], abs=3)
    for trap in TRAPS:
        assert sum(tweet.trap == trap for tweet in tweets) == pytest.approx(60, abs=2)
    assert all(tweet.label == IRRELEVANT for tweet in tweets if tweet.trap)
    assert {name for tweet in tweets for name in tweet.resources} == {*RESOURCES}
    assert 100 < sum(tweet.hard for tweet in tweets) < 220


def test_what_is_known_of_a_tweet_stands_in_its_text(tweets):
    for tweet in tweets:
        if tweet.place:
            assert tweet.place in tweet.text
        things = [thing.lower() for name in tweet.resources for thing in templates()["resources"][name]]
        assert not tweet.resources or any(thing in tweet.text.lower() for thing in things)
        own = templates()["events"][tweet.wanted.event]
        assert own["from"] <= tweet.wanted.time.date() <= own["to"]
        assert not re.search(r"[{}]", tweet.text)


def test_a_pair_is_a_request_and_an_offer_that_fit(tweets):
    pairs = defaultdict(list)
    for tweet in tweets:
        if tweet.wanted.pair is not None:
            pairs[tweet.wanted.pair].append(tweet)
    assert len(pairs) == 54
    for pair in pairs.values():
        request, offer = sorted(pair, key=lambda tweet: tweet.label, reverse=True)
        assert (request.label, offer.label) == (REQUEST, OFFER)
        assert request.resources == offer.resources != ()
        assert request.place.lower() == offer.place.lower()
        assert abs((request.wanted.time - offer.wanted.time).days) <= 2


def test_no_tweet_with_a_label_names_a_thing_of_the_positive_control(tweets):
    """Nor does any word join the two, so that only the texts without labels connect them."""
    further = {word for things in templates()["control"].values() for thing in things for word in tokens(thing)} - {"a"}
    assert further.isdisjoint(word for tweet in tweets for word in tokens(tweet.text))
    held_out = list(control(60, 5))
    assert {tweet.label for tweet in held_out} == {REQUEST, OFFER}
    assert {tweet.resources[0] for tweet in held_out} == {*templates()["control"]}
    assert all(further & tokens(tweet.text) for tweet in held_out)
    told = [tokens(tweet.text) for tweet in without_labels(600, 5)]
    assert further <= set().union(*told)
    assert 100 < sum(bool(further & words) for words in told) < 500
    assert {tweet.text for tweet in held_out}.isdisjoint(tweet.text for tweet in without_labels(600, 5))


def test_the_preparation_of_texts_has_something_to_do(tweets):
    counts = defaultdict(int)
    params = TextsParams(**dict.fromkeys(STEPS, True))
    for tweet in tweets:
        prepare(tweet.text, params, counts)
    assert {"entities", "urls", "mentions", "emoji"} <= {*counts}


def test_the_same_seed_gives_the_same_tweets_in_any_process(tweets):
    code = "from crisisflow.studies.actionable_help.generated import generate; print(ascii(list(generate(1000, 5))))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ascii(tweets) + "\n"
    assert list(generate(1000, 6)) != tweets
