"""The word graph (paper, section 3.2): which nodes an edge joins, by co-occurrence and by similarity of their vectors.

C holds how often two nodes co-occur, E the cosine of their vectors. Each row of both is normalised, S = C + E, and an
edge joins i and j where S_ij or S_ji exceeds tau. No matrix of nodes by nodes is ever held: C is a list of
pairs, and E comes in blocks of rows, of which what stays below tau is forgotten.
"""

from typing import Literal, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from crisisflow.studies.gnom.cooccurrence import Pairs

# What a row is divided by: its largest value, its sum or its Euclidean length. `every_pair` is no normalisation: each
# pair that co-occurs is an edge, as in the authors' published code.
Normalisation = Literal["max", "sum", "l2", "every_pair"]

BLOCK = 1024  # rows of E at a time
EXACT = 16_384  # pairs of vectors at a time
CANDIDATES = 1_000_000  # pairs at a time that may be edges
# How far a single-precision cosine can be from its exact value; whatever comes so near to tau is computed again.
MARGIN = 1e-4


class Edges(NamedTuple):
    """The edges, ascending by (first, second), first < second: arrays [edges].

    Of the direction in which S is larger: S, and the normalised C and E that it is the sum of. `count` is how often the
    two co-occur.
    """

    first: np.ndarray
    second: np.ndarray
    count: np.ndarray
    cooccurrence: np.ndarray
    similarity: np.ndarray
    weight: np.ndarray


def edges_of(
    pairs: Pairs, nodes: int, vectors: np.ndarray | None, normalisation: Normalisation, tau: float, block: int = BLOCK
) -> Edges:
    """The edges of a graph.

    The result has the same bits for any `block` and number of threads: a cosine that decides is computed in double
    precision, a pair at a time.

    Args:
        pairs: the co-occurrences. vectors: of the nodes, float32 [nodes, d]; None for co-occurrence alone.
        block: rows of E at a time.
    """
    divisors = _divisors_of_counts(pairs, nodes, normalisation)
    if vectors is None:
        first, second, count = pairs
        similarities, cosines = np.ones(nodes), np.broadcast_to(np.float64(0), len(first))
    else:
        lengths = _lengths(vectors)
        similarities = _divisors_of_cosines(vectors, lengths, normalisation)
        first, second = _near(pairs, divisors, vectors, lengths, similarities, normalisation, tau, block)
        count = _counts(pairs, first, second, nodes)
        cosines = _cosines(vectors, lengths, first, second)
    parts = (
        _above(
            *(own[begin : begin + CANDIDATES] for own in (first, second, count, cosines)),
            divisors,
            similarities,
            normalisation,
            tau,
        )
        for begin in range(0, max(len(first), 1), CANDIDATES)
    )
    return Edges(*map(np.concatenate, zip(*parts, strict=True)))


def _above(
    first: np.ndarray,
    second: np.ndarray,
    count: np.ndarray,
    cosines: np.ndarray,
    divisors: np.ndarray,
    similarities: np.ndarray,
    normalisation: Normalisation,
    tau: float,
) -> Edges:
    """Those of the candidates that are edges."""
    forth = count / divisors[first], cosines / similarities[first]
    back = count / divisors[second], cosines / similarities[second]
    if normalisation == "every_pair":
        forth = back = (count > 0).astype(np.float64), cosines
    turned = back[0] + back[1] > forth[0] + forth[1]
    together, alike = (np.where(turned, b, f) for f, b in zip(forth, back, strict=True))
    weight = together + alike
    kept = weight > tau
    if normalisation == "every_pair":
        kept |= count > 0
    columns = first[kept], second[kept], count[kept], together[kept], alike[kept], weight[kept]
    kinds = (np.int32, np.int32, np.int64, np.float32, np.float32, np.float32)
    return Edges(*(column.astype(kind) for column, kind in zip(columns, kinds, strict=True)))


