"""Settings of the server: what is served, to whom, and within which limits."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crisisflow.serving.desk import Desk

MEGABYTE = 1_000_000
HOSTS = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class Limits:
    """Of what one request, and all of them together, may ask for. They bound the memory."""

    characters: int = 10_000  # of a text
    batch: int = 256  # texts of a batch
    batch_characters: int = 100_000  # of all of them together
    connections: int = 768  # more than may wait for the model or watch feeds, and fewer than files that may be open
    head: int = 32_000  # bytes of a request's first line and headers
    head_seconds: float = 10.0  # in which they must have come
    body: int = 4 * MEGABYTE  # bytes of a request's body
    bodies: int = 64 * MEGABYTE  # bytes of the bodies of all requests that are not answered yet
    body_seconds: float = 20.0  # in which it must have come
    waiting: int = 512  # texts that wait for the model, long ones counted several times
    opinions: int = 8  # requests that wait for the rules
    feeds: int = 16  # live feeds
    replayed: int = 20_000  # texts of a replay
    kept: int = 5_000  # latest tweets that a feed keeps
    feed_bytes: int = 16 * MEGABYTE  # of them, as they are sent to watchers
    idle_seconds: float = 600.0  # without watchers and what is sent, after which a feed makes room, and a replay pauses
    watchers: int = 64  # connections that watch feeds


@dataclass(frozen=True)
class Access:
    """Who may ask. No origin but the page's own may by default, and only under the names of this machine."""

    token: str | None = None
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = HOSTS


@dataclass(frozen=True)
class Settings:
    """All of it.

    Args:
        results: the folder that the study view shows, results/<study>.
        workers: batches that are computed side by side, each by one thread.
        stdin: whether the lines of standard input are a live feed.
        warm_rules: whether the rules are loaded at once, and not with the first question.
        desk: the store behind the page. With one, the tokens of its people are asked for.
    """

    access: Access
    limits: Limits
    results: Path
    workers: int = 1
    stdin: bool = False
    warm_rules: bool = False
    desk: "Desk | None" = None
