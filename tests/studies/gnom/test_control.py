"""The positive control: hidden words, whose label only unlabelled text says, are classified with a graph only."""

from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from crisisflow.model.recurrent import RecurrentSizes
from crisisflow.pretrained import load_encoder, load_tokenizer
from crisisflow.studies.gnom.adjacency import normalised_adjacency, without_edges
from crisisflow.studies.gnom.cooccurrence import chunk_of, cooccurrences, frequencies, nodes_of, numbers_of
from crisisflow.studies.gnom.edges import Edges, edges_of
from crisisflow.studies.gnom.generated import RELEVANT, control, control_unlabelled, control_words
from crisisflow.studies.gnom.network import GraphClassifier, GraphFeaturizer, ImportanceEstimator, Layers
from crisisflow.studies.gnom.stop_words import stop_tokens, stop_words

ENCODER, EPOCHS, BATCH = "embedded:minilm-l6", 12, 16


class Setting(NamedTuple):
    nodes: np.ndarray
    edges: Edges
    numbers: np.ndarray  # of the vocabulary


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer(ENCODER)


def setting_of(tokenizer, seed: int) -> Setting:
    labelled = [tweet.text for tweet in control(120, seed) if tweet.split == "train"]
    texts = [*labelled, *(tweet.text for tweet in control_unlabelled(480, seed))]
    chunks, size = [chunk_of(tokenizer(texts, add_special_tokens=False)["input_ids"])], len(tokenizer)
    nodes = nodes_of(frequencies(chunks, size), 3, stop_tokens(tokenizer, stop_words("en")))
    edges = edges_of(cooccurrences(chunks, nodes, size, 3), len(nodes), None, "max", 0.5)
    return Setting(nodes, edges, numbers_of(nodes, size))


@pytest.mark.parametrize("seed", [13, 17, 19])
def test_the_graph_joins_hidden_words_to_known_ones_of_their_label_only(tokenizer, seed):
    own, words = setting_of(tokenizer, seed), control_words(seed)
    joined = np.zeros((len(own.nodes),) * 2, dtype=bool)
    joined[own.edges.first, own.edges.second] = joined[own.edges.second, own.edges.first] = True

    def numbers(of: list[str]) -> np.ndarray:
        return own.numbers[tokenizer.convert_tokens_to_ids(of)]

    for label, hidden in words.hidden.items():
        (other,) = set(words.hidden) - {label}
        assert joined[np.ix_(numbers(hidden), numbers(words.known[label]))].any(axis=1).all()
        assert not joined[np.ix_(numbers(hidden), numbers([*words.known[other], *words.hidden[other]]))].any()


def tensors(tokenizer, split: str, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    tweets = [tweet for tweet in control(120, seed) if tweet.split == split]
    batch = tokenizer([tweet.text for tweet in tweets], padding=True, return_tensors="pt")
    return batch.input_ids, batch.attention_mask, torch.tensor([int(tweet.relevance == RELEVANT) for tweet in tweets])


def accuracies(tokenizer, own: Setting, edges: Edges, seed: int, scale: str = "length") -> list[float]:
    """On known words (dev) and on hidden ones (test), after a training on known ones."""
    torch.manual_seed(1)
    encoder = load_encoder(ENCODER, 1).requires_grad_(False)
    ids = torch.from_numpy(own.nodes).long()
    vectors = encoder.get_input_embeddings().weight[ids]
    adjacency = normalised_adjacency(edges, len(ids), "binary")
    featurizer = GraphFeaturizer(adjacency, vectors, ids, "fixed", Layers(2, "relu", 0.2))
    importance = ImportanceEstimator(vectors.shape[1], False, scale)
    numbers = torch.from_numpy(own.numbers)
    model = GraphClassifier(encoder, ("no", "yes"), numbers, featurizer, importance, RecurrentSizes(2, 100, 0.2))
    optimizer = torch.optim.AdamW(model.head_parameters(), lr=1e-3)
    ids, mask, labels = tensors(tokenizer, "train", seed)
    model.train()
    for _ in range(EPOCHS):
        for at in torch.randperm(len(labels)).split(BATCH):
            loss = cross_entropy(model(ids[at], mask[at]), labels[at])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    model.eval()
    found = []
    for split in ("dev", "test"):
        ids, mask, labels = tensors(tokenizer, split, seed)
        with torch.no_grad():
            found.append(float((model(ids, mask).argmax(dim=1) == labels).float().mean()))
    return found


def test_hidden_words_are_classified_with_the_graph_and_not_without_its_edges(tokenizer):
    own = setting_of(tokenizer, 13)
    known, hidden = accuracies(tokenizer, own, own.edges, 13)
    assert known > 0.95 and hidden > 0.85
    printed_known, printed = accuracies(tokenizer, own, own.edges, 13, "one")
    assert printed_known > 0.95 and 0.75 < printed < hidden  # the printed attention sums to one: a smaller graph
    known, hidden = accuracies(tokenizer, own, without_edges(own.edges), 13)
    assert known > 0.9 and hidden < 0.65
