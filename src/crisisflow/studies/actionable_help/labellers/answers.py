"""Answers of an endpoint, kept by what was asked: a killed run goes on where it was, and a second run asks nothing.

An answer is kept under the sha256 of the question: model, prompt, parameters and masked text. The text is not kept, nor
the key or the address of the endpoint.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crisisflow.errors import CrisisflowError


def key_of(question: dict[str, Any]) -> str:
    """Under which key the answer to a question is kept."""
    return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()


class Answers:
    """The kept answers, of one writer at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, key: str) -> str | None:
        """The answer, or None."""
        row = self._connection.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
        return None if row is None else row[0]

    def keep(self, key: str, answer: str) -> None:
        """Keep an answer; it outlives this process."""
        with self._connection:
            self._connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, answer))


@contextmanager
def opened(path: Path) -> Iterator[Answers]:
    """The answers in a file, which is made where it is not there.

    Raises:
        CrisisflowError: it is no such file, or cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path)
        try:
            connection.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL)")
            yield Answers(connection)
        finally:
            connection.close()
    except (sqlite3.Error, OSError) as error:
        raise CrisisflowError(f"cannot keep answers in {path}: {error}; delete it, or check the rights") from None
