"""The tokens of a text as lists.

spaCy makes an object of a token whenever one is asked for, which takes longer than all that the ruler asks of it.
"""

from itertools import accumulate
from operator import add
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # a heavy import
    from spacy.tokens import Doc


class Tokens(NamedTuple):
    """What the tokens of a text are, each list with one entry a token."""

    words: list[str]
    lower: list[str]  # the words in lower case
    spaced: list[int]  # 1 where a blank follows, otherwise 0
    starts: list[int]  # offsets in the text
    ends: list[int]


def tokens_of(doc: "Doc") -> Tokens:
    """The tokens of a document of spaCy's."""
    words = [token.text for token in doc]
    spaced = doc.to_array("SPACY").tolist()
    lengths = list(map(len, words))
    starts = list(accumulate(map(add, lengths, spaced), initial=0))[:-1]
    return Tokens(words, [word.lower() for word in words], spaced, starts, list(map(add, starts, lengths)))


def is_punctuation(word: str) -> bool:
    """Whether a word is made of punctuation, as spaCy counts it."""
    from spacy.lang.lex_attrs import is_punct

    return bool(is_punct(word))
