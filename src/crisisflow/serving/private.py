"""What in a text names a person, or where one lives: the page, its exports and `predict --mask-names` can cover it."""

import re
from collections.abc import Iterable

from crisisflow.annotation.private_names import private_stretches
from crisisflow.masking import COVER
from crisisflow.taxonomy import EntityType

# The word for a street in the languages of most crisis tweets, as a name ends with it, a direction behind it or not.
_BEHIND = (
    "street|st|road|rd|avenue|ave|av|boulevard|blvd|drive|dr|lane|ln|highway|hwy|way|court|ct|place|pl|square|plaza"
    "|terrace|alley|parkway|pkwy|freeway|fwy|expressway|expy|crescent|close|mews|circle|cir|trail|loop|marg|nagar"
)
_BEFORE = "calle|avenida|avda|carrera|rue|via|viale|jalan|jl|ulica|rua|highway|hwy|route"
_DIRECTION = r"(?: (?:[NSEW]|[NS][EW]|north|south|east|west))?"
STREET = re.compile(
    rf"\w (?:{_BEHIND})\b\.?{_DIRECTION}(?=,|$)"  # Elm St, Elm Street NW, 12 Elm St, Houston; but not St. Martin
    rf"|^(?:{_BEFORE})\b\.? \w"  # Calle 5
    r"|^\d+[a-z]?,? [^\W\d_]"  # 12 Elm, 12b Elm
    r"|stra(?:ße|sse)\b|\b(?:apt|unit|suite|house no|flat no|door no)\b",
    re.IGNORECASE,
)


def is_private(label: str, text: str) -> bool:
    """Whether an entity names a person, or a street or an address."""
    if label == EntityType.LOCATION:
        return STREET.search(" ".join(text.strip(" #.,").split())) is not None
    return label == EntityType.PERSON


def hidden(text: str, entities: Iterable[tuple[int, int, str]]) -> list[tuple[int, int]]:
    """(start, end) of all people, streets and addresses, the model's and the rules', joined where they meet.

    Args:
        entities: (start, end, label) of what the model found.
    """
    own = [(start, end) for start, end, label in entities if is_private(label, text[start:end])]
    joined: list[tuple[int, int]] = []
    for start, end in sorted([*own, *private_stretches(text)]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def cover(text: str, stretches: Iterable[tuple[int, int]]) -> str:
    """The text, as long as before, with the stretches covered."""
    for start, end in stretches:
        text = text[:start] + COVER * (end - start) + text[end:]
    return text
