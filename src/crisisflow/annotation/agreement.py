"""Agreement: how far annotators of the same tweets agree, type by type.

Of the exact spans: precision, recall and F1 of the first annotator's, taking the second's as right. Of the tokens:
Cohen's kappa (in a span of the type or not; over all types: which type, or none). Spans and tokens of one tweet hang
together, so the 95 % confidence intervals are percentile bootstraps over tweets, not the textbook's formulas for
independent items.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from crisisflow.annotation import standoff
from crisisflow.annotation.label_studio import PIPELINE, read_export
from crisisflow.annotation.reviewed import Mark, Reviewed
from crisisflow.artifacts import write_csv
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.agreement import kappa
from crisisflow.evaluation.bootstrap import interval
from crisisflow.progress import say
from crisisflow.taxonomy import ENTITY_TYPES

TOKEN = re.compile(r"\w+|[^\w\s]")
SAMPLES, SEED = 1000, 13
MEASURES = ("precision", "recall", "span_f1", "kappa")
HEADER = ["first", "second", "label", "first_spans", "second_spans", "both_spans"]
HEADER += [f"{measure}{end}" for measure in MEASURES for end in ("", "_low", "_high")]

LABELS = ("all", *ENTITY_TYPES)
CLASSES = len(LABELS)  # of a token: none, or one of the types


def compare(tweets: Sequence[Reviewed], one: str, other: str) -> Iterator[list[Any]]:
    """Rows (HEADER) of two annotators over the tweets that both have, if any: all types, then each that either used.

    A value that is not defined is empty. So is an interval where no resample differs (evaluation.bootstrap.interval).
    """
    shared = [tweet for tweet in tweets if one in tweet.marks and other in tweet.marks]
    if not shared:
        return
    counts = np.stack([_counts(tweet.text, tweet.marks[one], tweet.marks[other]) for tweet in shared])
    # How often each tweet is drawn: one draw serves all types and measures.
    drawn = np.random.default_rng(SEED).multinomial(len(shared), np.full(len(shared), 1 / len(shared)), size=SAMPLES)
    total, resampled = counts.sum(axis=0), drawn @ counts
    for code, label in enumerate(LABELS):
        spans = total[CLASSES**2 :].reshape(CLASSES, 3)[code]
        if not code or spans.any():
            values = [
                [round(float(value), 4) if np.isfinite(value) else "" for value in (point, *interval(redrawn))]
                for point, redrawn in zip(_measures(total, code), _measures(resampled, code), strict=True)
            ]
            yield [one, other, label, *map(int, spans), *(value for three in values for value in three)]


def _counts(text: str, first: set[Mark], second: set[Mark]) -> np.ndarray:
    """What one tweet adds to the counts: its tokens by both codings, then by label the spans of first, second, both."""
    tokens = np.zeros((CLASSES, CLASSES))
    places = [match.span() for match in TOKEN.finditer(text)]
    for cell in zip(_codes(places, first), _codes(places, second), strict=True):
        tokens[cell] += 1
    spans = np.zeros((CLASSES, 3))
    for column, marks in enumerate((first, second, first & second)):
        for mark in marks:
            spans[[0, LABELS.index(mark.label)], column] += 1
    return np.concatenate([tokens.ravel(), spans.ravel()])


def _codes(tokens: Sequence[tuple[int, int]], marks: set[Mark]) -> list[int]:
    """The class of each token; a token belongs to the first span that touches it."""
    ordered = sorted(marks)
    return [
        next((LABELS.index(mark.label) for mark in ordered if mark.start < end and start < mark.end), 0)
        for start, end in tokens
    ]


def _measures(counts: np.ndarray, code: int) -> tuple[np.ndarray, ...]:
    """MEASURES of one label, of sums of `_counts`, shape (..., counts)."""
    tables, spans = np.split(counts, [CLASSES**2], axis=-1)
    tables = tables.reshape(*tables.shape[:-1], CLASSES, CLASSES)
    first, second, both = np.moveaxis(spans.reshape(*spans.shape[:-1], CLASSES, 3)[..., code, :], -1, 0)
    if code:
        agreed, of_first, of_second = tables[..., code, code], tables[..., code, :].sum(-1), tables[..., code].sum(-1)
        neither = tables.sum((-2, -1)) - of_first - of_second + agreed
        binary = np.stack([neither, of_second - agreed, of_first - agreed, agreed], axis=-1)
        tables = binary.reshape(*binary.shape[:-1], 2, 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return both / first, both / second, 2 * both / (first + second), kappa(tables)


def read_passes(path: Path, repaired: Path) -> list[Reviewed]:
    """Passes kept without text: `path` has tweet_id, annotator, start, end, label, its neighbour tweets.csv the tweets.

    Every annotator is taken to have seen every tweet of it.

    Raises:
        CrisisflowError: a line is broken, or a text is missing or another one than the annotated.
    """
    listed = standoff.read_tweets(path.with_name("tweets.csv"), repaired)
    for tweet_id, tweet in listed.items():
        if tweet.text is None:
            raise CrisisflowError(
                f"{path}: tweet {tweet_id} is not in {repaired}; give the repaired corpus with --tweets"
            )
    marks = standoff.read_marks(path, ("tweet_id", "annotator"), listed)
    annotators = sorted({annotator for _, annotator in marks})
    return [
        Reviewed(tweet.text, {name: marks[tweet_id, name] for name in annotators}) for tweet_id, tweet in listed.items()
    ]


def run(file: Path, tweets: Path, out: Path | None) -> None:
    """Compare every two annotators of a file; print the table, and write it where `out` says.

    Raises:
        CrisisflowError: the file is absent or damaged, or fewer than two annotated the same tweets.
    """
    reviewed = read_passes(file, tweets) if file.suffix == ".csv" else read_export(file)
    # The pipeline goes first: precision and recall are then its own.
    names = sorted({name for tweet in reviewed for name in tweet.marks}, key=lambda name: (name != PIPELINE, name))
    rows = [row for one, other in combinations(names, 2) for row in compare(reviewed, one, other)]
    if not rows:
        raise CrisisflowError(f"{file}: no tweet was annotated by two; annotators: {', '.join(names) or 'none'}")
    for first, second, label, ours, theirs, _, *values in rows:
        if label == LABELS[0]:
            tweets_of_both = sum(first in tweet.marks and second in tweet.marks for tweet in reviewed)
            say(f"{first} (first) against {second}: {tweets_of_both:,} tweets; in brackets the 95 % interval")
            say(f"  {'type':14}{'spans':>14}" + "".join(f"  {measure:19}" for measure in MEASURES).rstrip())
        shown = "".join(f"  {_shown(values[at : at + 3]):19}" for at in range(0, len(values), 3))
        say(f"  {label:14}{ours:>6,} /{theirs:>6,}{shown}".rstrip())
    if out:
        write_csv(out, HEADER, rows)


def _shown(values: Sequence[float | str]) -> str:
    value, low, high = (f"{value:.3f}" if value != "" else "" for value in values)
    return f"{value or '–'} ({low}–{high})" if low else value or "–"
