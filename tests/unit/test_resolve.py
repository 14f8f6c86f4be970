"""Overlap resolution: the order of the paper, completed."""

from hypothesis import given
from hypothesis import strategies as st

from crisisflow.annotation.resolve import resolve
from crisisflow.annotation.span import Span
from crisisflow.taxonomy import ENTITY_TYPES

PRIORITY = ["spacy", "ruler", "regex"]


@st.composite
def spans(draw: st.DrawFn) -> list[Span]:
    def one(_: int) -> Span:
        start = draw(st.integers(0, 30))
        return Span(
            "1",
            start,
            start + draw(st.integers(1, 12)),
            draw(st.sampled_from(ENTITY_TYPES)),
            draw(st.sampled_from(PRIORITY)),
            draw(st.sampled_from(["x", "y"])),
        )

    return [one(number) for number in range(draw(st.integers(0, 12)))]


def overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


@given(spans(), st.randoms())
def test_the_order_of_the_input_does_not_matter(found, random):
    shuffled = list(found)
    random.shuffle(shuffled)
    assert resolve(shuffled, PRIORITY) == resolve(found, PRIORITY)


@given(spans())
def test_kept_spans_do_not_overlap_and_every_span_is_kept_or_in_conflict(found):
    kept, conflicts = resolve(found, PRIORITY)
    assert all(not overlap(a, b) for i, a in enumerate(kept) for b in kept[i + 1 :])
    assert sorted([*kept, *(conflict.loser for conflict in conflicts)]) == sorted(set(found))


@given(spans())
def test_a_winner_is_kept_overlaps_the_loser_and_is_no_shorter(found):
    kept, conflicts = resolve(found, PRIORITY)
    for loser, winner, decided_by in conflicts:
        assert winner in kept
        assert overlap(loser, winner)
        assert winner.end - winner.start >= loser.end - loser.start
        assert (decided_by == "length") == (winner.end - winner.start > loser.end - loser.start)


@given(spans())
def test_resolving_twice_changes_nothing(found):
    kept, _ = resolve(found, PRIORITY)
    assert resolve(kept, PRIORITY) == (kept, [])


@given(spans())
def test_it_is_the_greedy_choice_by_length_stage_place_and_label(found):
    def rank(span: Span) -> tuple:
        return (
            -(span.end - span.start),
            PRIORITY.index(span.source),
            span.start,
            ENTITY_TYPES.index(span.label),
            span.rule,
        )

    expected: list[Span] = []
    for span in sorted(set(found), key=rank):
        if not any(overlap(span, other) for other in expected):
            expected.append(span)
    assert resolve(found, PRIORITY)[0] == sorted(expected)


def test_ties_name_the_criterion_that_decided():
    spacy = Span("1", 0, 5, "PERSON", "spacy", "a")
    ruler = Span("1", 0, 5, "LOCATION", "ruler", "a")
    regex = Span("1", 4, 9, "LOCATION", "regex", "a")
    longer = Span("1", 3, 9, "NUMBER", "regex", "a")
    assert resolve([ruler, spacy], PRIORITY)[1] == [(ruler, spacy, "stage")]
    assert resolve([ruler, regex], PRIORITY)[1] == [(regex, ruler, "stage")]
    assert resolve([spacy, longer], PRIORITY)[1] == [(spacy, longer, "length")]
    left = Span("1", 2, 7, "NUMBER", "regex", "a")
    assert resolve([regex, left], PRIORITY)[1] == [(regex, left, "leftmost")]
    other = Span("1", 4, 9, "CASUALTY", "regex", "a")
    assert resolve([regex, other], PRIORITY)[1] == [(other, regex, "label")]
