"""Live feeds: order, rate, resumption, limits, and what they keep."""

import asyncio
import json
import threading
from collections import Counter
from types import SimpleNamespace

import httpx
import pytest
import uvicorn
from starlette.testclient import TestClient

from crisisflow.inference import Findings
from crisisflow.serving import feed as feed_module
from crisisflow.serving import feeds as feeds_module
from crisisflow.serving.app import Server, app_of, create_app
from crisisflow.serving.feed import Feed, Kept
from crisisflow.serving.feeds import Feeds, TooManyFeeds
from crisisflow.serving.incoming import source_of
from crisisflow.serving.live_schema import LiveTweet, Source
from crisisflow.serving.located import live_tweets
from crisisflow.serving.selection import Wanted, passes
from crisisflow.serving.serve import Ending, options_of
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


def test_a_tweet_keeps_its_time_author_and_id(client):
    tweets = [
        {"text": "b", "id": "7", "created_at": "Wed Oct 10 20:19:24 +0000 2018", "author": "@somebody"},
        {"text": "a", "created_at": 1539202764000},
        {"text": "c", "created_at": "10/10/2018"},
    ]
    feed = client.post("/v1/live", json={"tweets": tweets, "rate": 1000}).json()
    assert feed["dated"] == 2
    (one, two, three, _) = [data for _, data in events_of(client, feed["id"])]
    assert (one["id"], one["created_at"], one["author"]) == ("7", "2018-10-10T20:19:24.000+00:00", "@somebody")
    assert two["created_at"] == one["created_at"] < one["at"]
    assert three["created_at"] is None
    stream = client.post("/v1/live", json={"tweets": []}).json()["id"]
    sent = client.post(f"/v1/live/{stream}/tweets", json={"tweets": tweets}).json()
    assert sent == {"accepted": 3, "dated": 2}
    client.delete(f"/v1/live/{stream}")


def test_a_replay_at_the_recorded_pace_comes_in_the_order_of_its_times(client):
    times = [40, None, 0, 20]
    tweets = [{"text": str(time), "created_at": None if time is None else 1.5e9 + time} for time in times]
    feed = client.post("/v1/live", json={"tweets": tweets, "speed": 100_000}).json()["id"]
    assert [data["text"] for _, data in events_of(client, feed)[:-1]] == ["0", "20", "40", "None"]
    refused = client.post("/v1/live", json={"tweets": [{"text": "a"}], "speed": 1})
    assert (refused.status_code, "no tweet has a time" in refused.json()["detail"]) == (409, True)


def test_watchers_are_let_go_without_the_end_of_the_feed():
    async def talk():
        feed = feed_of(1)
        events = feed.events(0)
        first = await anext(events)
        feed.release()
        return feed.ended, first[:4], [event async for event in events]

    assert asyncio.run(talk()) == (False, "id: ", [])


def test_the_server_ends_at_once_and_without_a_word_although_feeds_are_watched(served, results, caplog):
    """As Ctrl-C ends it, which sets `should_exit`; those who watch connect again later."""
    own = Server(served, Settings(ACCESS, Limits(), results))
    config = uvicorn.Config(app_of(own), port=0, log_config=None, **options_of(Limits()))
    server = Ending(config, own.release)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}") as client:
        feed = client.post("/v1/live", json={"tweets": []}).json()["id"]
        with client.stream("GET", f"/v1/live/{feed}/events", timeout=60) as answer:
            server.should_exit = True
            told = list(answer.iter_lines())
    thread.join()
    assert not any(line.startswith("event") for line in told)
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []


def test_a_stream_takes_what_is_sent_until_it_is_closed(client):
    feed = client.post("/v1/live", json={"tweets": []}).json()
    assert feed["kind"] == "stream"
    for _ in range(2):
        sent = client.post(f"/v1/live/{feed['id']}/tweets", json={"tweets": [{"text": "a"}, {"text": "b"}]})
        assert (sent.status_code, sent.json()) == (202, {"accepted": 2, "dated": 0})
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


@pytest.fixture(scope="module")
def narrow(served, results):
    """Of a server for two feeds of fifty tweets that nobody may watch."""
    with TestClient(create_app(served, Settings(ACCESS, Limits(feeds=2, watchers=0, kept=50), results))) as client:
        yield client


def until_ended(client, feed):
    while not (state := client.get(f"/v1/live/{feed}").json())["ended"]:
        pass
    return state


