"""The network: against the dense formula over the whole graph and against PyG, forward and gradients; its attention."""

from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from crisisflow.model.recurrent import RecurrentSizes
from crisisflow.pretrained import load_encoder
from crisisflow.studies.gnom.adjacency import normalised_adjacency, rewired, without_edges
from crisisflow.studies.gnom.cooccurrence import NO_NODE
from crisisflow.studies.gnom.edges import Edges
from crisisflow.studies.gnom.network import (
    GraphClassifier,
    GraphFeaturizer,
    ImportanceEstimator,
    Layers,
    TokenFeaturizer,
    settled,
)
from crisisflow.studies.gnom.sparse import SparseMatrix, product, rows_of, transposed

NODES, WIDTH, VOCABULARY = 9, 6, 30
SIZES = RecurrentSizes(2, 5, 0.2)


def edges_of(ends) -> Edges:
    first, second = np.array(sorted(ends), dtype=np.int32).reshape(-1, 2).T
    ones = np.ones(len(first), dtype=np.float32)
    return Edges(
        first, second, ones.astype(np.int64), ones, 0 * ones, np.linspace(0.6, 2, len(first), dtype=np.float32)
    )


EDGES = edges_of([(0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6)])  # 7 and 8 are isolated


def dense(matrix: SparseMatrix) -> torch.Tensor:
    whole = torch.zeros(matrix.rows, matrix.width)
    rows = torch.repeat_interleave(torch.arange(matrix.rows), matrix.starts.diff())
    return whole.index_put((rows, matrix.columns), matrix.values)


def featurizer_of(kind="fixed", hops=2, activation="relu", edges=EDGES, nodes=NODES) -> GraphFeaturizer:
    torch.manual_seed(4)
    vectors = torch.randn(nodes, WIDTH)
    ids = torch.arange(nodes) + 10
    adjacency = normalised_adjacency(edges, nodes, "binary")
    return GraphFeaturizer(adjacency, vectors, ids, kind, Layers(hops, activation, 0.2)).eval()


@given(st.sets(st.sampled_from(list(combinations(range(NODES), 2)))), st.sampled_from(["binary", "similarity"]))
def test_the_adjacency_is_the_formulas(ends, weights):
    edges = edges_of(ends)
    plain = torch.eye(NODES)
    for first, second, weight in zip(edges.first, edges.second, edges.weight, strict=True):
        plain[first, second] = plain[second, first] = 1 if weights == "binary" else float(weight)
    scale = plain.sum(dim=1) ** -0.5
    expected = scale[:, None] * plain * scale[None, :]
    torch.testing.assert_close(dense(normalised_adjacency(edges, NODES, weights)), expected)


def test_a_product_and_its_gradient_are_those_of_the_dense_matrix():
    matrix = rows_of(normalised_adjacency(EDGES, NODES, "similarity"), torch.tensor([4, 8, 0, 4]))
    assert torch.equal(dense(transposed(matrix)), dense(matrix).T)
    table = torch.randn(NODES, WIDTH, dtype=torch.float64, requires_grad=True)
    other = table.detach().clone().requires_grad_()
    weights = torch.randn(4, WIDTH, dtype=torch.float64)
    (product(matrix, table) * weights).sum().backward()
    ((dense(matrix).double() @ other) * weights).sum().backward()
    torch.testing.assert_close(table.grad, other.grad)
    assert torch.autograd.gradcheck(lambda own: product(matrix, own), table)


@pytest.mark.parametrize("kind", ["fixed", "tied", "trained"])
@pytest.mark.parametrize("activation", ["relu", "none"])
@pytest.mark.parametrize("hops", [1, 2, 3])
def test_the_rows_of_a_batch_are_those_of_the_whole_graph(hops, activation, kind):
    featurizer = featurizer_of(kind, hops, activation)
    embedding = torch.randn(VOCABULARY, WIDTH, requires_grad=True)
    own = torch.tensor([3, 7, 0])
    found = featurizer.of_nodes(own, embedding)
    adjacency = dense(normalised_adjacency(EDGES, NODES, "binary"))
    torch.manual_seed(4)
    fixed = torch.randn(NODES, WIDTH)
    states = {"fixed": fixed, "tied": embedding[featurizer.token_ids]}.get(kind, getattr(featurizer, "vectors", None))
    for at, linear in enumerate(featurizer.linears):
        if at and activation == "relu":
            states = states.relu()
        states = linear(adjacency @ states)
    torch.testing.assert_close(found, states[own])
    weights = torch.randn(found.shape)
    trained = [*featurizer.parameters(), *([embedding] if kind == "tied" else [])]
    ours = torch.autograd.grad((found * weights).sum(), trained)
    theirs = torch.autograd.grad((states[own] * weights).sum(), trained)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other)


