"""Nodes of a word graph, and how often two of them stand near each other in a text.

The tokens of the texts come in chunks, each in one array. Any iterable of chunks does that can be gone through twice,
so that memory need not grow with the number of texts.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

NO_NODE = -1
WAITING = 4_000_000  # pairs that are held before they are counted together


class Chunk(NamedTuple):
    """The tokens of some texts: ids [tokens] of one text behind the other, and the tokens of each text [texts]."""

    ids: np.ndarray
    lengths: np.ndarray


class Pairs(NamedTuple):
    """Nodes that stand near each other, each pair once: first < second, in ascending order; arrays [pairs]."""

    first: np.ndarray
    second: np.ndarray
    count: np.ndarray


def chunk_of(texts: Sequence[Sequence[int]]) -> Chunk:
    """The token ids of some texts."""
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    return Chunk(np.fromiter((token for text in texts for token in text), np.int32, lengths.sum()), lengths)


def frequencies(chunks: Iterable[Chunk], vocabulary: int) -> np.ndarray:
    """How often each token occurs: [vocabulary]."""
    counts = np.zeros(vocabulary, dtype=np.int64)
    for chunk in chunks:
        counts += np.bincount(chunk.ids, minlength=vocabulary)
    return counts


def nodes_of(frequency: np.ndarray, minimum: int, excluded: Iterable[int]) -> np.ndarray:
    """The tokens that occur at least so often, without those that are excluded: ascending ids [nodes]."""
    enough = frequency >= minimum
    enough[list(excluded)] = False
    return np.flatnonzero(enough).astype(np.int32)


def numbers_of(nodes: np.ndarray, vocabulary: int) -> np.ndarray:
    """The node of each token, or NO_NODE: [vocabulary]."""
    numbers = np.full(vocabulary, NO_NODE, dtype=np.int32)
    numbers[nodes] = np.arange(len(nodes), dtype=np.int32)
    return numbers


def cooccurrences(chunks: Iterable[Chunk], nodes: np.ndarray, vocabulary: int, window: int) -> Pairs:
    """Count the pairs of nodes within the window: two tokens of a text that are less than `window` apart.

    Distance counts all tokens of the text, nodes or not. A node with itself is no pair.
    """
    numbers, size = numbers_of(nodes, vocabulary), max(len(nodes), 1)
    # Narrow keys are sorted in half the time.
    kind = np.uint32 if size <= np.iinfo(np.uint16).max else np.uint64
    keys, counts = np.zeros(0, dtype=kind), np.zeros(0, dtype=np.uint32)
    waiting: list[np.ndarray] = []
    for chunk in chunks:
        own = _apart(numbers[chunk.ids], chunk.lengths, window - 1)
        for distance in range(1, window):
            left, right = own[:-distance], own[distance:]
            near = (left != NO_NODE) & (right != NO_NODE) & (left != right)
            left, right = left[near], right[near]
            waiting.append(np.minimum(left, right).astype(kind) * kind(size) + np.maximum(left, right).astype(kind))
        if sum(map(len, waiting)) > WAITING:
            keys, counts, waiting = *_added(keys, counts, waiting), []
    keys, counts = _added(keys, counts, waiting)
    return Pairs((keys // kind(size)).astype(np.int32), (keys % kind(size)).astype(np.int32), counts)


def _apart(tokens: np.ndarray, lengths: np.ndarray, gap: int) -> np.ndarray:
    """The tokens with `gap` places that are no node behind each text, so that no window spans two texts."""
    spread = np.full(len(tokens) + gap * len(lengths), NO_NODE, dtype=np.int32)
    spread[np.arange(len(tokens)) + np.repeat(np.arange(len(lengths)) * gap, lengths)] = tokens
    return spread


def _added(keys: np.ndarray, counts: np.ndarray, waiting: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The counts by ascending key, with those of the keys that waited."""
    fresh, more = np.unique(np.concatenate([keys[:0], *waiting]), return_counts=True)
    more = more.astype(counts.dtype)
    if not len(keys):
        return fresh, more
    # Merged in place: to sort both again would hold them several times.
    places = np.searchsorted(keys, fresh)
    known = keys[np.minimum(places, len(keys) - 1)] == fresh
    counts[places[known]] += more[known]
    new = ~known
    return np.insert(keys, places[new], fresh[new]), np.insert(counts, places[new], more[new])
