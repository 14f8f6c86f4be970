"""What a source is given, and what it must do.

A source of another package is a class like those here: its instances are made with the options of operations.yaml as
keywords, and `run` hands over posts until it is told to stop. It is named in the entry points `crisisflow.sources`.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from typing import Protocol

from crisisflow.ingest import process
from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.records import Deleted, Drop, Filed, Gap, Intake, Post, Taken
from crisisflow.ingest.watches import Sorter
from crisisflow.ingest.writer import Writer

SIGN_OF_LIFE = 10.0  # seconds between two that are written down


class Source(Protocol):
    """A source. `run` may be called again after it raised: then it begins at the cursor that the hand has."""

    def run(self, hand: "Hand") -> None:
        """Hand over posts; return when there are no more, or soon after `hand.stopping` is set.

        Raises:
            Exception: of any kind; the source is run again after a pause.
        """


class Hand:
    """Through which one source hands over its posts.

    Args:
        cursor: of the last post that was taken; None at the first run.
        stopping: set when the source is to end.
    """

    def __init__(
        self,
        source: str,
        cursor: str | None,
        sorter: Sorter,
        writer: Writer,
        stopping: threading.Event,
    ) -> None:
        self.source, self.cursor, self.stopping, self.writer = source, cursor, stopping, writer
        self._sorter = sorter
        self._heard = 0.0
        self._last: Future[Taken | None] | None = None

    def take(
        self,
        events: Iterable[Post | Deleted],
        cursor: str | None = None,
        faults: Mapping[str, int] | None = None,
    ) -> "Future[Taken | None]":
        """Hand over posts and deletions, in order, and the cursor behind them. They are sorted to the watches here.

        The future is done when all of it is on disk: a source that tells somebody that a post was taken waits for it.

        Args:
            faults: what could not be read, or not as it was, with counts.

        Raises:
            StoreError: the store is damaged.
        """
        at = process.now()
        drops: Counter[Drop] = Counter({Drop("", reason): count for reason, count in (faults or {}).items()})
        kept: list[Filed | Deleted] = []
        for event in events:
            if isinstance(event, Deleted):
                kept.append(event)
                continue
            filed, refused = self._sorter.sort(event, at)
            drops.update(refused)
            if filed is not None:
                kept.append(filed)
        if cursor is not None:
            self.cursor = cursor
        self._last = self.writer.take(Intake(self.source, kept, cursor, drops))
        return self._last

    def flush(self) -> None:
        """Wait until all is on disk that was handed over; raises what writing it raised."""
        if self._last is not None:
            self._last.result()

    def connected(self) -> None:
        """Note that the source is connected from now on."""
        at = process.now()
        self._heard = time.monotonic()
        self.writer.note(lambda store: store.connected(self.source, at))

    def disconnected(self, trouble: str | None) -> None:
        """Note that it is not, and why where that was not wished."""
        self.writer.note(lambda store: store.disconnected(self.source, trouble))

    def heard(self) -> None:
        """Note a sign of life; it is written down now and then."""
        if time.monotonic() - self._heard >= SIGN_OF_LIFE:
            self._heard = time.monotonic()
            at = process.now()
            self.writer.note(lambda store: store.heard(self.source, at))

    def gap(self, since: int | None, until: int, why: str) -> None:
        """Note a stretch of time, in ms since 1970, of which posts may be missing.

        Args:
            since: None where it began when the source was heard last.
        """

        def add(store: Store) -> None:
            heard = next(own.heard for own in store.health(until) if own.id == self.source)
            begin = since if since is not None else heard if heard is not None else until
            store.add_gap(self.source, Gap(min(begin, until), until, why))

        self.writer.note(add)

    def wait(self, seconds: float) -> bool:
        """Wait, or less where the source is to end. Whether it is."""
        return self.stopping.wait(max(0.0, seconds))


class Pause:
    """Growing pauses between tries: from a second to five minutes, with jitter; short again after a success."""

    def __init__(self, first: float = 1.0, longest: float = 300.0) -> None:
        self._first, self._longest = first, longest
        self._next = first

    def seconds(self) -> float:
        """The next pause."""
        own = self._next * random.uniform(0.5, 1.0)
        self._next = min(2 * self._next, self._longest)
        return own

    def reset(self) -> None:
        """After a success."""
        self._next = self._first
