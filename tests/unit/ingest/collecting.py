"""A source at work: its own thread, the real writer, and a real store."""

import threading
import time
from contextlib import contextmanager

from crisisflow.ingest.operations import QueueLimits, Watch
from crisisflow.ingest.sources.source import Hand
from crisisflow.ingest.store.records import Query
from crisisflow.ingest.store.sqlite import SqliteStore
from crisisflow.ingest.watches import Filter, Sorter
from crisisflow.ingest.writer import Writer

NOW = 1_772_366_400_000
PATIENCE = 30  # seconds until a test gives up


def until(reached):
    """Wait until something is so; what it gives back."""
    end = time.monotonic() + PATIENCE
    while not (found := reached()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
    return found


class Collecting:
    """A source that runs.

    Args:
        again: whether it is run again where it fails, at once.
    """

    def __init__(self, folder, source, again=False, limits=None, **watch):
        self.folder, self.source, self.again = folder, source, again
        own = Watch.model_validate({"id": "flood", "sources": ["s"], **watch})
        with SqliteStore(folder) as store:
            store.set_sources({"s": "test"})
            store.set_watches({"flood": {}}, NOW)
            cursor = store.cursor("s")
        self.writer = Writer(folder, limits or QueueLimits())
        self.writer.start()
        self.stopping = threading.Event()
        self.hand = Hand("s", cursor, Sorter([Filter(own, folder)]), self.writer, self.stopping)
        self.errors = []
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while True:
            try:
                self.source.run(self.hand)
            except Exception as error:
                self.errors.append(error)
                if self.again and not self.stopping.is_set():
                    continue
            return

    def end(self):
        """Let it end as it does when it has no more to read, or is told to."""
        self.stopping.set()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        self.writer.end(PATIENCE)


@contextmanager
def collecting(folder, source, **values):
    """A source that runs, until the block ends."""
    found = Collecting(folder, source, **values)
    try:
        yield found
    finally:
        found.end()


def texts(folder, **query):
    """The texts in a store, the first taken first."""
    with SqliteStore(folder) as store:
        return [own.text for own in store.posts(Query(**query), 100_000)][::-1]


def ids(folder):
    """The native ids in a store, the first taken first."""
    with SqliteStore(folder) as store:
        return [own.native_id for own in store.posts(Query(), 100_000)][::-1]


def health(folder):
    """The health of the source."""
    with SqliteStore(folder) as store:
        return store.health(NOW)[0]
