"""Annotation stage 3: the regular expressions of the lexicons."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from crisisflow.annotation.lexicon import Rule, load_regex
from crisisflow.annotation.numerals import mark_numbers
from crisisflow.annotation.reading import read
from crisisflow.annotation.span import Span, hide_urls, read_texts, write_spans
from crisisflow.params import LexiconParams

SOURCE = "regex"


@lru_cache(maxsize=1)
def _rules(names: tuple[str, ...]) -> list[Rule]:
    return load_regex(names)


def annotate(texts: Iterable[tuple[str, str]], params: LexiconParams) -> Iterator[Span]:
    """The spans of (tweet_id, text) pairs, tweet by tweet; those of different patterns may overlap.

    Raises:
        CrisisflowError: a lexicon is unknown or broken.
    """
    rules = _rules(tuple(params.lexicons))
    for tweet_id, text in texts:
        reading = read(text)
        yield from reading.spans(_spans(rules, tweet_id, mark_numbers(hide_urls(reading.form))))


def _spans(rules: Sequence[Rule], tweet_id: str, text: str) -> Iterator[Span]:
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
                yield Span(tweet_id, start, end, rule.label, SOURCE, rule.rule)


def run(tweets: Path, params: LexiconParams, out: Path) -> None:
    """Write the regular expressions' spans of a tweets file to `out`.

    Raises:
        CrisisflowError: the tweets file or a lexicon is absent or broken.
    """
    write_spans(out, annotate(read_texts(tweets, "regex_stage"), params))
