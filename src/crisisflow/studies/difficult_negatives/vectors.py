"""Vectors: the embeddings that the step mine_bands wrote, read back by text id."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from crisisflow.artifacts import read_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.studies.difficult_negatives.mined_negatives import embeddings_schema


def read_vectors(path: Path, wanted: Iterable[str] | None = None) -> dict[str, np.ndarray]:
    """The embeddings (float32 [d], of length 1) of these tweets, or of all that are there, in the order of the file.

    Raises:
        CrisisflowError: one of them is not there, or what `read_parquet` raises.
    """
    try:
        width = pq.read_schema(path).field("embedding").type.list_size
    except (OSError, KeyError, AttributeError, pa.ArrowException):
        width = 1  # read_parquet says what is wrong
    table = read_parquet(path, embeddings_schema(width))
    ids = set(table["text_id"].to_pylist() if wanted is None else wanted)
    table = table.filter(pa.array([own in ids for own in table["text_id"].to_pylist()], pa.bool_())).combine_chunks()
    matrix = table["embedding"].combine_chunks().flatten().to_numpy().reshape(table.num_rows, width)
    found = dict(zip(table["text_id"].to_pylist(), matrix, strict=True))
    if missing := ids - found.keys():
        raise CrisisflowError(f"{path} has no embedding of {min(missing)}; make it again with the step mine_bands")
    return found
