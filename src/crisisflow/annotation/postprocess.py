"""Tidying what spaCy takes for a name or a number: borders as the guideline draws them, and no name where none is.

The small pipelines take many a capital for an organisation, and headlines for names (docs/annotation_guideline.md). The
word lists are data: lexicons/spacy.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from crisisflow.annotation.lexicon_files import SpacyFile
from crisisflow.annotation.names_lexicon import Names
from crisisflow.annotation.numerals import AMOUNT, OTHER, mark_numbers
from crisisflow.annotation.people import is_family
from crisisflow.annotation.phrases import unaccented
from crisisflow.places.gazetteer import zipf
from crisisflow.taxonomy import EntityType

# A name ends where a headline's source or verb, another hashtag, a handle or an emoji begins.
_BREAK = re.compile(
    r"[^\S ]|\s{2,}|\s[-–—|•:]+(?:\s|$)|[|•:;()\[\]\"“”]|https?\b|[^\x00-\u024f\u2010-\u203f]"
    r"|\s(?:Launch|Donat|Announc|Say|Warn|Urge|Join|Help|Send|Give|Pledge|Raise|Offer|Open|Pray|Call)(?:e?s)\b"
)
_LEADING = re.compile(
    r"(?:the|a|an|this|that|our|your|my|all|in|at|of|near|to|from|for|rt|via|and|local|meet|not|icymi|join|thank|"
    r"thanks|contact|call|select|two)\s+|&\s*",
    re.IGNORECASE,
)
_COMPASS = re.compile(
    r"(?:(?:north|south)?(?:east|west)(?:ern)?|(?:north|south)(?:ern)?|central|[ns]?[ew]|[ns])[\s-]+", re.IGNORECASE
)
# "City of Leland", "Manica province": what a place is, where it is no part of its name.
_KIND_OF = re.compile(r"(?:city|town|county|state|province|village|district|island|republic)\s+of\s+", re.IGNORECASE)
_KIND = re.compile(r"\s+(?:city|town|county|province|village|district|township|region|area|airport)$")
_TRAILING = re.compile(r"(?:['’]s?|[^\w.%)]+)$")
_WORD = re.compile(r"\w+")
# After its kind an organisation's name goes on with one of these, if it does: "Bank of Samoa".
_ON = re.compile(r"\s+(?:of|for|and|on|in|de|du|&)\s", re.IGNORECASE)

# Where a sign of a hashtag or a handle was hidden.
_HIDDEN = re.compile(r"\s{2}|\n")
# "20dead" and "At Least 9 Dead" are counts of people with what befell them.
_WITH_HARM = re.compile(
    rf"{AMOUNT}(?:\s?(?:people|persons)$|[\s-]?(?:(?:more|people|persons|others|are|were|feared|reported|confirmed)\s)*(?:dead|deaths?|die[sd]?|"
    r"killed|kill|injured|hurt|wounded|missing|trapped|stranded|drowned|displaced|homeless|evacuated|rescued|saved)(?!\w))",
    re.IGNORECASE,
)
# A text has several numbers.
_marked = lru_cache(maxsize=1)(mark_numbers)


class Postprocessed(NamedTuple):
    """A stretch of the text and its type."""

    start: int
    end: int
    label: EntityType


def postprocess(text: str, start: int, end: int, label: EntityType, names: Names) -> Postprocessed | None:
    """The stretch as the guideline has it, or None if it is no name or number of the type.

    `text` is what spaCy read (`spacy_stage.hide`).
    """
    if label == EntityType.LOCATION:
        return _place(text, *_borders(text, start, end, (_LEADING, _COMPASS, _KIND_OF), (_TRAILING, _KIND)), names)
    if label == EntityType.ORGANIZATION:
        return _organisation(text, *_borders(text, start, end), names.lists)
    if label == EntityType.PERSON:
        return _person(text, *_borders(text, start, end), names)
    return _amount(text, start, end)


def _borders(
    text: str,
    start: int,
    end: int,
    leading: tuple[re.Pattern[str], ...] = (_LEADING,),
    trailing: tuple[re.Pattern[str], ...] = (_TRAILING,),
) -> tuple[int, int]:
    """The stretch up to where its name ends, without what does not belong to one."""
    if broken := _BREAK.search(text, start, end):
        end = broken.start()
    for pattern in leading:
        if (found := pattern.match(text, start, end)) and found.end() < end:
            start = found.end()
    for pattern in trailing:
        while start < end and (found := pattern.search(text[start:end])):
            end = start + found.start()
    return start, end


def _words(text: str, start: int, end: int) -> list[str]:
    """The words of a stretch, lower-case; none if it has no capital."""
    part = text[start:end]
    return _WORD.findall(part.lower()) if any(map(str.isupper, part)) else []


def _before(text: str, start: int) -> set[str]:
    """The word before a stretch and its article, if there is one."""
    words = text[:start].lower().split()[-2:]
    return set(words[:-1] if words[-1:] == ["the"] else words[-1:])


def _behind(text: str, end: int) -> set[str]:
    """The word behind a stretch, if there is one."""
    return {found[0].lower() for found in [_WORD.search(text, end)] if found}


def _place(text: str, start: int, end: int, names: Names) -> Postprocessed | None:
    """A LOCATION. It has lost its compass word, which spaCy takes for a part of the name.

    Where it is one ("South Africa"), the gazetteers of stage 2 have the longer span.
    """
    lists, words = names.lists, _words(text, start, end)
    if not words or not lists.not_names.isdisjoint(words):
        return None
    if unaccented(" ".join(words)) in names.places:
        known = True
    elif len(words) > 1:
        known = not lists.place_words.isdisjoint((words[0], words[-1]))
    else:
        known = not lists.place_prepositions.isdisjoint(_before(text, start)) and zipf(words[0]) < lists.place_zipf
    return Postprocessed(start, end, EntityType.LOCATION) if known else None


def _organisation(text: str, start: int, end: int, lists: SpacyFile) -> Postprocessed | None:
    """An ORGANIZATION, up to the word for its kind; a LOCATION if something is at it ("at Samoa College")."""
    for word in reversed(list(_WORD.finditer(text, start, end))):
        if word[0].lower() in lists.organisation_words:
            if not _ON.match(text, word.end(), end):
                end = word.end()
            break
    words = _words(text, start, end)
    if (
        not words
        or not lists.not_organisations.isdisjoint(words)
        or (words[0] in lists.not_names and "fund" not in words)
    ):
        return None
    # One such word and another: "Army" alone is a kind, as is "Bank, Council".
    named = not lists.organisation_words.issuperset(words) and not lists.organisation_words.isdisjoint(words)
    shouted = len(words) > 2 and text[start:end].isupper()
    if shouted or not (named or not lists.organisations.isdisjoint(words)):
        return None
    # "Large Group", "City Centre" are kinds too: a name has a word that is rare, or a place's.
    if named and min(map(zipf, set(words) - lists.organisation_words)) > lists.organisation_zipf:
        return None
    at_it = words[-1] in lists.buildings and not lists.at_place.isdisjoint(_before(text, start))
    return Postprocessed(start, end, EntityType.LOCATION if at_it else EntityType.ORGANIZATION)


def _person(text: str, start: int, end: int, names: Names) -> Postprocessed | None:
    """A PERSON: several words, since the small pipelines take any single word with a capital for one.

    One of them is known for the name of people: the small pipelines take headings and verbs with capitals for names,
    and of what has neither a known given nor a known family name most is none.
    """
    lists, words = names.lists, _words(text, start, end)
    if not words or text[start:end].isupper() or not "".join(words).isalpha():
        return None
    others = (lists.not_names, lists.place_words, lists.organisation_words, names.places)
    if any(not other.isdisjoint(map(unaccented, words)) for other in others):
        return None
    first, last = words[0], words[-1]
    if len(words) == 1:
        # "in Baker", "Baker County", "Harris fire" are places.
        place = _before(text, start) & lists.place_prepositions or _behind(text, end) & (
            lists.place_words | lists.not_names
        )
        return Postprocessed(start, end, EntityType.PERSON) if first in names.people.surname and not place else None
    given = first in names.people.given and is_family(last, names.people, sure=False)
    family = zipf(first) < lists.person_zipf and is_family(last, names.people, sure=True)
    return Postprocessed(start, end, EntityType.PERSON) if given or family else None


def _amount(text: str, start: int, end: int) -> Postprocessed | None:
    """A NUMBER, with all of the amount that spaCy may have cut; none if it has no amount, or another number."""
    signs = _marked(text)
    found = signs[start:end]
    if AMOUNT not in found or OTHER in found or _HIDDEN.search(found) or _WITH_HARM.search(found):
        return None
    if found[0] == AMOUNT:
        start = len(signs[:start].rstrip(AMOUNT))
    if found[-1] == AMOUNT:
        end += len(signs[end:]) - len(signs[end:].lstrip(AMOUNT))
    return Postprocessed(start, end, EntityType.NUMBER)
