"""The tokens of a text as lists: spaCy's, without its objects.

spaCy makes a document of each text, and an object of each token that is asked for. Both take longer than all that the
ruler asks of them, and tweets are made of the same words.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate
from operator import add
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # heavy imports
    from spacy.language import Language
    from spacy.tokenizer import Tokenizer

# What spaCy cuts by itself: a word with the blank behind it, or white space that is left.
_PIECE = re.compile(r"\S+ ?|\s+")
# What most pieces are: a word, hashtag or handle, and a sign behind it. They need none of spaCy's expressions.
_PLAIN = re.compile(r"(#?)(@?[A-Za-z]++)((?:[,;:!?]|(?<=[a-z])\.)?)")
# Signs that part words in tweets, and that spaCy leaves in them: "Peru;Ecuador", "Peru |Ecuador".
_SIGNS = r"""[;&|•·+=→←↔⇒/\\!?~*()\[\]{}"“”„«»‹›<>^%$…、。；！？（）｜・【】「」-]"""
# Beside a word of three letters or two capitals: AT&T is one name.
_BEHIND_WORD = r"(?:(?<=[^\W\d_]{3})|(?<=[A-Z]{2}))"
_BEFORE_WORD = r"(?=#?(?:[^\W\d_]{3}|[A-Z]{2}(?![A-Za-z])))"


class Tokens(NamedTuple):
    """What the tokens of a text are, each list with one entry a token."""

    words: list[str]
    lower: list[str]  # the words in lower case
    spaced: list[int]  # 1 where a blank follows, otherwise 0
    starts: list[int]  # offsets in the text
    ends: list[int]


def part_at_signs(nlp: "Language") -> None:
    """Let a pipeline's tokenizer also cut words at the signs that stand between or beside them."""
    from spacy.util import compile_infix_regex, compile_prefix_regex, compile_suffix_regex

    defaults = nlp.Defaults
    nlp.tokenizer.prefix_search = compile_prefix_regex([*defaults.prefixes, _SIGNS + _BEFORE_WORD]).search
    nlp.tokenizer.suffix_search = compile_suffix_regex([*defaults.suffixes, _BEHIND_WORD + _SIGNS]).search
    nlp.tokenizer.infix_finditer = compile_infix_regex(
        [*defaults.infixes, f"{_BEHIND_WORD}{_SIGNS}+{_BEFORE_WORD}"]
    ).finditer


def cutter(tokenizer: "Tokenizer") -> Callable[[str], Tokens]:
    """A function that cuts a text as spaCy's tokenizer does, which it asks for what it did not meet before.

    Each word by itself: spaCy's rules for smileys can reach over a blank, as in ":( )".
    """
    exceptions = frozenset(tokenizer.rules)

    @lru_cache(maxsize=100_000)
    def cut(piece: str) -> tuple[list[str], list[int]]:
        word = piece.rstrip(" ")
        plain = _PLAIN.fullmatch(word)
        # "cannot" is two words, and "Calif." is one.
        if plain and exceptions.isdisjoint((word, plain[2], plain[2] + plain[3])):
            words = list(filter(None, plain.groups()))
            return words, [0] * (len(words) - 1) + [len(piece) - len(word)]
        doc = tokenizer(piece)
        return [token.text for token in doc], [len(token.whitespace_) for token in doc]

    def tokens_of(text: str) -> Tokens:
        words: list[str] = []
        spaced: list[int] = []
        for piece in _PIECE.findall(text):
            own, own_spaced = cut(piece)
            words += own
            spaced += own_spaced
        lengths = list(map(len, words))
        starts = list(accumulate(map(add, lengths, spaced), initial=0))[:-1]
        return Tokens(words, [word.lower() for word in words], spaced, starts, list(map(add, starts, lengths)))

    return tokens_of


def is_punctuation(word: str) -> bool:
    """Whether a word is made of punctuation, as spaCy counts it."""
    from spacy.lang.lex_attrs import is_punct

    return bool(is_punct(word))
