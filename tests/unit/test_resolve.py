"""Overlap resolution: the order of the paper, completed."""

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.annotation.resolve import resolve, run
from crisisflow.artifacts import CONFLICTS, read_json, read_parquet, write_parquet
from crisisflow.artifacts import SPANS as SCHEMA
from crisisflow.errors import CrisisflowError
from crisisflow.params import ResolveParams
from crisisflow.spans import Span, read_spans, write_spans
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
        if decided_by != "guess":
            assert winner.end - winner.start >= loser.end - loser.start
            assert (decided_by == "length") == (winner.end - winner.start > loser.end - loser.start)


def is_guess(span: Span, found: list[Span]) -> bool:
    """Whether a span is a person or a number of spaCy's that covers what a lexicon knows for something else."""
    return (span.source, span.label) in (("spacy", "PERSON"), ("spacy", "NUMBER")) and any(
        other.source == "ruler"
        and other.label != span.label
        and span.start <= other.start
        and other.end <= span.end
        and other.end - other.start < span.end - span.start
        for other in found
    )


@given(spans())
def test_no_person_or_number_that_spacy_guesses_covers_what_a_lexicon_knows_for_something_else(found):
    kept, conflicts = resolve(found, PRIORITY)
    assert {conflict.loser for conflict in conflicts if conflict.decided_by == "guess"} == {
        span for span in found if is_guess(span, found)
    }
    assert not any(is_guess(span, found) for span in kept)


@given(spans())
def test_resolving_twice_changes_nothing(found):
    kept, _ = resolve(found, PRIORITY)
    assert resolve(kept, PRIORITY) == (kept, [])


def test_the_work_grows_as_the_spans_do():
    """Counted, not timed: how often a border is asked for. Comparing every two would make it sixteenfold."""
    asked = 0

    class Counted(Span):
        @property
        def start(self) -> int:
            nonlocal asked
            asked += 1
            return self[1]

    def work(number: int) -> int:
        nonlocal asked
        asked = 0
        # Chains of overlaps: each span meets its neighbours, and half of them are dropped.
        found = [Counted("1", 5 * at, 5 * at + 7 + at % 3, "LOCATION", PRIORITY[at % 3], "x") for at in range(number)]
        kept, conflicts = resolve(found, PRIORITY)
        assert kept and conflicts
        return asked

    assert work(4_000) <= 6 * work(1_000)


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
        if not is_guess(span, found) and not any(overlap(span, other) for other in expected):
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


@given(st.lists(st.tuples(st.integers(0, 999).map(str), spans()), max_size=6))
def test_the_files_of_the_stages_are_merged_tweet_by_tweet(tmp_path_factory, found):
    folder = tmp_path_factory.mktemp("resolve")
    every = sorted(span._replace(tweet_id=tweet_id) for tweet_id, listed in found for span in listed)
    for source in PRIORITY:
        write_spans(folder / source, (span for span in every if span.source == source))
    stages = [folder / source for source in PRIORITY]
    run(stages, ResolveParams(priority=PRIORITY), folder / "out", folder / "conflicts", folder / "statistics")
    expected = [resolve(listed, PRIORITY) for _, listed in groupby(every, key=lambda span: span.tweet_id)]
    assert list(read_spans(folder / "out")) == [span for kept, _ in expected for span in kept]
    dropped = [conflict for _, conflicts in expected for conflict in conflicts]
    rows = read_parquet(folder / "conflicts", CONFLICTS).to_pylist()
    assert [tuple(row.values()) for row in rows] == [(*lost, *winner[1:], why) for lost, winner, why in dropped]
    statistics = read_json(folder / "statistics")
    assert (statistics["spans"], statistics["dropped"]) == (sum(len(kept) for kept, _ in expected), len(dropped))
    assert sum(row["found"] for stage in statistics["per_stage_and_type"].values() for row in stage.values()) == len(
        every
    )


def test_a_stage_file_that_is_not_ordered_is_refused(tmp_path):
    rows = [Span(key, 0, 1, "NUMBER", "regex", "x")._asdict() for key in ("2", "1")]
    write_parquet(tmp_path / "regex", rows, SCHEMA)
    paths = [tmp_path / name for name in ("out", "conflicts", "statistics")]
    with pytest.raises(CrisisflowError, match="tweet 1 comes after tweet 2"):
        run([tmp_path / "regex"], ResolveParams(priority=PRIORITY), *paths)
    assert [path.name for path in tmp_path.iterdir()] == ["regex"]
