"""Quality: every annotation stage, and the resolved spans, scored against the gold sets.

The gold sets' own texts are annotated here by the same stages (`annotator`), so that every gold tweet counts whatever
the corpus holds, and a set that nobody tuned on is scored by the same command.

Scores by nervaluate (after SemEval-2013 task 9.1): `strict` wants borders and type, `exact` the borders, `partial`
gives half a point for an overlap, `ent_type` wants an overlap of the same type.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from crisisflow.annotation import annotator, ruler_stage
from crisisflow.annotation import gold as gold_sets
from crisisflow.annotation.gold import GoldSet
from crisisflow.annotation.resolve import resolve
from crisisflow.annotation.span_errors import span_errors
from crisisflow.artifacts import write_csv, write_json, write_parquet
from crisisflow.inputs import InputFile, InputFolder
from crisisflow.params import AnnotationParams
from crisisflow.progress import say
from crisisflow.spans import RESOLVED, STAGES, Span
from crisisflow.taxonomy import ENTITY_TYPES

SCORE_COLUMNS = ["gold_set", "stage", "event", "place", "label", "measure"]
SCORE_COLUMNS += ["gold", "found", "correct", "precision", "recall", "f1"]
PATTERNS = ["gold_set", "stage", "rule", "label"]
PATTERNS += ["found", "right", "near", "precision", "won", "won_right", "won_precision"]
MEASURES = ("strict", "exact", "partial", "ent_type")
ALL = "all"
EVERYWHERE, INSIDE, OUTSIDE = ALL, "inside hashtag", "outside hashtag"

# What went wrong, span by span and without text. A miss has no span found, a false span no gold.
ERRORS = pa.schema(
    [
        ("gold_set", pa.string()),
        ("tweet_id", pa.string()),
        ("kind", pa.string()),  # miss, false, border (right type), type (right borders), both
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("label", pa.string()),
        ("source", pa.string()),
        ("rule", pa.string()),
        ("gold_start", pa.int32()),
        ("gold_end", pa.int32()),
        ("gold_label", pa.string()),
    ]
)

Spans = dict[str, list[Span]]  # by tweet id


class Case(NamedTuple):
    """One tweet of a comparison."""

    text: str
    gold: list[Span]
    found: list[Span]


def annotate(tweets: GoldSet, params: AnnotationParams) -> dict[str, Spans]:
    """The spans of each stage and the resolved ones, by stage and tweet id; of the types that the set knows."""
    texts = [(tweet.tweet_id, tweet.text) for tweet in tweets.tweets]
    found = annotator.annotate(texts, params, f"quality: {tweets.name}")

    def known(spans: Iterable[Span]) -> list[Span]:
        return [span for span in spans if span.label in tweets.labels]

    stages: dict[str, Spans] = {stage: {} for stage in (*STAGES, RESOLVED)}
    for (tweet_id, _), own in zip(texts, found, strict=True):
        for stage, spans in own.by_stage.items():
            stages[stage][tweet_id] = known(spans)
        stages[RESOLVED][tweet_id] = known(own.kept)
    return stages


def score(cases: Sequence[Case], labels: Sequence[str]) -> dict[str, dict[str, Any]]:
    """nervaluate's results by type, and over all types as `all`; each maps a measure to its EvaluationResult."""
    from nervaluate import Evaluator

    def entities(spans: Sequence[Span]) -> list[dict[str, Any]]:
        # nervaluate's ends are inclusive.
        return [{"label": span.label, "start": span.start, "end": span.end - 1} for span in spans]

    evaluator = Evaluator(
        [entities(case.gold) for case in cases],
        [entities(case.found) for case in cases],
        tags=list(labels),
        loader="dict",
    )
    results = evaluator.evaluate()
    if len(labels) == 1:
        return {labels[0]: results["overall"]}
    # nervaluate keeps types in a set, whose order changes from run to run.
    return {
        ALL: results["overall"],
        **{name: results["entities"][name] for name in labels if name in results["entities"]},
    }


def in_hashtag(text: str, span: Span) -> bool:
    """Whether a span lies within the word of a hashtag."""
    return any(m.start(1) <= span.start and span.end <= m.end(1) for m in ruler_stage.HASHTAG.finditer(text))


def _places(cases: Sequence[Case]) -> Iterator[tuple[str, list[Case]]]:
    """The cases as they are, and with the spans inside or outside of hashtags only."""
    yield EVERYWHERE, list(cases)
    for place, wanted in ((INSIDE, True), (OUTSIDE, False)):
        yield (
            place,
            [
                Case(text, *([s for s in spans if in_hashtag(text, s) == wanted] for spans in (gold, found)))
                for text, gold, found in cases
            ],
        )


