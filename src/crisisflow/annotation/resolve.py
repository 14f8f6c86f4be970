"""Overlap resolution: of the spans that compete for the same text, one is kept.

The paper: the longer span is retained; at equal length neural predictions win over regular expressions. It names no
rank for the EntityRuler and no further order, so the order is completed here (ledger of humaid_ner, entry 4). A person
or a number that spaCy guesses is no span where it covers what a lexicon knows for something else, however long it is.
"""

import heapq
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from crisisflow.artifacts import CONFLICTS, SPANS, batched, parquet_writer, table_of, write_json
from crisisflow.inputs import InputFile
from crisisflow.params import ResolveParams
from crisisflow.progress import say
from crisisflow.spans import BATCH, Span, by_tweet, read_spans
from crisisflow.taxonomy import ENTITY_TYPES, EntityType

# The order's criteria by name, as `decided_by` in the conflicts.
CRITERIA = ("length", "stage", "leftmost", "label", "rule")
# What a span is by each of them; smaller comes first.
Rank = tuple[int, int, int, int, str]
_LABELS = {label: place for place, label in enumerate(ENTITY_TYPES)}

# The types of which spaCy takes headings, capitalised verbs and stretches over hashtags; no name of a person and no
# amount holds a place, a hazard or a body.
GUESSES = {EntityType.PERSON, EntityType.NUMBER}
GUESS = "guess"


class Conflict(NamedTuple):
    """A dropped span, the one that beat it, and the first criterion that told them apart, or GUESS."""

    loser: Span
    winner: Span
    decided_by: str


def ranking(priority: Sequence[str]) -> Callable[[Span], Rank]:
    """The total order on spans: what comes first wins."""
    stages = {stage: place for place, stage in enumerate(priority)}

    def rank(span: Span) -> Rank:
        return span.start - span.end, stages[span.source], span.start, _LABELS[span.label], span.rule

    return rank


def resolve(spans: Iterable[Span], priority: Sequence[str]) -> tuple[list[Span], list[Conflict]]:
    """Resolve the spans of one tweet; both results are ordered by place, whatever the order of the input.

    Spans are taken from first to last in the order of `ranking`; one that overlaps a span already kept is dropped. A
    kept span is never shorter than a later one, so at most two kept spans touch it: n spans cost O(n log n) steps.
    Guesses (`_guesses`) take no part; their conflicts name the best span that they meet.
    """
    rank = ranking(priority)
    kept: list[Span] = []
    conflicts: list[Conflict] = []
    found = set(spans)
    guesses = _guesses(found)
    for span in sorted(found - guesses, key=rank):
        if winner := _winner(span, kept, rank):
            pairs = zip(CRITERIA, rank(span), rank(winner), strict=True)
            decided_by = next(name for name, own, other in pairs if own != other)
            conflicts.append(Conflict(span, winner, decided_by))
        else:
            kept.insert(bisect_left(kept, span.start, key=lambda other: other.start), span)
    for span in guesses:
        # What it covers is kept, or lost to what the guess meets too.
        if winner := _winner(span, kept, rank):
            conflicts.append(Conflict(span, winner, GUESS))
    return kept, sorted(conflicts)


def _winner(span: Span, kept: Sequence[Span], rank: Callable[[Span], Rank]) -> Span | None:
    """The best of the kept spans that overlap a span."""
    at = bisect_left(kept, span.start, key=lambda other: other.start)
    end = bisect_left(kept, span.end, key=lambda other: other.start)
    rivals = (other for other in kept[max(at - 1, 0) : end] if span.start < other.end)
    return min(rivals, key=rank, default=None)


def _guesses(spans: set[Span]) -> set[Span]:
    """Spans of spaCy that cover a shorter one that a lexicon knows for something else."""
    guessed = [span for span in spans if span.source == "spacy" and span.label in GUESSES]
    if not guessed:
        return set()
    known = sorted((span for span in spans if span.source == "ruler"), key=lambda span: span.start)
    guesses = set()
    for span in guessed:
        at = bisect_left(known, span.start, key=lambda other: other.start)
        end = bisect_left(known, span.end, key=lambda other: other.start)
        length = span.end - span.start
        if any(
            other.end <= span.end and other.end - other.start < length and other.label != span.label
            for other in known[at:end]
        ):
            guesses.add(span)
    return guesses


def run(stages: Sequence[InputFile], params: ResolveParams, out: Path, conflicts: Path, statistics: Path) -> None:
    """Write the winners, the conflicts, and per stage and type how many spans came in and how many were kept.

    The files of the stages are merged as they are read.

    Args:
        stages: the span file of a stage; repeat
        params: section annotation.resolve
        out: the spans that are kept
        conflicts: the spans that are dropped
        statistics: JSON

    Raises:
        CrisisflowError: a file is absent or damaged, or its tweets are not in the order of their ids.
    """
    before: Counter[tuple[str, str]] = Counter()
    after: Counter[tuple[str, str]] = Counter()
    dropped_by: Counter[str] = Counter()
    tweets = by_tweet(heapq.merge(*map(read_spans, stages)), out)
    with parquet_writer(out, SPANS) as keep, parquet_writer(conflicts, CONFLICTS) as drop:
        for batch in batched(tweets, BATCH):
            winners: list[Span] = []
            dropped: list[Conflict] = []
            for spans in batch:
                kept, lost = resolve(spans, params.priority)
                winners += kept
                dropped += lost
                before.update((span.source, span.label) for span in spans)
            after.update((span.source, span.label) for span in winners)
            dropped_by.update(conflict.decided_by for conflict in dropped)
            keep(table_of(winners, SPANS))
            drop(table_of(((*loser, *winner[1:], why) for loser, winner, why in dropped), CONFLICTS))
    facts = {
        source: {
            label: {"found": before[source, label], "kept": after[source, label]}
            for label in ENTITY_TYPES
            if before[source, label]
        }
        for source in params.priority
    }
    write_json(
        statistics,
        {
            "spans": after.total(),
            "dropped": dropped_by.total(),
            "dropped_by": dict(dropped_by),
            "spans_per_type": {
                label: sum(after[source, label] for source in params.priority) for label in ENTITY_TYPES
            },
            "per_stage_and_type": facts,
        },
    )
    say(f"resolve: {after.total():,} of {before.total():,} spans kept")
