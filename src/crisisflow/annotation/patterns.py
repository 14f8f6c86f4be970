"""The regular expressions of lexicons, with their fragments inserted, compiled and checked (lexicon_files.py)."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from crisisflow.annotation.backtracking import backtracking, matches_nothing, parse, regards_case
from crisisflow.annotation.first_letters import never_first
from crisisflow.annotation.lexicon_files import (
    FRAGMENTS,
    NUMERALS,
    REGEX,
    EntryPath,
    FragmentsFile,
    NumberEntry,
    NumeralsFile,
    PatternEntry,
    RegexFile,
    claim_all,
    read_lexicon,
)
from crisisflow.errors import CrisisflowError

# With these before it, an amount is one without a blank: Rs500.
CURRENCIES = ("rs", "usd", "inr", "eur", "gbp", "php", "npr", "pkr", "lkr", "aud", "cad", "nzd")


class Rule(NamedTuple):
    """A compiled regular expression of the regex stage, whose matches begin where `matching.starts` says."""

    rule: str
    label: str
    needs: tuple[str, ...]
    cased: bool  # see `compiled`
    regex: re.Pattern[str]
    never_first: frozenset[str]  # letters with which no match begins


class Number(NamedTuple):
    """A compiled pattern of numbers, whose matches begin where `matching.starts` says, those of amounts also behind one
    of CURRENCIES.
    """

    spelt: bool
    needs: tuple[str, ...]
    cased: bool  # see `compiled`
    regex: re.Pattern[str]
    never_first: frozenset[str]


class Numerals(NamedTuple):
    """How numbers are read."""

    others: list[Number]
    amounts: Number


def load_regex(names: Sequence[str], folder: Path = REGEX) -> list[Rule]:
    """Read, check and compile the lexicons of the regex stage, in their order.

    Raises:
        CrisisflowError: a lexicon is unknown, is no YAML of its form, has a pattern id twice, or a pattern that
            does not compile, names an unknown fragment, matches the empty string or backtracks without bound.
    """
    shared = _shared(folder)
    owners: dict[str, str] = {}
    rules: list[Rule] = []
    for name in names:
        file, path = read_lexicon(name, RegexFile, folder), folder / f"{name}.yaml"
        claim_all(file, path, ("patterns", "dropped"), owners)
        for rule, entry in file.patterns.items():
            fragments = {**shared, **file.fragments}
            rules.append(word_rule(rule, file.label.value, entry, fragments, EntryPath(path, ("patterns", rule))))
    return rules


def word_rule(rule: str, label: str, entry: PatternEntry, fragments: Mapping[str, str], place: EntryPath) -> Rule:
    """A rule that matches from edge to edge of words, in a regex of the form that regex files have.

    Raises:
        CrisisflowError: it does not compile, names an unknown fragment, matches the empty string or backtracks without
            bound.
    """
    expression = _expression(entry.regex, fragments, place)
    return Rule(rule, label, tuple(entry.needs), *compiled(expression, place, r"(?<![\w@])(?=\S)", r"(?!\w)"))


def load_numerals(folder: Path = REGEX) -> Numerals:
    """Read, check and compile how numbers are read.

    Raises:
        CrisisflowError: the lexicon is absent or no YAML of its form, or a pattern is refused as in `load_regex`.
    """
    file, path = read_lexicon(NUMERALS, NumeralsFile, folder), folder / f"{NUMERALS}.yaml"
    fragments = {**_shared(folder), **file.fragments}

    def number(entry: NumberEntry, keys: tuple[str, ...], before: str, behind: str) -> Number:
        place = EntryPath(path, keys)
        expression = _expression(entry.regex, fragments, place)
        return Number(entry.spelt, tuple(entry.needs), *compiled(expression, place, before, behind))

    # Words have edges, and no number begins or ends within a longer one.
    edge = r"(?<![\w@])(?<!\d[.,’'‘ʼ´`٬])(?=\S)"
    others = [number(entry, ("others", rule), edge, r"(?!\w|[.,’']\d)") for rule, entry in file.others.items()]
    # Nor an amount after a sign or letter that makes one name with it: "#17", "COVID-19", "M 7.1" (a magnitude).
    edge = "|".join([r"(?<![\w@#])", *(rf"(?<=\b{currency})" for currency in CURRENCIES)])
    edge = f"(?:{edge})"
    edge += r"(?<!\d[.,:/’'])(?<![\d〆][-/:])(?<!/)(?<![a-z]-)(?<!\bm\s)"
    return Numerals(others, number(file.amounts, ("amounts",), edge, ""))


def _shared(folder: Path) -> Mapping[str, str]:
    """The fragments that all lexicons of a folder share."""
    if not (folder / f"{FRAGMENTS}.yaml").exists():
        return {}
    return read_lexicon(FRAGMENTS, FragmentsFile, folder).fragments


def _expression(source: str, fragments: Mapping[str, str], place: EntryPath) -> str:
    """The regular expression with its fragments inserted."""

    def insert(text: str, inside: tuple[str, ...]) -> str:
        def one(match: re.Match[str]) -> str:
            name = match[1]
            if name not in fragments:
                raise CrisisflowError(f"{place}: no fragment {name}; there are {', '.join(fragments) or 'none'}")
            if name in inside:
                raise CrisisflowError(f"{place}: the fragment {name} holds itself")
            return f"(?:{insert(fragments[name], (*inside, name))})"

        return re.sub(r"\{\{([\w-]+)\}\}", one, unbroken(text))

    # Possessive: white space is never given back, so a long run of it is walked once.
    return re.sub(r" (?=[?*+{])", r"(?:\\s++)", insert(source, ())).replace(" ", r"\s++")


def unbroken(text: str) -> str:
    """The text without line breaks and the blanks beside them."""
    return "".join(line.strip(" ") for line in text.split("\n"))


class Compiled(NamedTuple):
    """See `compiled`."""

    cased: bool
    regex: re.Pattern[str]
    never_first: frozenset[str]


def compiled(expression: str, place: EntryPath, before: str = "", behind: str = "") -> Compiled:
    """The expression between what stands before and behind it, without regard to case, and whether it has capitals.

    One that has capitals, or regards case in a part, is compiled to ignore it otherwise. Any other is for lower-case
    texts: these are searched in half the time. `before` and `behind` have no capitals.

    Refused is what is no regular expression, matches the empty string, or backtracks without bound.
    """
    try:
        parsed = parse(expression)
        cased = regards_case(parsed)
        compiled = re.compile(f"{before}(?:{expression}){behind}", re.IGNORECASE if cased else re.NOFLAG)
    except (re.error, OverflowError) as error:
        raise CrisisflowError(f"{place}: no valid regular expression: {error}") from None
    if matches_nothing(parsed):
        raise CrisisflowError(f"{place}: the pattern matches the empty string")
    if backtracking(parsed) > 1:
        raise CrisisflowError(
            f"{place}: the pattern backtracks without bound: a loop that gives back (*, +) stands within another or "
            "after another; make it possessive (*+, ++) or bound it ({1,3})"
        )
    return Compiled(cased, compiled, never_first(parsed, ignoring_case=cased))
