"""The words of posts as numbers, for networks over vectors of words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from crisisflow.corpus.tweet_words import words
from crisisflow.errors import CrisisflowError
from crisisflow.word_vectors import read_vectors

PADDING, UNKNOWN = 0, 1
FIRST = 2  # the number of the first known word


def vocabulary(texts: Sequence[str], least: int) -> dict[str, int]:
    """The numbers of the words that occur so often: the most frequent first, of equal ones by the alphabet."""
    counts = Counter(word for text in texts for word in words(text))
    known = sorted((word for word, count in counts.items() if count >= least), key=lambda own: (-counts[own], own))
    return {word: number for number, word in enumerate(known, FIRST)}


def numbers(texts: Sequence[str], known: Mapping[str, int], longest: int) -> list[list[int]]:
    """The words of each text by their numbers, at most so many; a text without words is one unknown word."""
    return [[known.get(word, UNKNOWN) for word in words(text)[:longest]] or [UNKNOWN] for text in texts]


def initial_vectors(folder: Path, known: Mapping[str, int], width: int) -> dict[int, Tensor]:
    """The vectors with which known words begin, by their numbers.

    Raises:
        CrisisflowError: they have another width, or what `read_vectors` raises.
    """
    found = read_vectors(folder, known)
    if found.vectors.shape[1] != width:
        raise CrisisflowError(f"the vectors of {folder} have {found.vectors.shape[1]} dimensions; write them as width")
    return {known[word]: torch.from_numpy(found.vectors[row]) for word, row in found.numbers.items()}
