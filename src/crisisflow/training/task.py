"""A task: all that the training loop has to know of what is learnt. The loop knows neither labels nor classes.

A task turns examples into targets, a model's logits into losses and predictions, and predictions into scores. There
is tagging, classification (one class of a text, or any number), and several tasks over one model (joint.py).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from crisisflow.training.batching import Batch, Examples

Tensors = dict[str, Tensor]


class Decoded(NamedTuple):
    """What a task predicts of a batch, by name."""

    of_subwords: Tensors  # each [rows, length]
    of_examples: Tensors  # each [rows, ...]


class Scores(NamedTuple):
    """What a task scores on a split."""

    measures: dict[str, float]  # in the order of the task's `measures`
    chosen_by: float  # the higher, the better: decides on the best epoch and on early stopping
    per_label: dict[str, dict[str, dict[str, float]]]  # precision, recall, f1 and support by task and label


class Task(Protocol):
    """What the loop asks of a task."""

    names: tuple[str, ...]  # of its losses: of what is weighed against each other
    measures: tuple[str, ...]  # the scores that history.csv has a column for

    def options(self) -> dict[str, Any]:
        """What its losses depend on beside the examples, as JSON values: a checkpoint of others is not taken up."""

    def targets(self, examples: Examples, whole: list[int], batch: Batch) -> Tensors:
        """What the losses are computed from, for the rows of the batch, with the shapes of the batch.

        Args:
            whole: positions of all examples of the step. The batch holds them all, or this process's share of them, and
                perhaps empty rows behind.
        """

    def losses(self, logits: Any, mask: Tensor, targets: Tensors) -> Tensor:
        """The losses [names]: of the batch's rows, divided by what is due to the whole step.

        So they add up over the processes to the mean over the whole step, and empty rows count nothing.
        """

    def decode(self, logits: Any, mask: Tensor) -> Decoded:
        """The predictions of a batch."""

    def scores(self, examples: Examples, predicted: Tensors) -> Scores:
        """The scores of what `predict.predict` put together: [subwords of all examples], or [examples, ...]."""


def array_targets(column: Sequence[Any], whole: list[int], batch: Batch) -> Tensors:
    """The targets of a task whose target is an array for each example.

    Args:
        column: of the examples, an array [width] each. whole, batch: as in `Task.targets`.

    Returns:
        `arrays` [rows, width], `counted` [rows, 1]: 0 of an empty row; `count` [1]: the examples of the whole step.
    """
    arrays = np.zeros((len(batch.mask), len(column[0])), dtype=np.float32)
    counted = np.zeros((len(batch.mask), 1), dtype=np.float32)
    for row, index in enumerate(batch.indices):
        arrays[row], counted[row] = column[index], 1
    return {
        "arrays": torch.from_numpy(arrays),
        "counted": torch.from_numpy(counted),
        "count": torch.tensor([len(whole)], dtype=torch.float32),
    }


def mean_over_examples(losses: Tensor, targets: Tensors) -> Tensor:
    """The losses [rows, width] summed over the width, the mean over what is counted in the step: [1].

    Args:
        targets: as `array_targets` gives them.
    """
    return (losses * targets["counted"]).sum()[None] / targets["count"]


def over(tensors: Tensors, prefix: str) -> Tensors:
    """The tensors with `prefix.` before their names."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def under(tensors: Tensors, prefix: str) -> Tensors:
    """The tensors whose names begin with `prefix.`, without it."""
    return {
        name.removeprefix(f"{prefix}."): tensor for name, tensor in tensors.items() if name.startswith(f"{prefix}.")
    }
