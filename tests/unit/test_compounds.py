"""Words that were written without the blanks between them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.corpus.compounds import MOST, parts


@pytest.mark.parametrize(
    ("compound", "words"),
    [
        ("PrayForPeru", ["Pray", "For", "Peru"]),
        ("prayForPERU2019", ["pray", "For", "PERU", "2019"]),
        ("prayforperu", ["pray", "for", "peru"]),
        ("PRAYFORPERU", ["PRAY", "FOR", "PERU"]),
        ("stay_home", ["stay_home"]),
        ("ab" * MOST, ["ab" * MOST]),
    ],
)
def test_the_words_of_a_compound(compound, words):
    assert parts(compound) == words


@given(st.text(alphabet="abcXYZ12", min_size=1, max_size=20))
def test_no_letter_is_lost(compound):
    assert "".join(parts(compound)) == compound
