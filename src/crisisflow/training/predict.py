"""Predictions of a split by a model, in batches of a budget of subwords."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from crisisflow.training.batching import Batch, Examples, Shapes, collate, evaluation_order, rows_within
from crisisflow.training.device import Device
from crisisflow.training.task import Task, Tensors

EVALUATION_SUBWORDS = 8192  # padded subwords of a batch: large enough for full speed, small enough for memory

Forward = Callable[[Batch], Any]  # a batch whose tensors are on the device, to its logits


@torch.no_grad()  # XLA has no inference mode
def predict(
    task: Task,
    model: nn.Module,
    forward: Forward,
    examples: Examples,
    device: Device,
    padding_id: int,
    shapes: Shapes,
) -> Tensors:
    """What the task decodes from the logits that `forward` gives: [subwords of all examples], or [examples, ...].

    There must be an example. No target is looked at.
    """
    model.eval()
    lengths = examples.lengths()
    of_subwords: dict[str, list[Tensor]] = {}
    of_examples: dict[str, list[Tensor]] = {}
    for indices in evaluation_order(lengths, EVALUATION_SUBWORDS, shapes):
        rows = rows_within(shapes.length(lengths[indices[0]]), EVALUATION_SUBWORDS)
        batch = device.place_batch(collate(examples, indices, padding_id, shapes, rows))
        decoded = task.decode(forward(batch), batch.mask)
        device.sync()
        for name, values in decoded.of_subwords.items():
            own = of_subwords.setdefault(name, [torch.empty(0)] * len(lengths))
            for index, row in zip(indices, device.to_host(values), strict=False):
                own[index] = row[: lengths[index]].clone()
        for name, values in decoded.of_examples.items():
            own = of_examples.setdefault(name, [torch.empty(0)] * len(lengths))
            for index, row in zip(indices, device.to_host(values), strict=False):
                own[index] = row
    whole = {name: torch.cat(rows) for name, rows in of_subwords.items()}
    return whole | {name: torch.stack(rows) for name, rows in of_examples.items()}
