"""Tokens as lists: what spaCy says of them."""

import spacy
from hypothesis import example, given
from hypothesis import strategies as st

from crisisflow.annotation.tokens import cutter, is_punctuation

NLP = spacy.blank("en")
TOKENS_OF = cutter(NLP.tokenizer)


# No brackets: in ":( )" spaCy looks for a smiley across the blank.
@given(st.text(st.sampled_from("aA1é.,-'’#@_!?:; \n\t\u3000😀İß")))
@example(" cannot  U.S.\n \nN.Y. don't ")
@example("#Calif. Calif., @Calif. #cannot cannot. a.m. #a.m. Mr.: approx. dont,")
def test_the_lists_are_what_spacy_says_of_its_tokens(text: str) -> None:
    doc = NLP(text)
    tokens = TOKENS_OF(text)
    assert tokens.words == [token.text for token in doc]
    assert tokens.lower == [token.lower_ for token in doc]
    assert tokens.spaced == [len(token.whitespace_) for token in doc]
    assert tokens.starts == [token.idx for token in doc]
    assert tokens.ends == [token.idx + len(token) for token in doc]
    assert [is_punctuation(word) for word in tokens.words] == [token.is_punct for token in doc]
    assert [word.istitle() for word in tokens.words] == [token.is_title for token in doc]
    assert [word.isalpha() for word in tokens.words] == [token.is_alpha for token in doc]
