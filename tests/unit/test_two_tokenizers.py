"""Words of two tokenizers: a pair covers the same characters, whatever the texts, vocabularies and lengths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.alignment.two_tokenizers import Encoded, encoded, same_words
from crisisflow.pretrained import load_tokenizer
from crisisflow.studies.actionable_help.byte_pairs import learn
from crisisflow.studies.actionable_help.vocabulary import as_fast

TEXTS = ["Water and #food for 17 people near Marawi", "We're trapped: send boats, please!", "no power since 9am"]
ONE = load_tokenizer("embedded:minilm-l6")
OTHER = as_fast(learn(TEXTS, 300, lower_case=True), 64)


def places(own: Encoded) -> list[tuple[int, int]]:
    return [(word.start, word.end) for word in own.words]


@given(st.text(max_size=60), st.integers(3, 40), st.integers(3, 40))
def test_matched_words_cover_the_same_characters_under_two_tokenizers(text, length, other_length):
    (one,), (other,) = encoded(ONE, [text], length), encoded(OTHER, [text], other_length)
    pairs = same_words(places(one), places(other))
    for mine, theirs in pairs:
        first, second = one.words[mine], other.words[theirs]
        assert text[first.start : first.end] == text[second.start : second.end]
        assert first.start == second.start
        assert first.token < length and second.token < other_length
    assert len(pairs) == len({*places(one)} & {*places(other)})
    assert pairs == sorted(pairs) == sorted(pairs, key=lambda pair: pair[1])


@pytest.mark.parametrize(
    ("text", "alone"),
    [(TEXTS[0], []), (TEXTS[1], ["'", "re"]), (TEXTS[2], ["9am"])],  # 're is one word, and 9am two, of byte-level BPE
)
def test_words_of_plain_text_are_matched_where_both_split_alike(text, alone):
    (one,), (other,) = encoded(ONE, [text], 64), encoded(OTHER, [text], 64)
    matched = {number for number, _ in same_words(places(one), places(other))}
    assert [text[slice(*place)] for number, place in enumerate(places(one)) if number not in matched] == alone


def test_a_word_that_one_limit_of_length_cuts_is_in_no_pair():
    text = "help incomprehensibilities"
    (whole,), (cut,) = encoded(ONE, [text], 64), encoded(OTHER, [text], 12)
    assert places(whole)[1] != places(cut)[1]  # the second word is there, but not to its end
    assert same_words(places(whole), places(cut)) == [(0, 0)]
    (short,) = encoded(ONE, [text], 3)
    assert same_words(places(short), places(whole)) == [(0, 0)]
