"""The terms of a corpus and of its posts as arrays, as the steps behind `terms` read them."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from crisisflow.artifacts import read_in_parts, read_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.studies.analytics.terms import DOCUMENTS, TERMS


class Documents(NamedTuple):
    """Posts and their terms, in the order of the posts.

    `counts` and `weights` (Eq. 3) are sparse arrays [posts, terms], `lengths` [posts] the occurrences of all terms.
    """

    post_ids: list[str]
    terms: list[str]
    counts: csr_array
    weights: csr_array
    lengths: np.ndarray

    def in_order_of_ids(self) -> np.ndarray:
        """The places of the posts [posts] in the order of their ids, which no order of a file changes."""
        return np.array(sorted(range(len(self.post_ids)), key=self.post_ids.__getitem__))


def read_terms(path: Path) -> list[str]:
    """The terms of a corpus, by number."""
    return read_parquet(path, TERMS)["term"].to_pylist()


def read_documents(terms: Path, documents: Path) -> Documents:
    """Both files of the step `terms`.

    Raises:
        CrisisflowError: a file is absent or damaged, or they are not of one run.
    """
    names = read_terms(terms)
    post_ids: list[str] = []
    columns: list[np.ndarray] = []
    values: dict[str, list[np.ndarray]] = {"counts": [], "weights": [], "length": [], "sizes": []}
    for table in read_in_parts(documents, DOCUMENTS):
        post_ids += table["post_id"].to_pylist()
        columns.append(table["terms"].combine_chunks().flatten().to_numpy())
        values["sizes"].append(table["terms"].combine_chunks().value_lengths().to_numpy())
        values["length"].append(table["length"].to_numpy())
        for name in ("counts", "weights"):
            values[name].append(table[name].combine_chunks().flatten().to_numpy())
    indices = np.concatenate(columns)
    if len(indices) and indices.max() >= len(names):
        raise CrisisflowError(f"{documents} has terms that {terms} lacks; make both again with the step terms")
    starts = np.concatenate([[0], np.cumsum(np.concatenate(values["sizes"]))])
    shape = (len(post_ids), len(names))
    counts, weights = (
        csr_array((np.concatenate(values[name]), indices, starts), shape=shape) for name in ("counts", "weights")
    )
    return Documents(post_ids, names, counts, weights, np.concatenate(values["length"]))


def rows_of(matrix: csr_array) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of each row the columns that are not 0, and the values there."""
    for start, end in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True):
        yield matrix.indices[start:end], matrix.data[start:end]
