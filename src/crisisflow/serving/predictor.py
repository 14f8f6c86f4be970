"""The predictor: spans and event of texts of any length, from one forward pass of each stretch of a text.

A text that is longer than what the row reads at once is read in windows that overlap. Each word is labelled where it
stands furthest from a window's edge; the event's probabilities are the mean over the windows.
"""

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from crisisflow.alignment.bio import Word, words_of
from crisisflow.alignment.decoding import FoundSpan, strict_spans
from crisisflow.inference import Findings, TrainedRow
from crisisflow.language import TRAINED_ON, language_of
from crisisflow.serving.runtime import Forward
from crisisflow.taxonomy import BIO_LABELS
from crisisflow.training.batching import Shapes, evaluation_order

WINDOWS = 32  # windows of a text that are read at most
SUBWORDS = 128  # padded subwords of one forward pass: what stays in a core's cache, and is of similar length

MARKS = ("Mn", "Me", "Mc")  # Unicode's categories of combining marks; variation selectors are Mn


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


def windows_of(row: TrainedRow, texts: Sequence[str]) -> list[list[Window]]:
    """The windows of each text; neighbours share a quarter of their subwords."""
    encoded = row.tokenizer(
        list(texts),
        truncation=True,
        max_length=row.max_length,
        stride=row.max_length // 4,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    found: list[list[Window]] = [[] for _ in texts]
    for at, text in enumerate(encoded["overflow_to_sample_mapping"]):
        found[text].append(Window(encoded["input_ids"][at], encoded.word_ids(at), encoded["offset_mapping"][at]))
    return found


def joined_words(windows: Sequence[Window], text: str) -> tuple[list[Word], list[WordPosition]]:
    """The words of a text, each once, and where each is labelled. `Word.token` is that of its place."""
    words: dict[tuple[int, int], Word] = {}  # by word id and start: some tokenizers take a whole text as one word
    places: dict[tuple[int, int], WordPosition] = {}
    for at, window in enumerate(windows):
        for number, word in enumerate(words_of(window.word_ids, window.offsets, text)):
            key = (window.word_ids[word.token], word.start)
            place = WordPosition(at, word.token, min(word.token, len(window.ids) - 1 - word.token))
            if key not in words and number == 0:
                # A window may begin within a word; the label is on the word's first subword.
                begun = (own for own, known in words.items() if own[0] == key[0] and own[1] < word.start < known.end)
                key = next(begun, key)
            elif key in words and place.distance > places[key].distance:
                places[key] = place
            known = words.setdefault(key, word)
            places.setdefault(key, place)
            words[key] = known._replace(end=max(known.end, word.end))
    order = sorted(words)
    return [words[key]._replace(token=places[key].token) for key in order], [places[key] for key in order]


class Predictor:
    """Predicts texts with a row's forward pass; whose answers depend on a text alone but for rounding."""

    def __init__(self, row: TrainedRow, forward: Forward) -> None:
        self.row, self.forward = row, forward

    def __call__(self, texts: Sequence[str]) -> list[Findings]:
        """What the row finds in each text; `cut` where a text has more than WINDOWS windows.

        Nothing in a text whose language the row was not trained on.
        """
        languages = [language_of(text) for text in texts]
        known = [text for text, language in zip(texts, languages, strict=True) if language == TRAINED_ON]
        found = iter(self._judged(known))
        return [next(found) if own == TRAINED_ON else Findings(None, None, False, own) for own in languages]

    def _judged(self, texts: Sequence[str]) -> list[Findings]:
        if not texts:
            return []
        windows = windows_of(self.row, texts)
        read = [own[:WINDOWS] for own in windows]
        probabilities = iter(self._probabilities([window.ids for own in read for window in own]))
        return [
            _findings(text, own, [next(probabilities) for _ in own], len(own) < len(all_of_them))
            for text, own, all_of_them in zip(texts, read, windows, strict=True)
        ]

    def _probabilities(self, ids: list[list[int]]) -> list[tuple[np.ndarray | None, np.ndarray | None]]:
        """Of the labels [subwords, 21] and of the classes [10], for each sequence of ids."""
        found: dict[int, tuple[np.ndarray | None, np.ndarray | None]] = {}
        lengths = [len(own) for own in ids]
        for batch in evaluation_order(lengths, SUBWORDS, Shapes(1, self.row.max_length, filled=False)):
            shape = (len(batch), lengths[batch[0]])
            padded, mask = np.full(shape, self.row.tokenizer.pad_token_id, np.int64), np.zeros(shape, np.int64)
            for line, at in enumerate(batch):
                padded[line, : lengths[at]], mask[line, : lengths[at]] = ids[at], 1
            entity, event = map(_softmax, self.forward(padded, mask))
            for line, at in enumerate(batch):
                found[at] = (
                    None if entity is None else entity[line, : lengths[at]],
                    None if event is None else event[line],
                )
        return [found[at] for at in range(len(ids))]


def _softmax(logits: np.ndarray | None) -> np.ndarray | None:
    if logits is None:
        return None
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def with_marks(text: str, spans: Sequence[FoundSpan]) -> list[FoundSpan]:
    """The spans with the combining marks behind them: the tokenizer drops accents, whose offsets no word then has."""
    found = []
    for at, span in enumerate(spans):
        limit = spans[at + 1].start if at + 1 < len(spans) else len(text)
        end = span.end
        while end < limit and unicodedata.category(text[end]) in MARKS:
            end += 1
        found.append(span._replace(end=end))
    return found


def _findings(
    text: str,
    windows: Sequence[Window],
    probabilities: Sequence[tuple[np.ndarray | None, np.ndarray | None]],
    cut: bool,
) -> Findings:
    entity, event = zip(*probabilities, strict=True)
    spans = None
    if entity[0] is not None:
        words, places = joined_words(windows, text)
        confidence = [entity[place.window][place.token] for place in places]
        labels = [BIO_LABELS[own.argmax()] for own in confidence]
        spans = with_marks(text, strict_spans(words, labels, [float(own.max()) for own in confidence]))
    classes = None if event[0] is None else np.mean(event, axis=0).tolist()
    return Findings(spans, classes, cut)