def test_feeds_and_watchers_are_few_and_ended_feeds_make_room(narrow):
    kept = replay(narrow, ["a"] * 9, rate=0.1)["id"]
    ended = replay(narrow, ["a"])["id"]
    until_ended(narrow, ended)
    third = replay(narrow, ["a"] * 9, rate=0.1)["id"]  # in the place of the ended one
    refused = narrow.post("/v1/live", json={"tweets": []})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
    assert {own["id"] for own in narrow.get("/v1/live").json()} == {kept, third}
    assert narrow.get(f"/v1/live/{kept}/events").status_code == 429
    for feed in (kept, third):
        assert narrow.delete(f"/v1/live/{feed}").status_code == 204


def test_all_that_is_kept_can_be_paged_through_and_filtered_and_what_was_dropped_is_told(narrow):
    tweets = [{"text": f"{'Water' if at % 2 else 'tents'} {at}", "created_at": 1.5e9 + at} for at in range(60)]
    feed = narrow.post("/v1/live", json={"tweets": tweets, "rate": 1000}).json()["id"]
    state = until_ended(narrow, feed)
    assert [state[key] for key in ("sent", "kept", "dropped", "own")] == [60, 50, 10, False]

    def pages(**query):
        after = 0
        while after is not None:
            page = narrow.get(f"/v1/live/{feed}/tweets", params={"limit": 20, **query, "after": after}).json()
            yield page["tweets"]
            after = page["next"]

    def numbers(**query):
        return [tweet["number"] for page in pages(**query) for tweet in page]

    assert numbers() == list(range(11, 61))
    assert [len(page) for page in pages()] == [20, 20, 10]
    assert numbers(text=["water", "nothing"]) == list(range(12, 61, 2))
    assert numbers(text="tents", since="2017-07-14T02:40:50Z", until="2017-07-14T02:40:52") == [51, 53]
    (all_of_them,) = pages(limit=256)
    labels = Counter(tweet["class"]["label"] for tweet in all_of_them)
    for label, number in labels.items():
        assert len(numbers(**{"class": label})) == number
    assert numbers(**{"class": list(labels)}) == numbers()
    for label in {own["label"] for tweet in all_of_them for own in tweet["entities"]}:
        own = [tweet["number"] for tweet in all_of_them if label in {one["label"] for one in tweet["entities"]}]
        assert numbers(type=label) == own
    assert narrow.get(f"/v1/live/{feed}/tweets", params={"class": "no"}).status_code == 422
    assert narrow.delete(f"/v1/live/{feed}").status_code == 204


def test_a_place_is_found_by_its_text_name_or_country():
    place = {"name": "Kathmandu", "country": "Nepal", "kind": "city", "latitude": 27.7, "longitude": 85.3}
    entity = {"start": 0, "end": 3, "text": "KTM", "label": "LOCATION", "score": 0.9, "place": place}
    plain = {"number": 1, "id": None, "at": "2026-01-01T00:00:00Z", "created_at": None, "author": None, "class": None}
    own = LiveTweet(
        **plain,
        text="KTM shakes",
        masked="KTM shakes",
        entities=[entity],
        hidden=[],
        truncated=False,
        language="en",
        judged=True,
    )
    assert [passes(own, Wanted(place=(part,))) for part in ("ktm", "kath", "NEPAL", "peru")] == [True] * 3 + [False]
    assert passes(own, Wanted(place=("peru", "nepal"), text=("shakes",)))
    assert not passes(own, Wanted(place=("nepal",), text=("rests",)))


def tweet(number, size=1):
    return Kept(number, b"x" * size)


def feed_of(tweets, kept=3, size=1000):
    feed = Feed("f", None, kept, size)
    for number in range(1, tweets + 1):
        feed.add(tweet(number))
    return feed


def all_events(feed, *seen):
    async def talk():
        feed.end()
        return [event async for event in feed.events(*seen)]

    return asyncio.run(talk())


def numbers(feed, after=0):
    return [own.number for own in feed.after(after)]


def test_a_feed_keeps_its_latest_and_tells_what_it_dropped():
    feed = feed_of(5)
    assert numbers(feed) == [3, 4, 5]
    events = all_events(feed, 1)
    assert events[0] == "event: gap\ndata: 1\n\n"
    ids = [f"id: {feed.epoch}-{number}" for number in (3, 4, 5)]
    assert [event.split("\n")[0] for event in events[1:]] == [*ids, "event: end"]


def test_a_feed_keeps_so_many_bytes_and_none_once_it_is_removed():
    feed = Feed("f", None, kept=100, size=10)
    for number in range(1, 6):
        feed.add(tweet(number, 4))
    assert numbers(feed) == [4, 5]
    feed.add(tweet(6, 50))  # one is kept, whatever its size
    assert numbers(feed) == [6]
    feed.forget()
    assert (numbers(feed), feed.ended) == ([], True)


