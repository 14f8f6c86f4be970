"""Mentions: which place each location span of a text means."""

from collections.abc import Sequence
from itertools import pairwise

from crisisflow.places.coordinates import Gazetteer, Place
from crisisflow.places.names import AREAS


def places_of(text: str, locations: Sequence[tuple[int, int]], gazetteer: Gazetteer) -> list[Place | None]:
    """The place of each location, given by start and end in the order of the text; None where the gazetteer has none.

    Another location behind it and a comma decides, as it would within one span. A country or state gives way only to
    another one, as in "Georgia, USA": "China, Mexico" is a list, and not the town of that name. Of most lists no place
    lies in the next.
    """
    return [_place(text, own, behind, gazetteer) for own, behind in pairwise([*locations, None])]


def _place(text: str, own: tuple[int, int], behind: tuple[int, int] | None, gazetteer: Gazetteer) -> Place | None:
    start, end = own
    name = text[start:end]
    alone = gazetteer.find(name)
    if behind and text[end : behind[0]].strip() == ",":
        within = gazetteer.find(f"{name}, {text[behind[0] : behind[1]]}")
        if within and (alone is None or alone.kind not in AREAS or within.kind in AREAS):
            return within
    return alone
