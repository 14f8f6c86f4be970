"""Annotation stage 3 on sentences of our own."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crisisflow.annotation.numerals import mark_numbers
from crisisflow.annotation.patterns import load_regex
from crisisflow.annotation.regex_stage import annotate, run
from crisisflow.annotation.ruler_lexicon import load_ruler
from crisisflow.artifacts import TWEETS, write_parquet
from crisisflow.params import LexiconParams
from crisisflow.spans import read_spans

DEFAULT = LexiconParams(
    lexicons=["casualties", "displacement", "requests", "resources", "rescue", "numbers", "fires", "acronyms"]
)

EXAMPLES = [
    ("17 dead", "17 dead", "CASUALTY"),
    ("17 people killed near Marawi, rescue teams requested immediately", "17 people killed", "CASUALTY"),
    ("17 people killed near Marawi, rescue teams requested immediately", "rescue teams", "RESCUE"),
    ("at least 17 people have died", "at least 17 people have died", "CASUALTY"),
    ("Dozens injured", "Dozens injured", "CASUALTY"),
    ("10-15 injured", "10-15 injured", "CASUALTY"),
    ("the quake kills 1,200", "kills 1,200", "CASUALTY"),
    ("Death toll rises to 40", "Death toll rises to 40", "CASUALTY"),
    ("death toll of the storm, they say", "death toll", "CASUALTY"),
    ("two more bodies", "two more bodies", "CASUALTY"),
    ("lost their lives", "lost their lives", "CASUALTY"),
    ("1,000 evacuees", "1,000 evacuees", "DISPLACED"),
    ("thousands forced to flee", "thousands forced to flee", "DISPLACED"),
    ("over 300,000 people displaced", "over 300,000 people displaced", "DISPLACED"),
    ("1.2 million people have been evacuated", "1.2 million people have been evacuated", "DISPLACED"),
    ("forcing 2,000 people from their homes", "forcing 2,000 people from their homes", "DISPLACED"),
    ("we need food", "need food", "REQUEST"),
    ("please donate", "please donate", "REQUEST"),
    ("urgent need of water", "urgent need of water", "REQUEST"),
    ("they are in desperate need", "in desperate need", "REQUEST"),
    ("volunteers urgently needed", "volunteers urgently needed", "REQUEST"),
    ("calls for help", "calls for help", "REQUEST"),
    ("need rescuing", "need rescuing", "REQUEST"),
    ("12 water trucks", "water trucks", "RESOURCE"),
    ("relief supplies", "relief supplies", "RESOURCE"),
    ("food and water", "water", "RESOURCE"),
    ("water, blankets and tents", "water", "RESOURCE"),
    ("water, blankets and tents", "blankets", "RESOURCE"),
    ("17 dead and 40 injured", "17 dead and 40 injured", "CASUALTY"),
    ("they were killed", "killed", "CASUALTY"),
    ("mandatory evacuation orders", "mandatory evacuation orders", "DISPLACED"),
    ("more than 500 homes", "more than 500", "NUMBER"),
    ("tens of thousands of homes", "tens of thousands", "NUMBER"),
    ("boxes of clothes", "boxes of clothes", "RESOURCE"),
    ("a shelter", "shelter", "RESOURCE"),
    ("search and rescue operations", "search and rescue operations", "RESCUE"),
    ("they rescued 12 people", "rescued 12 people", "RESCUE"),
    ("40 people were rescued", "40 people were rescued", "RESCUE"),
    ("#firefighters", "firefighters", "RESCUE"),
    ("Day 3 of the search", "Day 3", "NUMBER"),
    ("$5 million", "$5 million", "NUMBER"),
    ("7.8 magnitude", "7.8 magnitude", "NUMBER"),
    ("25 million euros", "25 million euros", "NUMBER"),
    ("winds of 120 mph", "120 mph", "NUMBER"),
    ("45% of homes", "45%", "NUMBER"),
    ("CA$50 million", "CA$50 million", "NUMBER"),
    ("follow Step #1", "Step #1", "NUMBER"),
    ("the fire spreads", "fire", "DISASTER_TYPE"),
    ("WXYZ-TV was there", "WXYZ-TV", "ORGANIZATION"),
    ("ACME officials say so", "ACME", "ORGANIZATION"),
    ("they found a body", "a body", "CASUALTY"),
    ("families told to move to higher ground", "families told to move to higher ground", "DISPLACED"),
    ("200 families have taken refuge there", "200 families have taken refuge", "DISPLACED"),
    ("displaced women living in shelters", "displaced women living in shelters", "DISPLACED"),
    ("they cannot return to their homes", "cannot return to their homes", "DISPLACED"),
    ("forced evacuation of towns", "evacuation", "DISPLACED"),
    ("Help the people of Samoa", "Help", "REQUEST"),
    ("Any help is greatly appreciated", "Any help is greatly appreciated", "REQUEST"),
    ("fuel shortages in town", "fuel shortages", "REQUEST"),
    ("lack of resources", "lack of resources", "REQUEST"),
    ("see #donate", "donate", "REQUEST"),
    ("continue to donate", "donate", "REQUEST"),
    ("searching for survivors", "searching for survivors", "RESCUE"),
    ("the search for 12 missing people", "search for 12 missing people", "RESCUE"),
    ("a K9 team", "K9 team", "RESCUE"),
    ("bring fuel", "fuel", "RESOURCE"),
    ("500 people forced to leave", "500 people forced to leave", "DISPLACED"),
    ("they raise money", "money", "RESOURCE"),
    ("financial help", "financial help", "RESOURCE"),
    ("at collection points", "collection points", "RESOURCE"),
    ("cases of clothes", "cases of clothes", "RESOURCE"),
    ("a hot meal", "hot meal", "RESOURCE"),
    ("INR 5000", "INR 5000", "NUMBER"),
    ("one firefighter here", "one", "NUMBER"),
    ("requiring generators", "requiring generators", "REQUEST"),
    ("save  us", "save  us", "REQUEST"),
    ("running  out of fuel", "running  out of fuel", "REQUEST"),
    ("so donate if you can", "donate", "REQUEST"),
]


def found(text: str) -> list[tuple[str, str]]:
    return [(text[span.start : span.end], span.label) for span in annotate([("1", text)], DEFAULT)]


@pytest.mark.parametrize(("text", "span", "label"), EXAMPLES)
def test_what_is_found(text: str, span: str, label: str) -> None:
    assert (span, label) in found(text)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("a 17-year-old killed time", "CASUALTY"),
        ("17 years old, dead tired", "CASUALTY"),
        ("on 12/05 dead calm, at 10:45 dead slow, $5 dead weight", "CASUALTY"),
        ("no one died", "CASUALTY"),
        ("the deadline, the skilled, a diet", "CASUALTY"),
        ("pray for Chile, prayers for all", "REQUEST"),
        ("they need to leave", "REQUEST"),
        ("we seek shelter", "REQUEST"),
        ("flood water rises", "RESOURCE"),
        ("@firefighters @rescueteams", "RESCUE"),
        ("in 2017, on 12/05, at 10:45, 3 days, 24 August, the 3rd", "NUMBER"),
        ("evacuation centre", "DISPLACED"),
        ("go there to help us", "REQUEST"),
        ("Help is here, help yourself", "REQUEST"),
        ("much needed supplies", "REQUEST"),
        ("a special needs shelter", "REQUEST"),
        ("left without food", "RESOURCE"),
        ("call 1-800-555, US-301, a man, 43, he 4 me", "NUMBER"),
        ("WITH love, KEEP calm, WXYZABC, LOCAL officials, ACME OFFICIALS", "ORGANIZATION"),
        ("the fire department, a cease fire", "DISASTER_TYPE"),
        ("looking for shelter", "RESCUE"),
    ],
)
def test_what_is_not_found(text: str, label: str) -> None:
    assert label not in [other for _, other in found(text)]


def test_offsets_count_code_points_and_every_span_names_its_rule() -> None:
    text = "🔥🇲🇽👩‍🚒 at least 9 dead, send help"
    spans = list(annotate([("tweet", text)], DEFAULT))
    assert [(text[s.start : s.end], s.tweet_id, s.source, s.rule) for s in spans] == [
        ("at least 9 dead", "tweet", "regex", "people-harmed"),
        ("dead", "tweet", "regex", "harm"),
        ("send help", "tweet", "regex", "help-please"),
        ("at least 9", "tweet", "regex", "count"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/need-food/17-dead?fire=500",
        "see redcross.org/donate now",
        "www.rescue.org",
        "acme.gov.uk/fire",
    ],
)
def test_nothing_is_found_in_a_url(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("rule", load_regex(DEFAULT.lexicons), ids=lambda rule: rule.rule)
def test_every_match_holds_what_its_rule_needs(rule) -> None:
    for text, _, _ in EXAMPLES:
        marked = mark_numbers(text)
        if rule.regex.search(marked):
            assert any(need in marked.lower() for need in rule.needs)


PIECES = st.sampled_from(
    ["17 ", "dead", " of ", "1,000", "\n", " ", "people ", "need ", "food", "$", "🔥", "İ", "-", "@"]
)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80) | st.lists(PIECES, max_size=12).map("".join))
def test_any_text_gives_whole_spans(text: str) -> None:
    for span in annotate([("1", text)], DEFAULT):
        assert 0 <= span.start < span.end <= len(text)
        assert text[span.start : span.end].strip() == text[span.start : span.end]


HOSTILE = ["1,", "a ", "1", "1 ", " ", "1-", "1.", "$1", "killed ", "17 people have been ", "food, ", "need food and "]
HOSTILE += ["death toll ", "at least ", "hundreds of ", "please donate ", "urgently badly ", "need some ", "the "]


@pytest.mark.parametrize("rule", load_regex(DEFAULT.lexicons), ids=lambda rule: rule.rule)
def test_no_text_makes_a_pattern_slow(rule) -> None:
    start = time.process_time()
    for piece in HOSTILE:
        text = piece * (12_000 // len(piece))
        for hostile in (text, f"need 17 {text}", f"17{text}dead"):
            sum(1 for _ in rule.regex.finditer(hostile))
    # A linear pattern takes less than a tenth of this.
    assert time.process_time() - start < 2.5


@pytest.mark.parametrize("pattern", [p for p, _ in load_ruler(["disasters", "organisations"]).hashtags], ids=str)
def test_no_hashtag_makes_a_pattern_slow(pattern) -> None:
    start = time.process_time()
    for piece in ("a", "flood", "hurricane", "news", "cyclone_", "fire", "9"):
        pattern.fullmatch(piece * (12_000 // len(piece)))
    assert time.process_time() - start < 2.5


def test_run_writes_the_spans_of_a_tweets_file(tmp_path: Path) -> None:
    row = {"tweet_id": "9", "text": "we need food", "class_label": "", "event": "", "split": "train"}
    write_parquet(tmp_path / "tweets.parquet", [row], TWEETS)
    run(tmp_path / "tweets.parquet", DEFAULT, tmp_path / "regex.parquet")
    assert [tuple(span) for span in read_spans(tmp_path / "regex.parquet")] == [
        ("9", 3, 12, "REQUEST", "regex", "need-aid"),
        ("9", 8, 12, "RESOURCE", "regex", "supplies"),
    ]
