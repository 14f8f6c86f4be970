"""Names of people and storms: which words are given or family names, and when such a word means somebody.

Sources: the package names (first and last names of the 1990 census of the United States, with the share of people who
bear them; public domain) and faker (first and last names of many countries); wordfreq says how frequent a name is as
a word.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Container, Iterator, Sequence
from functools import lru_cache
from importlib import import_module, resources
from math import log10
from typing import Annotated, NamedTuple

from pydantic import Field

from crisisflow.annotation.tokens import Tokens, is_punctuation
from crisisflow.params import Section, Text
from crisisflow.places.gazetteer import zipf

TITLED = "titled"
SIGNS = ("#", "@")
POSSESSIVES = ("my", "our", "your", "his", "her", "their")
PRONOUNS = ("i", "he", "she", "we", "you", "they")
FULL, ONE, STORM = "given-name", "one-name", "storm-in-context"
# Words rarer than this are a family name behind a given one; more frequent than that no part of a name (Zipf).
RARE_BEHIND, COMMON = 4.0, 5.5
# The census's rarest names have a share of 0.000 %.
LEAST = 0.0005

_CASED = re.compile(r"(?:Mc|Mac|De|La|Di|[DO]')?[^\W\d_a-z][^\W\d_A-Z]+")

Words = Annotated[list[Text], Field(min_length=1)]


class PeopleFile(Section):
    """When a word with a capital is the name of a person. All words are lower-case.

    How sure a name is: the logarithm of the share of people who bear it, in per cent, less its frequency as a word on
    the scale of wordfreq: -4.5 for Hazel, -6.9 for Hope.
    """

    locales: Annotated[Words, Field(description="faker's locales whose names are read too")]
    written: Annotated[Words, Field(description="given names that count whatever their frequency")]
    full: Annotated[float, Field(description="given names from this confidence on count before a family name")]
    one: Annotated[float, Field(description="and from this on alone")]
    family: Annotated[float, Field(description="family names from this confidence on")]
    surname: Annotated[float, Field(description="and from this on alone, where spaCy takes it for a person")]
    rare: Annotated[float, Field(description="behind a given name, words rarer than this are family names")]
    stop: Annotated[Words, Field(description="words that are no name alone")]
    words: Annotated[Words, Field(description="names that are as often a word or a storm: alone only in a context")]
    before: Annotated[Words, Field(description="that context: words before a name")]
    behind: Annotated[Words, Field(description="and behind it")]
    kin: Annotated[Words, Field(description="words behind which a name is a person's though a place or storm has it")]
    buildings: Annotated[Words, Field(description="words that make a full name before them that of a building")]
    not_before: Annotated[Words, Field(description="words behind which a name alone is no person's")]
    not_behind: Annotated[Words, Field(description="words before which it is none")]
    not_family: Annotated[Words, Field(description="words that are no family name")]
    offices: Annotated[Words, Field(description="words that make an office of a title behind them: prime minister")]
    before_name: Annotated[Words, Field(description="what may stand between such a title and the name")]


class StormsFile(Section):
    """When the name of a storm means it where it stands alone. All words are lower-case."""

    names: Annotated[Text, Field(description="id of the combination whose second parts are the names")]
    kinds: Annotated[
        Words, Field(description="a tweet that holds one of these, also within a hashtag, tells of storms")
    ]
    recent: Annotated[Words, Field(description="names that mean the storm in a tweet that tells of storms")]
    auxiliaries: Annotated[Words, Field(description="words that may stand between a name and the next")]
    behind: Annotated[Words, Field(description="words behind a storm's name: what storms do")]


class People(NamedTuple):
    """The names, by how sure they are, and the lists of the lexicon."""

    lists: PeopleFile
    given: frozenset[str]  # before a family name
    one: frozenset[str]  # alone
    family: Container[str]
    surname: Container[str]  # alone, where spaCy takes it for a person
    kin: frozenset[str]
    buildings: frozenset[str]


class Storms(NamedTuple):
    """The names of storms, and the lists of the lexicon."""

    lists: StormsFile
    names: frozenset[str]


class Found(NamedTuple):
    """Tokens from `first` to before `last`, and the rule that found them."""

    first: int
    last: int
    rule: str


def load_people(lists: PeopleFile) -> People:
    """Read the names of the packages."""
    census, families = _census("male", "female"), _census("last")
    given, family = _faker(tuple(lists.locales))
    sure = {name: _sureness(name, share) for name, share in census.items()}
    written, stop = set(lists.written), set(lists.stop)
    rare = {name for name in given if len(name) > 2 and zipf(name) < lists.rare}
    alone = written | {name for name in rare if len(name) > 3} | {name for name in sure if sure[name] >= lists.one}
    no_surname = stop.union(lists.words, lists.not_family, census)

    def is_known(name: str) -> bool:
        return (name in family and len(name) > 2 and zipf(name) < lists.rare) or (
            name in families and _sureness(name, families[name]) >= lists.family
        )

    def is_surname(name: str) -> bool:
        # None of the names that the census has by thousandths is told from a word.
        share = families.get(name, 0.0)
        return share > LEAST and name not in no_surname and _sureness(name, share) >= lists.surname

    return People(
        lists,
        given=frozenset(written | rare | {name for name in sure if sure[name] >= lists.full}),
        one=frozenset(alone - stop),
        family=_When(is_known),
        surname=_When(is_surname),
        kin=frozenset(lists.kin),
        buildings=frozenset(lists.buildings),
    )


class _When(Container[str]):
    """The words of which something is true. Of a hundred thousand names texts hold a few thousand, so it is asked."""

    def __init__(self, true_of: Callable[[str], bool]) -> None:
        self._true_of = lru_cache(maxsize=100_000)(true_of)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self._true_of(word)


def _sureness(name: str, share: float) -> float:
    return log10(max(share, LEAST)) - zipf(name)


@lru_cache(maxsize=2)
def _census(*kinds: str) -> dict[str, float]:
    """The share of people, in per cent, by lower-case name."""
    shares: dict[str, float] = {}
    for kind in kinds:
        file = "dist.all.last" if kind == "last" else f"dist.{kind}.first"
        # Four cells a line: name, share, sum of the shares, rank.
        cells = resources.files("names").joinpath(file).read_text("ascii").lower().split()
        for name, share in zip(cells[::4], map(float, cells[1::4]), strict=True):
            shares[name] = shares.get(name, 0.0) + share
    return shares


@lru_cache(maxsize=1)
def _faker(locales: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """Given and family names of one word, lower-case."""
    given: set[str] = set()
    family: set[str] = set()
    for locale in locales:
        provider = import_module(f"faker.providers.person.{locale}").Provider
        for names, start in ((given, "first_names"), (family, "last_names")):
            for attribute in (name for name in dir(provider) if name.startswith(start)):
                listed = getattr(provider, attribute)
                if not isinstance(listed, property):
                    names.update(name.lower() for name in listed if name.isalpha())
    return frozenset(given), frozenset(family)


def tells_of_storms(text: str, storms: Storms | None) -> bool:
    """Whether a text holds a word for a storm, also within a hashtag."""
    lower = text.lower()
    return storms is not None and any(kind in lower for kind in storms.lists.kinds)


def find(
    tokens: Tokens, text: str, people: People | None, storms: Storms | None, taken: Sequence[tuple[int, int]]
) -> Iterator[Found]:
    """People named by a given and a family name or by the first alone, and storms named by their names alone.

    Args:
        taken: (start, end) of the stretches of the text that the lexicons know for something else.
    """
    words = tokens.lower
    # First what is cheapest: in most texts few words have a capital, and fewer are names.
    names = [
        at
        for at, word in enumerate(tokens.words)
        if word.istitle() and word.isalpha() and _is_name(words[at], people, storms)
    ]
    if not names:
        return
    stormy = tells_of_storms(text, storms)
    known = _known(tokens, taken)
    end = 0
    for at in names:
        if at < end:
            continue
        if people and (last := _family(tokens, at, people, known)):
            if not _is_building(tokens, last, people):
                yield Found(at, last, FULL)
            end = last
        elif not known[at] and not _glued(tokens, at) and not _behind_a_name(tokens, at, people):
            before_one = _before_a_name(tokens, at)
            if storms and words[at] in storms.names and _is_storm(words, at, people, storms, stormy, before_one):
                yield Found(at, at + 1, STORM)
            elif people and not before_one and _is_person(words, at, people, storms, stormy, known):
                yield Found(at, at + 1, ONE)


def _is_name(word: str, people: People | None, storms: Storms | None) -> bool:
    """Whether somebody or a storm may be named by a lower-case word."""
    return (people is not None and (word in people.given or word in people.one)) or (
        storms is not None and word in storms.names
    )


def kin_names(tokens: Tokens, people: People | None) -> list[int]:
    """The tokens that name somebody by the words beside them: "my friend Brandon", "Brandon, my friend"."""
    if people is None or people.kin.isdisjoint(tokens.lower):
        return []
    kin, words, lower = people.kin, tokens.words, tokens.lower
    return [
        at
        for at in range(len(words))
        if ((at and lower[at - 1] in kin) or _is_whose(lower, at, kin))
        and words[at].istitle()
        and (tokens.lower[at] in people.one or tokens.lower[at] in people.lists.words)
        and not _glued(tokens, at)
        and not _before_a_name(tokens, at)
    ]


def _is_whose(lower: Sequence[str], at: int, kin: Collection[str]) -> bool:
    """Whether it is said behind token `at` whose relative or friend that is: ", my uncle"."""
    behind = lower[at + 1 : at + 4]
    return len(behind) == 3 and behind[0] == "," and behind[1] in POSSESSIVES and behind[2] in kin


def _known(tokens: Tokens, taken: Sequence[tuple[int, int]]) -> list[bool]:
    """Whether a token overlaps one of the stretches."""
    known = [False] * len(tokens.words)
    for start, end in taken:
        for at in range(bisect_right(tokens.ends, start), bisect_left(tokens.starts, end)):
            known[at] = True
    return known


def without_office(tokens: Tokens, first: int, last: int, people: People) -> int:
    """Where a name with a title begins: behind the title, if this is part of an office of several words."""
    words, lower = tokens.words, tokens.lower
    if not first or not words[first - 1].istitle() or lower[first - 1] not in people.lists.offices:
        return first
    first += 1
    while first < last - 1 and (is_punctuation(words[first]) or lower[first] in people.lists.before_name):
        first += 1
    return first


def _capital(word: str) -> bool:
    return word[0].isupper() and word[-1].isalpha()


def _glued(tokens: Tokens, at: int) -> bool:
    """Whether the token is part of a longer word: a hashtag, a handle, or parts with a hyphen."""
    words, spaced = tokens.words, tokens.spaced
    before = at and (words[at - 1] in SIGNS or (words[at - 1][-1] in "-–/_." and not spaced[at - 1]))
    after = at + 1 < len(words) and words[at + 1][0] in "-–/_@" and not spaced[at]
    return bool(before or after)


def _family(tokens: Tokens, at: int, people: People, known: Sequence[bool]) -> int:
    """The end of a full name that begins with the given name at `at`; 0 if there is none."""
    words, lower = tokens.words, tokens.lower
    if lower[at] not in people.given or (at and words[at - 1] in SIGNS):
        return 0
    behind = at + 1
    # "Mary-Kate Olsen"
    joined = behind + 1 < len(words) and words[behind] == "-" and words[behind + 1].istitle()
    if joined and not tokens.spaced[at] and not tokens.spaced[behind]:
        behind += 2
    initial = behind < len(words) and re.fullmatch(r"[A-Z]\.?", words[behind])
    if initial:
        behind += 1
        if behind < len(words) and words[behind] == ".":
            behind += 1
    if behind == len(words):
        return 0
    doubtful = known[at] or known[behind] or lower[at] in people.lists.words or lower[at] in people.lists.stop
    if not _is_family(words[behind], people, sure=doubtful):
        return 0
    behind += 1
    while behind < len(words) and not known[behind] and _is_family(words[behind], people, sure=True):
        behind += 1
    return behind


def _is_building(tokens: Tokens, behind: int, people: People) -> bool:
    """Whether a full name goes on to name a building: "Ana Silva Convention Center"."""
    return behind < len(tokens.words) and _capital(tokens.words[behind]) and tokens.lower[behind] in people.buildings


def _is_family(word: str, people: People, sure: bool) -> bool:
    return bool(_CASED.fullmatch(word)) and is_family(word.lower(), people, sure)


def is_family(word: str, people: People, sure: bool) -> bool:
    """Whether a lower-case word is a family name: one of the lists or, unless it has to be `sure`, a rare word."""
    if word in people.lists.not_family:
        return False
    # The lists write O'Connor without its apostrophe.
    if word.replace("'", "") in people.family:
        return True
    # What a heading goes on with: "cries", "sings", "explained".
    verb = re.fullmatch(r"(.+?)(?:es|s|ed|ing)", word)
    return not sure and zipf(word) < RARE_BEHIND and not (verb and max(zipf(verb[1]), zipf(f"{verb[1]}e")) > zipf(word))


def _behind_a_name(tokens: Tokens, at: int, people: People | None) -> bool:
    """Whether a word with a capital stands before it that belongs to its name, or to the same heading."""
    words, lower = tokens.words, tokens.lower
    if not at or not _capital(words[at - 1]) or (people and lower[at - 1] in people.lists.before):
        return False
    # A frequent word has its capital from the beginning of the sentence.
    first = at == 1 or is_punctuation(words[at - 2])
    return not (first and zipf(lower[at - 1]) > COMMON)


def _before_a_name(tokens: Tokens, at: int) -> bool:
    """Whether a word with a capital stands behind it."""
    words, lower, behind = tokens.words, tokens.lower, at + 1
    if behind < len(words) and lower[behind] in ("'s", "’s"):
        behind += 1
    return behind < len(words) and _capital(words[behind]) and lower[behind] not in PRONOUNS


def _meant(words: Sequence[str], at: int, people: People) -> bool:
    """Whether the context of a name is that of a person."""
    before = at - 1
    while before >= 0 and not words[before].isalnum():
        before -= 1
    # "thank you Y", "we miss you Y"
    if before > 0 and words[before] == "you":
        before -= 1
    return (
        (before >= 0 and words[before] in people.lists.before)
        or (at + 1 < len(words) and words[at + 1] in people.lists.behind)
        or _is_whose(words, at, people.kin)
    )


def _is_storm(
    words: Sequence[str], at: int, people: People | None, storms: Storms, stormy: bool, before_one: bool
) -> bool:
    """Whether a storm is meant: by what it does, also in a heading, or in a tweet that tells of storms."""
    if people and _meant(words, at, people):
        return False
    behind = at + 1
    while behind < len(words) and words[behind] in storms.lists.auxiliaries:
        behind += 1
    does = behind < len(words) and words[behind] in storms.lists.behind
    return does or (stormy and not before_one and words[at] in storms.lists.recent)


def _is_person(
    words: Sequence[str], at: int, people: People, storms: Storms | None, stormy: bool, known: Sequence[bool]
) -> bool:
    word, lists = words[at], people.lists
    if word not in people.one:
        return False
    if _meant(words, at, people):
        return True
    doubtful = word in lists.words or (stormy and storms is not None and word in storms.names)
    listed = any(
        0 <= place < len(words) and words[(place + at) // 2] == "," and known[place] for place in (at - 2, at + 2)
    )
    return not (
        doubtful
        # "Y, X" or "X, Y" with a place Y.
        or listed
        or (at and words[at - 1] in lists.not_before)
        or (at + 1 < len(words) and words[at + 1] in lists.not_behind)
    )
