"""What processes that run until they are stopped share: signals, the time, and changed configurations."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from crisisflow.errors import CrisisflowError
from crisisflow.ingest.routing.configuration import Routing, read_routing
from crisisflow.progress import say

RELOAD = 2.0  # seconds between looks at a configuration


def now() -> int:
    """The time, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


@contextmanager
def stopping(end: threading.Event | None) -> Iterator[threading.Event]:
    """An event that SIGTERM and ^C set, in the main thread; elsewhere only `end`."""
    stop = end or threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {own: signal.signal(own, lambda *_: stop.set()) for own in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for own, handler in before.items():
            signal.signal(own, handler)


class Configuration:
    """The configuration of routing in a folder, read again when its files change.

    Args:
        name: of the process, for messages.

    Raises:
        CrisisflowError: it is not valid at the start.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self._name = folder, name
        self._seen, self._looked = _state(folder), time.monotonic()
        self.routing = read_routing(folder)

    def changed(self, take: Callable[[Routing], None]) -> bool:
        """Hand a changed configuration over if it is valid; else say why not, and the old one goes on."""
        if time.monotonic() - self._looked < RELOAD:
            return False
        self._looked, state = time.monotonic(), _state(self.folder)
        if state == self._seen:
            return False
        self._seen = state
        return self.reload(take)

    def reload(self, take: Callable[[Routing], None]) -> bool:
        """Read it now."""
        try:
            routing = read_routing(self.folder)
            take(routing)
        except CrisisflowError as error:
            say(f"{self._name}: {error}; the old configuration goes on")
            return False
        self.routing = routing
        say(f"{self._name}: configuration {routing.hash[:12]} is loaded")
        return True


def _state(folder: Path) -> dict[str, tuple[int, int]]:
    """The files of a configuration, with what changes when they do."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            status = path.stat()
            found[str(path)] = (status.st_mtime_ns, status.st_size)
    return found
