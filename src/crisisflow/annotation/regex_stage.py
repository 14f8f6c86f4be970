"""Annotation stage 3: the regular expressions of the lexicons."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from crisisflow.annotation.matching import Patterns
from crisisflow.annotation.numerals import mark_numbers
from crisisflow.annotation.patterns import load_regex
from crisisflow.annotation.reading import read
from crisisflow.inputs import InputFile
from crisisflow.params import LexiconParams
from crisisflow.spans import Span, hide_contacts, read_texts, write_spans

SOURCE = "regex"


@lru_cache(maxsize=1)
def _patterns(names: tuple[str, ...]) -> Patterns:
    return Patterns(load_regex(names))


def annotate(texts: Iterable[tuple[str, str]], params: LexiconParams) -> Iterator[Span]:
    """The spans of (tweet_id, text) pairs, tweet by tweet; those of different patterns may overlap.

    Raises:
        CrisisflowError: a lexicon is unknown or broken.
    """
    patterns = _patterns(tuple(params.lexicons))
    for tweet_id, text in texts:
        reading = read(text)
        yield from reading.spans(patterns.spans(mark_numbers(hide_contacts(reading.form)), tweet_id, SOURCE))


def run(tweets: InputFile, params: LexiconParams, out: Path) -> None:
    """Write the regular expressions' spans of a tweets file to `out`.

    Args:
        tweets: the tweets of the step subset
        params: section annotation.regex

    Raises:
        CrisisflowError: the tweets file or a lexicon is absent or broken.
    """
    write_spans(out, annotate(read_texts(tweets, "regex_stage"), params))
