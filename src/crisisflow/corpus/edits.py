"""Edits of a text, and where each of its characters was before: spans move with the text."""

from collections.abc import Iterable
from typing import NamedTuple


class Edit(NamedTuple):
    """A stretch of a text, in code points, and what it becomes."""

    start: int
    end: int
    new: str


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text after the edits, which are in order and do not overlap."""
    pieces, position = [], 0
    for start, end, new in edits:
        pieces += [text[position:start], new]
        position = end
    return "".join([*pieces, text[position:]])


class Traced(NamedTuple):
    """A text that was edited. Its character i comes from the stretch starts[i] to ends[i] of the first text.

    A character that was kept comes from the one character that it is. All characters of a replacement come from the
    whole stretch that they replace.
    """

    text: str
    starts: list[int]
    ends: list[int]

    @classmethod
    def of(cls, text: str) -> "Traced":
        """A text before any edit."""
        return cls(text, list(range(len(text))), list(range(1, len(text) + 1)))

    def edited(self, edits: Iterable[Edit]) -> "Traced":
        """The text after further edits, which are in order and do not overlap; an empty stretch is none."""
        own = list(edits)
        if not own:
            return self
        starts: list[int] = []
        ends: list[int] = []
        position = 0
        for start, end, new in own:
            starts += self.starts[position:start]
            ends += self.ends[position:start]
            starts += self.starts[start : start + 1] * len(new)
            ends += self.ends[end - 1 : end] * len(new)
            position = end
        return Traced(edited(self.text, own), starts + self.starts[position:], ends + self.ends[position:])

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """Where a span of the first text is now, without blanks at its ends; None where nothing else is left of it."""
        found = [
            at
            for at, (first, last) in enumerate(zip(self.starts, self.ends, strict=True))
            if first < end and last > start and not self.text[at].isspace()
        ]
        return (found[0], found[-1] + 1) if found else None