def test_two_hops_are_two_layers_of_pyg():
    pyg = pytest.importorskip("torch_geometric.nn")
    featurizer = featurizer_of()
    both = np.concatenate([np.stack([EDGES.first, EDGES.second]), np.stack([EDGES.second, EDGES.first])], axis=1)
    edge_index = torch.from_numpy(both.astype(np.int64))
    layers = [pyg.GCNConv(WIDTH, WIDTH) for _ in range(2)]
    with torch.no_grad():
        for layer, linear in zip(layers, featurizer.linears, strict=True):
            layer.lin.weight.copy_(linear.weight)
            layer.bias.copy_(linear.bias)
    torch.manual_seed(4)
    expected = layers[1](layers[0](torch.randn(NODES, WIDTH), edge_index).relu(), edge_index)
    found = featurizer.of_nodes(torch.arange(NODES), torch.zeros(VOCABULARY, WIDTH))
    torch.testing.assert_close(found, expected)
    found.square().sum().backward()
    expected.square().sum().backward()
    for layer, linear in zip(layers, featurizer.linears, strict=True):
        torch.testing.assert_close(linear.weight.grad, layer.lin.weight.grad)


@pytest.mark.parametrize("nodes", [0, 1])
def test_a_graph_of_no_or_one_node(nodes):
    featurizer = featurizer_of(edges=edges_of([]), nodes=nodes)
    numbers = torch.full((2, 3), NO_NODE)
    numbers[0, 1] = nodes - 1
    hidden = torch.randn(2, 3, WIDTH)
    found = featurizer(numbers, hidden, torch.zeros(VOCABULARY, WIDTH))
    assert found.shape == hidden.shape and found.isfinite().all()
    assert (found != 0).any(dim=-1).sum() == nodes


def test_h_G_stands_where_its_node_does_and_settled_is_the_same():
    featurizer = featurizer_of()
    numbers = torch.tensor([[NO_NODE, 2, 5, 2], [NO_NODE] * 4])
    hidden, embedding = torch.randn(2, 4, WIDTH), torch.zeros(VOCABULARY, WIDTH)
    found = featurizer(numbers, hidden, embedding)
    assert torch.equal(found[0, 1], found[0, 3]) and not torch.equal(found[0, 1], found[0, 2])
    assert not found[1].any() and not found[0, 0].any()
    torch.testing.assert_close(settled(featurizer.train(), embedding)(numbers, hidden, embedding), found)
    assert featurizer.training


@pytest.mark.parametrize("scale", ["one", "length"])
def test_the_importance_is_a_softmax_over_the_nodes(scale):
    torch.manual_seed(6)
    estimator = ImportanceEstimator(WIDTH, True, scale)
    first, features = torch.randn(3, WIDTH), torch.randn(3, 5, WIDTH)
    there = torch.tensor([[False, True, True, False, True], [False] * 5, [False, False, True, False, False]])
    weights = estimator(first, features, there)
    assert not weights[~there].any()
    torch.testing.assert_close(weights.sum(dim=1), torch.tensor([3.0 if scale == "length" else 1.0, 0.0, 1.0]))
    keys = features[0, there[0]]
    plain = (estimator.key(keys) @ estimator.query(first[0]) / WIDTH**0.5).softmax(0)
    torch.testing.assert_close(weights[0, there[0]], plain * (3 if scale == "length" else 1))
    weights.square().sum().backward()
    assert all(value.grad.isfinite().all() for value in estimator.parameters() if value.grad is not None)


def test_featurizer_and_estimator_have_the_parameters_of_the_equations():
    adjacency = normalised_adjacency(edges_of([(0, 1)]), 2, "binary")
    featurizer = GraphFeaturizer(adjacency, torch.zeros(2, 768), torch.arange(2), "fixed", Layers(2, "relu", 0.2))
    parts = [featurizer, ImportanceEstimator(768, False, "one")]
    assert sum(value.numel() for part in parts for value in part.parameters()) == 2_360_832
    control = TokenFeaturizer(768, Layers(2, "relu", 0.2))
    assert [value.shape for value in control.parameters()] == [value.shape for value in featurizer.parameters()]


# The whole model, over a small encoder


def numbers_of_vocabulary() -> torch.Tensor:
    """Tokens 2010 to 2018 are the nodes."""
    numbers = torch.full((30_522,), NO_NODE)
    numbers[2010 : 2010 + NODES] = torch.arange(NODES)
    return numbers


def model_of(tiny_encoder, edges=EDGES, kind="gcn", importance=True, other_vector=None) -> GraphClassifier:
    torch.manual_seed(8)
    encoder = load_encoder(str(tiny_encoder), 1)
    ids = torch.arange(NODES) + 2010
    vectors = encoder.get_input_embeddings().weight[ids]
    if other_vector is not None:
        vectors = vectors.index_fill(0, torch.tensor([other_vector]), 1.0)
    layers = Layers(2, "relu", 0.2)
    graph = GraphFeaturizer(normalised_adjacency(edges, NODES, "binary"), vectors, ids, "fixed", layers)
    featurizer = {"gcn": graph, "tokens": TokenFeaturizer(32, layers), "none": None}[kind]
    estimator = ImportanceEstimator(32, False, "one") if importance and featurizer is not None else None
    return GraphClassifier(encoder, ("no", "yes"), numbers_of_vocabulary(), featurizer, estimator, SIZES).eval()


