"""Serve: the app under uvicorn."""

import logging
import socket
from collections.abc import Callable
from typing import Any

import uvicorn

from crisisflow.masking import mask
from crisisflow.progress import say
from crisisflow.serving.app import Server, app_of
from crisisflow.serving.connection import connection_of
from crisisflow.serving.served import Served
from crisisflow.serving.settings import Limits, Settings

GRACE = 3  # seconds that open answers have when the server ends
LOGS = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"masked": {"()": "crisisflow.serving.serve.Masked", "format": "%(levelname)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "masked", "stream": "ext://sys.stderr"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}


class Masked(logging.Formatter):
    """Log lines in which handles, e-mail addresses and phone numbers are covered."""

    def format(self, record: logging.LogRecord) -> str:
        """A line, or several with a traceback."""
        return mask(super().format(record))


def options_of(limits: Limits) -> dict[str, Any]:
    """The options of uvicorn that keep the limits of connections."""
    return {
        "http": connection_of(limits),
        "ws": "none",
        "h11_max_incomplete_event_size": limits.head,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "timeout_graceful_shutdown": GRACE,
    }


class Ending(uvicorn.Server):
    """A server that lets the watchers of feeds go before it waits for its last answers: theirs would not end."""

    def __init__(self, config: uvicorn.Config, release: Callable[[], None]) -> None:
        super().__init__(config)
        self._release = release

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End."""
        self._release()
        await super().shutdown(sockets)


def run(served: Served, settings: Settings, listening: socket.socket) -> None:
    """Serve at a socket that listens, until interrupted."""
    server = Server(served, settings)
    config = uvicorn.Config(app_of(server), log_config=LOGS, **options_of(settings.limits))
    host, port = listening.getsockname()[:2]
    facts = served.version
    say(f"serve: {facts.name}, trained on {facts.trained_on}; {facts.runtime}, weights {facts.model[:12]}…")
    if facts.generated:
        say("serve: its answers mean nothing about real tweets")
    if facts.help is not None:
        say(f"serve: requests and offers by {facts.help.name}, trained on {facts.help.trained_on}")
    if facts.topics is not None:
        say(f"serve: topics by {facts.topics.name}, of {facts.topics.trained_on}")
    say(f"serve: open http://{'[' + host + ']' if ':' in host else host}:{port}  (Ctrl-C ends it)")
    try:
        Ending(config, server.release).run([listening])
    except KeyboardInterrupt:  # as it is meant to end
        say("serve: ended")
