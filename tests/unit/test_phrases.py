"""Phrases looked up in a text, beside spaCy's PhraseMatcher."""

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc

from crisisflow.annotation.phrases import Phrases, folded, unaccented

NLP = spacy.blank("en")
WORDS = st.lists(st.sampled_from(["a", "b", "C", "cannot", "U.S.", "x's", "&", "(y)"]), min_size=1, max_size=4).map(
    " ".join
)


def words_of(doc: Doc) -> tuple[list[str], list[bool]]:
    return [token.text for token in doc], [bool(token.whitespace_) for token in doc]


def found(phrases: list[str], text: str, key=folded) -> set[str]:
    looked_up = Phrases(NLP.tokenizer, key)
    for phrase in phrases:
        looked_up.add(phrase, "LOCATION", "rule")
    doc = NLP.make_doc(text)
    return {doc[first : last + 1].text for first, last, _, _ in looked_up.find(*words_of(doc))}


@given(st.lists(WORDS, max_size=5), st.lists(WORDS, max_size=5).map(" ".join))
def test_what_is_written_alike_is_found_as_spacy_finds_it(phrases: list[str], text: str) -> None:
    matcher = PhraseMatcher(NLP.vocab)
    for phrase in phrases:
        matcher.add(phrase, [NLP.make_doc(phrase)])
    doc = NLP.make_doc(text)
    looked_up = Phrases(NLP.tokenizer, str)
    for phrase in phrases:
        looked_up.add(phrase, "LOCATION", phrase)
    own = {(rule, first, last + 1) for first, last, _, rule in looked_up.find(*words_of(doc))}
    assert own == {(NLP.vocab.strings[key], first, end) for key, first, end in matcher(doc)}


@pytest.mark.parametrize(
    ("phrase", "text", "written"),
    [
        ("saint louis", "in St. Louis now", "St. Louis"),
        ("saint louis", "in St Louis now", "St Louis"),
        ("saint-denis", "in St Denis", "St Denis"),
        ("fort worth", "FT. WORTH floods", "FT. WORTH"),
        ("mt vernon", "on Mount Vernon", "Mount Vernon"),
        ("trinidad and tobago", "in Trinidad & Tobago", "Trinidad & Tobago"),
        ("port-au-prince", "Port au Prince shakes", "Port au Prince"),
        ("new orleans", "New-Orleans floods", "New-Orleans"),
        ("são tomé", "Sao Tome floods", "Sao Tome"),
        ("peru", "in Perú", "Perú"),
        ("u.s. navy", "the US Navy comes", "US Navy"),
        ("oahu", "to O'ahu", "O'ahu"),
    ],
)
def test_a_phrase_is_found_as_people_write_it(phrase: str, text: str, written: str) -> None:
    assert found([phrase], text) == {written}


@pytest.mark.parametrize(
    ("phrase", "text"),
    [("storm harvey", "a storm. Harvey left"), ("new orleans", "a new-\nOrleans"), ("peru", "Peruvian")],
)
def test_words_that_make_no_phrase(phrase: str, text: str) -> None:
    assert found([phrase], text) == set()


@given(st.text())
def test_accents_go_place_for_place(text: str) -> None:
    assert len(unaccented(text)) == len(text)
