"""A word graph on disk: nodes.parquet, edges.parquet and statistics.json in one folder."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from crisisflow.artifacts import read_metadata, read_parquet, write_json, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.studies.gnom.edges import Edges
from crisisflow.studies.gnom.files import EDGES as EDGES_FILE
from crisisflow.studies.gnom.files import NODES as NODES_FILE
from crisisflow.studies.gnom.files import STATISTICS as STATISTICS_FILE

FACTS = b"crisisflow"  # of the metadata of both tables: JSON of what the graph was made from

# `pieces`: the token ids of the node, several of a word that the tokenizer splits. `sets`: the names of the sets of
# texts in which it stands.
NODES = pa.schema(
    [
        ("pieces", pa.list_(pa.int32())),
        ("token", pa.string()),
        ("frequency", pa.int64()),
        ("sets", pa.list_(pa.string())),
    ]
)
# first < second are row numbers of NODES. C, E and S as in edges.Edges.
EDGES = pa.schema(
    [
        ("first", pa.int32()),
        ("second", pa.int32()),
        ("count", pa.int64()),
        ("C", pa.float32()),
        ("E", pa.float32()),
        ("S", pa.float32()),
    ]
)


class WordGraph(NamedTuple):
    """Nodes, by the token ids of each, and edges between them."""

    pieces: Sequence[tuple[int, ...]]
    tokens: Sequence[str]
    frequency: np.ndarray
    sets: Sequence[Sequence[str]]
    edges: Edges


def write_graph(folder: Path, graph: WordGraph, facts: Mapping[str, Any], statistics: Mapping[str, Any]) -> None:
    """Write a graph.

    Args:
        facts: what it was made from, such as the encoder and tau, as JSON values.
    """
    metadata = {FACTS: json.dumps(facts, sort_keys=True)}
    nodes = [
        [list(own) for own in graph.pieces],
        list(graph.tokens),
        graph.frequency,
        [list(own) for own in graph.sets],
    ]
    for file, columns, schema in ((NODES_FILE, nodes, NODES), (EDGES_FILE, graph.edges, EDGES)):
        arrays = [pa.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)]
        own = schema.with_metadata(metadata)
        write_parquet(folder / file, pa.table(arrays, schema=own), own)
    write_json(folder / STATISTICS_FILE, dict(statistics))


def read_graph(folder: Path, facts: Mapping[str, Any]) -> WordGraph:
    """Read a graph that was made from what `facts` says.

    Raises:
        CrisisflowError: it was made from something else, is damaged, or is not there.
    """
    for file, schema in ((NODES_FILE, NODES), (EDGES_FILE, EDGES)):
        found = json.loads(read_metadata(folder / file, schema).get(FACTS, b"{}"))
        for name in sorted({*found, *facts}):
            if found.get(name) != facts.get(name):
                raise CrisisflowError(
                    f"{folder / file} is the graph of another {name}: it is {found.get(name)!r} there, "
                    f"{facts.get(name)!r} is needed; make the graph again"
                )
    nodes, edges = read_parquet(folder / NODES_FILE, NODES), read_parquet(folder / EDGES_FILE, EDGES)
    columns = Edges(*(column.to_numpy() for column in edges.columns))
    _check(folder, nodes.num_rows, columns)
    return WordGraph(
        [tuple(own) for own in nodes["pieces"].to_pylist()],
        nodes["token"].to_pylist(),
        nodes["frequency"].to_numpy(),
        nodes["sets"].to_pylist(),
        columns,
    )


def _check(folder: Path, nodes: int, edges: Edges) -> None:
    ordered = (edges.first < edges.second).all() and (edges.first >= 0).all() and (edges.second < nodes).all()
    keys = edges.first.astype(np.int64) * max(nodes, 1) + edges.second
    if not (ordered and (np.diff(keys) > 0).all()):
        raise CrisisflowError(f"{folder / EDGES_FILE} is damaged: its edges are out of order; make the graph again")
