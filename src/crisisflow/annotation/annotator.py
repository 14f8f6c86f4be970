"""The annotator: the one place that runs the three stages on texts and resolves what they find.

The rules of the workflow run the stages one by one, on files and in shards. All else asks here: the scores against
gold spans, `crisisflow explain` and the server's second opinion.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from crisisflow.annotation import regex_stage, ruler_stage, spacy_stage
from crisisflow.annotation.resolve import Conflict, resolve
from crisisflow.params import AnnotationParams
from crisisflow.progress import tracked
from crisisflow.spans import STAGES, Span


class Annotated(NamedTuple):
    """One annotated text: the spans of each stage, in its order, those that were kept, and those that lost."""

    by_stage: dict[str, list[Span]]
    kept: list[Span]
    conflicts: list[Conflict]


def annotate(
    texts: Sequence[tuple[str, str]], params: AnnotationParams, description: str | None = None
) -> list[Annotated]:
    """Annotate (tweet_id, text) pairs, whose ids differ. A process loads pipeline and lexicons once.

    Args:
        description: under which the progress of the first stage, the slowest, is shown; None for none.

    Raises:
        CrisisflowError: a model or lexicon is absent or broken.
    """
    watched = texts if description is None else tracked(texts, description, len(texts))
    found = {tweet_id: {stage: [] for stage in STAGES} for tweet_id, _ in texts}

    def take(spans: Iterable[Span]) -> None:
        for span in spans:
            found[span.tweet_id][span.source].append(span)

    take(spacy_stage.annotate(watched, params.spacy))
    take(ruler_stage.annotate(texts, params.ruler))
    take(regex_stage.annotate(texts, params.regex))
    return [_resolved(found[tweet_id], params.resolve.priority) for tweet_id, _ in texts]


def _resolved(by_stage: dict[str, list[Span]], priority: Sequence[str]) -> Annotated:
    return Annotated(by_stage, *resolve([span for spans in by_stage.values() for span in spans], priority))
