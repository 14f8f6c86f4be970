"""Progress on stderr: a bar on a terminal, a line now and then in a log."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")
LOG_SECONDS = 15.0


def say(message: str) -> None:
    """One line on stderr."""
    print(message, file=sys.stderr, flush=True)


class Progress:
    """Counts `total` units; shows the rate and the time left.

    On a terminal it is a tqdm bar; elsewhere (a log, CI) one line at most every 15 seconds, so that logs stay readable.

    Args:
        shown: false for all but one of several processes that do the same.
    """

    def __init__(self, description: str, total: int, unit: str = "tweets", shown: bool = True) -> None:
        self._bar = tqdm(
            desc=description,
            total=total,
            unit=f" {unit}",
            disable=not (shown and sys.stderr.isatty()),
            leave=False,
        )
        self._description, self._total, self._unit, self._shown = description, total, unit, shown
        self._done, self._note = 0, ""
        self._start = self._said = time.monotonic()

    def advance(self, units: int, note: str = "") -> None:
        """Count `units` more; `note` is shown behind the figures (a loss, say)."""
        self._done += units
        self._note = note or self._note
        self._bar.update(units)
        if note:
            self._bar.set_postfix_str(note, refresh=False)
        now = time.monotonic()
        if self._shown and self._bar.disable and now - self._said >= LOG_SECONDS:
            self._said = now
            rate = self._done / (now - self._start)
            left = (self._total - self._done) / rate
            say(
                f"{self._description}: {self._done:,} of {self._total:,} {self._unit}, {rate:,.0f} {self._unit}/s, "
                f"{left:,.0f} s left{'  ' + self._note if self._note else ''}"
            )

    def close(self) -> float:
        """End the bar and return the mean rate in units a second."""
        self._bar.close()
        return self._done / max(time.monotonic() - self._start, 1e-9)


def tracked(items: Iterable[T], description: str, total: int, unit: str = "tweets", shown: bool = True) -> Iterator[T]:
    """Yield `items` while showing progress."""
    progress = Progress(description, total, unit, shown)
    try:
        for item in items:
            yield item
            progress.advance(1)
    finally:
        progress.close()
