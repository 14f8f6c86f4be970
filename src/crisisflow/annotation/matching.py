"""The regular expressions of lexicons, matched in a text."""

import re
from collections.abc import Iterator, Sequence

from crisisflow.annotation.needs import Needs
from crisisflow.annotation.patterns import Number, Rule
from crisisflow.spans import Span

# With each match a word begins: not behind a letter, digit or @, and not with white space.
_START = re.compile(r"[\w@]+[^\w\s@]?|[^\w\s@]")


def lowered(text: str) -> str:
    """The text in lower case, letter for letter."""
    lower = text.lower()
    # There is one letter whose lower-case form is longer.
    return lower if len(lower) == len(text) else text.replace("İ", "i").lower()


def starts(text: str) -> list[int]:
    """Where a pattern of whole words can begin to match."""
    return [match.start() for match in _START.finditer(text)]


def search(pattern: Rule | Number, text: str, starts: Sequence[int]) -> Iterator[re.Match[str]]:
    """The matches that `finditer` finds, looked for at some places only, which takes a third of the time."""
    never_first, end = pattern.never_first, 0
    for at in [at for at in starts if text[at] not in never_first]:
        if at >= end and (match := pattern.regex.match(text, at)):
            yield match
            end = match.end()


class Patterns:
    """Regular expressions that are looked for together."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._needs = Needs([rule.needs for rule in rules])

    def spans(self, text: str, tweet_id: str, source: str) -> Iterator[Span]:
        """The spans of all rules, in their order; those of different rules may overlap."""
        lower = lowered(text)
        met = self._needs.met(lower)
        at = starts(text) if met else ()
        for rule in map(self.rules.__getitem__, met):
            for match in search(rule, text if rule.cased else lower, at):
                found = match[0]
                start = match.start() + len(found) - len(found.lstrip())
                end = match.end() - len(found) + len(found.rstrip())
                if start < end:
                    yield Span(tweet_id, start, end, rule.label, source, rule.rule)
