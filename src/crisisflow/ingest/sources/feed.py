"""Feeds: RSS, Atom, and CAP in either, read by feedparser and asked for no more often than they wish."""

import json
import threading
import time
from calendar import timegm
from collections import Counter
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import feedparser
import httpx

from crisisflow.errors import CrisisflowError
from crisisflow.ingest import process
from crisisflow.ingest.html_text import text_of
from crisisflow.ingest.records import post_of
from crisisflow.ingest.sources.source import Hand, Pause
from crisisflow.ingest.store.records import Post

AGENT = "crisisflow (feed reader)"
BYTES = 10_000_000  # of a feed, unpacked
ENTRIES = 2_000  # of a feed
REDIRECTS = 5
BETWEEN = 2.0  # seconds between two requests to one host
LONGEST_WAIT = 86_400.0  # seconds that a server may ask us to wait


class Pace:
    """Keeps some seconds between two requests to one host, whichever sources ask it."""

    def __init__(self, seconds: float = BETWEEN) -> None:
        self._seconds = seconds
        self._next: dict[str, float] = {}
        self._lock = threading.Lock()

    def turn(self, host: str) -> float:
        """How many seconds to wait for the next turn, which is taken."""
        with self._lock:
            at = max(time.monotonic(), self._next.get(host, 0.0))
            self._next[host] = at + self._seconds
            return at - time.monotonic()


PACE = Pace()


class Cursor(NamedTuple):
    """The validators of the last answer (RFC 9110, 8.8)."""

    etag: str | None = None
    modified: str | None = None


class FeedReader:
    """The source `feed`.

    Args:
        every: seconds between two requests.
    """

    def __init__(self, url: str, every: int, pace: Pace = PACE) -> None:
        self._url, self._every, self._pace = url, every, pace
        self._host = urlsplit(url).hostname or ""
        self._connected = False

    def run(self, hand: Hand) -> None:
        """As in Source."""
        failing = Pause(first=min(5.0, self._every))
        with httpx.Client(
            headers={"user-agent": AGENT}, timeout=30, follow_redirects=True, max_redirects=REDIRECTS
        ) as client:
            while not hand.wait(self._pace.turn(self._host)):
                try:
                    wait = self._ask(client, hand)
                except (httpx.HTTPError, CrisisflowError) as error:
                    self._troubled(hand, _said(error))
                    wait = min(failing.seconds(), self._every)
                else:
                    failing.reset()
                if hand.wait(wait):
                    break
        hand.flush()

    def _ask(self, client: httpx.Client, hand: Hand) -> float:
        """Ask once; returns in how many seconds to ask again."""
        cursor = Cursor(*json.loads(hand.cursor)) if hand.cursor else Cursor()
        wishes = {"if-none-match": cursor.etag, "if-modified-since": cursor.modified}
        headers = {name: value for name, value in wishes.items() if value}
        with client.stream("GET", self._url, headers=headers) as answer:
            wait = retry_after(answer.headers, process.now())
            if answer.status_code in (429, 503):
                self._troubled(hand, f"the server answered {answer.status_code}")
                return max(self._every, wait)
            if answer.status_code == 304:
                self._well(hand)
                return max(self._every, wait)
            if answer.status_code != 200:
                raise CrisisflowError(f"the server answered {answer.status_code}")
            body = bytearray()
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > BYTES:
                    raise CrisisflowError(f"the feed has more than {BYTES:,} bytes")
            validators = Cursor(answer.headers.get("etag"), answer.headers.get("last-modified"))
        posts, faults = posts_of(bytes(body), process.now())
        self._well(hand)
        hand.take(posts, json.dumps(validators), faults)
        return max(self._every, wait)

    def _well(self, hand: Hand) -> None:
        if self._connected:
            hand.heard()
        else:
            hand.connected()
        self._connected = True

    def _troubled(self, hand: Hand, trouble: str) -> None:
        self._connected = False
        hand.disconnected(trouble)


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, CrisisflowError) else f"{type(error).__name__}: {error}"


def retry_after(headers: Mapping[str, str], now: int) -> float:
    """The seconds of a header Retry-After, which has a number or a date; 0 without one that can be read."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value) if value.isdecimal() else parsedate_to_datetime(value).timestamp() - now / 1000
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return min(max(0.0, seconds), LONGEST_WAIT)


def posts_of(body: bytes, now: int) -> tuple[list[Post], "Counter[str]"]:
    """The posts of a feed, the oldest first, and how often something was not as it should be.

    Raises:
        CrisisflowError: it is no feed.
    """
    found = feedparser.parse(body, sanitize_html=False, resolve_relative_uris=False)
    if not found.get("version") and not found.entries:
        raise CrisisflowError("the answer is no feed (RSS or Atom)")
    posts: list[Post] = []
    faults: Counter[str] = Counter()
    for entry in found.entries[:ENTRIES]:
        language = entry.get("language") or found.feed.get("language")
        read = post_of(_record(entry, language), now)
        faults.update(read.faults)
        posts += [read.post] if read.post else []
    faults["entry beyond the first 2,000"] += max(0, len(found.entries) - ENTRIES)
    return posts[::-1], +faults


def _record(entry: Any, language: str | None) -> dict[str, Any]:
    title, summary = (text_of(entry.get(name) or "") for name in ("title", "summary"))
    text = title if summary.startswith(title) and title == summary else "\n".join(filter(None, (title, summary)))
    times = entry.get("published_parsed") or entry.get("updated_parsed")
    record = {
        "text": text,
        "id": entry.get("id") or entry.get("link"),
        "url": entry.get("link"),
        "language": language,
        "media": [
            {"url": own.get("url") or own.get("href"), "description": own.get("title") or ""}
            for own in [*entry.get("media_content", []), *entry.get("enclosures", [])]
        ],
        "coordinates": _place(entry),
    }
    return record | ({"created_at": timegm(times)} if times else {})


def _place(entry: Any) -> list[float] | None:
    where = entry.get("where") or {}
    if where.get("type") == "Point":
        return list(where["coordinates"][:2])
    if "geo_long" in entry and "geo_lat" in entry:
        return [entry["geo_long"], entry["geo_lat"]]
    return None