def test_a_slow_watcher_holds_few_of_the_tweets():
    feed = feed_of(100, kept=100)
    assert len(feed.after(0)) < 20
    assert len(all_events(feed, 0)) == 101


@pytest.mark.parametrize(
    ("number", "own_epoch", "first"),
    [(2, True, 3), (2, None, 3), (2, False, 1), (9, True, 1), (9, None, 1), (3, True, None)],
)
def test_who_saw_another_feed_of_this_name_begins_anew(number, own_epoch, first):
    feed = feed_of(3)
    epoch = {True: feed.epoch, False: "00000000", None: None}[own_epoch]
    events = all_events(feed, number, epoch)
    if first == 1:
        assert events.pop(0) == f"id: {feed.epoch}-0\nevent: reset\ndata: {feed.epoch}\n\n"
    assert not any("reset" in event for event in events)
    assert [event.split("\n")[0] for event in events[:-1]] == [f"id: {feed.epoch}-{at}" for at in range(first or 4, 4)]


def test_the_last_event_id_is_the_one_that_was_sent(client):
    feed = replay(client, ["flood"] * 3)["id"]
    lines = client.get(f"/v1/live/{feed}/events").text.splitlines()
    first = next(line for line in lines if line.startswith("id: ")).removeprefix("id: ")
    later = events_of(client, feed, **{"last-event-id": first})
    assert [data["number"] for event, data in later if event == "tweet"] == [2, 3]
    other = client.get(f"/v1/live/{feed}/events", headers={"last-event-id": "00000000-2"}).text
    assert "event: reset" in other
    assert other.count("event: tweet") == 3
    assert client.get(f"/v1/live/{feed}/events", headers={"last-event-id": "no"}).status_code == 422


def test_abandoned_streams_make_room_but_not_watched_ones_and_not_the_servers_own():
    async def talk():
        feeds = Feeds(None, Limits(feeds=3, idle_seconds=0), None)
        own, watched, abandoned = feeds.open("stdin"), feeds.open(), feeds.open()
        feeds.watch(watched, 0, None)
        own.end()
        new = feeds.open()
        assert {state.id for state in feeds.states()} == {"stdin", watched.name, new.name}
        assert abandoned.ended
        patient = Feeds(None, Limits(feeds=1), None)
        patient.open()
        with pytest.raises(TooManyFeeds):
            patient.open()

    asyncio.run(talk())


@pytest.mark.parametrize(("total", "idle"), [(None, False), (5, True)])
def test_what_is_sent_to_a_stream_is_use_of_it_and_what_a_replay_adds_is_none(total, idle, monkeypatch):
    now = 0.0
    monkeypatch.setattr(feed_module, "time", SimpleNamespace(monotonic=lambda: now))
    feed = Feed("f", total, kept=3, size=1000)
    now = 599.0
    assert not feed.idle(600)
    feed.add(tweet(1))
    now = 601.0
    assert feed.idle(600) == idle
    feed.join()
    assert not feed.idle(600)
    feed.leave()
    assert not feed.idle(600)
    now = 1201.0
    assert feed.idle(600)


async def gone(_=None):
    return {"type": "http.disconnect"}


async def leave(answer):
    await answer({"type": "http", "asgi": {"spec_version": "2.3"}}, gone, gone)


def test_a_watcher_counts_from_the_question_to_the_end_although_the_feed_is_removed():
    async def talk():
        feeds = Feeds(None, Limits(watchers=1), None)
        feed = feeds.open()
        answer = feeds.watch(feed, 0, None)
        feeds.remove(feed.name)
        other = feeds.open()
        with pytest.raises(TooManyFeeds):
            feeds.watch(other, 0, None)
        await leave(answer)
        feeds.watch(other, 0, None)

    asyncio.run(talk())


class Ready:
    """A gazetteer that knows no place, and a batcher whose model may fail."""

    async def submit(self, texts):
        if "poison" in texts:
            raise ValueError("poison, says @somebody")
        return [Findings([], None, False) for _ in texts]

    def find(self, name):
        return None


def ready():
    """A gazetteer as Feeds take it, within an event loop."""
    gazetteer = asyncio.get_running_loop().create_future()
    gazetteer.set_result(Ready())
    return gazetteer


