"""The crisis glossary: 120 words in English, Spanish and Italian, by which one sees whether languages come closer."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np

from crisisflow.evaluation.bootstrap import RESAMPLES, interval, resamples
from crisisflow.strict_yaml import parse

MARK = "▁"  # before a token that begins a word, where the tokenizer marks these (SentencePiece)


@cache
def glossary() -> Sequence[Mapping[str, str]]:
    """The entries of glossary.yaml: a word of each language."""
    data = parse(files("crisisflow.studies.gnom").joinpath("glossary.yaml").read_text(encoding="utf-8"))
    return [dict(zip(data["languages"], words, strict=True)) for words in data["words"]]


def words_of(tokens: Sequence[str]) -> dict[int, str]:
    """By its place the word that a token is, in lower case; no part of a word, and nothing but letters.

    Args:
        tokens: of one tokenizer.
    """
    marked = any(token.startswith(MARK) for token in tokens)
    return {
        at: token.removeprefix(MARK).lower()
        for at, token in enumerate(tokens)
        if token.startswith(MARK) >= marked and token.removeprefix(MARK).isalpha()
    }


def translations(known: Iterable[str], one: str, other: str) -> list[tuple[str, str]]:
    """The entries of which both words are known, in two languages; a word that both have in common is no pair."""
    there = {*known}
    pairs = dict.fromkeys((entry[one], entry[other]) for entry in glossary())
    return [pair for pair in pairs if pair[0] != pair[1] and there >= {*pair}]


class Closeness(NamedTuple):
    """How much closer translations are than other pairs of their words, with the 95 % interval over the pairs.

    Args:
        translated, others: mean cosines. nearest: the share of the words whose nearest word of the other language is
            their translation, which does not depend on how close all vectors are.
    """

    pairs: int
    translated: float
    others: float
    difference: float
    low: float
    high: float
    nearest: float


def margins(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Of each pair its cosine less the mean one of either word with the other words: [pairs].

    Args:
        ones, others: the vectors of the pairs [pairs, d]; two pairs at least.
    """
    cosines = _cosines(ones, others)
    number = len(cosines)
    beside = (cosines.sum(axis=0) + cosines.sum(axis=1) - 2 * np.diag(cosines)) / (2 * (number - 1))
    return np.diag(cosines) - beside


def closeness(ones: np.ndarray, others: np.ndarray) -> Closeness | None:
    """The margins in one number, and their bootstrap; None of fewer than two pairs."""
    if len(ones) < 2:
        return None
    own = margins(ones, others)
    cosines = _cosines(ones, others)
    translated, difference = float(np.diag(cosines).mean()), float(own.mean())
    at = np.arange(len(own))
    nearest = float(np.mean([cosines.argmax(axis=axis) == at for axis in (0, 1)]))
    return Closeness(len(own), translated, translated - difference, difference, *interval_of_mean(own), nearest)


def interval_of_mean(values: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of a mean by the bootstrap over the values."""
    weights = np.concatenate(list(resamples(len(values), RESAMPLES)))
    return interval(weights @ values / len(values))


def _cosines(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """[of ones, of others]; 0 of a vector that is zero."""
    scaled = []
    for vectors in (ones, others):
        lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
        scaled.append(vectors / np.where(lengths > 0, lengths, 1))
    return scaled[0] @ scaled[1].T
