"""Who may reach the server, and where it listens: checked before anything is loaded that takes seconds."""

import ipaddress
import os
import socket
import sys
from pathlib import Path

from crisisflow.errors import CrisisflowError
from crisisflow.serving.settings import Access


def read_token(path: Path | None) -> str | None:
    """The bearer token in a file.

    Raises:
        CrisisflowError: it is not there, or holds less than 16 characters or others than ASCII.
    """
    if path is None:
        return None
    if not path.exists():
        raise CrisisflowError(f"{path} does not exist; make a token with: openssl rand -hex 32 > {path}")
    token = path.read_text(encoding="utf-8", errors="replace").strip()  # may be a pipe: --token-file <(pass show …)
    if len(token) < 16 or not token.isascii() or not token.isprintable():
        raise CrisisflowError(f"{path} holds no token of 16 printable ASCII characters or more; make one with openssl")
    return token


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_access(host: str, access: Access, people: bool = False) -> None:
    """Refuse to open a server without a token to the network.

    Args:
        people: whether the tokens of people are asked for instead of one of the server.

    Raises:
        CrisisflowError: it would be.
    """
    if people and access.token is not None:
        raise CrisisflowError(
            "--store asks for the tokens of its people (crisisflow people add); leave out --token-file"
        )
    if not is_loopback(host) and not people and access.token is None:
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


def check_stdin(wanted: bool) -> None:
    """Refuse to feed the live view from a standard input that is closed.

    Raises:
        CrisisflowError: it is.
    """
    if wanted and sys.stdin is None:
        raise CrisisflowError("standard input is closed, and --stdin reads tweets from it")


def listen(host: str, port: int) -> socket.socket:
    """A socket at the address.

    Raises:
        CrisisflowError: it is taken, or not this machine's.
    """
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, UnicodeError) as error:  # the latter of what can be no name of a host
        why = getattr(error, "strerror", None) or str(error)
        why = why.partition(" (")[0]  # behind it, Python repeats the address
        raise CrisisflowError(f"cannot listen at {host}, port {port}: {why}; try another --port") from None
