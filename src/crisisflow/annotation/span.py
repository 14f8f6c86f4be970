"""The span: what every annotation stage yields and every later step reads."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from crisisflow.artifacts import SPANS, TWEETS, read_parquet, write_parquet


class Span(NamedTuple):
    """A labelled stretch of a tweet; `start` and `end` count code points of its text."""

    tweet_id: str
    start: int
    end: int
    label: str
    source: str  # the stage: spacy, ruler, regex (gold in the embedded corpus)
    rule: str  # what fired within the stage: a pattern id, or spaCy's own label


def read_texts(path: Path) -> list[tuple[str, str]]:
    """The (tweet_id, text) pairs of a tweets file, in its order."""
    table = read_parquet(path, TWEETS)
    return list(zip(table["tweet_id"].to_pylist(), table["text"].to_pylist(), strict=True))


def read_spans(path: Path) -> Iterator[Span]:
    """The spans of a span file, in its order."""
    table = read_parquet(path, SPANS)
    return map(Span, *(table[name].to_pylist() for name in SPANS.names))


def write_spans(path: Path, spans: Iterable[Span]) -> None:
    """Write spans in the order of tweet id, start, end, label, source, rule."""
    write_parquet(path, [span._asdict() for span in sorted(spans)], SPANS)
