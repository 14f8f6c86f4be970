"""The stream of a Mastodon server, by Mastodon.py; what was missed meanwhile is asked for by REST."""

import queue
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mastodon import Mastodon, StreamListener

from crisisflow.errors import CrisisflowError
from crisisflow.ingest import process
from crisisflow.ingest.html_text import text_of
from crisisflow.ingest.operations import MastodonSource, read_secret
from crisisflow.ingest.records import post_of
from crisisflow.ingest.sources.source import Hand
from crisisflow.ingest.store.records import Deleted, Post

PAGE, PAGES = 40, 100  # posts of an answer, and answers that are asked for to fill a gap
AHEAD = 10_000  # events that may wait while a gap is filled
TICK = 0.5  # seconds between two looks at whether to end
BEAT = "heartbeat"


class Ended(NamedTuple):
    """The end of a stream, and why where it was not the server's wish."""

    error: BaseException | None


Event = Post | Deleted | Ended | str


class Listener(StreamListener):
    """Puts what comes into a queue. An event that this version does not know is passed over."""

    def __init__(self, events: "queue.Queue[tuple[Event, tuple[str, ...]]]") -> None:
        super().__init__()
        self._events = events

    def on_update(self, status: Any) -> None:
        """A new post."""
        self._read(status)

    def on_status_update(self, status: Any) -> None:
        """An edited one."""
        self._read(status)

    def on_delete(self, status_id: Any) -> None:
        """A deleted one."""
        self._events.put((Deleted(str(status_id)), ()))

    def handle_heartbeat(self) -> None:
        """A sign of life: a comment of the stream."""
        self._events.put((BEAT, ()))

    def _read(self, status: Any) -> None:
        post, faults = read_status(status)
        self._events.put((post or BEAT, faults))


def read_status(status: Any) -> tuple[Post | None, tuple[str, ...]]:
    """The post of a status, and what of it was not as it should be. A content warning is its first line."""
    account = status.get("account") or {}
    parts = (text_of(status.get(name) or "") for name in ("spoiler_text", "content"))
    read = post_of(
        {
            "id": str(status.get("id") or ""),
            "text": "\n".join(filter(None, parts)),
            "created_at": status.get("created_at"),
            "author": account.get("url") or account.get("acct"),
            "language": status.get("language"),
            "url": status.get("url") or status.get("uri"),
            "media": [
                {"url": own.get("remote_url") or own.get("url"), "description": own.get("description") or ""}
                for own in status.get("media_attachments") or []
            ],
        },
        process.now(),
    )
    return read.post, read.faults


class MastodonStream:
    """The source `mastodon`. Its cursor is the id of the latest status.

    Args:
        folder: from which the path of the token file counts.
    """

    def __init__(self, options: MastodonSource, folder: Path) -> None:
        self._options = options
        self._token = None if options.token_file is None else read_secret(folder / options.token_file)

    def run(self, hand: Hand) -> None:
        """As in Source."""
        client = Mastodon(
            api_base_url=self._options.server,
            access_token=self._token,
            ratelimit_method="throw",
            request_timeout=30,
            user_agent="crisisflow",
        )
        events: queue.Queue[tuple[Event, tuple[str, ...]]] = queue.Queue(AHEAD)
        # Mastodon.py reads without an end: the thread is left behind when the source ends.
        threading.Thread(target=self._stream, args=(client, events), daemon=True, name=f"{hand.source} stream").start()
        opened = False
        while not hand.stopping.is_set():
            try:
                event, faults = events.get(timeout=TICK)
            except queue.Empty:
                continue
            if isinstance(event, Ended):
                hand.flush()
                raise CrisisflowError(f"the stream ended: {event.error or 'the server closed it'}") from event.error
            if not opened:  # what comes from here on is not missed: the gap before it can be filled
                opened = True
                hand.connected()
                self._fill(client, hand)
            if isinstance(event, str):
                hand.heard()
                continue
            hand.take([event], _later(hand.cursor, event), Counter(faults))
        hand.flush()

    def _stream(self, client: Mastodon, events: "queue.Queue[tuple[Event, tuple[str, ...]]]") -> None:
        listener, silence = Listener(events), self._options.silence
        try:
            if self._options.stream == "hashtag":
                client.stream_hashtag(self._options.hashtag, listener, timeout=silence)
            else:
                client.stream_public(listener, timeout=silence, local=self._options.stream == "public/local")
        except BaseException as error:  # of any kind: it is told to the source's own thread
            events.put((Ended(error), ()))
        else:
            events.put((Ended(None), ()))

    def _fill(self, client: Mastodon, hand: Hand) -> None:
        """Ask for what was posted since the cursor, page by page; note a gap where the server does not have it all."""
        try:
            for statuses in self._missed(client, hand):
                posts, faults = [], Counter[str]()
                for status in statuses:
                    post, found = read_status(status)
                    posts += [post] if post else []
                    faults.update(found)
                hand.take(posts, str(max(int(own.id) for own in statuses)), faults)
        except Exception as error:  # of Mastodon.py, requests, or a server of another kind
            hand.gap(None, process.now(), f"the server did not tell what was missed: {error}")

    def _missed(self, client: Mastodon, hand: Hand) -> Iterator[Sequence[Any]]:
        if hand.cursor is None:
            return
        for _ in range(PAGES):
            if self._options.stream == "hashtag":
                page = client.timeline_hashtag(self._options.hashtag, min_id=hand.cursor, limit=PAGE)
            else:
                local = self._options.stream == "public/local"
                page = client.timeline_public(min_id=hand.cursor, limit=PAGE, local=local)
            if not page or hand.stopping.is_set():
                return
            yield page[::-1]
        raise CrisisflowError(f"more than {PAGE * PAGES:,} posts")


def _later(cursor: str | None, event: Post | Deleted) -> str | None:
    """The cursor behind an event: ids grow, and an edit of an older status leaves it."""
    if isinstance(event, Deleted) or not event.native_id.isdecimal():
        return None
    return event.native_id if cursor is None or int(event.native_id) > int(cursor) else None