IDS = torch.tensor([[101, 2010, 5000, 2013, 102, 0], [101, 5000, 5001, 102, 0, 0]])
MASK = (IDS > 0).long()


@pytest.mark.parametrize("kind", ["gcn", "tokens", "none"])
def test_padding_changes_no_logit(tiny_encoder, kind):
    model = model_of(tiny_encoder, kind=kind)
    longer = nn.functional.pad(IDS, (0, 3), value=2011), nn.functional.pad(MASK, (0, 3))
    torch.testing.assert_close(model(*longer), model(IDS, MASK))


def test_the_joined_vector_of_what_is_no_node_is_zero_and_h_T(tiny_encoder):
    model = model_of(tiny_encoder)
    hidden = model.encoder(input_ids=IDS, attention_mask=MASK).last_hidden_state
    vectors, importance = model.joined(hidden, MASK, IDS)
    assert vectors.shape == (2, 6, 64)
    assert torch.equal(vectors[..., 32:], hidden)
    nodes = (IDS >= 2010) & (IDS < 2010 + NODES)
    assert not vectors[~nodes][:, :32].any() and (vectors[nodes][:, :32] != 0).any(dim=-1).all()
    assert torch.equal(importance > 0, nodes)
    plain, none = model_of(tiny_encoder, importance=False).joined(hidden, MASK, IDS)
    assert none is None
    torch.testing.assert_close(vectors[..., :32], plain[..., :32] * importance.unsqueeze(-1))


def test_only_with_a_graph_an_edge_changes_a_prediction(tiny_encoder):
    """Node 8 is in the text; an edge to it, as unlabelled text gives one, changes the logits."""
    ids = torch.tensor([[101, 2018, 5000, 102]])
    mask = torch.ones_like(ids)
    more = edges_of([*zip(EDGES.first.tolist(), EDGES.second.tolist(), strict=True), (3, 8)])
    with_graph = [model_of(tiny_encoder, edges)(ids, mask) for edges in (EDGES, more)]
    assert (with_graph[0] - with_graph[1]).abs().max() > 1e-6


def test_without_edges_no_other_node_changes_a_prediction(tiny_encoder):
    """Node 3 is not in the text, and its neighbour, node 4, is: the control `empty` must not see its vector."""
    ids = torch.tensor([[101, 2014, 5000, 102]])
    mask = torch.ones_like(ids)
    for edges, seen in ((EDGES, True), (without_edges(EDGES), False)):
        logits = [model_of(tiny_encoder, edges, other_vector=other)(ids, mask) for other in (None, 3)]
        assert torch.equal(*logits) != seen
        # Its own vector counts in both.
        own = model_of(tiny_encoder, edges, other_vector=4)(ids, mask)
        assert not torch.equal(own, logits[0])


def test_every_parameter_is_trained_and_none_of_the_encoders_rows_twice(tiny_encoder):
    model = model_of(tiny_encoder)
    model(IDS, MASK).square().sum().backward()
    assert all(value.grad is not None for value in model.head_parameters())
    names = set(model.state_dict())
    assert {name for name in names if name.startswith("featurizer")} == {
        f"featurizer.linears.{at}.{part}" for at in (0, 1) for part in ("weight", "bias")
    }


# The controls


@given(st.sets(st.sampled_from(list(combinations(range(12), 2))), max_size=30), st.integers(0, 3))
def test_a_rewired_graph_keeps_all_degrees(ends, seed):
    edges = edges_of(ends)
    other = rewired(edges, seed)
    pairs = list(zip(other.first.tolist(), other.second.tolist(), strict=True))
    assert pairs == sorted(set(pairs)) and all(a < b for a, b in pairs)
    degrees, kept = (np.bincount(np.concatenate(own[:2]), minlength=12) for own in (edges, other))
    assert np.array_equal(degrees, kept)
    assert sorted(other.weight.tolist()) == sorted(edges.weight.tolist())
    assert all(np.array_equal(a, b) for a, b in zip(other, rewired(edges, seed), strict=True))


def test_a_rewired_graph_is_another_one():
    rng = np.random.default_rng(1)
    ends = {tuple(sorted(pair)) for pair in rng.integers(0, 60, (150, 2)).tolist() if pair[0] != pair[1]}
    edges = edges_of(ends)
    other = rewired(edges, 1)
    kept = ends & set(zip(other.first.tolist(), other.second.tolist(), strict=True))
    assert len(kept) < 0.3 * len(ends)
