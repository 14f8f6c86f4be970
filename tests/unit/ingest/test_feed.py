"""The source feed, read from a real HTTP server: conditional requests, revisions, and what is no feed."""

import gzip
import json
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from crisisflow.errors import CrisisflowError
from crisisflow.ingest.sources import feed as module
from crisisflow.ingest.sources.feed import FeedReader, Pace, posts_of, retry_after
from crisisflow.ingest.store.sqlite import SqliteStore
from tests.unit.ingest.collecting import NOW, collecting, health, texts, until

RSS = """<?xml version="1.0"?><rss version="2.0" xmlns:georss="http://www.georss.org/georss">
<channel><title>A service</title>
<language>en-us</language>{items}</channel></rss>"""
ITEM = """<item><title>{title}</title><guid isPermaLink="false">{guid}</guid><link>https://example.org/{guid}</link>
<pubDate>Sun, 01 Mar 2026 11:00:00 GMT</pubDate>
<description>&lt;p&gt;Water in the &lt;b&gt;cellar&lt;/b&gt;&lt;/p&gt;</description>
<georss:point>27.7 85.3</georss:point>
<enclosure url="https://example.org/1.jpg" type="image/jpeg" length="1"/></item>"""
LEVELS = [f"l{number}" for number in range(10)]
LAUGHS = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "{ha}">{more}]>
<rss version="2.0"><channel><item><title>&l9;</title><guid>1</guid></item></channel></rss>""".format(
    ha="ha" * 10,
    more="".join(f'<!ENTITY l{n} "{f"&{before};" * 10}">' for n, before in enumerate(["a", *LEVELS[:-1]])),
)


class Server(ThreadingHTTPServer):
    """Answers with what a test gives it, in order, the last again and again; notes what it was asked."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.asked = [], []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/feed"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(dict(self.headers))
        answers = self.server.answers
        status, headers, body = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        with suppress(OSError):  # the reader may have had enough
            self.wfile.write(body)

    def log_message(self, *values):
        pass


@pytest.fixture
def server():
    found = Server()
    threading.Thread(target=found.serve_forever, args=(0.05,), daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


def items(*own):
    return RSS.format(items="".join(ITEM.format(guid=guid, title=title) for guid, title in own)).encode()


def reader(server):
    return FeedReader(server.url, 0, Pace(0))


def test_the_posts_of_a_feed(tmp_path):
    posts, faults = posts_of(items(("g2", "Second"), ("g1", "First &amp; last")), NOW)
    assert [own.native_id for own in posts] == ["g1", "g2"] and not faults
    own = posts[0]
    assert (own.text, own.created, own.language) == ("First & last\nWater in the cellar", NOW - 3_600_000, "en")
    assert (own.point, own.url) == ((85.3, 27.7), "https://example.org/g1")
    assert [media.url for media in own.media] == ["https://example.org/1.jpg"]


def test_an_atom_feed_of_cap_alerts_without_times():
    atom = b"""<feed xmlns="http://www.w3.org/2005/Atom" xmlns:cap="urn:oasis:names:tc:emergency:cap:1.2"><entry>
    <id>urn:oid:1</id><title>Flood warning</title><summary>Rivers rise</summary><cap:event>Flood</cap:event></entry>
    <entry><title>No id</title></entry></feed>"""
    posts, _ = posts_of(atom, NOW)
    assert sorted(own.text for own in posts) == ["Flood warning\nRivers rise", "No id"]
    assert posts[1].native_id == "urn:oid:1" and posts[0].native_id.startswith("sha256:")
    assert posts[0].created is None


@pytest.mark.parametrize("body", [b"", b"no feed", b"<html><body>x</body></html>", b"\x00\xff", b"{}"])
def test_what_is_no_feed_is_told(body):
    with pytest.raises(CrisisflowError, match="no feed"):
        posts_of(body, NOW)


def test_a_billion_laughs_are_not_laughed():
    begin = time.monotonic()
    try:
        posts, _ = posts_of(LAUGHS.encode(), NOW)
    except CrisisflowError:
        posts = []
    assert all(len(own.text) < 1_000 for own in posts)
    assert time.monotonic() - begin < 20


def test_validators_are_sent_and_kept_over_a_restart_and_edits_are_revisions(server, tmp_path):
    store = tmp_path / "store"
    server.answers = [
        (200, {"etag": '"1"', "last-modified": "Sun, 01 Mar 2026 11:00:00 GMT"}, items(("g1", "First"))),
        (304, {}, b""),
    ]
    with collecting(store, reader(server)):
        until(lambda: len(server.asked) > 2)
    assert json.loads(health(store).cursor) == ['"1"', "Sun, 01 Mar 2026 11:00:00 GMT"]
    assert "if-none-match" not in {name.lower() for name in server.asked[0]}
    assert server.asked[1]["if-none-match"] == '"1"' and "if-modified-since" in server.asked[1]
    server.asked.clear()
    server.answers = [(200, {"etag": '"2"'}, items(("g1", "First, corrected"), ("g2", "Second")))]
    with collecting(store, reader(server)):
        until(lambda: len(texts(store)) == 2)
    assert server.asked[0]["if-none-match"] == '"1"'
    with SqliteStore(store) as own:
        assert own.revisions(1) == ["First\nWater in the cellar"]


def test_trouble_is_told_and_the_feed_is_asked_again(server, tmp_path, monkeypatch):
    store = tmp_path / "store"
    monkeypatch.setattr(module, "BYTES", 100_000)
    bomb = gzip.compress(b"x" * 50_000_000)
    server.answers = [
        (500, {}, b""),
        (301, {"location": "/feed"}, b""),
    ]
    with collecting(store, reader(server)):
        until(lambda: (health(store).trouble or "").startswith("TooManyRedirects"))
        server.answers = [(200, {"content-encoding": "gzip"}, bomb)]
        until(lambda: "more than 100,000 bytes" in (health(store).trouble or ""))
        server.answers = [(503, {"retry-after": "0"}, b"")]
        until(lambda: health(store).trouble == "the server answered 503")
        server.answers = [(200, {}, items(("g1", "First")))]
        until(lambda: texts(store))
        assert health(store).trouble is None and health(store).connected is not None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120), ("Sun, 01 Mar 2026 12:01:00 GMT", 60), ("soon", 0), ("-5", 0), ("", 0), ("9" * 30, 86_400)],
)
def test_retry_after_is_a_number_or_a_date(value, seconds):
    assert retry_after(httpx.Headers({"retry-after": value}), NOW) == seconds


def test_requests_to_one_host_keep_their_distance():
    pace = Pace(10)
    assert pace.turn("a") <= 0 and 9 < pace.turn("a") <= 10 and 19 < pace.turn("a") <= 20 and pace.turn("b") <= 0
