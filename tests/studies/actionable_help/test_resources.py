"""Resources: the kinds of help that a text speaks of. All texts are invented."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.studies.actionable_help.labels import RESOURCES
from crisisflow.studies.actionable_help.resources import lexicon, resources_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We need tents and blankets", ["clothing", "shelter"]),
        ("Please send bottled water and rice", ["food", "water"]),
        ("FLOOD WATER is rising on our street", []),
        ("I can give N95 masks to nurses", ["medical", "protective"]),
        ("Wear a mask please", []),
        ("Donate here", ["money"]),
        ("I want to donate clothes", ["clothing"]),
        ("Donate blood at the camp today", ["medical"]),
        ("Volunteers wanted", ["volunteers"]),
        ("My mother is sick", ["medical"]),
        ("My mother is sick and hungry", ["food"]),
        ("a place-to-stay for two", ["shelter"]),
        ("The waterfront and the moneyed", []),
        ("", []),
    ],
)
def test_words_speak_of_resources(text, expected):
    assert resources_of(text) == expected


@given(st.sampled_from([(name, word) for name, own in lexicon().resources.items() for word in own.words]))
def test_each_word_of_the_lexicon_is_found_in_any_letter_case_and_as_a_plural(pair):
    name, word = pair
    for form in (word, word.upper(), f"{word}s", f"({word})", f"#{word}"):
        assert name in resources_of(f"we have {form} here")


@given(st.text())
def test_resources_come_in_the_order_of_the_lexicon_each_once(text):
    found = resources_of(text)
    assert found == [name for name in RESOURCES if name in found]


def test_the_lexicon_has_the_resources_of_the_study():
    assert tuple(lexicon().resources) == RESOURCES
