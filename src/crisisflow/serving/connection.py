"""Connections: uvicorn's of HTTP/1.1, with limits on their number and on the size and time of a request's head.

What of a request comes behind its head is the guard's (crisisflow.serving.guard).
"""

import asyncio
import json
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from crisisflow.serving.settings import Limits

# What a connection too many gets, whatever it would ask: to wait for that would hold it, and any number of them.
DETAIL = b'{"detail": "too many connections"}'
CROWDED = b"\r\n".join(
    (
        b"HTTP/1.1 503 Service Unavailable",
        b"content-type: application/json",
        b"content-length: %d" % len(DETAIL),
        b"retry-after: 2",
        b"connection: close",
        b"",
        DETAIL,
    )
)


class Connection(H11Protocol):
    """A connection whose requests' heads must come in time; one too many is told so and closed at once."""

    limits = Limits()
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            transport.write(CROWDED)
            transport.close()
        else:
            self._time_head()

    def data_received(self, data: bytes) -> None:
        """Go on, and see whether a head is whole."""
        super().data_received(data)
        self._time_head()

    def send_400_response(self, msg: str) -> None:
        """Tell of a request that is not HTTP as the API tells of any other problem."""
        body = json.dumps({"detail": msg}).encode()
        headers = [
            ("content-type", "application/json"),
            ("content-length", str(len(body))),
            ("connection", "close"),
        ]
        answer = (
            h11.Response(status_code=400, headers=headers, reason="Bad Request"),
            h11.Data(body),
            h11.EndOfMessage(),
        )
        for part in answer:
            self.transport.write(self.conn.send(part))
        self.transport.close()

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
