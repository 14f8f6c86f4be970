"""The linear layer D between the teacher's width and the student's (paper, section 3.3; ledger, entries 19 and 20)."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from crisisflow.errors import CrisisflowError

AT_ONCE = 50_000  # embeddings that are converted together

FIXED = ("pca", "random")  # the others are learnt with the student


class Projection(NamedTuple):
    """A fixed linear layer: x to weight (x - mean). `weight` is [width, d], `mean` [d], both float32."""

    weight: np.ndarray
    mean: np.ndarray

    def __call__(self, embeddings: np.ndarray) -> np.ndarray:
        """[texts, d] in any float type to float32 [texts, width]."""
        weight = torch.from_numpy(self.weight.T.copy())
        parts = _parts(embeddings, np.float32)
        return np.concatenate([(torch.from_numpy(part - self.mean) @ weight).numpy() for part in parts])


def _parts(embeddings: np.ndarray, kind: type) -> Iterator[np.ndarray]:
    """The embeddings in pieces; at least one."""
    for begin in range(0, max(len(embeddings), 1), AT_ONCE):
        yield embeddings[begin : begin + AT_ONCE].astype(kind)


def check_widths(student: int, teacher: int, projection: str, shape: str) -> None:
    """Refuse a projection downwards to a width that the teacher does not have.

    Raises:
        CrisisflowError: the student is wider than its teacher, and the projection is not learned_up.
    """
    if student > teacher and projection != "learned_up":
        raise CrisisflowError(
            f"the mini {shape} is {student} wide and its teacher {teacher}: the projection {projection} goes downwards "
            "only; set actionable_help.minis.projection to learned_up, or take a wider teacher or a narrower shape"
        )


def mean_of_all(embeddings: np.ndarray) -> np.ndarray:
    """The mean [d] of embeddings [texts, d], float32."""
    return (sum(part.sum(axis=0) for part in _parts(embeddings, np.float64)) / len(embeddings)).astype(np.float32)


def principal(embeddings: np.ndarray, width: int) -> Projection:
    """Principal component analysis: the `width` directions of the largest variance.

    The largest entry of each is above 0: else its sign would be the library's.
    All products are torch's, whose number of threads is set (training.device.open_device): the bytes do not depend on
    the cores.
    """
    mean = mean_of_all(embeddings)
    covariance = torch.zeros(len(mean), len(mean), dtype=torch.float64)
    for part in _parts(embeddings, np.float64):
        centred = torch.from_numpy(part - mean)
        covariance += centred.T @ centred
    _, vectors = torch.linalg.eigh(covariance)  # in ascending order
    directions = vectors.flip(1)[:, :width].T.numpy()
    largest = np.abs(directions).argmax(axis=1)
    signs = np.sign(directions[np.arange(width), largest])
    return Projection((directions * signs[:, None]).astype(np.float32), mean)


def random_directions(embeddings: np.ndarray, width: int, seed: int) -> Projection:
    """`width` orthonormal directions, drawn at random."""
    mean = mean_of_all(embeddings)
    drawn = torch.from_numpy(np.random.default_rng(seed).standard_normal((len(mean), width)))
    directions, _ = torch.linalg.qr(drawn)
    return Projection(directions.T.numpy().astype(np.float32), mean)


def centred(embeddings: np.ndarray) -> Projection:
    """The embeddings without their mean, in all their dimensions: what a learnt layer starts from."""
    mean = mean_of_all(embeddings)
    return Projection(np.eye(len(mean), dtype=np.float32), mean)


def projection_of(kind: str, embeddings: np.ndarray, width: int, seed: int) -> Projection:
    """The fixed part of the projection `kind` (section actionable_help.minis), fitted to embeddings [texts, d]."""
    if kind == "pca":
        return principal(embeddings, width)
    if kind == "random":
        return random_directions(embeddings, width, seed)
    return centred(embeddings)
