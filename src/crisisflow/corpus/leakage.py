"""Duplicates that cross a split: what a model could score on by memory."""

from array import array
from collections import defaultdict
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import numpy as np

from crisisflow.corpus.similarity import similar
from crisisflow.corpus.tweet_words import NEAR, tokens


def crossing_duplicates(tweets: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Count exact (lower-cased, white space folded) and near-duplicate texts that stand in more than one split.

    Tweets, (text, split), are read one by one; kept are a digest and the numbers of the words of each, some 160 bytes a
    tweet, and a dictionary of all words. What that comes to is measured in docs/scale.md.
    """
    numbers: dict[str, int] = {}
    split_numbers = {"train": 0}
    digests, split_of = bytearray(), array("B")
    # By the number of a tweet's words.
    words: dict[int, array[int]] = defaultdict(lambda: array("i"))
    split_of_words: dict[int, array[int]] = defaultdict(lambda: array("B"))
    for text, split in tweets:
        number = split_numbers.setdefault(split, len(split_numbers))
        digests += blake2b(" ".join(text.lower().split()).encode(), digest_size=16).digest()
        split_of.append(number)
        found = tokens(text)
        words[len(found)].extend(numbers.setdefault(word, len(numbers)) for word in found)
        split_of_words[len(found)].append(number)
    _, exact = _grouped(np.frombuffer(digests, np.uint64).reshape(-1, 2), split_of, len(split_numbers))
    crossing = exact[(exact > 0).sum(axis=1) > 1]
    del digests, split_of, exact
    words.pop(0, None)
    rarity = _rarity(words.values(), len(numbers))
    sets, counts = {}, {}
    for size in list(words):
        table = np.sort(rarity[np.frombuffer(words.pop(size), np.int32).reshape(-1, size)], axis=1)
        sets[size], counts[size] = _grouped(table, split_of_words.pop(size), len(split_numbers))
    return {
        "exact": {"texts": len(crossing), "tweets": int(crossing.sum())},
        "near": {"jaccard": NEAR, **_near(sets, counts)},
    }


def _rarity(words: Iterable["array[int]"], number: int) -> np.ndarray:
    """The place of each of `number` words when the rarest comes first."""
    frequency = np.zeros(number, np.int64)
    for some in words:
        frequency += np.bincount(np.frombuffer(some, np.int32), minlength=number)
    places = np.empty(number, np.int32)
    places[np.argsort(frequency, kind="stable")] = np.arange(number, dtype=np.int32)
    return places


def _grouped(rows: np.ndarray, split_of: "array[int]", splits: int) -> tuple[np.ndarray, np.ndarray]:
    """The distinct rows, and how many of each stand in each split: an array (distinct, splits)."""
    order = np.lexsort(rows.T)
    rows = rows[order]
    new = np.ones(len(rows), bool)
    new[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    place = (np.cumsum(new) - 1) * splits + np.frombuffer(split_of, np.uint8)[order]
    counts = np.bincount(place, minlength=splits * np.count_nonzero(new))
    return rows[new], counts.reshape(-1, splits).astype(np.int32)


def _near(sets: dict[int, np.ndarray], counts: dict[int, np.ndarray]) -> dict[str, int]:
    """Count the pairs, from the distinct word sets of each size and their tweets in each split, the first being train.

    Tweets of one word set are counted at once, and pairs of two sets by their numbers of tweets.
    """
    pairs = 0
    with_training = {}
    for size, tweets in counts.items():
        tweets = tweets.astype(np.int64)
        pairs += int((tweets.sum(axis=1) ** 2 - (tweets**2).sum(axis=1)).sum()) // 2
        with_training[size] = tweets[:, 0] > 0
    for size, rows, other_size, other_rows in similar(sets, NEAR):
        left, right = counts[size][rows].astype(np.int64), counts[other_size][other_rows].astype(np.int64)
        pairs += int((left.sum(axis=1) * right.sum(axis=1) - (left * right).sum(axis=1)).sum())
        with_training[size][rows[right[:, 0] > 0]] = True
        with_training[other_size][other_rows[left[:, 0] > 0]] = True
    held_out = sum(int(counts[size][found, 1:].sum()) for size, found in with_training.items())
    return {"pairs": pairs, "held_out_tweets_with_a_training_neighbour": held_out}
