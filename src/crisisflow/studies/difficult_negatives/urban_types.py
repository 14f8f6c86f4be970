"""Urban types: the six crisis types of the paper, the words that name them, and the tweets that train them.

The paper names traffic, civil disorder, fire or explosion, bombing and armed assault; collapse is ours.
"""

import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from crisisflow.labels import Labels
from crisisflow.strict_yaml import parse

FILE = Path(__file__).with_name("urban_types.yaml")


class UrbanType(NamedTuple):
    """A type: the label of its spans, CrowdFlower's keywords, and what finds its mentions in small letters."""

    name: str
    label: str
    keywords: frozenset[str]
    triggers: re.Pattern[str]
    not_triggers: re.Pattern[str]


@lru_cache(maxsize=1)
def urban_types() -> tuple[UrbanType, ...]:
    """The six types, in the order of their labels."""
    known = parse(FILE.read_text(encoding="utf-8"))
    return tuple(
        UrbanType(name, own["label"], frozenset(own["keywords"]), *map(_any, (own["triggers"], own["not_triggers"])))
        for name, own in known.items()
    )


def urban_labels() -> Labels:
    """The labels of their spans."""
    return Labels(tuple(own.label for own in urban_types()), ())


def _any(patterns: list[str]) -> re.Pattern[str]:
    """Any of the patterns as whole words; the longest first. Without one it matches nothing."""
    ordered = sorted(patterns, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(ordered)})\b" if ordered else r"(?!)")
