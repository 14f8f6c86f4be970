"""Numbers of dead, injured, missing and displaced people, from the spans that a model finds."""

import re
from collections.abc import Iterable

from crisisflow.taxonomy import EntityType

SPANS = (EntityType.CASUALTY, EntityType.DISPLACED, EntityType.NUMBER)
MOST = 10_000_000  # what is larger is no number of people
REACH = 60  # characters between a number and the word that says what it counts

_SMALL = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_TEENS = ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"]
_TENS = ["thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
WORDS = {word: at for at, word in enumerate([*_SMALL, *_TEENS], 1)} | {
    word: 30 + 10 * at for at, word in enumerate(_TENS)
}

_NUMBER = re.compile(rf"(?<![\w.,])(?:\d{{1,3}}(?:,\d{{3}})+|\d+|{'|'.join(WORDS)})(?![\w%]|[.,]\d)", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d")
_KINDS = {
    "dead": r"dead|killed|kills?|died|deaths?|death toll|fatalit(?:y|ies)|bodies|lost their lives",
    "injured": r"injur(?:ed|ies|y|es)|wounded|hurt",
    "missing": r"missing|unaccounted",
    "displaced": r"displaced|evacuated|evacuees|homeless",
}
_KIND = re.compile("|".join(rf"(?P<{name}>\b(?:{words})\b)" for name, words in _KINDS.items()), re.IGNORECASE)
_PEOPLE = re.compile(r"\s+(?:people|persons?|men|women|children|families|residents|others)\b", re.IGNORECASE)
_END = re.compile(r"[.!?;\n](?!\d)")


def numbers_of(text: str, spans: Iterable[tuple[int, int, str]]) -> dict[str, int]:
    """The largest number of each kind that a text tells.

    A number counts where it is within a span of a casualty, of displaced people or of a number. The next word that
    says what it counts decides, within its sentence and before the next number; else the last one before it that no
    other number has. A year counts only where people follow it.

    Args:
        spans: (start, end, label) of what the model found.
    """
    inside = [(start, end) for start, end, label in spans if label in SPANS]
    numbers = list(_NUMBER.finditer(text))
    found: dict[str, int] = {}
    taken = 0  # the end of the last word that belongs to a number
    for at, own in enumerate(numbers):
        if not any(start <= own.start() and own.end() <= end for start, end in inside):
            continue
        ends = numbers[at + 1].start() if at + 1 < len(numbers) else len(text)
        behind = _KIND.search(text, own.end(), _sentence_end(text, own.end(), min(ends, own.end() + REACH)))
        follows = behind and not text[own.end() : behind.start()].strip()
        if _YEAR.fullmatch(own[0]) and not follows and not _PEOPLE.match(text, own.end()):
            continue
        kind = behind or _last_kind(text, max(taken, own.start() - REACH), own.start())
        if kind is None or kind.lastgroup is None:
            continue
        taken = max(own.end(), kind.end())
        people = WORDS.get(own[0].lower()) or int(own[0].replace(",", ""))
        if people <= MOST:
            found[kind.lastgroup] = max(people, found.get(kind.lastgroup, 0))
    return dict(sorted(found.items()))


def _sentence_end(text: str, begin: int, limit: int) -> int:
    end = _END.search(text, begin, limit)
    return end.start() if end else limit


def _last_kind(text: str, begin: int, end: int) -> re.Match[str] | None:
    for sentence in _END.finditer(text, begin, end):
        begin = sentence.end()
    found = list(_KIND.finditer(text, begin, end))
    return found[-1] if found else None
