"""Numbers of a word graph: nodes, edges by origin, components, degrees, edges across languages."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from crisisflow.studies.gnom.cooccurrence import NO_NODE, Chunk
from crisisflow.studies.gnom.edges import Edges

QUANTILES = (0, 0.25, 0.5, 0.75, 0.9, 1)  # of the degrees


def statistics(edges: Edges, nodes: int, tau: float, languages: Sequence[np.ndarray]) -> dict[str, Any]:
    """What is told of a graph, as JSON values.

    Args:
        languages: of each language whether each node stands in a text of it: [nodes], booleans.
    """
    degrees = np.bincount(np.concatenate([edges.first, edges.second]), minlength=nodes)
    return {
        "nodes": nodes,
        "edges": len(edges.first),
        "edges_by_origin": _origins(edges, tau),
        "isolated_nodes": int((degrees == 0).sum()),
        "components": _components(edges, nodes),
        "nodes_of_several_languages": int((np.sum(languages, axis=0) > 1).sum()) if len(languages) > 1 else 0,
        "edges_across_languages": _across(edges, languages),
        "degree_quantiles": {str(q): float(np.quantile(degrees, q)) for q in QUANTILES} if nodes else {},
    }


def share_of_nodes(chunks: Iterable[Chunk], numbers: np.ndarray) -> float:
    """Which share of the tokens of a text are nodes, the mean over the texts that have tokens.

    Args:
        numbers: the node of each token of the vocabulary, or NO_NODE.
    """
    total, texts = 0.0, 0
    for chunk in chunks:
        text = np.repeat(np.arange(len(chunk.lengths)), chunk.lengths)
        nodes = np.bincount(text, weights=numbers[chunk.ids] != NO_NODE, minlength=len(chunk.lengths))
        there = chunk.lengths > 0
        total += float((nodes[there] / chunk.lengths[there]).sum())
        texts += int(there.sum())
    return round(total / texts, 6) if texts else 0.0


def _origins(edges: Edges, tau: float) -> dict[str, int]:
    """Of the edges: which of C and E exceeds tau by itself; `sum` where only both together do."""
    together, alike = edges.cooccurrence > tau, edges.similarity > tau
    return {
        "cooccurrence": int((together & ~alike).sum()),
        "similarity": int((alike & ~together).sum()),
        "both": int((together & alike).sum()),
        "sum": int((~together & ~alike).sum()),
    }


def _components(edges: Edges, nodes: int) -> int:
    graph = coo_array((np.ones(len(edges.first), dtype=bool), (edges.first, edges.second)), shape=(nodes, nodes))
    return int(connected_components(graph, directed=False)[0]) if nodes else 0


def _across(edges: Edges, languages: Sequence[np.ndarray]) -> int:
    """Edges between a node that stands in one language only and a node that stands in another one only."""
    if len(languages) < 2:
        return 0
    own = np.sum(languages, axis=0) == 1
    language = np.argmax(languages, axis=0)
    both_own = own[edges.first] & own[edges.second]
    return int((both_own & (language[edges.first] != language[edges.second])).sum())
