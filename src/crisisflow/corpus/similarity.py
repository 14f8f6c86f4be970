"""Similar word sets: all pairs that have a Jaccard similarity, found by what their rarest words have in common."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from math import comb
from typing import NamedTuple

import numpy as np

SUBSETS = 24  # of a set's rarest words, at most: more of them are longer, and name fewer pairs that are not similar
# What a step of the search holds: sums, and words of the sets that are compared. Larger ones were not faster. All sums
# are made anew for each part of them, so there are at most PARTS of those, which are larger then.
SUMS_AT_ONCE = 1 << 19
PARTS = 8
WORDS_AT_ONCE = 1 << 19


class Similar(NamedTuple):
    """Pairs of similar sets of two sizes: those in `rows` of the one and in `other_rows` of the other."""

    size: int
    rows: np.ndarray
    other_size: int
    other_rows: np.ndarray


def least_common(size: int, other: int, threshold: float) -> int:
    """The fewest common words with which sets of two sizes are similar; one more than the smaller has if none do."""
    smaller = min(size, other)
    enough = (common for common in range(1, smaller + 1) if common >= threshold * (size + other - common))
    return next(enough, smaller + 1)


def similar(sets: Mapping[int, np.ndarray], threshold: float) -> Iterator[Similar]:
    """Yield the pairs of sets whose Jaccard similarity is at least `threshold`, each pair once.

    Exact, by prefixes (Bayardo et al. 2007, "Scaling up all pairs similarity search") that share several words (Wang
    et al. 2012, "Can we beat the prefix filtering?", SIGMOD): two sets of a and b words, both in one order, that have c
    in common share k of them within their first a - c + k and b - c + k. So of all subsets of k words there they share
    one, and where two sets have one of the same sum (of a random number for each word) they are compared. k is as large
    as SUBSETS allows; sets of ten to twenty words that share such a subset mostly are similar. A pair counts at the
    subset of its first common words, so none has to be remembered. The time follows the number of sets and of pairs
    that share a subset: where thousands of long texts have the same few words as their rarest, that is all pairs of
    them, similar or not.

    Args:
        sets: by size, arrays (sets, size) of distinct sets, each its words as numbers from 0 in ascending order; fast
            if the rarer word has the lower number.
    """
    words = max((int(table.max()) + 1 for table in sets.values() if table.size), default=0)
    # Not a hash of Python's, which differs from run to run.
    marks = np.random.default_rng(0).integers(0, 1 << 64, words, dtype=np.uint64)
    for size in sorted(sets):
        for other in sorted(other for other in sets if other >= size):
            common = least_common(size, other, threshold)
            if common > size:
                break
            if common < other:  # else only equal sets would be similar, and they are distinct
                for rows, other_rows in _join(sets[size], sets[other], common, marks):
                    yield Similar(size, rows, other, other_rows)


def _join(
    left: np.ndarray, right: np.ndarray, common: int, marks: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the rows of the sets, of one size each, that have `common` words in common; `right` has no smaller ones."""
    spare, more = left.shape[1] - common, right.shape[1] - common
    chosen = max(k for k in range(1, common + 1) if k == 1 or comb(more + k, k) <= SUBSETS)
    sums = len(left) * comb(spare + chosen, chosen) + len(right) * comb(more + chosen, chosen)
    parts = min(-(-sums // SUMS_AT_ONCE), PARTS)
    for part in range(parts):
        sums, rows = _subsets(marks[left[:, : spare + chosen].T], spare, part, parts)
        order = np.argsort(sums)
        sums, rows = sums[order], rows[order]
        wanted, other_rows = _subsets(marks[right[:, : more + chosen].T], more, part, parts)
        first, last = np.searchsorted(sums, wanted, "left"), np.searchsorted(sums, wanted, "right")
        # A set meets itself: what has no other partner goes early.
        found = np.flatnonzero(last - first > (left is right))
        ends = np.cumsum(last[found] - first[found])
        step = max(1, WORDS_AT_ONCE // right.shape[1])
        for begin in range(0, int(ends[-1]) if len(ends) else 0, step):
            candidates = np.arange(begin, min(begin + step, ends[-1]))
            group = np.searchsorted(ends, candidates, "right")
            place = last[found[group]] - (ends[group] - candidates)
            i, j, mark = rows[place], other_rows[found[group]], wanted[found[group]]
            if left is right:
                once = i < j
                i, j, mark = i[once], j[once], mark[once]
            similar = _is_first_subset(left[i].T, right[j].T, common, chosen, marks, mark)
            yield i[similar], j[similar]


def _subsets(prefixes: np.ndarray, left_out: int, part: int, parts: int) -> tuple[np.ndarray, np.ndarray]:
    """The sums of all subsets of each column that leave `left_out` out, and their columns; one part of all sums."""
    whole = prefixes.sum(axis=0)
    sums, columns = [], []
    for out in combinations(range(len(prefixes)), left_out):
        each = whole - prefixes[list(out)].sum(axis=0)
        chosen = np.flatnonzero(each % np.uint64(parts) == part).astype(np.int32)
        sums.append(each[chosen])
        columns.append(chosen)
    return np.concatenate(sums), np.concatenate(columns)


def _is_first_subset(
    left: np.ndarray, right: np.ndarray, common: int, chosen: int, marks: np.ndarray, sums: np.ndarray
) -> np.ndarray:
    """Whether the sets in the columns have `common` words in common, the first `chosen` of which make up the sum."""
    shared = np.zeros(left.shape, bool)
    for row in right:
        shared |= left == row
    found = shared.sum(axis=0) >= common
    first = shared[:, found]
    first &= np.cumsum(first, axis=0) <= chosen
    found[found] = np.where(first, marks[left[:, found]], np.uint64(0)).sum(axis=0) == sums[found]
    return found
