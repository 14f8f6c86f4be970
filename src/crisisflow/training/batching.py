"""Batches of similar length: HumAID's mean is 35 subwords, so padding to 128 would waste most of the work."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from crisisflow.taxonomy import IGNORED

POOL = 50  # batches that are sorted by length together; more saves padding, less shuffles better
MULTIPLE = 8  # padded lengths are multiples of this: few shapes, and vector-friendly ones


class Examples(NamedTuple):
    """Aligned tweets of one split, in the order of their ids."""

    tweet_ids: list[str]
    input_ids: list[list[int]]
    labels: list[list[int]]
    class_ids: list[int]


class Batch(NamedTuple):
    """Tensors [batch, length], but `class_ids` [batch]; `indices` are positions in the examples."""

    indices: list[int]
    input_ids: Tensor
    mask: Tensor
    labels: Tensor
    class_ids: Tensor


def training_order(lengths: Sequence[int], batch_size: int, seed: Sequence[int]) -> list[list[int]]:
    """A shuffled order of all examples in batches of similar length; the same seed gives the same order."""
    generator = np.random.default_rng(seed)
    shuffled = generator.permutation(len(lengths)).tolist()
    batches = []
    for begin in range(0, len(shuffled), POOL * batch_size):
        pool = sorted(shuffled[begin : begin + POOL * batch_size], key=lambda index: lengths[index])
        batches.extend(pool[at : at + batch_size] for at in range(0, len(pool), batch_size))
    return [batches[at] for at in generator.permutation(len(batches))]


def evaluation_order(lengths: Sequence[int], batch_size: int) -> list[list[int]]:
    """All examples in batches of similar length, shortest first."""
    ordered = sorted(range(len(lengths)), key=lambda index: lengths[index])
    return [ordered[at : at + batch_size] for at in range(0, len(ordered), batch_size)]


def collate(examples: Examples, indices: list[int], padding_id: int, fixed_length: int | None) -> Batch:
    """Pad the examples at `indices` to a common length: `fixed_length`, or the longest one rounded up."""
    longest = max(len(examples.input_ids[index]) for index in indices)
    length = fixed_length or -(-longest // MULTIPLE) * MULTIPLE
    input_ids = torch.full((len(indices), length), padding_id, dtype=torch.long)
    labels = torch.full((len(indices), length), IGNORED, dtype=torch.long)
    mask = torch.zeros((len(indices), length), dtype=torch.long)
    for row, index in enumerate(indices):
        size = len(examples.input_ids[index])
        input_ids[row, :size] = torch.tensor(examples.input_ids[index])
        labels[row, :size] = torch.tensor(examples.labels[index])
        mask[row, :size] = 1
    return Batch(indices, input_ids, mask, labels, torch.tensor([examples.class_ids[index] for index in indices]))
