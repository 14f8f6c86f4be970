"""Batches of similar length: HumAID's mean is 35 subwords, so padding to 128 would waste most of the work."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

POOL = 50  # batches that are sorted by length together; more saves padding, less shuffles better


class Examples(NamedTuple):
    """Texts of one split as a model reads them, and what they should give: a task's columns, a value an example."""

    ids: list[str]
    input_ids: list[list[int]]
    targets: dict[str, list[Any]]

    def at(self, positions: Sequence[int]) -> "Examples":
        """Those at the positions, in their order."""

        def chosen(column: list[Any]) -> list[Any]:
            return [column[position] for position in positions]

        targets = {name: chosen(column) for name, column in self.targets.items()}
        return Examples(chosen(self.ids), chosen(self.input_ids), targets)

    def lengths(self) -> list[int]:
        """Subwords of each example."""
        return [len(ids) for ids in self.input_ids]

    def split(self, values: Tensor) -> list[list[Any]]:
        """Values [subwords of all examples] as a list for each example."""
        return [own.tolist() for own in values.split(self.lengths())]


class Batch(NamedTuple):
    """Tensors [rows, length]; `mask` is 0 at padding. Rows behind those of the indices are empty.

    `indices` are positions in the examples.
    """

    indices: list[int]
    input_ids: Tensor
    mask: Tensor


class Shapes(NamedTuple):
    """The padded lengths: multiples of `multiple`, at most `longest`.

    `filled` makes short batches as large as full ones: a device that compiles each shape needs few of them.
    """

    multiple: int
    longest: int
    filled: bool

    def length(self, subwords: int) -> int:
        """The padded length of a batch whose longest text has this many subwords."""
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
    indices = indices[share]
    height = rows if shapes.filled else max(len(indices), 1)
    input_ids = np.full((height, length), padding_id, dtype=np.int64)
    mask = np.zeros((height, length), dtype=np.int64)
    for row, index in enumerate(indices):
        size = len(examples.input_ids[index])
        input_ids[row, :size] = examples.input_ids[index]
        mask[row, :size] = 1
    return Batch(indices, torch.from_numpy(input_ids), torch.from_numpy(mask))
