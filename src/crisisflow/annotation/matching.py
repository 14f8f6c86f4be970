"""The regular expressions of lexicons, matched in a text."""

from collections.abc import Iterator, Sequence

from crisisflow.annotation.lexicon import Rule
from crisisflow.spans import Span


def matches(rules: Sequence[Rule], text: str, tweet_id: str, source: str) -> Iterator[Span]:
    """The spans of all rules; those of different rules may overlap."""
    lower = text.lower()
    for rule in rules:
        for need in rule.needs:
            if need in lower:
                break
        else:
            continue
        for match in rule.regex.finditer(text):
            found = match[0]
            start = match.start() + len(found) - len(found.lstrip())
            end = match.end() - len(found) + len(found.rstrip())
            if start < end:
                yield Span(tweet_id, start, end, rule.label, source, rule.rule)
