"""Live feeds: order, rate, resumption, limits, and what they keep."""

import asyncio
import json

import pytest
from starlette.testclient import TestClient

from crisisflow.serving.app import create_app
from crisisflow.serving.live import Feed, LiveTweet, source_of
from crisisflow.serving.settings import Limits, Settings
from tests.serving.conftest import ACCESS


def events_of(client, feed, **headers):
    """(event, data) of a feed that ends."""
    answer = client.get(f"/v1/live/{feed}/events", headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = []
    for block in answer.text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            found.append((lines["event"], json.loads(lines["data"]) if lines["data"] else None))
    return found


def replay(client, texts, rate=1000.0):
    tweets = [{"text": text, "id": str(at)} for at, text in enumerate(texts)]
    answer = client.post("/v1/live", json={"tweets": tweets, "rate": rate})
    assert answer.status_code == 201
    return answer.json()


def test_a_replay_comes_whole_in_order_analysed_and_placed(client):
    texts = [f"{at} dead in Kathmandu, call @helper or 0123 4567890 🔥" for at in range(70)]
    feed = replay(client, texts)
    assert (feed["kind"], feed["total"]) == ("replay", 70)
    events = events_of(client, feed["id"])
    assert events[-1] == ("end", None)
    tweets = [data for _, data in events[:-1]]
    assert [tweet["number"] for tweet in tweets] == list(range(1, 71))
    assert [tweet["text"] for tweet in tweets] == texts
    assert [tweet["id"] for tweet in tweets] == [str(at) for at in range(70)]
    (alone,) = client.post("/v1/predict/batch", json={"texts": texts[:1]}).json()["predictions"]
    assert [own["label"] for own in tweets[0]["entities"]] == [own["label"] for own in alone["entities"]]
    for tweet in tweets:
        assert len(tweet["masked"]) == len(tweet["text"])
        assert "@helper" not in tweet["masked"]
        assert "4567890" not in tweet["masked"]


def test_who_saw_some_goes_on_behind_them(client):
    feed = replay(client, ["flood"] * 10)["id"]
    events_of(client, feed)
    later = events_of(client, feed, **{"last-event-id": "7"})
    assert [data["number"] for event, data in later if event == "tweet"] == [8, 9, 10]
    assert client.get(f"/v1/live/{feed}/events?after=10").text.startswith("event: end")


def test_a_stream_takes_what_is_sent_until_it_is_closed(client):
    feed = client.post("/v1/live", json={"tweets": []}).json()
    assert feed["kind"] == "stream"
    for _ in range(2):
        sent = client.post(f"/v1/live/{feed['id']}/tweets", json={"tweets": [{"text": "a"}, {"text": "b"}]})
        assert (sent.status_code, sent.json()) == (202, {"accepted": 2})
    state = next(own for own in client.get("/v1/live").json() if own["id"] == feed["id"])
    assert (state["sent"], state["ended"]) == (4, False)
    assert client.delete(f"/v1/live/{feed['id']}").status_code == 204
    assert client.get(f"/v1/live/{feed['id']}/events").status_code == 404


def test_a_replay_takes_nothing_and_can_be_stopped(client):
    feed = replay(client, ["flood"] * 100, rate=0.1)["id"]
    assert client.post(f"/v1/live/{feed}/tweets", json={"tweets": [{"text": "a"}]}).status_code == 409
    assert client.delete(f"/v1/live/{feed}").status_code == 204
    assert client.delete(f"/v1/live/{feed}").status_code == 404


@pytest.mark.parametrize("rate", [0, -1, 1e9, "5", None])
def test_rates_have_limits(client, rate):
    assert client.post("/v1/live", json={"tweets": [{"text": "a"}], "rate": rate}).status_code == 422


def test_feeds_are_few_and_ended_ones_make_room(served, results):
    with TestClient(create_app(served, Settings(ACCESS, Limits(feeds=2), results))) as client:
        kept = replay(client, ["a"] * 9, rate=0.1)["id"]
        ended = replay(client, ["a"])["id"]
        events_of(client, ended)
        third = replay(client, ["a"] * 9, rate=0.1)["id"]  # in the place of the ended one
        refused = client.post("/v1/live", json={"tweets": []})
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
        assert {own["id"] for own in client.get("/v1/live").json()} == {kept, third}


def test_watchers_are_few(served, results):
    with TestClient(create_app(served, Settings(ACCESS, Limits(watchers=0), results))) as client:
        feed = replay(client, ["a"])["id"]
        assert client.get(f"/v1/live/{feed}/events").status_code == 429


def tweet(number):
    return LiveTweet(number=number, id=None, at="", text="a", masked="a", entities=[], event=None, truncated=False)


def test_a_feed_keeps_its_latest_and_tells_what_it_dropped():
    async def talk():
        feed = Feed("f", None, kept=3)
        for number in range(1, 6):
            feed.add(tweet(number))
        feed.end()
        return [own.number for own in feed.after(0)], [event async for event in feed.events(1)]

    kept, events = asyncio.run(talk())
    assert kept == [3, 4, 5]
    assert events[0] == "event: gap\ndata: 1\n\n"
    assert [event.split("\n")[0] for event in events[1:]] == ["id: 3", "id: 4", "id: 5", "event: end"]


def test_a_watcher_is_woken_by_each_tweet():
    async def talk():
        feed = Feed("f", None, kept=3)
        events = feed.events(0)
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        assert not waiting.done()
        feed.add(tweet(1))
        first = await waiting
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        feed.end()
        return first, await waiting

    first, last = asyncio.run(talk())
    assert first.startswith("id: 1\nevent: tweet\ndata: {")
    assert last.startswith("event: end")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("17 dead\n", ("17 dead", None)),
        ('{"text": "flood", "id": 5}', ("flood", "5")),
        ('{"other": 1}', ('{"other": 1}', None)),
        ('{"text": "\\ud800a"}', ("?a", None)),
        ("x" * 50, ("x" * 20, None)),
        ("  \n", None),
    ],
)
def test_lines_are_records_or_bare_texts(line, expected):
    found = source_of(line, 20)
    assert (found if found is None else (found.text, found.id)) == expected
