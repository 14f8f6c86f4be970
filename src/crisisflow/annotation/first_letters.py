"""With which characters a match of a regular expression can begin, read from its structure.

Where a text has another one, the expression need not be tried.
"""

# The parsed form is Python's own; it has no public name, and the project runs on one version of Python.
from re import IGNORECASE
from re import _constants as kinds
from re import _parser as parser
from typing import Any

ASCII = frozenset(map(chr, range(128)))
_DIGITS = frozenset("0123456789")
_SPACES = frozenset(char for char in ASCII if char.isspace())
_WORD = frozenset(char for char in ASCII if char.isalnum() or char == "_")
_CATEGORIES = {
    kinds.CATEGORY_DIGIT: _DIGITS,
    kinds.CATEGORY_NOT_DIGIT: ASCII - _DIGITS,
    kinds.CATEGORY_SPACE: _SPACES,
    kinds.CATEGORY_NOT_SPACE: ASCII - _SPACES,
    kinds.CATEGORY_WORD: _WORD,
    kinds.CATEGORY_NOT_WORD: ASCII - _WORD,
}
# The letters beyond ASCII that are one of ASCII to an expression that ignores case.
_FOREIGN = {"\u0130": "i", "\u0131": "i", "\u017f": "s", "\u212a": "k"}
_LOOPS = {kinds.MAX_REPEAT, kinds.MIN_REPEAT, kinds.POSSESSIVE_REPEAT}
_EMPTY = {kinds.AT, kinds.ASSERT, kinds.ASSERT_NOT}


def never_first(parsed: parser.SubPattern, ignoring_case: bool) -> frozenset[str]:
    """The characters of ASCII with which no match begins; of the others nothing is said.

    Args:
        ignoring_case: whether the expression is compiled so
    """
    return ASCII - _first(parsed, ignoring_case)[0]


def _first(parsed: parser.SubPattern, ignoring: bool) -> tuple[frozenset[str], bool]:
    """With what a match can begin, or what follows it if it can be empty; and whether it can."""
    found: frozenset[str] = frozenset()
    for kind, value in parsed.data:
        own, empty = _first_of(kind, value, ignoring)
        found |= own
        if not empty:
            return found, False
    return found, True


def _first_of(kind: Any, value: Any, ignoring: bool) -> tuple[frozenset[str], bool]:
    if kind in _EMPTY:
        return frozenset(), True
    if kind is kinds.LITERAL:
        return _in_both_cases({chr(value)}, ignoring), False
    if kind is kinds.IN:
        return _of_class(value, ignoring), False
    if kind is kinds.BRANCH:
        parts = [_first(part, ignoring) for part in value[1]]
        return frozenset().union(*(own for own, _ in parts)), any(empty for _, empty in parts)
    if kind in _LOOPS:
        own, empty = _first(value[2], ignoring)
        return own, empty or value[0] == 0
    if kind is kinds.ATOMIC_GROUP:
        return _first(value, ignoring)
    if kind is kinds.SUBPATTERN:
        _, added, removed, inside = value
        return _first(inside, (ignoring or bool(added & IGNORECASE)) and not removed & IGNORECASE)
    return ASCII, True  # the rest is rare, and nothing is said of it


def _of_class(parts: Any, ignoring: bool) -> frozenset[str]:
    found: set[str] = set()
    for kind, value in parts:
        if kind is kinds.LITERAL:
            found |= _in_both_cases({chr(value)}, ignoring)
        elif kind is kinds.RANGE:
            known = {letter for letter in (*ASCII, *_FOREIGN) if value[0] <= ord(letter) <= value[1]}
            found |= _in_both_cases(known, ignoring)
        elif kind is kinds.CATEGORY:
            found |= _CATEGORIES[value]
        else:  # all but these
            return ASCII
    return frozenset(found)


def _in_both_cases(letters: set[str], ignoring: bool) -> frozenset[str]:
    """The letters that are of ASCII; if case is ignored, with their other cases."""
    if ignoring:
        plain = {_FOREIGN.get(letter, letter) for letter in letters}
        letters = plain.union(map(str.lower, plain), map(str.upper, plain))
    return ASCII & letters
