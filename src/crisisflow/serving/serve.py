"""Serve: the app under uvicorn."""

import ipaddress
import logging
import os
import socket
import sys
from pathlib import Path
from typing import Any

import uvicorn

from crisisflow.errors import CrisisflowError
from crisisflow.masking import mask
from crisisflow.progress import say
from crisisflow.serving.app import create_app
from crisisflow.serving.connection import connection_of
from crisisflow.serving.served import Served
from crisisflow.serving.settings import Access, Limits, Settings

GRACE = 3  # seconds that open answers have when the server ends
LOGS = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"masked": {"()": "crisisflow.serving.serve.Masked", "format": "%(levelname)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "masked", "stream": "ext://sys.stderr"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}


class Masked(logging.Formatter):
    """Log lines in which handles, addresses and phone numbers are covered."""

    def format(self, record: logging.LogRecord) -> str:
        """A line, or several with a traceback."""
        return mask(super().format(record))


def read_token(path: Path | None) -> str | None:
    """The bearer token in a file.

    Raises:
        CrisisflowError: it is not there, or holds less than 16 characters or others than ASCII.
    """
    if path is None:
        return None
    if not path.is_file():
        raise CrisisflowError(f"{path} does not exist; make a token with: openssl rand -hex 32 > {path}")
    token = path.read_text(encoding="utf-8").strip()
    if len(token) < 16 or not token.isascii() or not token.isprintable():
        raise CrisisflowError(f"{path} holds no token of 16 printable ASCII characters or more; make one with openssl")
    return token


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_access(host: str, access: Access) -> None:
    """Refuse to open a server without a token to the network.

    Raises:
        CrisisflowError: it would be.
    """
    if not is_loopback(host) and access.token is None:
        raise CrisisflowError(f"--host {host} is open to the network; protect it with --token-file, or use 127.0.0.1")


def check_user(allow_root: bool) -> None:
    """Refuse to serve as root, who could do more than a server needs, unless that is meant.

    Raises:
        CrisisflowError: it is root, and not said to be meant.
    """
    if os.geteuid() == 0 and not allow_root:
        raise CrisisflowError(
            "serve needs no root, and does not run as root; use another user, or --allow-root "
            "(make dashboard OPTIONS=--allow-root)"
        )


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


def listen(host: str, port: int) -> socket.socket:
    """A socket at the address.

    Raises:
        CrisisflowError: it is taken, or not this machine's.
    """
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        why = error.strerror.partition(" (")[0]  # behind it, Python repeats the address
        raise CrisisflowError(f"cannot listen at {host}, port {port}: {why}; try another --port") from None


def run(served: Served, settings: Settings, host: str, port: int) -> None:
    """Serve until interrupted."""
    if settings.stdin:
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    app = create_app(served, settings)
    config = uvicorn.Config(app, log_config=LOGS, **options_of(settings.limits))
    listening = listen(host, port)
    facts = served.version
    say(f"serve: row {facts.row}, seed {facts.seed}, {facts.runtime}, weights {facts.model[:12]}…")
    say(f"serve: open http://{'[' + host + ']' if ':' in host else host}:{port}  (Ctrl-C ends it)")
    uvicorn.Server(config).run([listening])
