"""What the graph of the study gnom costs in training: `python benchmarks/gnom_training.py --texts tweets.txt`.

1. A step of GNoM, forward, backward and optimizer, against one of the encoder alone (TR); and against GNoM whose graph
convolution computes all nodes in each step, as public code does. 2. One text in evaluation, with h_G computed once.
3. The graph convolution over all nodes, forward and backward, against the GCNConv of PyG (a dev dependency).

The graph is that of the texts, a text a line; the same texts train. The ways take turns; seconds are CPU time of one
thread, and ratios are of one round. Nothing is learnt here: labels are drawn.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import Tensor

from crisisflow.model.recurrent import RecurrentSizes
from crisisflow.pretrained import load_encoder, load_tokenizer
from crisisflow.studies.gnom.adjacency import normalised_adjacency
from crisisflow.studies.gnom.cooccurrence import chunk_of, cooccurrences, frequencies, nodes_of, numbers_of
from crisisflow.studies.gnom.edges import Edges, edges_of
from crisisflow.studies.gnom.network import (
    GraphClassifier,
    GraphFeaturizer,
    ImportanceEstimator,
    Layers,
    settled,
)
from crisisflow.studies.gnom.stop_words import stop_tokens, stop_words

CLASSES = ("relevant", "not_relevant")
ALONE = 40  # texts that are answered one at a time
SIZES, LAYERS = RecurrentSizes(2, 100, 0.2), Layers(2, "relu", 0.2)


class WholeGraph(GraphFeaturizer):
    """All nodes in each step."""

    def of_nodes(self, nodes: Tensor, embedding: Tensor) -> Tensor:
        return super().of_nodes(torch.arange(len(self.starts) - 1), embedding)[nodes]


def cpu(way: Callable[[], object]) -> float:
    """CPU seconds of a way."""
    began = time.process_time()
    way()
    return time.process_time() - began


def rounds_of(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """The seconds of each way in each round, after one round that is not counted."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            seconds = cpu(way)
            if number:
                found[name].append(seconds)
    return found


def ratio(found: dict[str, list[float]], one: str, other: str) -> float:
    """How many times the time of `other` the way `one` takes, the median over the rounds."""
    return median(a / b for a, b in zip(found[one], found[other], strict=True))


