"""The crisis glossary, and how much closer its translations are than other pairs."""

from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.studies.gnom.glossary import closeness, glossary, margins, translations, words_of


def test_the_glossary_has_a_word_of_each_language_in_lower_case():
    assert len(glossary()) == 120
    words = [*chain.from_iterable(entry.values() for entry in glossary())]
    assert all(word and word == word.lower().strip() for word in words)
    assert len({entry["en"] for entry in glossary()}) == 120


def test_only_tokens_that_are_words_count():
    assert words_of(["water", "##s", "Casa", "?", "12"]) == {0: "water", 2: "casa"}
    assert words_of(["▁water", "casa", "▁", "▁Agua", "▁!"]) == {0: "water", 3: "agua"}


def test_a_word_that_two_languages_have_in_common_is_no_pair():
    known = ["earthquake", "terremoto", "water", "agua"]
    assert translations(known, "en", "es") == [("water", "agua"), ("earthquake", "terremoto")]
    assert translations(known, "es", "it") == []


def test_translations_on_one_line_are_as_close_as_can_be():
    vectors = np.eye(6)
    found = closeness(vectors, 3 * vectors)
    assert found.difference == pytest.approx(1) and found.others == pytest.approx(0) and found.nearest == 1
    mixed = closeness(vectors, np.roll(vectors, 1, axis=0))
    assert mixed.difference == pytest.approx(-0.2) and mixed.nearest == 0
    assert closeness(vectors[:1], vectors[:1]) is None


@given(st.integers(2, 9), st.integers(0, 50))
def test_the_margin_is_the_mean_cosine_of_translations_less_that_of_all_other_pairs(pairs, seed):
    random = np.random.default_rng(seed)
    ones, others = random.normal(size=(2, pairs, 4))
    cosines = [[a @ b / np.linalg.norm(a) / np.linalg.norm(b) for b in others] for a in ones]
    apart = [cosines[i][j] for i in range(pairs) for j in range(pairs) if i != j]
    own = np.mean([cosines[i][i] for i in range(pairs)])
    assert margins(ones, others).mean() == pytest.approx(own - np.mean(apart))
    found = closeness(ones, others)
    assert found.others == pytest.approx(np.mean(apart))
    assert pairs < 4 or found.low <= found.difference <= found.high


def test_two_languages_that_are_unrelated_have_an_interval_around_zero():
    random = np.random.default_rng(0)
    found = closeness(*random.normal(size=(2, 80, 30)))
    assert found.low < 0 < found.high
