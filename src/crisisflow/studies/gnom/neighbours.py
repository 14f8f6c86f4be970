"""Neighbours: the words nearest to a word, by several vectors (paper, Table 12)."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from crisisflow.artifacts import read_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.studies.gnom.answering import RESULTS, chosen_run
from crisisflow.studies.gnom.files import OF_RUN
from crisisflow.studies.gnom.formats import WORDS
from crisisflow.studies.gnom.glossary import words_of

BY = ("embedding", "before", "after")


def open_words(run: Path | None, results: Path = RESULTS) -> pa.Table:
    """words.parquet of a run.

    Raises:
        CrisisflowError: there is no such run, or its row has no word graph.
    """
    folder = chosen_run("neighbours", run, results, None)
    found = read_parquet(folder / OF_RUN["words"], WORDS)
    if not found.num_rows:
        raise CrisisflowError(f"{folder} has no vectors of words: its row has no word graph, or was not kept")
    return found


def near_words(table: pa.Table, words: Sequence[str], number: int) -> str:
    """Of each word those with the largest cosine, by the embedding and by h_G before and after training; JSON.

    Only words of words.parquet count: the most frequent nodes, and those of the glossary.

    Raises:
        CrisisflowError: a word is none of them.
    """
    known = {word: at for at, word in reversed(words_of(table["token"].to_pylist()).items())}
    places = sorted(known.values())
    names = {at: word for word, at in known.items()}
    found = {}
    for word in words:
        if word.lower() not in known:
            raise CrisisflowError(f"{word} is no node whose vectors were kept; it is rare, split, or a stop word")
        at = known[word.lower()]
        found[word] = {}
        for kind in BY:
            vectors = np.stack([np.asarray(own, dtype=np.float64) for own in table[kind].to_pylist()])
            unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
            cosines = unit @ unit[at]
            order = sorted((own for own in places if own != at), key=lambda own: (-cosines[own], own))
            found[word][kind] = [[names[own], round(float(cosines[own]), 4)] for own in order[:number]]
    return json.dumps(found, ensure_ascii=False, indent=2)
