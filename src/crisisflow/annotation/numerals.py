"""Numbers, read before any pattern looks at a text: which stretches are amounts, and which numbers are none.

Amounts are written in many ways ("88 000", "1.8m", "half a million", "10 to 15"), and many numbers are no amounts:
years, ages, dates, times, phone numbers (docs/annotation_guideline.md, NUMBER). What tells them apart is data:
lexicons/regex/numerals.yaml.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from crisisflow.annotation.matching import lowered, search, starts
from crisisflow.annotation.patterns import CURRENCIES, Number, Numerals, load_numerals

# What stands for each character of an amount, and of a number that is none. Both count as letters for a regular
# expression, so that a match begins and ends with the whole number.
AMOUNT, OTHER = "〇", "〆"
_DIGIT = re.compile(r"[\d¼-¾⅐-⅞]")
_CURRENCY = re.compile(rf"(?:{'|'.join(CURRENCIES)})(?=\S)")
_FOREIGN = str.maketrans({AMOUNT: "口", OTHER: "口"})


@lru_cache(maxsize=1)
def _numerals() -> Numerals:
    return load_numerals()


def mark_numbers(text: str) -> str:
    """The text, as long as before, with AMOUNT in the place of each amount and OTHER of each number that is none.

    Raises:
        CrisisflowError: the lexicon is broken.
    """
    numerals = _numerals()
    if not text.isascii():
        text = text.translate(_FOREIGN)
    lower, has_digit = lowered(text), _DIGIT.search(text) is not None
    if not (has_digit or _has(lower, numerals.amounts)):
        return text
    # What is covered consists of letters: no word begins there that did not before.
    at = starts(text)
    for pattern in numerals.others:
        if (has_digit or pattern.spelt) and _has(lower, pattern):
            found = _places(text, lower, pattern, at)
            if found:
                text, lower = _cover(text, found, OTHER), _cover(lower, found, OTHER)
    if behind := [match.end() for match in _CURRENCY.finditer(lower)]:
        at = sorted({*at, *behind})
    return _cover(text, _places(text, lower, numerals.amounts, at), AMOUNT)


def _has(lower: str, pattern: Number) -> bool:
    # A loop: `any` with a generator takes twice as long, and this is asked for each pattern of each text.
    for need in pattern.needs:  # noqa: SIM110
        if need in lower:
            return True
    return False


def _places(text: str, lower: str, number: Number, starts: Sequence[int]) -> list[tuple[int, int]]:
    """The (start, end) of what a pattern takes for a number."""
    found, groups = [], number.regex.groupindex
    for match in search(number, text if number.cased else lower, starts):
        found += map(match.span, [name for name in groups if match[name]] if groups else [0])
    return found


def _cover(text: str, places: list[tuple[int, int]], sign: str) -> str:
    parts, at = [], 0
    for start, end in places:
        parts += [text[at:start], sign * (end - start)]
        at = end
    return "".join([*parts, text[at:]])
