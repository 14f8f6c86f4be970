"""What a word graph of the study gnom costs: `python benchmarks/gnom_graph.py --texts tweets.txt`.

1. Co-occurrence of 100,000 texts and the edges it gives, on one thread: this package; counting in a dict; adding each
pair to a networkx graph, as public code does.
2. The same with edges of similar vectors: this package in blocks; the whole matrix of cosines in one piece.
3. With `--many`, ten times as many texts in a stream: seconds and memory.

Each way runs in a process of its own, one after the other in each round. Seconds are CPU time; memory is the peak above
what was there before. Ratios are of one round. `tweets.txt` has a text a line; without it tokens are drawn by Zipf's
law, which gives more pairs than tweets do.
"""

import argparse
import json
import os
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import psutil
from threadpoolctl import threadpool_limits

from crisisflow.studies.gnom.cooccurrence import (
    NO_NODE,
    Chunk,
    chunk_of,
    cooccurrences,
    frequencies,
    nodes_of,
    numbers_of,
)
from crisisflow.studies.gnom.edges import edges_of

VOCABULARY, LENGTH, DIMENSIONS = 30_522, 31, 384
WINDOW, TAU, MINIMUM, AT_ONCE = 5, 0.5, 3, 10_000


class Cost(NamedTuple):
    """CPU seconds, megabytes above what was there, and the number of edges."""

    seconds: float
    megabytes: float
    edges: int


class Stream:
    """Chunks of drawn tokens that are drawn anew each time they are gone through, so that none is kept."""

    def __init__(self, texts: int) -> None:
        self.texts = texts

    def __iter__(self) -> Iterator[Chunk]:
        for begin in range(0, self.texts, AT_ONCE):
            random = np.random.default_rng([13, begin])
            lengths = np.full(min(AT_ONCE, self.texts - begin), LENGTH, dtype=np.int64)
            ids = random.zipf(1.15, lengths.sum()) % VOCABULARY
            yield Chunk(ids.astype(np.int32), lengths)


def apart(way: Callable[[], int]) -> Cost:
    """The cost of a way in a process of its own."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        before, began = psutil.Process().memory_info().rss, time.process_time()
        edges = way()
        seconds = time.process_time() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        os.write(writing, json.dumps(Cost(seconds, max(0, peak - before) / 2**20, edges)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as found:
        content = found.read()
    os.wait()
    return Cost(*json.loads(content))


def texts_of(chunks: list[Chunk], numbers: np.ndarray) -> Iterator[list[int]]:
    """The nodes of each text, as lists."""
    for chunk in chunks:
        at = 0
        ids = numbers[chunk.ids].tolist()
        for length in chunk.lengths.tolist():
            yield ids[at : at + length]
            at += length


def by_dict(chunks: list[Chunk], numbers: np.ndarray) -> int:
    """Pairs counted in a dict; an edge where a count is more than tau of the larger one's row, in either direction."""
    counts: dict[tuple[int, int], int] = defaultdict(int)
    for text in texts_of(chunks, numbers):
        for at, first in enumerate(text):
            for second in text[at + 1 : at + WINDOW]:
                if first != second and NO_NODE not in (first, second):
                    counts[min(first, second), max(first, second)] += 1
    largest: dict[int, int] = defaultdict(int)
    for (first, second), count in counts.items():
        largest[first], largest[second] = max(largest[first], count), max(largest[second], count)
    return sum(count > TAU * min(largest[first], largest[second]) for (first, second), count in counts.items())


def by_networkx(chunks: list[Chunk], numbers: np.ndarray) -> int:
    """Pairs added to a networkx graph, one at a time."""
    import networkx

    graph = networkx.Graph()
    for text in texts_of(chunks, numbers):
        for at, first in enumerate(text):
            for second in text[at + 1 : at + WINDOW]:
                if first != second and NO_NODE not in (first, second):
                    if graph.has_edge(first, second):
                        graph[first][second]["weight"] += 1
                    else:
                        graph.add_edge(first, second, weight=1)
    largest = {node: max((edge["weight"] for edge in near.values()), default=0) for node, near in graph.adjacency()}
    return sum(
        count > TAU * min(largest[first], largest[second]) for first, second, count in graph.edges(data="weight")
    )


