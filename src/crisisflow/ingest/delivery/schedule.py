"""When something is sent: back-off of a message, breaker and rate of a channel. Times are milliseconds."""

import random

FIRST, LONGEST = 5_000, 3_600_000  # pauses between attempts
JITTER = 0.2  # of a pause, either way
FAILURES = 5  # in a row, after which a channel counts as down
PROBE, LONGEST_PROBE = 5_000, 60_000  # pauses between probes of a channel that is down


def pause(attempt: int, chance: random.Random) -> int:
    """The pause after an attempt (from 1): 5 seconds, doubling up to an hour, with jitter."""
    whole = min(FIRST * 2 ** min(attempt - 1, 20), LONGEST)
    return min(round(whole * chance.uniform(1 - JITTER, 1 + JITTER)), LONGEST)


class Breaker:
    """Whether a channel that failed again and again is asked.

    Closed, all messages are sent. Open, none is until a time; then one is sent as a probe. If the probe fails, the
    pause doubles; if it is answered, the breaker closes.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._pause = PROBE
        self._until: int | None = None
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether the channel counts as down."""
        return self._until is not None

    def allows(self, now: int) -> bool:
        """Whether a message may be sent now."""
        return self._until is None or (now >= self._until and not self._probing)

    def sent(self) -> None:
        """A message is on its way."""
        self._probing = self.is_open

    def failed(self, now: int) -> None:
        """The channel failed. What was on its way before it counted as down changes nothing further."""
        self._failures += 1
        if self._until is None:
            if self._failures >= FAILURES:
                self._until = now + self._pause
        elif self._probing:
            self._probing = False
            self._pause = min(2 * self._pause, LONGEST_PROBE)
            self._until = now + self._pause

    def answered(self) -> bool:
        """The channel answered, whatever it said; returns whether it was down before."""
        was_open = self.is_open
        self.__init__()  # type: ignore[misc]
        return was_open


class Rate:
    """At most so many messages a second; one second's worth at once."""

    def __init__(self, rate: float) -> None:
        self._rate, self._most = rate, max(1.0, rate)
        self._left, self._at = self._most, 0

    def allows(self, now: int) -> bool:
        """Whether a message may be sent now."""
        self._left = min(self._most, self._left + max(0, now - self._at) * self._rate / 1000)
        self._at = now
        return self._left >= 1

    def sent(self) -> None:
        """A message is on its way."""
        self._left -= 1
