"""People and streets that the rules find in a text, for those who cover them where a model misses some.

Only what reads a tweet in a fraction of a millisecond: the forms of streets and addresses, and the names of people but
those that are places too. Not what spaCy guesses.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from crisisflow.annotation.matching import Patterns
from crisisflow.annotation.names_lexicon import Names, load_names
from crisisflow.annotation.people import STORM, Storms, find, kin_names
from crisisflow.annotation.phrases import unaccented
from crisisflow.annotation.reading import read
from crisisflow.annotation.ruler_lexicon import load_forms, load_ruler
from crisisflow.annotation.tokens import Tokens, cutter, part_at_signs
from crisisflow.spans import hide_contacts

if TYPE_CHECKING:  # a heavy import
    from spacy.language import Language

PLACES, STORMS, NAMES = "places", "disasters", "names"  # lexicons
STREETS = ("street", "address", "street-before", "highway")
# What an address has besides: "4 Oak Ln", "Calle 5".
_HOUSE = re.compile(r"\b\d{1,5}[A-Za-z]?,? $")
_NUMBERED = re.compile(r"\b(?:[Cc]alle|[Cc]arrera|[Aa]venida|[Vv]ia|[Rr]ua|[Rr]ue|[Jj]alan)\.? \d{1,4}\b")
# A memory zone is of one thread at a time.
_LOCK = Lock()


class _Rules(NamedTuple):
    nlp: "Language"
    tokens_of: Callable[[str], Tokens]
    names: Names
    storms: Storms | None
    streets: Patterns


@lru_cache(maxsize=1)
def _rules() -> _Rules:
    import spacy

    streets = Patterns([rule for rule in load_forms(PLACES) if rule.rule in STREETS])
    nlp = spacy.blank("en")
    part_at_signs(nlp)
    return _Rules(nlp, cutter(nlp.tokenizer), load_names(NAMES), load_ruler([STORMS]).storms, streets)


def private_stretches(text: str) -> list[tuple[int, int]]:
    """(start, end) of the people and streets that the rules find, in their order; they may overlap.

    Raises:
        CrisisflowError: a lexicon is broken.
    """
    with _LOCK:
        rules = _rules()
    reading = read(text)
    form = hide_contacts(reading.form)
    found = {span.span() for span in _NUMBERED.finditer(form)}
    for street in rules.streets.spans(form, "", ""):
        house = _HOUSE.search(form, max(0, street.start - 8), street.start)
        found.add((house.start() if house else street.start, street.end))
    with _LOCK, rules.nlp.memory_zone():
        tokens = rules.tokens_of(form)
    kin = kin_names(tokens, rules.names.people)
    for first, last, rule in find(tokens, form, rules.names.people, rules.storms, sorted(found)):
        known = last == first + 1 and unaccented(tokens.lower[first]) in rules.names.places
        if rule != STORM and (not known or first in kin):
            found.add((tokens.starts[first], tokens.ends[last - 1]))
    return sorted(reading.original(*stretch) for stretch in found)
