"""Windows: a text that is longer than what a row reads at once, in stretches that overlap, and its words from them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from crisisflow.alignment.bio import Word, words_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Window(NamedTuple):
    """A stretch of a text as the row reads it; `word_ids` and `offsets` are a tokenizer's, of each subword."""

    ids: list[int]
    word_ids: list[int | None]
    offsets: list[tuple[int, int]]


class WordPosition(NamedTuple):
    """Where a word is labelled: window, subword, and its distance from the window's nearer edge in subwords."""

    window: int
    token: int
    distance: int


def windows_of(tokenizer: "PreTrainedTokenizerBase", max_length: int, texts: Sequence[str]) -> list[list[Window]]:
    """The windows of each text, of at most `max_length` subwords; neighbours share a quarter of theirs."""
    encoded = tokenizer(
        list(texts),
        truncation=True,
        max_length=max_length,
        stride=max_length // 4,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    found: list[list[Window]] = [[] for _ in texts]
    for at, text in enumerate(encoded["overflow_to_sample_mapping"]):
        found[text].append(Window(encoded["input_ids"][at], encoded.word_ids(at), encoded["offset_mapping"][at]))
    return found


def joined_words(windows: Sequence[Window], text: str) -> tuple[list[Word], list[WordPosition]]:
    """The words of a text, each once, and where each is labelled: where it is furthest from a window's edge.

    `Word.token` is that of its position.
    """
    words: dict[tuple[int, int], Word] = {}  # by word id and start: some tokenizers take a whole text as one word
    positions: dict[tuple[int, int], WordPosition] = {}
    for at, window in enumerate(windows):
        for number, word in enumerate(words_of(window.word_ids, window.offsets, text)):
            key = (window.word_ids[word.token], word.start)
            position = WordPosition(at, word.token, min(word.token, len(window.ids) - 1 - word.token))
            if key not in words and number == 0:
                # A window may begin within a word; the label is on the word's first subword.
                begun = (own for own, known in words.items() if own[0] == key[0] and own[1] < word.start < known.end)
                key = next(begun, key)
            elif key in words and position.distance > positions[key].distance:
                positions[key] = position
            known = words.setdefault(key, word)
            positions.setdefault(key, position)
            words[key] = known._replace(end=max(known.end, word.end))
    order = sorted(words)
    return [words[key]._replace(token=positions[key].token) for key in order], [positions[key] for key in order]