def _divisors_of_counts(pairs: Pairs, nodes: int, normalisation: Normalisation) -> np.ndarray:
    """What each row of C is divided by: [nodes]; 1 of a row without a count."""
    found = np.zeros(nodes)
    for ends in (pairs.first, pairs.second):
        if normalisation in ("max", "every_pair"):
            np.maximum.at(found, ends, pairs.count)
        else:
            power = 2 if normalisation == "l2" else 1
            found += np.bincount(ends, weights=pairs.count.astype(np.float64) ** power, minlength=nodes)
    if normalisation == "l2":
        found = np.sqrt(found)
    return np.where(found > 0, found, 1)


def _lengths(vectors: np.ndarray) -> np.ndarray:
    """The Euclidean length of each vector; 1 of one that is zero."""
    found = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    return np.where(found > 0, found, 1)


def _divisors_of_cosines(vectors: np.ndarray, lengths: np.ndarray, normalisation: Normalisation) -> np.ndarray:
    """What each row of E, its diagonal included, is divided by: [nodes].

    The largest cosine of a row is its diagonal, 1. A row whose cosines do not sum to more than zero cannot be made
    to sum to one: its divisor is infinite, and it has no similarity.
    """
    if normalisation in ("max", "every_pair"):
        return np.ones(len(vectors))
    unit = vectors / lengths[:, None]
    if normalisation == "sum":
        found = (unit * unit.sum(axis=0)).sum(axis=1)
        return np.where(found > 0, found, np.inf)
    with threadpool_limits(1):  # with more, the last bits are others
        found = np.sqrt(np.maximum(((unit @ (unit.T @ unit)) * unit).sum(axis=1), 0))
    return np.where(found > 0, found, np.inf)


def _near(
    pairs: Pairs,
    divisors: np.ndarray,
    vectors: np.ndarray,
    lengths: np.ndarray,
    similarities: np.ndarray,
    normalisation: Normalisation,
    tau: float,
    block: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs whose S may exceed tau, in single precision and with a margin; ascending."""
    unit = (vectors / lengths[:, None]).astype(np.float32)
    share = (1 / similarities).astype(np.float32)
    least = np.float32(tau - MARGIN * max(1, share.max(initial=0)))
    # Above any tau, and above any cosine that is taken from it.
    forth, back = (
        np.full(len(pairs.count), 9) if normalisation == "every_pair" else pairs.count / divisors[ends]
        for ends in (pairs.first, pairs.second)
    )
    one_way = bool((share == 1).all())
    none = np.zeros(0, dtype=np.int64)
    firsts, seconds = [], []
    for begin in range(0, len(unit), block):
        rows = unit[begin : begin + block]
        cosines = rows @ unit[begin:].T
        own = slice(*np.searchsorted(pairs.first, [begin, begin + block]))
        places = pairs.first[own] - begin, pairs.second[own] - begin
        if one_way:
            cosines[places] += np.maximum(forth[own], back[own]).astype(np.float32)
            near = cosines > least
        else:
            near = np.zeros(cosines.shape, dtype=bool)
            for scale, counted in ((share[begin : begin + block, None], forth[own]), (share[begin:], back[own])):
                summed = cosines * scale
                summed[places] += counted.astype(np.float32)
                near |= summed > least
        row, column = np.divmod(np.flatnonzero(near), near.shape[1])
        above = column > row
        firsts.append(row[above] + begin)
        seconds.append(column[above] + begin)
    return np.concatenate([none, *firsts]), np.concatenate([none, *seconds])


def _counts(pairs: Pairs, first: np.ndarray, second: np.ndarray, nodes: int) -> np.ndarray:
    """How often these pairs co-occur."""
    if not len(pairs.count):
        return np.zeros(len(first), dtype=np.int64)
    known = pairs.first.astype(np.int64) * nodes + pairs.second
    asked = first * nodes + second
    places = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return np.where(known[places] == asked, pairs.count[places], 0)


def _cosines(vectors: np.ndarray, lengths: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The cosines of pairs of vectors, in double precision: [pairs]."""
    found = np.empty(len(first))
    for begin in range(0, len(first), EXACT):
        one, other = first[begin : begin + EXACT], second[begin : begin + EXACT]
        products = vectors[one].astype(np.float64) * vectors[other]
        found[begin : begin + EXACT] = products.sum(axis=1) / (lengths[one] * lengths[other])
    return found