def graph_of(texts: Sequence[str], encoder: str, languages: Sequence[str]) -> tuple[np.ndarray, Edges, np.ndarray]:
    """Node ids, edges and the node of each token: window 3, tau 0.5, similarity with more than one language."""
    tokenizer = load_tokenizer(encoder)
    chunks = [chunk_of(tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"])]
    excluded = {*tokenizer.all_special_ids}
    for language in languages:
        excluded |= stop_tokens(tokenizer, stop_words(language))
    nodes = nodes_of(frequencies(chunks, len(tokenizer)), 3, excluded)
    table = load_encoder(encoder, 1).get_input_embeddings().weight.detach().numpy()
    pairs = cooccurrences(chunks, nodes, len(tokenizer), 3)
    edges = edges_of(pairs, len(nodes), table[nodes] if len(languages) > 1 else None, "max", 0.5)
    return nodes, edges, numbers_of(nodes, len(tokenizer))


def against_pyg(nodes: int, edges: Edges, width: int, rounds: int) -> None:
    """Print how long two layers over the whole graph take, forward and backward."""
    from torch_geometric.nn import GCNConv

    torch.manual_seed(13)
    vectors = torch.randn(nodes, width)
    both = torch.from_numpy(np.stack([np.r_[edges.first, edges.second], np.r_[edges.second, edges.first]])).long()
    own = GraphFeaturizer(normalised_adjacency(edges, nodes, "binary"), vectors, torch.arange(nodes), "trained", LAYERS)
    layers = torch.nn.ModuleList(GCNConv(width, width, cached=True) for _ in range(2))
    leaf = vectors.clone().requires_grad_()

    def ours() -> None:
        own.zero_grad()
        own.of_nodes(torch.arange(nodes), vectors).sum().backward()

    def theirs() -> None:
        leaf.grad = None
        layers.zero_grad()
        layers[1](torch.relu(layers[0](leaf, both)), both).sum().backward()

    def linear() -> None:
        own.zero_grad()
        torch.relu(own.linears[1](own.linears[0](leaf))).sum().backward()

    found = rounds_of({"own": ours, "PyG": theirs, "linear": linear}, rounds)
    both_have = median(found["linear"])
    products = (median(found[name]) - both_have for name in ("PyG", "own"))
    print(f"graph convolution of all nodes: {1000 * median(found['own']):.0f} ms, ", end="")
    print(f"PyG {1000 * median(found['PyG']):.0f} ms: {ratio(found, 'PyG', 'own'):.1f} times as long; ", end="")
    print(f"both have linear layers of {1000 * both_have:.0f} ms, without which it is ", end="")
    print(f"{next(products) / next(products):.1f} times", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--texts", type=Path, required=True, help="a text a line")
    parser.add_argument("--number", type=int, help="of texts; all without it")
    parser.add_argument("--encoder", default="embedded:minilm-l6")
    parser.add_argument("--language", action="append", default=[], help="repeat; with two, edges of similarity too")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--steps", type=int, default=10, help="in a round")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    texts = options.texts.read_text(encoding="utf-8").splitlines()[: options.number]
    nodes, edges, numbers = graph_of(texts, options.encoder, options.language or ["en"])
    print(f"{len(texts):,} texts, {len(nodes):,} nodes, {len(edges.first):,} edges, {options.encoder}", flush=True)
    tokenizer, adjacency = load_tokenizer(options.encoder), normalised_adjacency(edges, len(nodes), "binary")

    def model(kind: type[GraphFeaturizer] | None) -> GraphClassifier:
        torch.manual_seed(13)
        encoder = load_encoder(options.encoder, None)
        table = encoder.get_input_embeddings().weight
        table.requires_grad_(False)
        width = encoder.config.hidden_size
        ids = torch.from_numpy(nodes).long()
        featurizer = kind and kind(adjacency, table.detach()[ids], ids, "fixed", LAYERS)
        importance = ImportanceEstimator(width, False, "one") if kind else None
        return GraphClassifier(encoder, CLASSES, torch.from_numpy(numbers), featurizer, importance, SIZES)

    models = {"TR": model(None), "GNoM": model(GraphFeaturizer), "GNoM, whole graph": model(WholeGraph)}
    random = np.random.default_rng(13)
    # Texts of like length, as in a batch of the engine.
    order = np.argsort([len(text) for text in texts], kind="stable")
    starts = random.integers(0, max(len(texts) - options.batch_size, 1), options.steps)
    batches = [
        tokenizer(
            [texts[at] for at in order[start : start + options.batch_size]],
            padding=True,
            truncation=True,
            max_length=96,
            return_tensors="pt",
        )
        for start in starts
    ]
    labels = torch.from_numpy(random.integers(0, 2, options.batch_size))

    def steps(name: str) -> Callable[[], None]:
        own = models[name].train()
        trained = [parameter for parameter in own.parameters() if parameter.requires_grad]
        optimizer = torch.optim.AdamW(trained, lr=1e-5)

        def run() -> None:
            for batch in batches:
                optimizer.zero_grad()
                logits = own(batch["input_ids"], batch["attention_mask"])
                torch.nn.functional.cross_entropy(logits, labels[: len(logits)]).backward()
                optimizer.step()

        return run

    found = rounds_of({name: steps(name) for name in models}, options.rounds)
    for name, seconds in found.items():
        print(f"step of {name}: {1000 * median(seconds) / options.steps:.1f} ms", end="")
        print("" if name == "TR" else f", {ratio(found, name, 'TR'):.3f} times TR's", flush=True)
    whole = models["GNoM"]
    whole.featurizer = settled(whole.featurizer, whole.encoder.get_input_embeddings().weight)
    one = [tokenizer([text], truncation=True, max_length=96, return_tensors="pt") for text in texts[:ALONE]]

    both: dict[str, list[float]] = {"TR": [], "GNoM": []}
    with torch.inference_mode():
        for text in one * options.rounds:
            for name, seconds in both.items():
                own = models[name].eval()
                seconds.append(cpu(lambda own=own, text=text: own(text["input_ids"], text["attention_mask"])))
    print(
        f"one text: TR {1000 * median(both['TR']):.1f} ms, GNoM {ratio(both, 'GNoM', 'TR'):.3f} times that", flush=True
    )
    against_pyg(len(nodes), edges, models["TR"].encoder.config.hidden_size, options.rounds)


if __name__ == "__main__":
    main()
