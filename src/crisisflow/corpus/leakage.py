"""Duplicates that cross a split: what a model could score on by memory."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any

NEAR = 0.8  # token Jaccard from which two tweets count as near duplicates

_NOISE = re.compile(r"^rt\b|@\w+|https?\S*")
_WORD = re.compile(r"\w+")


def tokens(text: str) -> frozenset[str]:
    """The words of a tweet, lower-cased, without retweet prefix, handles and URLs."""
    return frozenset(_WORD.findall(_NOISE.sub(" ", text.lower().strip())))


def similar_pairs(sets: Sequence[frozenset[str]], threshold: float) -> Iterator[tuple[int, int]]:
    """Yield the index pairs (i < j) of non-empty sets with Jaccard similarity of at least `threshold`.

    Exact, by prefix filtering (Bayardo et al. 2007, "Scaling up all pairs similarity search"): with words ordered from
    rare to frequent, two similar sets share a word among their first |x| - ceil(threshold |x|) + 1.
    """
    frequency: dict[str, int] = defaultdict(int)
    for words in sets:
        for word in words:
            frequency[word] += 1
    holders: dict[str, list[int]] = defaultdict(list)
    for j, words in enumerate(sets):
        ordered = sorted(words, key=lambda word: (frequency[word], word))
        prefix = ordered[: len(words) - ceil(threshold * len(words)) + 1] if words else []
        candidates = sorted({i for word in prefix for i in holders[word]})
        for i in candidates:
            shared = len(sets[i] & words)
            if shared >= threshold * (len(sets[i]) + len(words) - shared):
                yield i, j
        for word in prefix:
            holders[word].append(j)


def crossing_duplicates(texts: Sequence[str], splits: Sequence[str]) -> dict[str, Any]:
    """Count exact (lower-cased, white space folded) and near-duplicate texts that stand in more than one split."""
    places: dict[str, set[str]] = defaultdict(set)
    tweets: dict[str, int] = defaultdict(int)
    for text, split in zip(texts, splits, strict=True):
        folded = " ".join(text.lower().split())
        places[folded].add(split)
        tweets[folded] += 1
    exact = [folded for folded, found in places.items() if len(found) > 1]
    near = [(i, j) for i, j in similar_pairs([tokens(text) for text in texts], NEAR) if splits[i] != splits[j]]
    held_out = {
        k for pair in near for k in pair if splits[k] != "train" and "train" in (splits[pair[0]], splits[pair[1]])
    }
    return {
        "exact": {"texts": len(exact), "tweets": sum(tweets[folded] for folded in exact)},
        "near": {
            "jaccard": NEAR,
            "pairs": len(near),
            "held_out_tweets_with_a_training_neighbour": len(held_out),
        },
    }
