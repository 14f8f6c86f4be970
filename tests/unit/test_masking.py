"""Masking: nothing private is left, and every offset still fits."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.masking import COVER, mask

PIECES = [
    "@someone",
    "o'brien@example.org",
    "o’brien@example.org",
    "@@someone",
    "＠wide",
    "me@example.org",
    "me＠example.org",
    "a.b+c@x-y.co.uk",
]
PIECES += ["+1 (555) 010-0199", "0917.555.0100", "0917 - 555 - 0100", "555–010–0199", "5550100"]
PLAIN = [
    "17 dead",
    "1,000,000 people",
    "in 2018",
    "at 10:30",
    "6.9 magnitude",
    "flood #Kerala",
    "\U0001f525",
    "e\u0301",
    "$50",
]


@given(st.lists(st.sampled_from(PIECES + PLAIN) | st.text(max_size=8), max_size=8))
def test_a_masked_text_is_as_long_and_masking_twice_is_masking_once(pieces):
    text = " ".join(pieces)
    assert len(mask(text)) == len(text)
    assert mask(mask(text)) == mask(text)
    assert all(now in (before, COVER) for before, now in zip(text, mask(text), strict=True))


@given(st.text(alphabet="@＠aé1.-+(), :\n•\U0001f525", max_size=30) | st.text())
def test_whatever_the_text_nothing_like_a_handle_or_address_is_left(text):
    masked = mask(text)
    assert len(masked) == len(text)
    assert mask(masked) == masked
    assert not re.search(r"[@＠]\w|\d{7}", masked)


@given(st.lists(st.sampled_from(PIECES + PLAIN), max_size=8))
def test_no_handle_address_or_phone_number_is_left(pieces):
    masked = mask(" and ".join(pieces))
    assert "@" not in masked
    assert "＠" not in masked
    assert not re.search(r"\d{7}|\d{3}-\d{4}", masked)
    for piece in PLAIN:
        assert masked.count(piece) >= pieces.count(piece)


@pytest.mark.parametrize("text", PLAIN)
def test_what_names_nobody_stays(text):
    assert mask(text) == text


@pytest.mark.parametrize("piece", PIECES)
def test_what_names_somebody_is_covered_whole(piece):
    assert mask(f"ask {piece} now") == f"ask {COVER * len(piece)} now"


@pytest.mark.parametrize(("text", "masked"), [("RT@someone: hi", "RT••••••••: hi"), ("x@y.zz@w", "••••••••")])
def test_a_handle_may_stand_behind_a_word(text, masked):
    assert mask(text) == masked


def seconds(text):
    """Of this thread alone, the least of some runs: what others do beside it is not counted."""
    runs = []
    for _ in range(5):
        begin = time.thread_time()
        mask(text)
        runs.append(time.thread_time() - begin)
    return min(runs)


@pytest.mark.parametrize("piece", ["a", "a.", "@", "@＠", "a@", "1", "(1) ", "a@b.", "a.+-", "a" * 99 + "@"])
def test_a_text_of_four_times_the_length_takes_about_four_times_as_long(piece):
    short = piece * 2_000
    assert seconds(4 * short) < 9 * seconds(short) + 1e-4  # the square would be 16 times


@pytest.mark.parametrize("length", [64, 65, 5000])
def test_an_address_is_covered_however_long_the_word_before_its_sign(length):
    assert mask("to " + "a" * length + "@x.org") == "to " + COVER * (length + 6)
