"""`when` of a rule: tests of an incident's facts, joined by any, all and not.

A condition is compiled to a tree of tests. The same tree is evaluated on an incident, with what was found for each
test, and asked whether any incident can fulfil it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, model_validator

from crisisflow.ingest.incident import STATES, Incident, State
from crisisflow.ingest.typed_yaml import OneOrMore
from crisisflow.params import Name, Section, Text
from crisisflow.places.names import key


class Bounds(Section):
    """Bounds of a number; the largest number that a post of the incident tells counts."""

    at_least: Annotated[int, Field(ge=0)] | None = None
    at_most: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _given(self) -> "Bounds":
        if self.at_least is None and self.at_most is None:
            raise ValueError("at_least or at_most is needed")
        return self


class When(Section):
    """A condition: all that is given must hold."""

    type: OneOrMore | None = Field(None, description="the incident's type is one of these, or below one of them")
    class_: OneOrMore | None = Field(None, alias="class", description="the class of most posts is one of these")
    entities: OneOrMore | None = Field(None, description="posts mention each of these entity types")
    numbers: dict[Name, Bounds] = Field({}, description="by name: dead, injured, …")
    places: Annotated[tuple[Text, ...], Field(min_length=1)] | None = Field(
        None, description="the incident's place is one of these, or lies in one"
    )
    languages: OneOrMore | None = Field(None, description="some posts are in one of these")
    confidence: Annotated[float, Field(ge=0, le=1)] | None = Field(None, description="at least")
    authors: Annotated[int, Field(ge=1)] | None = Field(None, description="at least so many distinct authors")
    posts: Annotated[int, Field(ge=1)] | None = Field(None, description="at least so many posts")
    state: Annotated[tuple[State, ...], Field(min_length=1)] | None = Field(None, description="is one of these")
    words: Annotated[tuple[Text, ...], Field(min_length=1)] | None = Field(
        None, description="a post that an alert would show has one of these, as whole words"
    )
    any_: Annotated[tuple["When", ...], Field(min_length=1)] | None = Field(None, alias="any")
    all_: Annotated[tuple["When", ...], Field(min_length=1)] | None = Field(None, alias="all")
    not_: "When | None" = Field(None, alias="not")


class Test(NamedTuple):
    """One test of one fact.

    `among`: the one value is in `values`. `has`: one of the values of the fact is in `values`. `from` and `to`: the
    number is at least, or at most, `values[0]`.
    """

    fact: str
    how: Literal["among", "has", "from", "to"]
    values: tuple
    said: str


class Joined(NamedTuple):
    """Parts of which all, any, or none must hold."""

    how: Literal["all", "any", "not"]
    parts: tuple["Joined | Test", ...]


class Outcome(NamedTuple):
    """What became of a condition on an incident; `found` is what a test found, empty for joined parts."""

    said: str
    holds: bool
    found: str
    parts: tuple["Outcome", ...] = ()

    def failed(self) -> Iterator["Outcome"]:
        """The tests, and parts with `not` or `any`, that kept it from holding."""
        if self.holds:
            return
        if self.parts and self.said == "all":
            for part in self.parts:
                yield from part.failed()
        else:
            yield self


def compile(when: When, below: Mapping[str, frozenset[str]]) -> Joined:
    """The tree of a condition.

    Args:
        below: for each type itself and all types below it.
    """
    return Joined("all", tuple(_parts(when, below)))


def _parts(when: When, below: Mapping[str, frozenset[str]]) -> Iterator[Joined | Test]:
    if when.type:
        allowed = sorted(frozenset().union(*(below[name] for name in when.type)))
        yield Test("type", "among", tuple(allowed), f"type: {_listed(when.type)}")
    if when.class_:
        yield Test("class", "among", when.class_, f"class: {_listed(when.class_)}")
    for name in when.entities or ():
        yield Test("entities", "has", (name,), f"entities: {name}")
    for name, bounds in when.numbers.items():
        if bounds.at_least is not None:
            yield Test(f"numbers.{name}", "from", (bounds.at_least,), f"{name}: at least {bounds.at_least}")
        if bounds.at_most is not None:
            yield Test(f"numbers.{name}", "to", (bounds.at_most,), f"{name}: at most {bounds.at_most}")
    if when.places:
        yield Test("places", "has", tuple(map(key, when.places)), f"places: {_listed(when.places)}")
    if when.languages:
        yield Test("languages", "has", when.languages, f"languages: {_listed(when.languages)}")
    for name in ("confidence", "authors", "posts"):
        if (least := getattr(when, name)) is not None:
            yield Test(name, "from", (least,), f"{name}: at least {least}")
    if when.state:
        yield Test("state", "among", when.state, f"state: {_listed(when.state)}")
    if when.words:
        yield Test("words", "has", when.words, f"words: {_listed(when.words)}")
    if when.any_:
        yield Joined("any", tuple(compile(own, below) for own in when.any_))
    for own in when.all_ or ():
        yield compile(own, below)
    if when.not_:
        yield Joined("not", (compile(when.not_, below),))


def _listed(names: Sequence[str]) -> str:
    return " or ".join(names)


# What is found of an incident


def _words(incident: Incident, wanted: Sequence[str]) -> list[str]:
    return [word for word in wanted if any(_pattern(word).search(post.text) for post in incident.examples)]


@lru_cache(10_000)
def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)


_ONE: dict[str, Callable[[Incident], str | None]] = {
    "type": lambda own: own.type,
    "class": lambda own: own.class_,
    "state": lambda own: own.state,
}
_SEVERAL: dict[str, Callable[[Incident, Sequence[str]], Sequence[str]]] = {
    "entities": lambda own, _: sorted(name for name, count in own.entities.items() if count),
    "languages": lambda own, _: sorted(own.languages),
    "places": lambda own, _: sorted(own.place.keys) if own.place else (),
    "words": _words,
}


def _number(incident: Incident, fact: str) -> float | None:
    if fact.startswith("numbers."):
        told = incident.numbers.get(fact.removeprefix("numbers."))
        return None if told is None else told[1]
    return getattr(incident, fact)


def evaluate(node: Joined | Test, incident: Incident) -> Outcome:
    """Whether a condition holds on an incident, and what each of its tests found."""
    if isinstance(node, Joined):
        parts = tuple(evaluate(part, incident) for part in node.parts)
        held = [part.holds for part in parts]
        holds = {"all": all(held), "any": any(held), "not": not any(held)}[node.how]
        return Outcome(node.how, holds, "", parts)
    if node.how == "among":
        one = _ONE[node.fact](incident)
        return Outcome(node.said, one in node.values, one or "unknown")
    if node.how == "has":
        several = _SEVERAL[node.fact](incident, node.values)
        return Outcome(node.said, bool(set(several) & set(node.values)), ", ".join(several) or "none")
    number = _number(incident, node.fact)
    if number is None:
        return Outcome(node.said, False, "not told")
    holds = number >= node.values[0] if node.how == "from" else number <= node.values[0]
    return Outcome(node.said, holds, f"{number:g}")


# Whether it can hold at all


def satisfiable(node: Joined | Test, domains: Mapping[str, frozenset[str]]) -> bool:
    """Whether facts exist on which a condition holds.

    Args:
        domains: all values of facts that have one value: type, class. None of them may be known of an incident.
    """
    return _search([(node, True)], [], domains | {"state": frozenset(STATES)})


def _search(
    left: list[tuple[Joined | Test, bool]], taken: list[tuple[Test, bool]], domains: Mapping[str, frozenset[str]]
) -> bool:
    """Whether what is left can hold (True) or fail (False) beside the tests that were taken; depth first."""
    if not left:
        return True
    (node, wanted), rest = left[0], left[1:]
    if isinstance(node, Test):
        now = [*taken, (node, wanted)]
        return _consistent(now, domains) and _search(rest, now, domains)
    if node.how == "not":
        return _search([*((part, not wanted) for part in node.parts), *rest], taken, domains)
    if (node.how == "all") == wanted:  # all of them, as wanted
        return _search([*((part, wanted) for part in node.parts), *rest], taken, domains)
    return any(_search([(part, wanted), *rest], taken, domains) for part in node.parts)


def _consistent(taken: Sequence[tuple[Test, bool]], domains: Mapping[str, frozenset[str]]) -> bool:
    by_fact: dict[str, list[tuple[Test, bool]]] = {}
    for test, wanted in taken:
        by_fact.setdefault(test.fact, []).append((test, wanted))
    ranges: dict[str, tuple[float, float]] = {}
    for fact, own in by_fact.items():
        how = own[0][0].how
        if how == "among":
            # Nothing known is a value too: it fulfils each test that is to fail. A state is always known.
            values = set(domains[fact]) | ({None} if fact != "state" else set())
            for test, wanted in own:
                values = values & set(test.values) if wanted else values - set(test.values)
            if not values:
                return False
        elif how == "has":
            absent = {value for test, wanted in own if not wanted for value in test.values}
            if any(wanted and set(test.values) <= absent for test, wanted in own):
                return False
        elif not _in_range(fact, own, ranges):
            return False
    least_authors, most_posts = ranges.get("authors", (1, 1))[0], ranges.get("posts", (1, float("inf")))[1]
    return least_authors <= most_posts


def _in_range(fact: str, own: Sequence[tuple[Test, bool]], ranges: dict[str, tuple[float, float]]) -> bool:
    """Whether a number fulfils all of them; a number that is not told fails each."""
    told = not fact.startswith("numbers.")
    if not told and not any(wanted for _, wanted in own):
        return True
    low, high, step = (0.0, 1.0, 1e-12) if fact == "confidence" else (0.0 if not told else 1.0, float("inf"), 1.0)
    for test, wanted in own:
        bound = test.values[0]
        if test.how == "from":
            low, high = (max(low, bound), high) if wanted else (low, min(high, bound - step))
        else:
            low, high = (low, min(high, bound)) if wanted else (max(low, bound + step), high)
    ranges[fact] = (low, high)
    return low <= high
