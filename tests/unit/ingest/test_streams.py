"""Streams: Jetstream over a real WebSocket, and a Mastodon server's stream read by the real Mastodon.py."""

import json
import queue
import threading
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from crisisflow.ingest.operations import MastodonSource
from crisisflow.ingest.sources import mastodon as module
from crisisflow.ingest.sources.bluesky import COLLECTION, NO_EVENT, OVERLAP, Jetstream, event_of
from crisisflow.ingest.sources.mastodon import MastodonStream
from crisisflow.ingest.store.records import Deleted, Drop, Media
from crisisflow.ingest.store.sqlite import SqliteStore
from tests.unit.ingest.collecting import collecting, health, ids, texts, until

BEGIN = 1_772_366_400_000_000  # µs: 2026-03-01T12:00:00Z
SECOND = 1_000_000
CLOSE = object()  # what a server does in the place of a message


# Jetstream


def event(number, text="water", operation="create", at=None, **record):
    commit = {"operation": operation, "collection": COLLECTION, "rkey": f"k{number}"}
    if operation != "delete":
        commit["record"] = {"text": text, "createdAt": "2026-03-01T11:59:00Z", "langs": ["en-GB"], **record}
    at = BEGIN + number * SECOND if at is None else at
    return json.dumps({"did": "did:plc:ana", "time_us": at, "kind": "commit", "commit": commit})


def name(number):
    return f"at://did:plc:ana/{COLLECTION}/k{number}"


class Jet:
    """A Jetstream server: it sends what it has from a cursor on, and then what is put into it.

    A cursor before its `oldest` is moved there, as the real one moves what is too old.
    """

    def __init__(self):
        self.past, self.oldest, self.asked = [], 0, []
        self.live = queue.Queue()
        self.server = serve(self._serve, "127.0.0.1", 0)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"ws://127.0.0.1:{self.server.socket.getsockname()[1]}/subscribe"

    def _serve(self, connection):
        asked = parse_qs(urlsplit(connection.request.path).query)
        self.asked.append(asked)
        with suppress(ConnectionClosed):
            if "cursor" in asked:
                for own in self.past:
                    if json.loads(own)["time_us"] >= max(self.oldest, int(asked["cursor"][0])):
                        connection.send(own)
            while (own := self.live.get()) is not CLOSE:
                if isinstance(own, str) and "time_us" in own:
                    self.past.append(own)
                connection.send(own)

    def put(self, *messages):
        for own in messages:
            self.live.put(own)

    def close(self):
        self.put(*[CLOSE] * 9)
        self.server.shutdown()


@pytest.fixture
def jet():
    found = Jet()
    yield found
    found.close()


def test_jetstream_messages():
    images = [{"alt": "a street under water", "image": {"ref": {"$link": "bafy1"}}}, {"alt": "x"}, 3]
    at, post, faults = event_of(event(1, embed={"$type": "app.bsky.embed.images", "images": images}))
    assert (at, faults) == (BEGIN + SECOND, ())
    assert (post.native_id, post.text, post.author, post.language) == (name(1), "water", "did:plc:ana", "en")
    assert post.url == "https://bsky.app/profile/did:plc:ana/post/k1"
    assert [own.description for own in post.media] == ["a street under water"]
    assert event_of(event(1, operation="delete"))[1] == Deleted(name(1))
    assert event_of(json.dumps({"did": "x", "time_us": 5, "kind": "identity"})) == (5, None, ())
    for damaged in ("", "[]", "{}", '{"time_us": "x"}', b"\xff", "[" * 100_000):
        assert event_of(damaged) == (None, None, (NO_EVENT,))
    assert event_of(event(1, text=None))[1:] == (None, ("no text",))


def test_jetstream_posts_edits_and_deletions_are_taken(jet, tmp_path):
    store = tmp_path / "store"
    with collecting(store, Jetstream(jet.url, 30, 60)):
        jet.put(event(1), event(2), "no json", event(1, "more water", "update", BEGIN + 3 * SECOND))
        jet.put(event(2, operation="delete", at=BEGIN + 4 * SECOND))
        until(lambda: health(store).deletions)
    assert texts(store) == ["more water"]
    assert jet.asked[0] == {"wantedCollections": [COLLECTION]}
    found = health(store)
    assert found.cursor == str(BEGIN + 4 * SECOND) and found.drops == {Drop("", NO_EVENT): 1} and found.gaps == ()


def test_a_jetstream_is_opened_anew_five_seconds_back_and_repeats_are_absorbed(jet, tmp_path):
    store = tmp_path / "store"
    with collecting(store, Jetstream(jet.url, 30, 60), again=True):
        jet.put(*map(event, range(1, 9)), CLOSE)
        until(lambda: len(jet.asked) > 1 and len(ids(store)) == 8)
        jet.put(event(9))
        until(lambda: name(9) in ids(store))
    assert int(jet.asked[1]["cursor"][0]) == BEGIN + 8 * SECOND - OVERLAP
    assert ids(store) == [name(number) for number in range(1, 10)]
    # After a restart of the process it goes on at the cursor of the store.
    jet.past += [event(10)]
    with collecting(store, Jetstream(jet.url, 30, 60)):
        until(lambda: name(10) in ids(store))
    found = health(store)
    assert found.taken == 10 and found.repeats > 0 and found.gaps == ()