def by_matrix(chunks: list[Chunk], nodes: np.ndarray, vectors: np.ndarray) -> int:
    """The whole matrix of cosines, with the counts added in place."""
    pairs = cooccurrences(chunks, nodes, VOCABULARY, WINDOW)
    largest = np.zeros(len(nodes))
    for ends in (pairs.first, pairs.second):
        np.maximum.at(largest, ends, pairs.count)
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    similarity = unit @ unit.T
    similarity[pairs.first, pairs.second] += (
        pairs.count / np.minimum(largest[pairs.first], largest[pairs.second])
    ).astype(np.float32)
    return int(np.triu(similarity > TAU, k=1).sum())


def own(chunks: "list[Chunk] | Stream", nodes: np.ndarray, vectors: np.ndarray | None) -> int:
    """This package."""
    pairs = cooccurrences(chunks, nodes, VOCABULARY, WINDOW)
    return len(edges_of(pairs, len(nodes), vectors, "max", TAU).first)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--texts", type=Path, help="a text a line; without it drawn tokens")
    parser.add_argument("--number", type=int, default=100_000, help="of texts")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--many", action="store_true", help="also ten times as many drawn texts, in a stream")
    options = parser.parse_args()
    with threadpool_limits(1):
        if options.texts:
            from crisisflow.pretrained import load_encoder, load_tokenizer

            name = "embedded:minilm-l6"
            lines = options.texts.read_text(encoding="utf-8").splitlines()[: options.number]
            tokenizer = load_tokenizer(name)
            ids = (
                tokenizer(lines[begin : begin + AT_ONCE], add_special_tokens=False, verbose=False)["input_ids"]
                for begin in range(0, len(lines), AT_ONCE)
            )
            chunks = [chunk_of(part) for part in ids]
            table = load_encoder(name, 1).get_input_embeddings().weight.detach().numpy()
        else:
            chunks = list(Stream(options.number))
            table = np.random.default_rng(13).normal(size=(VOCABULARY, DIMENSIONS)).astype(np.float32)
        nodes = nodes_of(frequencies(chunks, VOCABULARY), MINIMUM, ())
        numbers, vectors = numbers_of(nodes, VOCABULARY), table[nodes]
        tokens = sum(len(chunk.ids) for chunk in chunks)
        pairs = len(cooccurrences(chunks, nodes, VOCABULARY, WINDOW).first)
        print(f"{sum(len(chunk.lengths) for chunk in chunks):,} texts, {tokens:,} tokens, ", end="")
        print(f"{len(nodes):,} nodes, {pairs:,} pairs", flush=True)
        ways: dict[str, Callable[[], int]] = {
            "co-occurrence": lambda: own(chunks, nodes, None),
            "co-occurrence, dict": lambda: by_dict(chunks, numbers),
            "co-occurrence, networkx": lambda: by_networkx(chunks, numbers),
            "with similarity": lambda: own(chunks, nodes, vectors),
            "with similarity, one matrix": lambda: by_matrix(chunks, nodes, vectors),
        }
        found: dict[str, list[Cost]] = {name: [] for name in ways}
        print("round,way,cpu_seconds,megabytes,edges")
        for number in range(options.rounds):
            for name, way in ways.items():
                found[name].append(cost := apart(way))
                print(f'{number},"{name}",{cost.seconds:.2f},{cost.megabytes:.0f},{cost.edges}', flush=True)
        for ours, other in (
            ("co-occurrence", "co-occurrence, dict"),
            ("co-occurrence", "co-occurrence, networkx"),
            ("with similarity", "with similarity, one matrix"),
        ):
            ratios = [two.seconds / one.seconds for one, two in zip(found[ours], found[other], strict=True)]
            print(f"{other}: {median(ratios):.1f} times the time of this package")
        if options.many:
            for factor in (1, 10):
                stream = Stream(options.number * factor)
                began = time.process_time()
                drawn = nodes_of(frequencies(stream, VOCABULARY), MINIMUM, ())
                drawing = time.process_time() - began
                cost = apart(lambda stream=stream, drawn=drawn: own(stream, drawn, None))
                print(
                    f"{stream.texts:,} drawn texts in a stream: {cost.seconds:.1f} s, of which about {drawing:.1f} s ",
                    end="",
                )
                print(f"draw them; {cost.megabytes:.0f} MB", flush=True)


if __name__ == "__main__":
    main()
