"""The mark: what a person, or the pipeline, puts on a stretch of a text that is reviewed."""

from collections.abc import Iterable
from typing import NamedTuple

from crisisflow.taxonomy import EntityType


class Mark(NamedTuple):
    """A labelled stretch; `start` and `end` count code points."""

    start: int
    end: int
    label: str


class Reviewed(NamedTuple):
    """A tweet and what each annotator marked in it."""

    text: str
    marks: dict[str, set[Mark]]


def check(mark: Mark, text: str | None) -> Mark:
    """The mark, once its type is known and it is a stretch of the text (None: a text that is not at hand).

    Raises:
        ValueError: it is not.
    """
    EntityType(mark.label)
    if not 0 <= mark.start < mark.end or (text is not None and mark.end > len(text)):
        raise ValueError(f"{mark.start}-{mark.end} is no stretch of the tweet's text")
    return mark


def flat(marks: Iterable[Mark]) -> set[Mark]:
    """The marks of one annotator in one tweet, once no two of them overlap (guideline, rule 2).

    Raises:
        ValueError: two do.
    """
    kept: list[Mark] = []
    for mark in sorted(marks):
        if kept and mark.start < kept[-1].end:
            raise ValueError("{}-{} {} overlaps {}-{} {}".format(*kept[-1], *mark))
        kept.append(mark)
    return set(kept)