def test_a_replay_that_is_watched_too_late_pauses_and_goes_on_at_its_rate(monkeypatch):
    async def talk():
        loop, later = asyncio.get_running_loop(), 0.0
        clock = loop.time
        monkeypatch.setattr(loop, "time", lambda: clock() + later)
        impatient = Feeds(Ready(), Limits(idle_seconds=0), ready())
        feed = impatient.replay([Source(text="a")] * 40, 0.1)

        async def meanwhile():
            """Another replay, of a server with patience, comes whole although nobody counts as its watcher."""
            other = Feeds(Ready(), Limits(), ready()).replay([Source(text="a")] * 40, 1000)
            return [event async for event in other.events(0)]

        assert len(await meanwhile()) == 41
        sent = [feed.sent]
        later += 1000
        answer, events = impatient.watch(feed, 0, None), feed.events(0)
        await anext(events)
        sent.append(feed.sent)  # not all that would have come in these 1000 seconds
        later += 10
        await anext(events)
        sent.append(feed.sent)
        await leave(answer)
        later += 10
        await meanwhile()
        return [*sent, feed.sent]

    assert asyncio.run(talk()) == [0, 1, 2, 2]


def lines_of(*lines):
    """The feed of these lines, once it has ended."""

    async def talk():
        feed = Feeds(Ready(), Limits(), ready()).follow("stdin", iter(lines))
        async with asyncio.timeout(60):
            return feed, [event async for event in feed.events(0)]

    return asyncio.run(talk())


def test_the_feed_of_the_lines_ends_with_a_word_when_the_model_fails(caplog):
    feed, events = lines_of("flood", "poison")
    assert feed.ended
    assert events[-1].startswith("event: end")
    assert "feed stdin has failed" in caplog.text


def test_ids_of_lines_may_be_no_text():
    _, events = lines_of('{"text": "a", "id": "\\ud800"}', "b")
    assert [json.loads(event.split("data: ")[1])["id"] for event in events[:-1]] == ["?", None]


def test_a_replay_that_fails_ends(caplog):
    async def talk():
        feeds = Feeds(Ready(), Limits(), None)
        feed = feeds.replay([Source(text="poison")], 1000)
        async with asyncio.timeout(60):
            return [event async for event in feed.events(0)]

    assert asyncio.run(talk()) == ["event: end\ndata: \n\n"]
    assert "a replay has failed" in caplog.text


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_feed_of_the_lines_cannot_be_removed(served, results, monkeypatch, tmp_path, codec):
    lines = tmp_path / "lines.jsonl"
    lines.write_text('{"text": "flood", "id": "7"}\n', codec)
    with lines.open() as stdin, monkeypatch.context() as patched:
        patched.setattr("sys.stdin", stdin)
        check_the_feed_of_standard_input(served, results)


def check_the_feed_of_standard_input(served, results):
    with TestClient(create_app(served, Settings(ACCESS, Limits(), results, stdin=True))) as client:
        (_, tweet), end = events_of(client, "stdin")
        assert (tweet["text"], tweet["id"], end) == ("flood", "7", ("end", None))
        assert client.delete("/v1/live/stdin").status_code == 409
        assert client.get("/v1/live/stdin/events").status_code == 200


def test_the_event_loop_goes_on_while_tweets_are_placed_and_masked(monkeypatch):
    """Their threads are not the loop's, and no more than a batch of the model is done at a time."""
    seen = []

    def noting(number, found, *rest):
        seen.append((threading.current_thread() is threading.main_thread(), number, len(found)))
        return live_tweets(number, found, *rest)

    monkeypatch.setattr(feeds_module, "live_tweets", noting)

    async def talk():
        feeds = Feeds(Ready(), Limits(), ready())
        feed = feeds.open()
        await asyncio.gather(*(feeds.analyse(feed, [Source(text="a")] * 20) for _ in range(2)))
        return [own.number for own in feed.after(0, 100)]

    assert asyncio.run(talk()) == list(range(1, 41))
    assert seen == [(False, 1, 16), (False, 17, 4), (False, 21, 16), (False, 37, 4)]


def test_a_watcher_is_woken_by_each_tweet():
    async def talk():
        feed = feed_of(0)
        events = feed.events(0)
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        assert not waiting.done()
        feed.add(tweet(1))
        first = await waiting
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        feed.end()
        return feed, first, await waiting

    feed, first, last = asyncio.run(talk())
    assert first == f"id: {feed.epoch}-1\nevent: tweet\ndata: x\n\n"
    assert last.startswith("event: end")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("17 dead\n", ("17 dead", None)),
        ('{"text": "flood", "id": 5}', ("flood", "5")),
        ('{"other": 1}', ('{"other": 1}', None)),
        ('{"text": "\\ud800a"}', ("?a", None)),
        ('{"full_text": "flood", "id_str": "9", "id": 8}', ("flood", "9")),
        ('{"Tweet Text": "flood", "tweet_id": 12345678901234567890}', ("flood", "12345678901234567890")),
        ("x" * 50, ("x" * 20, None)),
        ("  \n", None),
    ],
)
def test_lines_are_records_or_bare_texts(line, expected):
    found = source_of(line, 20)
    assert (found if found is None else (found.text, found.id)) == expected
