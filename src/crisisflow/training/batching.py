"""Batches of similar length: HumAID's mean is 35 subwords, so padding to 128 would waste most of the work."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from crisisflow.taxonomy import IGNORED

POOL = 50  # batches that are sorted by length together; more saves padding, less shuffles better


class Examples(NamedTuple):
    """Aligned tweets of one split, in the order of their ids."""

    tweet_ids: list[str]
    input_ids: list[list[int]]
    labels: list[list[int]]
    class_ids: list[int]

    def at(self, positions: Sequence[int]) -> "Examples":
        """Those at the positions, in their order."""
        return Examples(*([column[position] for position in positions] for column in self))

    def lengths(self) -> list[int]:
        """Subwords of each tweet."""
        return [len(ids) for ids in self.input_ids]


class Batch(NamedTuple):
    """Tensors [rows, length], but `class_ids` [rows] and `counts` [2]; `indices` are positions in the examples.

    `counts` are the labelled subwords and the tweets over which the losses are averaged: those of the whole batch,
    also where this process holds only its share of it. Rows behind the indices are empty: they carry no label.
    """

    indices: list[int]
    input_ids: Tensor
    mask: Tensor
    labels: Tensor
    class_ids: Tensor
    counts: Tensor


class Shapes(NamedTuple):
    """The padded lengths: multiples of `multiple`, at most `longest`.

    `filled` makes short batches as large as full ones: a device that compiles each shape needs few of them.
    """

    multiple: int
    longest: int
    filled: bool

    def length(self, subwords: int) -> int:
        """The padded length of a batch whose longest tweet has this many subwords."""
        return min(-(-subwords // self.multiple) * self.multiple, max(self.longest, subwords))


def training_order(lengths: Sequence[int], batch_size: int, seed: Sequence[int]) -> list[list[int]]:
    """A shuffled order of all examples in batches of similar length; the same seed gives the same order.

    A batch is a number of tweets, not of subwords: the paper's schedule counts steps of so many tweets.
    """
    generator = np.random.default_rng(seed)
    shuffled = generator.permutation(len(lengths)).tolist()
    batches = []
    for begin in range(0, len(shuffled), POOL * batch_size):
        pool = sorted(shuffled[begin : begin + POOL * batch_size], key=lambda index: lengths[index])
        batches.extend(pool[at : at + batch_size] for at in range(0, len(pool), batch_size))
    return [batches[at] for at in generator.permutation(len(batches))]


def rows_within(length: int, subwords: int) -> int:
    """How many rows of this padded length a budget of subwords holds."""
    return max(1, subwords // length)


def evaluation_order(lengths: Sequence[int], subwords: int, shapes: Shapes) -> list[list[int]]:
    """All examples, longest first, in batches of at most `subwords` padded subwords (or of one tweet)."""
    ordered = sorted(range(len(lengths)), key=lambda index: -lengths[index])
    batches = []
    while ordered:
        rows = rows_within(shapes.length(lengths[ordered[0]]), subwords)
        batches.append(ordered[:rows])
        ordered = ordered[rows:]
    return batches


def collate(
    examples: Examples, indices: list[int], padding_id: int, shapes: Shapes, rows: int, share: slice = slice(None)
) -> Batch:
    """Pad the examples at `indices` to a common length and, with filled shapes, to `rows` rows.

    Args:
        share: the part of the batch that this process holds, such as `slice(rank, None, processes)`.
    """
    length = shapes.length(max(len(examples.input_ids[index]) for index in indices))
    labelled = sum(label != IGNORED for index in indices for label in examples.labels[index])
    counts = torch.tensor([max(labelled, 1), len(indices)], dtype=torch.float32)
    indices = indices[share]
    height = rows if shapes.filled else max(len(indices), 1)
    input_ids = np.full((height, length), padding_id, dtype=np.int64)
    labels = np.full((height, length), IGNORED, dtype=np.int64)
    mask = np.zeros((height, length), dtype=np.int64)
    class_ids = np.full(height, IGNORED, dtype=np.int64)
    for row, index in enumerate(indices):
        size = len(examples.input_ids[index])
        input_ids[row, :size] = examples.input_ids[index]
        labels[row, :size] = examples.labels[index]
        mask[row, :size] = 1
        class_ids[row] = examples.class_ids[index]
    return Batch(indices, *map(torch.from_numpy, (input_ids, mask, labels, class_ids)), counts)
