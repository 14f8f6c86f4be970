"""Bluesky's Jetstream: the public posts of the network over a WebSocket."""

import json
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from crisisflow.errors import CrisisflowError
from crisisflow.ingest import process
from crisisflow.ingest.records import post_of
from crisisflow.ingest.sources.source import Hand
from crisisflow.ingest.store.records import Deleted, Post
from crisisflow.ingest.writer import GROUP

COLLECTION = "app.bsky.feed.post"
OVERLAP = 5_000_000  # µs before the cursor at which a stream is opened anew: the server drops and reorders there
GATHER = 0.02  # seconds in which messages are handed over together
TICK = 0.5  # seconds between two looks at whether to end
MESSAGE = 4_000_000  # bytes
NO_EVENT = "message that is no event"


class Jetstream:
    """The source `bluesky`. Its cursor is the server's `time_us` of the latest event.

    Args:
        silence: seconds without a message after which the stream is opened anew.
        jump: seconds; a longer stretch between two events is a gap.
    """

    def __init__(self, url: str, silence: float, jump: float) -> None:
        self._url, self._silence, self._jump = url, silence, jump * 1e6

    def run(self, hand: Hand) -> None:
        """As in Source."""
        url = f"{self._url}{'&' if '?' in self._url else '?'}wantedCollections={COLLECTION}"
        if hand.cursor is not None:
            url += f"&cursor={int(hand.cursor) - OVERLAP}"
        try:
            with connect(url, open_timeout=30, close_timeout=1, max_size=MESSAGE) as stream:
                hand.connected()
                self._read(stream, hand)
        except (OSError, WebSocketException) as error:
            hand.flush()
            raise CrisisflowError(f"the stream ended: {error or type(error).__name__}") from error
        hand.flush()

    def _read(self, stream: ClientConnection, hand: Hand) -> None:
        gathered = Gathered(hand, self._jump)
        heard = time.monotonic()
        try:
            while not hand.stopping.is_set():
                message = _receive(stream, GATHER if gathered else TICK)
                if message is not None:
                    heard = time.monotonic()
                    gathered.add(*event_of(message))
                elif time.monotonic() - heard > self._silence:
                    raise CrisisflowError(f"no message for {self._silence:g} s")
                if message is None or gathered.full():
                    gathered.hand_over()
        finally:
            gathered.hand_over()  # also of a stream that breaks: before the first cursor nothing would come again


class Gathered:
    """What comes within a moment, to be handed over together.

    Args:
        jump: µs; a longer stretch between two events is a gap.
    """

    def __init__(self, hand: Hand, jump: float) -> None:
        self._hand, self._jump = hand, jump
        self._latest = int(hand.cursor) if hand.cursor is not None else None
        self._clear()

    def _clear(self) -> None:
        self._events: list[Post | Deleted] = []
        self._faults: Counter[str] = Counter()
        self._messages, self._since = 0, time.monotonic()

    def __len__(self) -> int:
        """How many messages there are."""
        return self._messages

    def add(self, at: int | None, event: Post | Deleted | None, faults: tuple[str, ...]) -> None:
        """Add a message, as `event_of` reads it."""
        if not self._messages:
            self._since = time.monotonic()
        self._messages += 1
        self._faults.update(faults)
        self._events += [event] if event else []
        if at is None:
            return
        if self._latest is not None and at > self._latest + self._jump:
            self._hand.gap(self._latest // 1000, at // 1000, "the stream went on later than it had ended")
        self._latest = at if self._latest is None else max(self._latest, at)

    def full(self) -> bool:
        """Whether they should wait no longer."""
        return self._messages >= GROUP or (self._messages > 0 and time.monotonic() - self._since >= GATHER)

    def hand_over(self) -> None:
        """Hand over what there is."""
        if self._messages:
            self._hand.take(self._events, None if self._latest is None else str(self._latest), self._faults)
            self._clear()


def _receive(stream: ClientConnection, seconds: float) -> str | bytes | None:
    try:
        return stream.recv(timeout=seconds)
    except TimeoutError:
        return None


def event_of(message: str | bytes) -> tuple[int | None, Post | Deleted | None, tuple[str, ...]]:
    """The time of a message in µs, the post or the deletion that it brings, and what was not as it should be."""
    try:
        found = json.loads(message)
        at = int(found["time_us"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None, None, (NO_EVENT,)
    commit = found.get("commit")
    if found.get("kind") != "commit" or not isinstance(commit, dict) or commit.get("collection") != COLLECTION:
        return at, None, ()
    author, key = str(found.get("did")), str(commit.get("rkey"))
    identity = f"at://{author}/{COLLECTION}/{key}"
    if commit.get("operation") == "delete":
        return at, Deleted(identity), ()
    record = commit.get("record")
    if not isinstance(record, dict):
        return at, None, (NO_EVENT,)
    languages = record.get("langs")
    read = post_of(
        {
            "id": identity,
            "text": record.get("text"),
            "created_at": record.get("createdAt"),
            "author": author,
            "language": languages[0] if isinstance(languages, list) and languages else None,
            "url": f"https://bsky.app/profile/{author}/post/{key}",
            "media": list(_images(author, record.get("embed"))),
        },
        process.now(),
    )
    return at, read.post, read.faults


def _images(author: str, embed: Any) -> list[dict[str, str]]:
    """The images of a post, and those of a post that quotes another, with their descriptions."""
    if not isinstance(embed, Mapping):
        return []
    images = embed.get("images")
    if images is None and isinstance(embed.get("media"), Mapping):
        images = embed["media"].get("images")
    found = []
    for own in images if isinstance(images, list) else []:
        link = (((own.get("image") or {}).get("ref")) or {}).get("$link") if isinstance(own, dict) else None
        if link:
            url = f"https://cdn.bsky.app/img/feed_fullsize/plain/{author}/{link}@jpeg"
            found.append({"url": url, "description": str(own.get("alt") or "")})
    return found
