"""What the tables need of their database.

Statements have `?` for values, or `?1` and so on for one that is there several times. They hold to what SQLite and
PostgreSQL share: columns are named with their table where ON CONFLICT sets them, truth is no number.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

Box = tuple[float, float, float, float]  # west, south, east, north


class Condition(NamedTuple):
    """A condition on posts, which a statement names `p`, with its values."""

    sql: str
    values: tuple[Any, ...]


class Matching(NamedTuple):
    """How posts are found by their words: the tables that lead, the condition, and the column of their ids."""

    tables: tuple[str, ...]
    condition: Condition
    order: str


class Tables(ABC):
    """The tables of a store in a database."""

    name: str  # of the store, for messages
    _key: bytes  # of the hashes of authors and native ids
    BYTES: str  # SQL for the bytes of the column text, in UTF-8

    @abstractmethod
    def _writing(self) -> AbstractContextManager[None]:
        """A transaction that writes, alone: whole when the block ends well, and nothing of it when not."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[None]:
        """A transaction that reads one state of the store."""

    @abstractmethod
    def _rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a statement."""

    @abstractmethod
    def _change(self, statement: str, *values: Any) -> int:
        """Execute a statement without rows. Returns how many rows it changed."""

    @abstractmethod
    def _change_each(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        """Execute a statement once for each row of values."""

    @abstractmethod
    def _matching(self, words: str) -> Matching:
        """How posts are found that have all of these words; one that ends with `*` is the beginning of words."""

    @abstractmethod
    def _near(self, boxes: Sequence[Box]) -> Condition:
        """A condition that every post within one of the boxes passes, by the index of places; others may pass too."""

    @abstractmethod
    def _bytes(self) -> int:
        """The bytes of the store."""

    @abstractmethod
    def _scrub(self) -> None:
        """Let no word of a removed post stay where it can be read, as far as that is the database's to do."""

    def _number(self, statement: str, *values: Any) -> Any:
        """The first column of the first row of a statement."""
        return self._rows(statement, *values)[0][0]
