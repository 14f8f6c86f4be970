"""Tokens as lists: what spaCy says of them."""

import spacy
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.annotation.tokens import is_punctuation, tokens_of

NLP = spacy.blank("en")


@given(st.text(st.sampled_from("aA1é.,-'’# \n😀İß")))
def test_the_lists_are_what_spacy_says_of_its_tokens(text: str) -> None:
    doc = NLP(text)
    tokens = tokens_of(doc)
    assert tokens.words == [token.text for token in doc]
    assert tokens.lower == [token.lower_ for token in doc]
    assert tokens.spaced == [len(token.whitespace_) for token in doc]
    assert tokens.starts == [token.idx for token in doc]
    assert tokens.ends == [token.idx + len(token) for token in doc]
    assert [is_punctuation(word) for word in tokens.words] == [token.is_punct for token in doc]
    assert [word.istitle() for word in tokens.words] == [token.is_title for token in doc]
    assert [word.isalpha() for word in tokens.words] == [token.is_alpha for token in doc]