def test_what_comes_late_and_out_of_order_is_taken_and_the_cursor_never_goes_back(jet, tmp_path):
    store = tmp_path / "store"
    with collecting(store, Jetstream(jet.url, 30, 60)):
        jet.put(event(5), event(3), event(4))
        until(lambda: len(ids(store)) == 3)
    assert health(store).cursor == str(BEGIN + 5 * SECOND)


def test_a_cursor_that_the_server_moves_is_a_gap(jet, tmp_path):
    store = tmp_path / "store"
    with collecting(store, Jetstream(jet.url, 30, 60)):
        jet.put(event(1))
        until(lambda: ids(store))
    jet.oldest = BEGIN + 3600 * SECOND
    jet.past += [event(2), event(3601)]
    with collecting(store, Jetstream(jet.url, 30, 60)):
        until(lambda: name(3601) in ids(store))
    (gap,) = health(store).gaps
    assert (gap.since, gap.until) == ((BEGIN + SECOND) // 1000, (BEGIN + 3601 * SECOND) // 1000)
    assert "later than it had ended" in gap.why


def test_a_silent_jetstream_is_opened_anew(jet, tmp_path):
    with collecting(tmp_path / "store", Jetstream(jet.url, 0.2, 60), again=True) as own:
        until(lambda: len(jet.asked) > 1)
    assert "no message for 0.2 s" in str(own.errors[0])


def test_a_jetstream_that_is_not_there_is_told(tmp_path):
    with collecting(tmp_path / "store", Jetstream("ws://127.0.0.1:9/subscribe", 30, 60)) as own:
        until(lambda: own.errors)
    assert "the stream ended" in str(own.errors[0]) and own.errors[0].__class__.__name__ == "CrisisflowError"


# Mastodon


def status(number, text="water", **values):
    return {
        "id": str(number),
        "created_at": "2026-03-01T11:59:00.000Z",
        "content": f"<p>{text} {number} &amp; <br>more</p>",
        "spoiler_text": "",
        "language": "en",
        "url": f"https://example.org/@ana/{number}",
        "uri": f"https://example.org/users/ana/statuses/{number}",
        "account": {"id": "1", "acct": "ana", "url": "https://example.org/@ana"},
        "media_attachments": [],
        **values,
    }


class Fediverse(ThreadingHTTPServer):
    """A Mastodon server: REST with min_id, and the stream of server-sent events with heartbeats."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), FediverseHandler)
        self.statuses, self.asked, self.timeline = [], [], True
        self.listeners = []  # a queue for each open stream
        self.url = f"http://127.0.0.1:{self.server_port}"

    def put(self, kind, payload):
        self.send(f"event: {kind}\ndata: {payload if isinstance(payload, str) else json.dumps(payload)}\n\n")

    def send(self, text):
        until(lambda: self.listeners)[-1].put(text)

    def hang_up(self):
        while self.listeners:
            self.listeners.pop().put(CLOSE)

    def post(self, number, **values):
        self.statuses.append(status(number, **values))
        self.put("update", self.statuses[-1])


class FediverseHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urlsplit(self.path)
        query = {key: own[0] for key, own in parse_qs(url.query).items()}
        length = int(self.headers.get("content-length") or 0)
        query |= {key: own[0] for key, own in parse_qs(self.rfile.read(length).decode()).items()}
        self.server.asked.append((url.path, query, self.headers.get("authorization")))
        if url.path.startswith("/api/v1/streaming"):
            self._stream()
        elif url.path.startswith("/api/v1/timelines"):
            if not self.server.timeline:
                self._json({"error": "not public"}, 422)
                return
            first = int(query.get("min_id", 0))
            page = [own for own in self.server.statuses if int(own["id"]) > first][: int(query.get("limit", 20))]
            self._json(page[::-1])
        elif url.path == "/api/v1/instance":
            self._json({"version": "4.3.0", "urls": {"streaming_api": self.server.url.replace("http", "ws")}})
        else:
            self._json({"error": "none"}, 404)

    def _json(self, value, code=200):
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        self.wfile.write(b":)\n")
        self.wfile.flush()
        live = queue.Queue()
        self.server.listeners.append(live)
        with suppress(OSError):
            while (own := live.get()) is not CLOSE:
                self.wfile.write(own.encode())
                self.wfile.flush()

    def log_message(self, *values):
        pass


@pytest.fixture
def fediverse():
    found = Fediverse()
    threading.Thread(target=found.serve_forever, args=(0.05,), daemon=True).start()
    yield found
    found.hang_up()
    found.shutdown()
    found.server_close()


def stream_of(fediverse, tmp_path, stream="public", **values):
    options = MastodonSource(id="s", kind="mastodon", server=fediverse.url, stream=stream, **values)
    return MastodonStream(options, tmp_path)


def test_a_status_becomes_a_post():
    post, faults = module.read_status(
        status(
            7,
            spoiler_text="flood",
            created_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
            media_attachments=[{"url": "https://example.org/1.jpg", "description": "a roof"}, {"url": None}],
        )
    )
    assert (post.native_id, post.text) == ("7", "flood\nwater 7 &\nmore")
    assert (post.created, post.author, faults) == (BEGIN // 1000, "https://example.org/@ana", ())
    assert post.media == (Media("https://example.org/1.jpg", "a roof"),)
    assert module.read_status({}) == (None, ("no text",))


@pytest.mark.parametrize(
    ("stream", "values", "path"),
    [
        ("public", {}, "/api/v1/streaming/public"),
        ("public/local", {}, "/api/v1/streaming/public/local"),
        ("hashtag", {"hashtag": "flood"}, "/api/v1/streaming/hashtag"),
    ],
)
def test_the_streams_of_a_server_with_its_token(fediverse, tmp_path, stream, values, path):
    (tmp_path / "token").write_text("a-secret-token\n")
    with collecting(tmp_path / "store", stream_of(fediverse, tmp_path, stream, token_file="token", **values)):
        fediverse.post(7)
        until(lambda: texts(tmp_path / "store") == ["water 7 &\nmore"])
    own = next(own for own in fediverse.asked if own[0] == path)
    assert own[1].get("tag") == values.get("hashtag") and own[2] == "Bearer a-secret-token"


def test_edits_and_deletions_are_obeyed_and_unknown_events_passed_over(fediverse, tmp_path):
    store = tmp_path / "store"
    with collecting(store, stream_of(fediverse, tmp_path)):
        fediverse.post(7)
        fediverse.post(8)
        fediverse.put("status.update", status(7, "mud"))
        fediverse.put("notification.of.tomorrow", {})
        fediverse.put("delete", "8")
        until(lambda: health(store).deletions)
    assert texts(store) == ["mud 7 &\nmore"]
    assert health(store).cursor == "8"
    with SqliteStore(store) as own:
        assert own.revisions(1) == ["water 7 &\nmore"]


def test_what_was_missed_is_asked_for_page_by_page(fediverse, tmp_path):
    store = tmp_path / "store"
    with collecting(store, stream_of(fediverse, tmp_path), again=True):
        fediverse.post(7)
        until(lambda: ids(store))
        fediverse.hang_up()
        until(lambda: health(store).reconnects)
        fediverse.post(8)
        until(lambda: len(ids(store)) == 2)
    fediverse.hang_up()
    fediverse.statuses += [status(number) for number in range(10, 110)]  # while nobody listens
    with collecting(store, stream_of(fediverse, tmp_path)):
        until(lambda: len(ids(store)) == 102)
        fediverse.post(200)
        until(lambda: "200" in ids(store))
    assert ids(store) == ["7", "8", *map(str, range(10, 110)), "200"]
    found = health(store)
    assert found.gaps == () and found.cursor == "200"


def test_what_a_server_does_not_tell_afterwards_is_a_gap(fediverse, tmp_path):
    store = tmp_path / "store"
    with collecting(store, stream_of(fediverse, tmp_path)):
        fediverse.post(7)
        until(lambda: ids(store))
    fediverse.hang_up()
    fediverse.timeline = False
    with collecting(store, stream_of(fediverse, tmp_path)):
        fediverse.post(9)
        until(lambda: "9" in ids(store))
    (gap,) = health(store).gaps
    assert "did not tell what was missed" in gap.why and gap.since < gap.until


def test_a_gap_that_is_too_long_to_fill_is_noted(fediverse, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PAGES", 2)
    store = tmp_path / "store"
    with collecting(store, stream_of(fediverse, tmp_path)):
        fediverse.post(7)
        until(lambda: ids(store))
    fediverse.statuses += [status(number) for number in range(10, 110)]
    with collecting(store, stream_of(fediverse, tmp_path)):
        until(lambda: health(store).gaps)
    assert "more than 80 posts" in health(store).gaps[0].why and len(ids(store)) == 81


def test_a_stream_without_heartbeats_is_opened_anew(fediverse, tmp_path):
    with collecting(tmp_path / "store", stream_of(fediverse, tmp_path, silence="1s"), again=True) as own:
        until(lambda: health(tmp_path / "store").reconnects)
    assert "the stream ended" in str(own.errors[0])


def test_a_heartbeat_is_a_sign_of_life(fediverse, tmp_path, monkeypatch):
    from crisisflow.ingest.sources import source

    monkeypatch.setattr(source, "SIGN_OF_LIFE", 0)
    store = tmp_path / "store"
    with collecting(store, stream_of(fediverse, tmp_path)):
        first = until(lambda: health(store).heard)
        until(lambda: fediverse.send(":thump\n") or health(store).heard > first)
