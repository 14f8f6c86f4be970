"""The regular expressions of lexicons, matched in a text."""

from collections.abc import Iterator, Sequence

from crisisflow.annotation.lexicon import Rule
from crisisflow.spans import Span


def lowered(text: str) -> str:
    """The text in lower case, letter for letter."""
    lower = text.lower()
    # There is one letter whose lower-case form is longer.
    return lower if len(lower) == len(text) else text.replace("İ", "i").lower()


def matches(rules: Sequence[Rule], text: str, tweet_id: str, source: str) -> Iterator[Span]:
    """The spans of all rules; those of different rules may overlap."""
    lower = lowered(text)
    for rule in rules:
        for need in rule.needs:
            if need in lower:
                break
        else:
            continue
        for match in rule.regex.finditer(text if rule.cased else lower):
            found = match[0]
            start = match.start() + len(found) - len(found.lstrip())
            end = match.end() - len(found) + len(found.rstrip())
            if start < end:
                yield Span(tweet_id, start, end, rule.label, source, rule.rule)
