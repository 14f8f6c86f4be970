"""Operate: start the processes of a store, watch them, start those anew that die, and end them in order."""

import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from crisisflow.ingest.operations import read_operations
from crisisflow.ingest.process import now, stopping
from crisisflow.ingest.routing.configuration import EXAMPLE, read_routing
from crisisflow.ingest.store.faults import FullError
from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.opening import Where, alone, open_store
from crisisflow.progress import say

ACTOR, DIED = "operate", "died"  # in the audit
FIRST, LONGEST = 1.0, 60.0  # seconds before a process is started anew, doubled each time
HEALTHY = 60.0  # seconds of a run after which the next death is a first one again
ENDING = 9.0  # seconds that all processes have to end
LOOK = 0.2  # seconds between looks


def commands(store: Where, config: Path, rules: Path | None) -> dict[str, list[str]]:
    """The processes by name, in the order in which they are started and ended, with their arguments."""
    of_store, of_rules = ["--store", str(store)], [] if rules is None else ["--rules", str(rules)]
    return {
        "collect": ["--config", str(config), *of_store],
        "analyse": ["--config", str(config), *of_store, *of_rules],
        "route": [*of_store, *of_rules],
        "deliver": [*of_store, *of_rules],
    }


class Watched:
    """A process that is started anew after growing pauses where it dies; not where it ends well."""

    def __init__(self, name: str, arguments: Sequence[str]) -> None:
        self.name, self._arguments = name, arguments
        self._pause = FIRST
        self._start()

    def _start(self) -> None:
        # A session of its own: ^C reaches the operator alone, who ends the processes in order.
        self.process = subprocess.Popen(
            [sys.executable, "-m", "crisisflow", self.name, *self._arguments], start_new_session=True
        )
        self._since: float | None = time.monotonic()
        self._again: float | None = None

    def look(self, store: Store) -> None:
        """Note a death, or start it anew when its pause is over."""
        if self._again is not None:
            if time.monotonic() >= self._again:
                self._start()
            return
        code = self.process.poll()
        if code is None or self._since is None:
            return
        if code == 0:
            say(f"operate: {self.name} has ended")
            self._since = None
            return
        if time.monotonic() - self._since >= HEALTHY:
            self._pause = FIRST
        why = f"signal {-code}" if code < 0 else f"exit code {code}"
        say(f"operate: {self.name} died ({why}); it is started again in {self._pause:g} s")
        with suppress(FullError):  # it is started again all the same
            store.note(ACTOR, DIED, f"process:{self.name}", {"why": why, "pause": self._pause}, now())
        self._again, self._pause = time.monotonic() + self._pause, min(2 * self._pause, LONGEST)

    def end(self, until: float) -> None:
        """Let it end by a time of the monotonic clock; then kill it."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                say(f"operate: {self.name} did not end in time and is killed")
                self.process.kill()
                self.process.wait()


def run(folder: Where, config: Path, rules: Path | None) -> None:
    """Run all processes of a store until a signal.

    Args:
        rules: folder of the rules; None for the example.

    Raises:
        CrisisflowError: a configuration is not valid, or another `operate` has this store.
    """
    read_operations(config)
    read_routing(rules or EXAMPLE)
    with alone(folder, "operate"), open_store(folder, make=True) as store, stopping(None) as stop:
        watched: list[Watched] = []
        try:
            watched += [Watched(*one) for one in commands(folder, config, rules).items()]
            while not stop.wait(LOOK):
                for process in watched:
                    process.look(store)
        finally:
            say("operate: ending")
            until = time.monotonic() + ENDING
            for at, process in enumerate(watched):
                left = len(watched) - at  # each has its share of what is left, so that the last has one too
                process.end(time.monotonic() + max(0.0, until - time.monotonic()) / left)