def score_rows(tweets: GoldSet, annotated: dict[str, Spans]) -> Iterator[list[Any]]:
    """Rows of scores.csv (columns: SCORE_COLUMNS).

    A stage's own overlaps are resolved first, as if it were the only one: nervaluate pairs a gold span with the first
    that overlaps it, and the right one behind would count as false.
    """
    for stage, spans in annotated.items():
        cases = [(t.event, Case(t.text, t.spans, resolve(spans.get(t.tweet_id, []), STAGES)[0])) for t in tweets.tweets]
        by_event: dict[str, list[Case]] = {ALL: [case for _, case in cases]}
        for event, group in groupby(sorted(cases, key=lambda pair: pair[0]), key=lambda pair: pair[0]):
            by_event[event] = [case for _, case in group]
        for event, chosen in by_event.items():
            for place, part in _places(chosen):
                if not any(case.gold or case.found for case in part):
                    continue
                for label, measures in score(part, tweets.labels).items():
                    for measure in MEASURES:
                        result = measures[measure]
                        yield [
                            tweets.name,
                            stage,
                            event,
                            place,
                            label,
                            measure,
                            result.possible,
                            result.actual,
                            result.correct,
                            *(round(value, 4) for value in (result.precision, result.recall, result.f1)),
                        ]


def pattern_rows(tweets: GoldSet, annotated: dict[str, Spans]) -> Iterator[list[Any]]:
    """Rows of patterns.csv (columns: PATTERNS): the spans of each pattern before resolution, and among the winners."""
    gold = {span[:4] for tweet in tweets.tweets for span in tweet.spans}
    gold_spans = {tweet.tweet_id: tweet.spans for tweet in tweets.tweets}
    counts: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0] * 5)
    for stage, by_tweet in annotated.items():
        for span in (span for spans in by_tweet.values() for span in spans):
            row = counts[span.source, span.rule, span.label]
            right = span[:4] in gold
            if stage == RESOLVED:
                row[3] += 1
                row[4] += right
            else:
                row[0] += 1
                row[1] += right
                row[2] += any(
                    other.label == span.label and other.start < span.end and span.start < other.end
                    for other in gold_spans[span.tweet_id]
                )
    for (source, rule, label), (found, right, near, won, won_right) in sorted(counts.items()):
        share = [round(right / found, 4) if found else "", round(won_right / won, 4) if won else ""]
        yield [tweets.name, source, rule, label, found, right, near, share[0], won, won_right, share[1]]


def error_rows(tweets: GoldSet, resolved: Spans) -> Iterator[dict[str, Any]]:
    """What differs between the resolved spans and the gold."""
    for tweet in tweets.tweets:
        for kind, span, gold in span_errors(resolved[tweet.tweet_id], tweet.spans):
            yield _error(tweets.name, kind, span, gold)


def _error(name: str, kind: str, span: Span | None, gold: Span | None) -> dict[str, Any]:
    known = span or gold
    row: dict[str, Any] = {"gold_set": name, "tweet_id": known.tweet_id if known else "", "kind": kind}
    if span:
        row |= {key: value for key, value in span._asdict().items() if key != "tweet_id"}
    if gold:
        row |= {"gold_start": gold.start, "gold_end": gold.end, "gold_label": gold.label}
    return row


def run(
    repaired: InputFile,
    generated: InputFile,
    reference: InputFolder,
    params: AnnotationParams,
    scores: Path,
    patterns: Path,
    errors: Path,
    metrics: Path,
) -> None:
    """Score every gold set that is there; with none, all outputs are empty, and that is said.

    Args:
        repaired: tweets of the whole source, repaired
        generated: gold spans of the embedded corpus
        reference: folder of the reference annotations
        params: section annotation
        scores: CSV of the scores
        patterns: CSV of the patterns
        errors: Parquet of the errors, without text
        metrics: JSON of all scores
    """
    sets = [
        *gold_sets.generated(repaired, generated),
        *gold_sets.reference(repaired, reference),
        *(gold_sets.idrisi(Path(params.quality.idrisi)) if params.quality.idrisi else ()),
        *(gold_sets.outside(Path(params.quality.outside)) if params.quality.outside else ()),
    ]
    rows: list[list[Any]] = []
    pattern_lines: list[list[Any]] = []
    faults: list[dict[str, Any]] = []
    for tweets in sets:
        annotated = annotate(tweets, params)
        rows += score_rows(tweets, annotated)
        pattern_lines += pattern_rows(tweets, annotated)
        faults += error_rows(tweets, annotated[RESOLVED])
    write_csv(scores, SCORE_COLUMNS, rows)
    write_csv(patterns, PATTERNS, pattern_lines)
    write_parquet(errors, [dict.fromkeys(ERRORS.names) | fault for fault in faults], ERRORS)
    strict = [row for row in rows if row[2:4] == [ALL, EVERYWHERE] and row[5] == "strict"]
    summary: dict[str, Any] = defaultdict(lambda: defaultdict(dict))
    for name, stage, _, _, label, _, gold, found, _, precision, recall, f1 in strict:
        summary[name][stage][label] = {"gold": gold, "found": found, "precision": precision, "recall": recall, "f1": f1}
    write_json(metrics, summary)
    _show(summary)


def _show(summary: dict[str, Any]) -> None:
    if not summary:
        say("quality: no gold set is there; see annotation.quality in params.yaml")
    for name, stages in summary.items():
        say(f"quality: {name}, exact borders and type{'':18}gold  found      P      R     F1")
        for stage, labels in stages.items():
            for label in (ALL, *ENTITY_TYPES):
                if label in labels and (stage == RESOLVED or label == next(iter(labels))):
                    facts = labels[label]
                    numbers = " ".join(f"{facts[key]:6.3f}" for key in ("precision", "recall", "f1"))
                    say(f"  {stage:10}{label:38}{facts['gold']:6,} {facts['found']:6,} {numbers}")
