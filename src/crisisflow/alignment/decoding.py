"""Decoding: a model's labels back to spans of the text, as the scores count them."""

from collections.abc import Sequence
from typing import NamedTuple

from crisisflow.alignment.bio import Word


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
