"""Numbers, read before any pattern looks at a text: which stretches are amounts, and which numbers are none.

Amounts are written in many ways ("88 000", "1.8m", "half a million", "10 to 15"), and many numbers are no amounts:
years, ages, dates, times, phone numbers (docs/annotation_guideline.md, NUMBER). What tells them apart is data:
lexicons/regex/numerals.yaml.
"""

import re
from functools import lru_cache

from crisisflow.annotation.lexicon import Number, Numerals, load_numerals

# What stands for each character of an amount, and of a number that is none. Both count as letters for a regular
# expression, so that a match begins and ends with the whole number.
AMOUNT, OTHER = "〇", "〆"
_DIGIT = re.compile(r"[\d¼-¾⅐-⅞]")
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
    text = text.translate(_FOREIGN)
    lower, has_digit = text.lower(), _DIGIT.search(text) is not None
    if not (has_digit or _has(lower, numerals.amounts)):
        return text
    for pattern in numerals.others:
        if (has_digit or pattern.spelt) and _has(lower, pattern):
            text = _cover(text, pattern.regex, OTHER)
    return _cover(text, numerals.amounts.regex, AMOUNT)


def _has(lower: str, pattern: Number) -> bool:
    return any(need in lower for need in pattern.needs)


def _cover(text: str, pattern: re.Pattern[str], sign: str) -> str:
    parts, at = [], 0
    for match in pattern.finditer(text):
        names = [name for name in pattern.groupindex if match[name]]
        for start, end in map(match.span, names if pattern.groupindex else [0]):
            parts += [text[at:start], sign * (end - start)]
            at = end
    return "".join([*parts, text[at:]])
