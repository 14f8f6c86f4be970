"""Words of two tokenizers: those that both have, where a teacher and its student cut texts into other subwords."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from crisisflow.alignment.bio import Word, words_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TOKENIZED_AT_ONCE = 1_000  # texts: the tokenizer's own objects are far larger than the ids


class Encoded(NamedTuple):
    """A text as a model reads it, and its words."""

    input_ids: list[int]
    words: list[Word]


def encoded(tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str], max_length: int) -> Iterator[Encoded]:
    """Each text in at most `max_length` subwords; words beyond them are not there, and the last one may be cut."""
    for begin in range(0, len(texts), TOKENIZED_AT_ONCE):
        part = list(texts[begin : begin + TOKENIZED_AT_ONCE])
        found = tokenizer(part, truncation=True, max_length=max_length, return_offsets_mapping=True)
        for at, text in enumerate(part):
            yield Encoded(found["input_ids"][at], words_of(found.word_ids(at), found["offset_mapping"][at], text))


def same_words(one: Sequence[tuple[int, int]], other: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The positions, in both lists, of the words that cover the same characters, in the order of the first.

    A word that one tokenizer's length limit cuts off, or that it splits in another way, is in no pair.

    Args:
        one, other: the places (start, end) of the words of the same text; no place twice in a list.
    """
    at = {place: number for number, place in enumerate(other)}
    return [(number, at[place]) for number, place in enumerate(one) if place in at]
