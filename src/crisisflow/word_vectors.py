"""Static vectors of words, such as GloVe's, from a folder: a NumPy array of vectors, and a Parquet table of words."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from crisisflow.errors import CrisisflowError


class FoundVectors(NamedTuple):
    """The vectors of those words that have one."""

    numbers: dict[str, int]  # of each word its row; only of words that have a vector
    vectors: np.ndarray  # [words with a vector, d], float32


def plain(word: str) -> str:
    """A word as the vectors know it: in lower case, and a hashtag without its `#`."""
    return word.lower().replace("#", "")


def read_vectors(folder: Path, words: Iterable[str]) -> FoundVectors:
    """The vectors of these words (in the form of `plain`), in the order in which the words are first given.

    The folder has one `.npy` file, the vectors [words, d] as floats, and one `.parquet` file, with the words in the
    same order in its one column. Of a word that is there twice the first counts.

    Raises:
        CrisisflowError: the folder has not these two files, they are damaged or of other shapes, or none of the words
            has a vector.
    """
    vectors, known = _vectors(_only(folder, "npy")), _words(_only(folder, "parquet"))
    if len(vectors) != len(known):
        raise CrisisflowError(f"{folder} has {len(vectors):,} vectors and {len(known):,} words; give files that fit")
    asked = list(dict.fromkeys(words))
    rows = pc.index_in(pa.array(asked, pa.string()), value_set=known).to_pylist()
    there = {word: row for word, row in zip(asked, rows, strict=True) if row is not None}
    if not there:
        raise CrisisflowError(f"{folder} has no vector for any of the {len(asked):,} words; give vectors of English")
    found = np.asarray(vectors[list(there.values())], dtype=np.float32)
    if not np.isfinite(found).all():
        raise CrisisflowError(f"{folder} has a vector with a value that is no number; give sound files")
    return FoundVectors({word: at for at, word in enumerate(there)}, found)


def check_vectors(folder: Path) -> None:
    """Refuse a folder that has not the two files; they are not read.

    Raises:
        CrisisflowError: it has not.
    """
    for suffix in ("npy", "parquet"):
        _only(folder, suffix)


def _only(folder: Path, suffix: str) -> Path:
    found = sorted(folder.glob(f"*.{suffix}"))
    if len(found) != 1:
        raise CrisisflowError(
            f"static vectors are a folder with one .npy file (vectors) and one .parquet file (words), and {folder} has "
            f"{len(found) or 'no'} .{suffix} file{'' if len(found) == 1 else 's'}"
        )
    return found[0]


def _vectors(path: Path) -> np.ndarray:
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise CrisisflowError(f"{path} is no readable NumPy array ({error})") from error
    if found.ndim != 2 or not np.issubdtype(found.dtype, np.floating) or 0 in found.shape:
        shape = " × ".join(map(str, found.shape))
        raise CrisisflowError(f"{path} is {shape} of {found.dtype}; vectors are words × dimensions of floats")
    return found


def _words(path: Path) -> pa.Array:
    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise CrisisflowError(f"{path} is no readable Parquet file ({error})") from error
    if table.num_columns != 1 or table.schema.types[0] not in (pa.string(), pa.large_string()):
        raise CrisisflowError(f"{path} has the columns {', '.join(table.column_names)}; words are one column of texts")
    return table.column(0).combine_chunks().cast(pa.string())
