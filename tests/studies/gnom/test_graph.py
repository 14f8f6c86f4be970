"""The word graph: against a brute force with whole matrices; the same bits in any order, block size, threads."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from crisisflow.errors import CrisisflowError
from crisisflow.studies.gnom import cooccurrence
from crisisflow.studies.gnom.cooccurrence import chunk_of, cooccurrences, frequencies, nodes_of, numbers_of
from crisisflow.studies.gnom.edges import Edges, edges_of
from crisisflow.studies.gnom.graph_files import WordGraph, read_graph, write_graph
from crisisflow.studies.gnom.graph_statistics import share_of_nodes, statistics
from crisisflow.studies.gnom.stop_words import stop_words

VOCABULARY = 12
NORMALISATIONS = ["max", "sum", "l2", "every_pair"]
texts = st.lists(st.lists(st.integers(0, VOCABULARY - 1), max_size=9), max_size=12)
# Not 0.5, which quotients of small numbers hit exactly.
taus = st.sampled_from([0.07, 0.31, 0.4987, 0.91, 1.51])


def brute_force(own, nodes, vectors, window, normalisation, tau):
    """The edges by the definition, with matrices of nodes by nodes."""
    at = {token: number for number, token in enumerate(nodes)}
    counts = np.zeros((len(nodes), len(nodes)))
    for text in own:
        for one, other in combinations(range(len(text)), 2):
            if other - one < window and text[one] in at and text[other] in at and text[one] != text[other]:
                counts[at[text[one]], at[text[other]]] += 1
                counts[at[text[other]], at[text[one]]] += 1
    cosines = np.zeros_like(counts)
    if vectors is not None:
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        cosines = unit @ unit.T
    by = {
        "max": lambda m: m.max(axis=1, initial=0),
        "sum": lambda m: m.sum(axis=1),
        "l2": lambda m: np.linalg.norm(m, axis=1),
    }
    if normalisation == "every_pair":
        summed = (counts > 0) + cosines
        return {(i, j) for i, j in combinations(range(len(nodes)), 2) if counts[i, j] or summed[i, j] > tau}
    summed = np.zeros_like(counts)
    for matrix in (counts, cosines):
        rows = by[normalisation](matrix)[:, None]
        summed += np.divide(matrix, rows, out=np.zeros_like(matrix), where=rows > 0)
    return {(i, j) for i, j in combinations(range(len(nodes)), 2) if max(summed[i, j], summed[j, i]) > tau}


def vectors_of(size: int, seed: int) -> np.ndarray:
    """Vectors with a common part, as those of an encoder have."""
    return np.random.default_rng(seed).normal(0.3, 1, (size, 8)).astype(np.float32)


def joined(edges: Edges) -> set[tuple[int, int]]:
    return set(zip(edges.first.tolist(), edges.second.tolist(), strict=True))


@given(texts, st.integers(2, 5), st.sampled_from(NORMALISATIONS), taus, st.integers(0, 3), st.integers(1, 9))
def test_the_edges_are_those_of_the_definition(own, window, normalisation, tau, seed, block):
    chunks = [chunk_of(own)]
    nodes = nodes_of(frequencies(chunks, VOCABULARY), 2, [3])
    vectors = vectors_of(len(nodes), seed)
    pairs = cooccurrences(chunks, nodes, VOCABULARY, window)
    both = edges_of(pairs, len(nodes), vectors, normalisation, tau, block)
    assert joined(both) == brute_force(own, nodes.tolist(), vectors, window, normalisation, tau)
    alone = edges_of(pairs, len(nodes), None, normalisation, tau)
    assert joined(alone) == brute_force(own, nodes.tolist(), None, window, normalisation, tau)


def same(one: Edges, other: Edges) -> bool:
    return all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
def test_order_block_size_and_threads_change_no_bit(normalisation, monkeypatch):
    rng = np.random.default_rng(3)
    own = [rng.integers(0, 400, rng.integers(3, 30)).tolist() for _ in range(500)]
    whole = [chunk_of(own)]
    nodes = nodes_of(frequencies(whole, 400), 3, [])
    vectors = rng.normal(0.2, 1, (len(nodes), 384)).astype(np.float32)
    tau = {"sum": 0.03, "l2": 0.1}.get(normalisation, 0.5)
    with threadpool_limits(1):
        first = edges_of(cooccurrences(whole, nodes, 400, 3), len(nodes), vectors, normalisation, tau)
    assert 0 < len(first.first) < len(nodes) ** 2 / 2
    monkeypatch.setattr(cooccurrence, "WAITING", 300)
    turned = [chunk_of(own[at : at + 40]) for at in range(0, 500, 40)][::-1]
    pairs = cooccurrences(turned, nodes, 400, 3)
    for block, threads in ((7, 1), (64, 2), (1000, 2)):
        with threadpool_limits(threads):
            assert same(edges_of(pairs, len(nodes), vectors, normalisation, tau, block), first)


def test_a_cosine_at_tau_is_decided_in_double_precision():
    none = cooccurrences([], np.arange(2), 2, 3)
    for seed in range(9):
        vectors = np.random.default_rng(seed).normal(1, 1, (2, 384)).astype(np.float32)
        one, other = vectors.astype(np.float64)
        cosine = float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
        assert joined(edges_of(none, 2, vectors, "max", cosine - 1e-12)) == {(0, 1)}
        assert joined(edges_of(none, 2, vectors, "max", cosine + 1e-12)) == set()


def test_a_row_whose_cosines_sum_to_less_than_zero_has_no_similarity():
    vectors = np.array([[1, 0], [-1, 0.1], [-1, -0.1]], dtype=np.float32)
    assert joined(edges_of(cooccurrences([], np.arange(3), 3, 3), 3, vectors, "sum", 0.5)) == {(1, 2)}


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
@pytest.mark.parametrize("size", [0, 1])
def test_a_graph_of_no_or_one_node_has_no_edge(normalisation, size):
    pairs = cooccurrences([chunk_of([[0, 0, 0]])], np.arange(size, dtype=np.int32), 4, 3)
    edges = edges_of(pairs, size, vectors_of(size, 1), normalisation, 0.5)
    assert len(edges.first) == 0
    assert statistics(edges, size, 0.5, [np.ones(size, dtype=bool)])["components"] == size


def test_the_window_counts_tokens_that_are_no_nodes():
    chunks, nodes = [chunk_of([[0, 1, 2], [2], [0]])], np.array([0, 2], dtype=np.int32)
    assert len(cooccurrences(chunks, nodes, 3, 2).count) == 0
    assert cooccurrences(chunks, nodes, 3, 3).count.tolist() == [1]


def graph() -> WordGraph:
    """Two languages: nodes 0 and 1 stand in one, 3 in the other, 2 in both; 4 is isolated."""
    columns = [[0, 0, 1, 2], [1, 3, 2, 3], [4, 0, 1, 0], [1, 0, 0.3, 0], [0.1, 0.6, 0.3, 0.7], [1.1, 0.6, 0.6, 0.7]]
    kinds = (np.int32, np.int32, np.int64, np.float32, np.float32, np.float32)
    edges = Edges(*(np.array(column, kind) for column, kind in zip(columns, kinds, strict=True)))
    sets = [["one"], ["one"], ["one", "other"], ["other"], ["other"]]
    return WordGraph([(0,), (1,), (2, 7), (3,), (4,)], list("abcde"), np.arange(3, 8), sets, edges)


def test_the_statistics_of_a_small_graph():
    own = graph()
    languages = [np.array([name in sets for sets in own.sets]) for name in ("one", "other")]
    found = statistics(own.edges, 5, 0.5, languages)
    assert found["edges_by_origin"] == {"cooccurrence": 1, "similarity": 2, "both": 0, "sum": 1}
    assert (found["isolated_nodes"], found["components"], found["nodes_of_several_languages"]) == (1, 2, 1)
    assert found["edges_across_languages"] == 1
    assert found["degree_quantiles"]["1"] == 2
    numbers = numbers_of(np.array([1, 2]), 4)
    assert share_of_nodes([chunk_of([[1, 2, 0, 0], [], [1]])], numbers) == 0.75


def test_a_graph_comes_back_from_its_folder_and_says_what_it_was_made_from(tmp_path):
    facts = {"encoder": "minilm-l6", "tau": 0.5}
    write_graph(tmp_path, graph(), facts, {"nodes": 5})
    found = read_graph(tmp_path, facts)
    assert same(found.edges, graph().edges) and found.tokens == graph().tokens and found.sets == graph().sets
    for other in ({**facts, "tau": 0.4}, {**facts, "encoder": "e5"}, {**facts, "window": 3}):
        with pytest.raises(CrisisflowError, match=r"is the graph of another (tau|encoder|window)"):
            read_graph(tmp_path, other)
    turned = graph()._replace(edges=Edges(*(column[::-1] for column in graph().edges)))
    write_graph(tmp_path, turned, facts, {})
    with pytest.raises(CrisisflowError, match="out of order"):
        read_graph(tmp_path, facts)


def test_stop_words_are_spacys_lists():
    assert [len({word.lower() for word in stop_words(language)}) for language in ("en", "es", "it")] == [326, 521, 624]
    assert {"the", "The"} <= stop_words("en")
    with pytest.raises(CrisisflowError, match="no stop words of the language 'xx'"):
        stop_words("xx")
