"""The annotator: the stages in one place, as the steps of the workflow run them one by one."""

from pathlib import Path

from crisisflow.annotation import regex_stage, ruler_stage, spacy_stage
from crisisflow.annotation.annotator import annotate
from crisisflow.annotation.resolve import resolve
from crisisflow.params import SharedParams, read_own
from crisisflow.spans import STAGES

ANNOTATION = read_own(Path("presets/sample/shared.yaml"), SharedParams).annotation
TEXTS = [
    ("b", "At least 17 people killed as Hurricane Florence nears Wilmington"),
    ("a", ""),
    ("c", "Angela Merkel sends tents to Nepal, says the Red Cross"),
]


def test_each_text_has_what_the_stages_find_and_how_it_is_resolved() -> None:
    annotated = annotate(TEXTS, ANNOTATION)
    stages = {
        "spacy": list(spacy_stage.annotate(TEXTS, ANNOTATION.spacy)),
        "ruler": list(ruler_stage.annotate(TEXTS, ANNOTATION.ruler)),
        "regex": list(regex_stage.annotate(TEXTS, ANNOTATION.regex)),
    }
    assert len(annotated) == len(TEXTS)
    for (tweet_id, _), own in zip(TEXTS, annotated, strict=True):
        expected = {stage: [span for span in spans if span.tweet_id == tweet_id] for stage, spans in stages.items()}
        assert own.by_stage == expected
        spans = [span for found in expected.values() for span in found]
        assert (own.kept, own.conflicts) == resolve(spans, ANNOTATION.resolve.priority)
    first, blank, third = annotated
    assert all(first.by_stage[stage] or third.by_stage[stage] for stage in STAGES)
    assert first.conflicts
    assert blank == ({stage: [] for stage in STAGES}, [], [])


def test_a_text_s_annotation_does_not_depend_on_the_others() -> None:
    assert [annotate([one], ANNOTATION)[0] for one in TEXTS] == annotate(TEXTS, ANNOTATION)


def test_the_pipeline_is_loaded_once() -> None:
    annotate(TEXTS, ANNOTATION)
    before = spacy_stage.load_pipeline.cache_info().misses
    annotate(TEXTS, ANNOTATION)
    assert spacy_stage.load_pipeline.cache_info().misses == before
