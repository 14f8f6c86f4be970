"""Collect: one worker for each source, and one writer for all, until all have ended or the process is told to."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path

from crisisflow.errors import CrisisflowError
from crisisflow.ingest import process
from crisisflow.ingest.operations import Operations, read_operations
from crisisflow.ingest.sources.registry import make
from crisisflow.ingest.sources.source import Hand, Pause, Source
from crisisflow.ingest.store.faults import StoreError
from crisisflow.ingest.store.opening import Where, alone, open_store
from crisisflow.ingest.watches import Filter, Sorter
from crisisflow.ingest.writer import Writer
from crisisflow.masking import mask
from crisisflow.progress import say

ENDING = 8.0  # seconds that the workers have to end
HEALTHY = 60.0  # seconds of a run after which the next failure is a first one again


class Worker(threading.Thread):
    """Runs a source, and runs it again after growing pauses where it fails."""

    def __init__(self, source: Source, hand: Hand) -> None:
        super().__init__(name=hand.source, daemon=True)
        self._source, self._hand = source, hand
        self.fatal: BaseException | None = None

    def run(self) -> None:
        """Until the source has no more, or is to end."""
        pause = Pause()
        while not self._hand.stopping.is_set():
            begin = time.monotonic()
            try:
                self._source.run(self._hand)
                self._hand.disconnected(None)
                return
            except StoreError as error:
                self.fatal = error
                self._hand.stopping.set()
                return
            except Exception as error:  # of whatever the source calls
                said = str(error) if isinstance(error, CrisisflowError) else f"{type(error).__name__}: {error}"
                self._failed(mask(" ".join(said.split())[:300]))
            if time.monotonic() - begin > HEALTHY:
                pause.reset()
            self._hand.wait(pause.seconds())

    def _failed(self, trouble: str) -> None:
        say(f"collect: {self._hand.source}: {trouble}; it is tried again")
        try:
            self._hand.disconnected(trouble)
        except StoreError as error:
            self.fatal = error
            self._hand.stopping.set()


def run(config: Path, store: Where, only: Sequence[str] = ()) -> None:
    """Collect posts from the sources of operations.yaml into a store, until interrupted or until no source has more.

    Args:
        only: ids of the sources that are read; all of them where none is named.

    Raises:
        CrisisflowError: the configuration does not fit, another process collects into this store, or the store cannot
            be used.
    """
    operations = read_operations(config)
    chosen = [own for own in operations.sources if not only or own.id in only]
    if unknown := sorted(set(only) - {own.id for own in operations.sources}):
        raise CrisisflowError(f"{config} has no source {unknown[0]}")
    folder = config.absolute().parent
    filters = {watch.id: Filter(watch, folder) for watch in operations.watches}
    sources = {own.id: make(own, operations, folder) for own in chosen}
    with alone(store, "collect"), process.stopping(None) as stopping:
        _collect(operations, filters, sources, store, stopping)


def _collect(
    operations: Operations,
    filters: dict[str, Filter],
    sources: dict[str, Source],
    store_at: Where,
    stopping: threading.Event,
) -> None:
    with open_store(store_at, make=True) as store:
        store.set_sources({own.id: own.kind for own in operations.sources})
        store.set_watches({own.id: own.model_dump(mode="json") for own in operations.watches}, process.now())
        cursors = {own: store.cursor(own) for own in sources}
    writer = Writer(store_at, operations.queue)
    writer.start()
    workers = []
    for own, source in sources.items():
        sorter = Sorter([filters[watch.id] for watch in operations.watches if own in watch.sources])
        workers.append(Worker(source, Hand(own, cursors[own], sorter, writer, stopping)))
    for worker in workers:
        worker.start()
    say(f"collect: {len(workers)} sources, {len(filters)} watches, into {store_at}  (Ctrl-C ends it)")
    told = None
    while any(worker.is_alive() for worker in workers) and not stopping.wait(0.2):
        if writer.failed is not None:
            stopping.set()
        if writer.trouble != told:
            told = writer.trouble
            say(f"collect: {told or 'the store can be written again'}")
    deadline = time.monotonic() + ENDING
    for worker in workers:
        worker.join(max(0.0, deadline - time.monotonic()))
    writer.end(ENDING)
    fatal = next((worker.fatal for worker in workers if worker.fatal is not None), writer.failed)
    if fatal is not None:
        raise fatal if isinstance(fatal, CrisisflowError) else CrisisflowError(f"collect ended: {fatal}")
    say("collect: ended")
