"""Topics of the tweets of live feeds by the API, with a model of them and without one. All texts are invented."""

import pytest
from starlette.testclient import TestClient

from crisisflow.serving.app import create_app
from crisisflow.serving.settings import Limits, Settings
from tests.serving.conftest import ACCESS, TOPICS
from tests.serving.test_help import stream

TEXTS = ("the river is rising", "fever and cough", "a bridge is closed", "nothing of that kind")


@pytest.fixture(scope="module")
def topical(served_topics, results):
    with TestClient(create_app(served_topics, Settings(ACCESS, Limits(), results))) as client:
        yield client


def kept(client, feed, *topics):
    return client.get(f"/v1/live/{feed}/tweets", params={"topic": topics}).json()["tweets"]


def test_tweets_of_a_feed_have_their_topic_and_are_chosen_by_it(topical):
    feed = stream(topical, *TEXTS)
    told = [{"number": at, "label": label} for at, label in enumerate(TOPICS)]
    assert [own["topic"] for own in kept(topical, feed)] == [*told, None]
    assert [own["text"] for own in kept(topical, feed, 1)] == [TEXTS[1]]
    assert [own["number"] for own in kept(topical, feed, 0, 2)] == [1, 3]
    for wrong in (3, -1, "river"):
        assert topical.get(f"/v1/live/{feed}/tweets", params={"topic": wrong}).status_code == 422


def test_what_tells_topics_is_told(topical):
    assert topical.get("/v1/labels").json()["topics"] == list(TOPICS)
    facts = topical.get("/v1/version").json()["topics"]
    assert (facts["name"], facts["generated"], facts["recorded"]) == ("3 topics of words, seed 1", True, False)


def test_without_a_model_no_tweet_has_a_topic(client):
    feed = stream(client, *TEXTS)
    assert [own["topic"] for own in kept(client, feed)] == [None] * 4
    assert kept(client, feed, 0) == []
