"""One style for texts of several sources: what each step drops, and where the rest of a text is afterwards."""

from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crisisflow.corpus.edits import Edit, Traced, edited
from crisisflow.corpus.normalise import STEPS, normalise
from crisisflow.corpus.normalise_steps import Step

DEFAULT = [step for step in STEPS if step not in ("paper", "case")]
DROPPING = [step for step in DEFAULT if step not in ("entities", "emoji_repair")]
PIECES = st.sampled_from(
    [
        *("@", "@a_b", "a@b.org", ".", "…", "...", "http", "https://t.co/x", "www.", "t.co/", "&", "&amp;", "lt;"),
        *("&#64;", "ὒ", "5", "RT", "rt", ":", "'", '"', "’", "#", "#fire", "🔥", "🙏🏽", "1️⃣", "©", "\u200d", "\ufe0f"),
        *("\u20e3", "\u00a0", "\n", "\t", "-", "_", "x", "é", "\u0301", "Flood", "İ", "Σ"),
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=3) | st.just(" "), max_size=14).map("".join)
LISTS = st.lists(st.sampled_from(list(STEPS)), unique=True)


@pytest.mark.parametrize(
    ("step", "text", "expected"),
    [
        ("entities", "roads &amp; bridges &amp;lt; &unknown;", "roads & bridges < &unknown;"),
        ("emoji_repair", "smoke ὒ5 here", "smoke 🔥 here"),
        ("paper", "@one see https://t.co/x 🔥", "@USER see HTTPURL fire"),
        ("urls", "see https://t.co/x or a@b.org http", "see or a@b.org"),
        ("handles", "thanks @one, .@two and RT@three", "thanks , . and RT"),
        ("retweet", "RT : roof gone, as RT wrote", "roof gone, as wrote"),
        ("retweet", "rt roof gone; start of art", "roof gone; start of art"),
        ("quotes", "don't say “never” `now`", "dont say never now"),
        ("place_tail", "what a view @ Old Harbour, Newtown", "what a view"),
        ("place_tail", "meet @ 5 near the #bridge @user", "meet @ 5 near the #bridge @user"),
        ("ellipsis", "roof gone... roads clo…", "roof gone roads"),
        ("emoji", "roof🔥gone 👩‍🚒 1️⃣", "roof gone"),
        ("hashtags", "#fire and ##flood in #1", "fire and flood in 1"),
        ("punctuation", "roof-top, 3.5 m! #fire_now @ 5", "roof top 3 5 m #fire now @ 5"),
        ("case", "Roof GONE", "roof gone"),
    ],
)
def test_what_a_step_drops(step, text, expected):
    assert normalise(text, [step]).text == expected


def test_the_steps_are_those_that_params_may_name():
    assert set(get_args(Step)) == set(STEPS)


def test_the_order_in_which_steps_are_named_counts_for_nothing():
    text = "RT @one: “roof gone”… https://t.co/x @ Old Harbour"
    assert normalise(text, DEFAULT) == normalise(text, DEFAULT[::-1])
    assert normalise(text, DEFAULT).text == "roof"  # gone is a word that a cut sign stands behind


@given(TEXTS, LISTS)
@example("a @ B @ C", ["place_tail"])
@example("&amp;lt;", ["entities", "punctuation"])
def test_a_normalised_text_stays_as_it_is(text, steps):
    once = normalise(text, steps).text
    assert normalise(once, steps).text == once
    assert once == " ".join(once.split())


@given(TEXTS, st.lists(st.sampled_from(DROPPING), unique=True))
def test_a_kept_character_is_the_one_it_comes_from(text, steps):
    found = normalise(text, steps)
    assert len(found.text) == len(found.starts) == len(found.ends)
    for letter, start, end in zip(*found, strict=True):
        assert letter == " " or (end == start + 1 and text[start] == letter)
    assert [*found.starts] == sorted(found.starts)


@given(TEXTS, st.lists(st.sampled_from(DROPPING), unique=True), st.data())
def test_a_span_is_what_is_left_of_its_text(text, steps, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    found = normalise(text, steps)
    left = [
        text[at]
        for at in range(start, end)
        if any(own == at and letter != " " for own, letter in zip(found.starts, found.text, strict=True))
    ]
    moved = found.span(start, end)
    if moved is None:
        assert not left
    else:
        assert [*found.text[slice(*moved)].replace(" ", "")] == [letter for letter in left if letter != " "]
        assert found.text[slice(*moved)].strip() == found.text[slice(*moved)]


def test_a_span_moves_and_one_that_is_dropped_is_none():
    text = "RT @one: 12 houses gone in Newtown @ Old Harbour"
    found = normalise(text, DEFAULT)
    assert found.text == "12 houses gone in Newtown"
    houses, harbour = text.index("12 houses"), text.index("Old Harbour")
    assert found.text[slice(*found.span(houses, houses + len("12 houses")))] == "12 houses"
    assert found.span(harbour, harbour + len("Old Harbour")) is None
    assert found.span(houses, houses) is None


def test_a_character_of_a_replacement_comes_from_all_that_it_replaces():
    found = Traced.of("see http here").edited([Edit(4, 8, "URL")]).edited([Edit(0, 4, "")])
    assert found == ("URL here", [4, 4, 4, 8, 9, 10, 11, 12], [8, 8, 8, 9, 10, 11, 12, 13])
    assert found.span(5, 6) == (0, 3)
    assert edited("abc", []) == "abc"
