"""Decoding: a model's labels back to spans of the text, as the scores count them."""

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from crisisflow.alignment.bio import Word

MARKS = ("Mn", "Me", "Mc")  # Unicode's categories of combining marks; variation selectors are Mn


class FoundSpan(NamedTuple):
    """A span of a text (code points) and its score: the probability of its least probable label."""

    start: int
    end: int
    label: str
    score: float


def strict_spans(words: Sequence[Word], labels: Sequence[str], scores: Sequence[float]) -> list[FoundSpan]:
    """The spans of one label per word, as strict IOB2 has them: only B- begins one, only I- of its type goes on."""
    found: list[FoundSpan] = []
    goes_on = ""
    for word, label, score in zip(words, labels, scores, strict=True):
        prefix, _, kind = label.partition("-")
        if prefix == "I" and kind == goes_on:
            last = found[-1]
            found[-1] = FoundSpan(last.start, word.end, kind, min(last.score, score))
        elif prefix == "B":
            found.append(FoundSpan(word.start, word.end, kind, score))
            goes_on = kind
        else:
            goes_on = ""
    return found


def with_marks(text: str, spans: Sequence[FoundSpan]) -> list[FoundSpan]:
    """The spans with the combining marks behind them: the tokenizer drops accents, whose offsets no word then has."""
    found = []
    for at, span in enumerate(spans):
        limit = spans[at + 1].start if at + 1 < len(spans) else len(text)
        end = span.end
        while end < limit and unicodedata.category(text[end]) in MARKS:
            end += 1
        found.append(span._replace(end=end))
    return found


def spans_of(text: str, words: Sequence[Word], labels: Sequence[str], scores: Sequence[float]) -> list[FoundSpan]:
    """The spans of a text, whole letters, from one label and its probability for each word."""
    return with_marks(text, strict_spans(words, labels, scores))
