"""Groups of near duplicates: posts that a split must not part."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from crisisflow.corpus.similarity import similar
from crisisflow.corpus.tweet_words import NEAR, tokens


def groups_of(texts: Sequence[str]) -> np.ndarray:
    """The group of each text: an array (texts,) of numbers from 0, in the order in which the groups first occur.

    Two texts are in one group if a chain of near duplicates joins them: each with its neighbour has a token Jaccard
    similarity of at least tweet_words.NEAR, without case, retweet prefix, handles, URLs and punctuation. A text without
    words is a group of its own.
    """
    words = [tokens(text) for text in texts]
    frequency = Counter(word for own in words for word in own)
    # The rarer word has the lower number, which makes the search fast; equally rare ones go by the alphabet.
    number = {word: at for at, word in enumerate(sorted(frequency, key=lambda word: (frequency[word], word)))}
    first: dict[frozenset[str], int] = {}
    pairs = [(first.setdefault(own, at), at) for at, own in enumerate(words) if own]
    by_size: dict[int, list[int]] = {}
    for own, at in first.items():
        by_size.setdefault(len(own), []).append(at)
    sets = {size: np.array([sorted(map(number.get, words[at])) for at in own]) for size, own in by_size.items()}
    for found in similar(sets, NEAR):
        left, right = by_size[found.size], by_size[found.other_size]
        pairs += [(left[a], right[b]) for a, b in zip(found.rows, found.other_rows, strict=True)]
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(rows), dtype=bool), (rows, columns)), shape=(len(texts), len(texts)))
    _, component = connected_components(graph, directed=False)
    _, firsts, group = np.unique(component, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(firsts))[group]
