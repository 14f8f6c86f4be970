"""Connections: uvicorn's of HTTP/1.1, with limits on their number and on the size and time of a request's head.

What of a request comes behind its head is the guard's (crisisflow.serving.guard).
"""

import asyncio
from typing import Any

import h11
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from crisisflow.serving.guard import refuse
from crisisflow.serving.settings import Limits

RETRY = 2  # seconds


async def crowded(scope: Scope, receive: Receive, send: Send) -> None:
    """The app of a connection too many."""
    await refuse(send, 503, "too many connections", retry_after=str(RETRY), connection="close")


class Connection(H11Protocol):
    """A connection whose requests' heads must come in time; one too many is told so and closed."""

    limits = Limits()
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            self.app = crowded
        self._time_head()

    def data_received(self, data: bytes) -> None:
        """Go on, and see whether a head is whole."""
        super().data_received(data)
        self._time_head()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        self._time_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._wait_no_more()
        super().connection_lost(exc)

    def _time_head(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._wait_no_more()
        elif self._timer is None:
            self._timer = self.loop.call_later(self.limits.head_seconds, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def connection_of(limits: Limits) -> type[Connection]:
    """The class of connections with these limits; uvicorn makes them itself."""
    return type("Connection", (Connection,), {"limits": limits})
