"""The writer: one thread that commits what all sources of a process hand over, in groups."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from itertools import groupby
from queue import Empty, Full, Queue
from typing import TypeVar

from crisisflow.ingest import process
from crisisflow.ingest.operations import QueueLimits
from crisisflow.ingest.store.faults import FullError, StoreError
from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.opening import Where, open_store
from crisisflow.ingest.store.records import Intake, Taken
from crisisflow.ingest.store.records import Queue as Waiting

GROUP = 64  # posts that are committed together
HANDED = 512  # intakes that may wait for the writer; then sources wait
PAUSES = (0.1, 5.0)  # seconds until a store that cannot be written is tried again: the first, and the longest
Note = Callable[[Store], None]
T = TypeVar("T")


class Writer(threading.Thread):
    """Writes intakes in the order in which they are handed over.

    While one group is committed, the next one gathers, so that a commit is shared by all that wait for it and nobody
    waits for a group to fill. While the disk is full or the store is locked, the same group is tried again and again:
    the next one must not be written before it, since its cursors lie behind it.
    """

    def __init__(self, store: Where, limits: QueueLimits) -> None:
        super().__init__(name="writer", daemon=True)
        self._store = store
        self._limits = Waiting(limits.posts, limits.megabytes * 1_000_000)
        self._handed: Queue[tuple[Intake | Note, Future[Taken | None]] | None] = Queue(HANDED)
        self._left: list[tuple[Intake | Note, Future[Taken | None]] | None] = []
        self.trouble: str | None = None  # why nothing can be written now
        self.failed: BaseException | None = None  # why nothing will ever be
        self.full = False  # as many posts wait for the analysis as may

    def take(self, intake: Intake) -> "Future[Taken | None]":
        """Hand over posts; the future has what became of them once they are on disk.

        Raises:
            StoreError: the store is damaged.
        """
        return self._hand(intake)

    def note(self, note: Note) -> None:
        """Hand over another change of the store; raises what `take` raises."""
        self._hand(note)

    def _hand(self, own: Intake | Note) -> "Future[Taken | None]":
        if self.failed is not None:
            raise StoreError(f"the writer has ended: {self.failed}")
        future: Future[Taken | None] = Future()
        self._handed.put((own, future))
        return future

    def end(self, seconds: float) -> None:
        """End once all is written that was handed over.

        Raises:
            StoreError: it cannot be written in so many seconds.
        """
        with suppress(Full):
            self._handed.put(None, timeout=seconds)
        self.join(seconds)
        if self.is_alive():
            raise StoreError(f"posts were taken from sources and not written: {self.trouble or 'the store is busy'}")

    def run(self) -> None:
        """Write until the end."""
        group: list[tuple[Intake | Note, Future[Taken | None]]] = []
        try:
            with open_store(self._store, make=True) as store:
                while group := self._gathered():
                    self._write(store, group)
        except BaseException as error:
            self.failed = error
            for _, future in group:
                if not future.done():
                    future.set_exception(error)
            self._refuse_the_rest(error)

    def _refuse_the_rest(self, error: BaseException) -> None:
        """Let nobody wait for a writer that has ended."""
        while True:
            try:
                handed = self._handed.get(timeout=1)
            except Empty:
                continue
            if handed is None:
                return
            handed[1].set_exception(error)

    def _gathered(self) -> list[tuple[Intake | Note, Future[Taken | None]]]:
        """What waits, up to a group; at least one; nothing at the end."""
        group: list[tuple[Intake | Note, Future[Taken | None]]] = []
        posts = 0
        while posts < GROUP:
            if self._left:
                handed = self._left.pop()
            elif not group:
                handed = self._handed.get()
            else:
                try:
                    handed = self._handed.get_nowait()
                except Empty:
                    break
            if handed is None:
                if group:
                    self._left.append(None)
                break
            group.append(handed)
            posts += len(handed[0].events) if isinstance(handed[0], Intake) else 0
        return group

    def _write(self, store: Store, group: list[tuple[Intake | Note, Future[Taken | None]]]) -> None:
        for is_intake, part in groupby(group, lambda own: isinstance(own[0], Intake)):
            if is_intake:
                self._take(store, list(part))
                continue
            for own, future in part:
                self._until_written(lambda own=own: own(store))
                future.set_result(None)

    def _take(self, store: Store, intakes: "list[tuple[Intake, Future[Taken | None]]]") -> None:
        try:
            taken = self._until_written(lambda: store.take([own for own, _ in intakes], process.now()))
        except StoreError:
            raise
        except Exception:  # one of them is at fault: the others must not be lost with it
            self._one_by_one(store, intakes)
            return
        self._make_room(store)  # before anybody is told: the next to be taken knows whether the queue is full
        for (_, future), own in zip(intakes, taken, strict=True):
            future.set_result(own)

    def _one_by_one(self, store: Store, intakes: "list[tuple[Intake, Future[Taken | None]]]") -> None:
        for own, future in intakes:
            try:
                future.set_result(self._until_written(lambda own=own: store.take([own], process.now()))[0])
            except StoreError:
                raise
            except Exception as error:
                future.set_exception(error)

    def _until_written(self, write: Callable[[], T]) -> T:
        pause = PAUSES[0]
        while True:
            try:
                written = write()
            except FullError as error:
                self.trouble = str(error)
                time.sleep(pause)
                pause = min(2 * pause, PAUSES[1])
            else:
                self.trouble = None
                return written

    def _make_room(self, store: Store) -> None:
        queue = store.queue()
        if queue.posts > self._limits.posts or queue.bytes > self._limits.bytes:
            self._until_written(lambda: store.set_aside(self._limits))
        self.full = queue.posts >= self._limits.posts or queue.bytes >= self._limits.bytes
