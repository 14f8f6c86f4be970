"""Explain: why a text gets the spans that it gets, in words.

Prints what each stage found, which spans competed and by which criterion of the order (`resolve.ranking`) the winner
won, and what is left.
"""

from collections.abc import Iterator, Sequence

from crisisflow.annotation.annotator import annotate
from crisisflow.annotation.resolve import Conflict
from crisisflow.params import AnnotationParams
from crisisflow.spans import Span


def explain(text: str, params: AnnotationParams) -> Iterator[str]:
    """The lines of the explanation of one text.

    Raises:
        CrisisflowError: a model or lexicon is not there.
    """
    (found,) = annotate([("", text)], params)
    priority = params.resolve.priority
    for number, (stage, spans) in enumerate(found.by_stage.items(), 1):
        yield f"stage {number}, {stage}: {_counted(spans)}"
        yield from (f"  {line}" for line in _rows(text, sorted(spans)))
    yield f"competed: {_counted(found.conflicts)} lost"
    yield from (f"  {_verdict(text, conflict, priority)}" for conflict in found.conflicts)
    yield f"resolved: {_counted(found.kept)}"
    yield from (f"  {line}" for line in _rows(text, found.kept))


def _counted(spans: Sequence[Span | Conflict]) -> str:
    return f"{len(spans)} {'span' if len(spans) == 1 else 'spans'}"


def _shown(text: str, span: Span) -> str:
    """The span's text on one line; repr makes harmless what would steer a terminal."""
    return repr(text[span.start : span.end])


def _rows(text: str, spans: Sequence[Span]) -> Iterator[str]:
    for span in spans:
        yield f"{span.start:4}-{span.end:<4} {span.label:13} {_shown(text, span)}  [{span.source}: {span.rule}]"


def _verdict(text: str, conflict: Conflict, priority: Sequence[str]) -> str:
    loser, winner, decided_by = conflict
    reason = {
        "guess": "a guess of spaCy's that covers what a lexicon knows for something else",
        "length": f"longer: {winner.end - winner.start} characters against {loser.end - loser.start}",
        "stage": f"as long, and {winner.source} goes before {loser.source} ({', '.join(priority)})",
        "leftmost": "as long and of the same stage, and further left",
        "label": f"the same stretch and stage, and {winner.label} goes before {loser.label} in the taxonomy",
        "rule": f"the same stretch, stage and type, and {winner.rule} goes before {loser.rule} by name",
    }[decided_by]
    return (
        f"{_shown(text, loser)} {loser.label} [{loser.source}: {loser.rule}] lost to "
        f"{_shown(text, winner)} {winner.label} [{winner.source}: {winner.rule}], {reason}"
    )
