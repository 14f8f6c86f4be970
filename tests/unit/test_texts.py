"""Prepared texts: what each step changes, and that a prepared text is prepared."""

import re
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crisisflow.corpus.texts import MENTION_WORD, STEPS, URL_WORD, prepare
from crisisflow.masking import names
from crisisflow.params import TextsParams
from crisisflow.spans import URL

ALL = TextsParams(**dict.fromkeys(STEPS, True))
SWITCHES = st.fixed_dictionaries(dict.fromkeys(STEPS, st.booleans())).map(lambda given: TextsParams(**given))
# Pieces of which the steps make something, beside any text: so that they meet.
PIECES = st.sampled_from(
    [
        *(
            "@",
            "＠",
            "@a_b",
            "a@b.org",
            ".",
            "com",
            "/",
            "://",
            "http",
            "https://t.co/x",
            "www.",
            "HTTPURL",
            "@USER",
            "t.co/",
        ),
        *(
            "&",
            "amp;",
            "&amp;",
            "&lt;",
            "&#64;",
            "&#x1F52;",
            "#",
            ";",
            "ὒ",
            "5",
            "A",
            "🔥",
            "🙏🏽",
            "1️⃣",
            "©",
            "\ufe0f",
            "\u20e3",
        ),
        *("\u200d", "👩", "🚒", " ", "\n", "\t", "\u00a0", "-", "_", "x", "é", "\u0301"),
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=3), max_size=12).map("".join)


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("RT @relief_desk: food &amp; water https://t.co/AbC1\n\nplease", "RT @USER: food & water HTTPURL please"),
        ("tents &amp;amp; food", "tents & food"),
        ("write to desk@example.org or @desk", "write to desk@example.org or @USER"),
        ("see example.org/help, www.example.com", "see HTTPURL HTTPURL"),
        ("Water is rising in Springfield http", "Water is rising in Springfield HTTPURL"),
        ("Water is rising http… ", "Water is rising HTTPURL…"),
        ("WATER NEEDED HTTPS://EXAMPLE.ORG/X", "WATER NEEDED HTTPURL"),
        ("the http protocol", "the http protocol"),
        ("pray🙏for us", "pray folded hands for us"),
        ("ὒ5 near the hill", "fire near the hill"),
        ("help &#64;desk", "help @USER"),
        (" \t ", ""),
    ],
)
def test_a_text_is_prepared(text, prepared):
    assert prepare(text, ALL) == prepared


@pytest.mark.parametrize("step", STEPS)
def test_each_step_can_be_switched_off_and_is_counted(step):
    text = "ὒ5 &lt; @desk https://t.co/x 🔥  end"
    whole, without = Counter(), Counter()
    prepared = prepare(text, ALL, whole)
    assert prepare(text, ALL.model_copy(update={step: False}), without) != prepared
    assert step in whole
    assert step not in without
    assert whole["urls"] == whole["mentions"] == whole["entities"] == whole["repair"] == 1
    assert whole["emoji"] == 2


@given(TEXTS, SWITCHES)
@example("&amp;amp;amp;", ALL)
@example("a.com@b.com@c", ALL)
@example("&#x1F52;5", ALL)
@example("http http://", ALL)
@example("@a@b.org/x@c", ALL)
def test_a_prepared_text_that_is_prepared_again_does_not_change(text, params):
    prepared = prepare(text, params)
    assert prepare(prepared, params) == prepared


@given(TEXTS)
def test_no_handle_and_no_url_is_left(text):
    prepared = prepare(text, ALL)
    found = [*names(prepared)]
    assert {prepared[start:end] for start, end, is_handle in found if is_handle} <= {MENTION_WORD}
    addresses = [(start, end) for start, end, is_handle in found if not is_handle]
    for url in re.finditer(URL.pattern, prepared, re.IGNORECASE):
        assert any(start < url.end() and url.start() < end for start, end in addresses), (url[0], prepared)
    assert not re.search(r"\shttps?$", prepared)
    assert prepared == " ".join(prepared.split())


def test_a_url_and_a_mention_of_a_prepared_text_stay():
    assert prepare(f"{MENTION_WORD} {URL_WORD}", ALL) == f"{MENTION_WORD} {URL_WORD}"
