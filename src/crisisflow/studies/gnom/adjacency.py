"""The adjacency matrix of a word graph, and the graphs of the controls."""

import random
from typing import Literal

import numpy as np
import torch
from scipy.sparse import coo_array, eye_array

from crisisflow.studies.gnom.edges import Edges
from crisisflow.studies.gnom.sparse import SparseMatrix

EdgeWeights = Literal["binary", "similarity"]
SWAPS = 10  # tried for each edge of a rewired graph


def normalised_adjacency(edges: Edges, nodes: int, weights: EdgeWeights) -> SparseMatrix:
    """D^(-1/2) (A + I) D^(-1/2), D the sums of the rows of A + I (Kipf and Welling 2017): nodes by nodes.

    Args:
        weights: the entries of A: 1, or S.
    """
    values = np.ones(len(edges.first)) if weights == "binary" else edges.weight.astype(np.float64)
    upper = coo_array((values, (edges.first, edges.second)), shape=(nodes, nodes))
    whole = (upper + upper.T + eye_array(nodes)).tocsr()
    whole.sort_indices()
    scale = 1 / np.sqrt(whole.sum(axis=1))
    entries = whole.data * np.repeat(scale, np.diff(whole.indptr)) * scale[whole.indices]
    return SparseMatrix(
        torch.from_numpy(whole.indptr.astype(np.int64)),
        torch.from_numpy(whole.indices.astype(np.int64)),
        torch.from_numpy(entries.astype(np.float32)),
        nodes,
    )


def without_edges(edges: Edges) -> Edges:
    """The control `empty`: each node is its own only neighbour."""
    return Edges(*(column[:0] for column in edges))


def rewired(edges: Edges, seed: int) -> Edges:
    """The control `rewired`: random edges, each node with as many as before.

    Two edges swap an end each, as long as that gives no loop and no edge twice (Maslov and Sneppen 2002). An edge keeps
    its other columns.
    """
    rng = random.Random(seed)
    ends = list(zip(edges.first.tolist(), edges.second.tolist(), strict=True))
    there = set(ends)
    for _ in range(SWAPS * len(ends) if len(ends) > 1 else 0):
        one, other = rng.sample(range(len(ends)), 2)
        (a, b), (c, d) = ends[one], ends[other] if rng.random() < 0.5 else ends[other][::-1]
        fresh = (min(a, d), max(a, d)), (min(c, b), max(c, b))
        if a == d or c == b or fresh[0] == fresh[1] or fresh[0] in there or fresh[1] in there:
            continue
        there -= {ends[one], ends[other]}
        there.update(fresh)
        ends[one], ends[other] = fresh
    first, second = np.array(ends, dtype=np.int32).reshape(-1, 2).T
    order = np.lexsort((second, first))
    return Edges(first[order], second[order], *(column[order] for column in edges[2:]))
