"""How far a regular expression can backtrack, and whether it regards case, read from its structure.

A loop without bound that gives back what it took (`\\w+`, `.*`) lets a match fail in as many ways as the text is long.
Two in a row multiply, and one within another has no bound but an exponential one. A possessive loop (`\\w++`) and an
atomic group give nothing back.
"""

from math import inf

# The parsed form is Python's own; it has no public name, and the project runs on one version of Python.
from re import _constants as kinds
from re import _parser as parser
from typing import Any, NamedTuple

# A bounded loop that chooses in each round multiplies its choices; so few rounds are taken for a constant.
MOST_CHOICES = 12
# Once past these, a match does not go back into them.
_ATOMIC = {kinds.ATOMIC_GROUP, kinds.ASSERT, kinds.ASSERT_NOT}
# What stands for one character, or for a place between two.
_SIMPLE = {kinds.LITERAL, kinds.NOT_LITERAL, kinds.IN, kinds.ANY, kinds.AT}
_LOOPS = {kinds.MAX_REPEAT, kinds.MIN_REPEAT, kinds.POSSESSIVE_REPEAT}


def parse(expression: str) -> parser.SubPattern:
    """The structure of an expression; raises re.error where `re.compile` does."""
    return parser.parse(expression)


def matches_nothing(parsed: parser.SubPattern) -> bool:
    """Whether an expression can match the empty string; what only looks ahead or behind matches nothing else."""
    return parsed.getwidth()[0] == 0


def backtracking(parsed: parser.SubPattern) -> float:
    """The power of the text's length that bounds the steps of a failing match from one place on; infinite for none."""
    return _sequence(parsed).steps


def regards_case(parsed: parser.SubPattern) -> bool:
    """Whether an expression has a capital or a part with flags of its own, such as `(?-i:...)`.

    One that has none finds in a lower-case text what it finds in any other if it is told to ignore case.
    """
    for kind, value in parsed.data:
        if kind in (kinds.LITERAL, kinds.NOT_LITERAL):
            own = _is_capital(value)
        elif kind is kinds.IN:
            own = any(
                any(map(_is_capital, range(part[0], part[1] + 1))) if of is kinds.RANGE else _is_capital(part)
                for of, part in value
                if of in (kinds.RANGE, kinds.LITERAL)
            )
        elif kind in _LOOPS:
            own = regards_case(value[2])
        else:
            flags = kind is kinds.SUBPATTERN and (value[1] or value[2])
            own = bool(flags) or any(map(regards_case, _parts(kind, value)))
        if own:
            return True
    return False


def _is_capital(code: int) -> bool:
    return chr(code) != chr(code).lower()


class _Power(NamedTuple):
    """Powers of the text's length: in how many ways an expression can match from one place on, in how many steps."""

    ways: float
    steps: float


def _sequence(parsed: parser.SubPattern) -> _Power:
    ways = steps = 0.0
    for kind, value in parsed.data:
        if kind in _SIMPLE:
            steps = max(steps, ways)
            continue
        item = _of(kind, value)
        # What follows is tried once for each way of what stands before.
        steps = max(steps, ways + item.steps)
        ways += item.ways
    return _Power(ways, steps)


def _of(kind: Any, value: Any) -> _Power:
    if kind in _LOOPS:
        _, most, body = value
        inside, chooses, gives_back = _sequence(body), _chooses(body), kind is not kinds.POSSESSIVE_REPEAT
        if most is not kinds.MAXREPEAT:
            if chooses and most > MOST_CHOICES and body.getwidth()[0] != body.getwidth()[1]:
                return _Power(inf, inf)
            return _Power(inside.ways * most * gives_back, max(inside.steps, inside.ways * most))
        if inside.ways or (gives_back and chooses):
            return _Power(inf, inf)
        # What a round scans in vain before it chooses otherwise may be scanned by the next one again.
        return _Power(float(gives_back), 1 + inside.steps if chooses else 1)
    parts = [_sequence(part) for part in _parts(kind, value)]
    ways = 0 if kind in _ATOMIC else max((part.ways for part in parts), default=0)
    return _Power(ways, max((part.steps for part in parts), default=0))


def _parts(kind: Any, value: Any) -> list[parser.SubPattern]:
    """The expressions within an item that is no loop, of which one at a time is tried."""
    if kind is kinds.BRANCH:
        return list(value[1])
    if kind is kinds.ATOMIC_GROUP:
        return [value]
    if kind in (kinds.SUBPATTERN, kinds.ASSERT, kinds.ASSERT_NOT):
        return [value[-1]]
    if kind is kinds.GROUPREF_EXISTS:
        return [part for part in value[1:] if part]
    return []


def _chooses(body: parser.SubPattern) -> bool:
    """Whether an expression may match one text in more than one way, as far as its form tells."""
    for kind, value in body.data:
        if kind is kinds.BRANCH or (kind in _LOOPS - {kinds.POSSESSIVE_REPEAT} and value[0] != value[1]):
            return True
        if any(map(_chooses, _parts(kind, value))) or (kind in _LOOPS and _chooses(value[2])):
            return True
    return False
