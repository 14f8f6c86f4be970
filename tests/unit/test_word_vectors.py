"""Static vectors from a folder."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crisisflow.errors import CrisisflowError
from crisisflow.word_vectors import plain, read_vectors


def folder(path, vectors: np.ndarray, words: list[str]):
    np.save(path / "vectors.npy", vectors)
    pq.write_table(pa.table({"index": words}), path / "words.parquet")
    return path


def test_each_word_has_its_own_vector_in_the_order_asked_for(tmp_path):
    vectors = np.arange(8, dtype=np.float32).reshape(4, 2)
    found = read_vectors(folder(tmp_path, vectors, ["the", "flood", "the", "rain"]), ["rain", "zzz", "the", "rain"])
    assert found.numbers == {"rain": 0, "the": 1}
    assert found.vectors.tolist() == [[6, 7], [0, 1]]


def test_the_form_of_a_word():
    assert [plain(word) for word in ("#Flood", "Rain", "#")] == ["flood", "rain", ""]


@pytest.mark.parametrize(
    ("vectors", "words", "said"),
    [
        (np.zeros((3, 2), np.float32), ["a", "b"], "3 vectors and 2 words"),
        (np.zeros(3, np.float32), ["a", "b", "c"], "words × dimensions"),
        (np.zeros((2, 2), np.int64), ["a", "b"], "int64"),
        (np.full((2, 2), np.nan, np.float32), ["a", "b"], "no number"),
        (np.zeros((2, 2), np.float32), ["x", "y"], "no vector for any of the 1 words"),
    ],
)
def test_a_folder_of_another_form_is_refused(tmp_path, vectors, words, said):
    with pytest.raises(CrisisflowError, match=said):
        read_vectors(folder(tmp_path, vectors, words), ["a"])


def test_missing_and_damaged_files_are_refused(tmp_path):
    with pytest.raises(CrisisflowError, match=r"no \.npy file"):
        read_vectors(tmp_path, ["a"])
    folder(tmp_path, np.zeros((1, 2), np.float32), ["a"])
    (tmp_path / "vectors.npy").write_bytes(b"no array")
    with pytest.raises(CrisisflowError, match="no readable NumPy array"):
        read_vectors(tmp_path, ["a"])
    np.save(tmp_path / "vectors.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(CrisisflowError, match="no readable NumPy array"):
        read_vectors(tmp_path, ["a"])
    np.save(tmp_path / "more.npy", np.zeros((1, 2)))
    with pytest.raises(CrisisflowError, match=r"2 \.npy files"):
        read_vectors(tmp_path, ["a"])
