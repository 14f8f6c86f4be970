"""The dispatcher: claims deliveries, has them sent in threads, renews their claims and writes how they ended.

One thread uses the store. A message is sent by a thread of its own, which knows the receiver alone; what does not end
in time is given up, and its thread counts until it ends. So a receiver that hangs delays no other.
"""

import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event, Thread

from crisisflow.ingest.delivery.line import Line
from crisisflow.ingest.delivery.links import Links, Taker
from crisisflow.ingest.delivery.message import message_of
from crisisflow.ingest.delivery.result import Result, line
from crisisflow.ingest.delivery.settle import settle
from crisisflow.ingest.routing.configuration import Routing
from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.records import Claim

Lines = dict[tuple[str, str], Line]  # by agency and channel
LEASE = 10_000  # milliseconds of a claim
GRACE = 2_000  # milliseconds beyond a channel's time-out


@dataclass(eq=False)
class Attempt:
    """A claim that is being sent."""

    claim: Claim
    line: Line
    given_up: int  # when
    ends: int  # of the claim


class Dispatcher:
    """Sends what is due.

    Args:
        clock: gives the time in milliseconds since 1970.
        lease: milliseconds of a claim; it is renewed when half of them are over.
        links: by which agencies acknowledge.
    """

    def __init__(
        self,
        store: Store,
        routing: Routing,
        lines: Lines,
        clock: Callable[[], int],
        lease: int = LEASE,
        links: Links | None = None,
    ) -> None:
        self.store, self.routing, self.lines, self.links = store, routing, lines, links
        self._clock, self._lease = clock, lease
        self._worker = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._attempts: list[Attempt] = []
        self._ended: SimpleQueue[tuple[Attempt, Result]] = SimpleQueue()
        self.wake = Event()

    def step(self) -> bool:
        """One round; False where nothing is on its way and nothing could be claimed."""
        claimed = self._round(self.store.ready(self._clock()))
        return claimed or bool(self._attempts)

    def finish(self) -> bool:
        """One round without further claims; False where nothing is on its way."""
        self._round([])
        return bool(self._attempts)

    def _round(self, ready: Sequence[tuple[str, str]]) -> bool:
        """Write how attempts ended and claim further ones, in one transaction; what is claimed is sent behind it."""
        self.wake.clear()
        now = self._clock()
        overdue = any(now >= min(own.given_up, own.ends - self._lease // 2) for own in self._attempts)
        channels = [own for own in ready if own in self.lines]
        if self._ended.empty() and not overdue and not channels:
            return False
        known = list(self._attempts)
        try:
            with self.store.grouped():
                self._settle_ended()
                self._give_up_and_renew()
                claimed = self._claim(channels)
        except BaseException:
            # Nothing of it was written. An answer that was read is lost: its message is sent once more.
            for attempt in self._attempts:
                attempt.line.under_way -= attempt not in known
            self._attempts = known
            raise
        for attempt in self._attempts:
            if attempt not in known:
                Thread(target=self._sending, args=(attempt,), daemon=True).start()
        return claimed

    def _settle_ended(self) -> None:
        while True:
            try:
                attempt, result = self._ended.get_nowait()
            except Empty:
                return
            attempt.line.under_way -= 1
            if attempt in self._attempts:
                self._attempts.remove(attempt)
                settle(self.store, self.routing, attempt.line, attempt.claim, result, self._clock())
            elif result.outcome == "delivered":  # too late, but it arrived
                self.store.finish(attempt.claim, "delivered", result.answer, self._clock(), reference=result.reference)

    def _give_up_and_renew(self) -> None:
        now = self._clock()
        for attempt in list(self._attempts):
            if now >= attempt.given_up:
                self._attempts.remove(attempt)
                said = f"no answer within {attempt.line.channel.timeout} s"
                settle(self.store, self.routing, attempt.line, attempt.claim, Result("failed", said), now)
            elif now >= attempt.ends - self._lease // 2:
                attempt.ends = now + self._lease
                self.store.renew(attempt.claim, attempt.ends)

    def _claim(self, channels: Sequence[tuple[str, str]]) -> bool:
        """Claim one delivery of each channel in turn, while any has something and may send."""
        claimed, ready = False, list(channels)
        while ready:
            still = []
            for receiver, channel in ready:
                own, now = self.lines[receiver, channel], self._clock()
                if not own.disabled and not own.allows(now):
                    continue
                claim = self.store.claim(receiver, self._worker, now, now + self._lease, channel)
                if claim is None:
                    continue
                claimed = True
                still.append((receiver, channel))
                if own.disabled:
                    settle(self.store, self.routing, own, claim, Result("dead", own.disabled, ours=True), now)
                else:
                    own.sent()
                    given_up = now + own.channel.timeout * 1000 + GRACE
                    self._attempts.append(Attempt(claim, own, given_up, claim.ends))
            ready = still
        return claimed

    def _sending(self, attempt: Attempt) -> None:
        try:
            claim, links = attempt.claim, self.links
            taker = Taker(claim.incident, claim.alert.id, claim.alert.version, claim.receiver)
            link = links.link(taker) if links else None
            result = attempt.line.receiver.send(message_of(claim.alert, claim.incident, link))
        except Exception as error:  # of any receiver
            result = Result("failed", line(f"{type(error).__name__}: {error}"))
        self._ended.put((attempt, result))
        self.wake.set()
