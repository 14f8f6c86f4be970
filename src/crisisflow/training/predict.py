"""Predictions of a split by a model, in batches of a budget of subwords."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from crisisflow.evaluation.metrics import class_scores, entity_scores
from crisisflow.model.joint import JointModel, Logits
from crisisflow.taxonomy import CLASSES
from crisisflow.training.batching import Batch, Examples, Shapes, collate, evaluation_order, rows_within
from crisisflow.training.device import Device

EVALUATION_SUBWORDS = 8192  # padded subwords of a batch: large enough for full speed, small enough for memory

Forward = Callable[[Batch], Logits]


class Predictions(NamedTuple):
    """Of one split, in the order of its examples; None of a task that the model does not have.

    `labels` is [subwords of all examples] (int8), `label_probabilities` their probabilities [subwords], `probabilities`
    [examples, 10].
    """

    labels: Tensor | None
    label_probabilities: Tensor | None
    probabilities: Tensor | None

    def class_ids(self) -> list[int]:
        """The most probable class of each example."""
        return self.probabilities.argmax(dim=-1).tolist()

    def labels_of(self, examples: Examples) -> list[list[int]]:
        """The label of every subword of each example."""
        return [labels.tolist() for labels in self.labels.split(examples.lengths())]

    def label_probabilities_of(self, examples: Examples) -> list[list[float]]:
        """The probability of each of these labels."""
        return [own.tolist() for own in self.label_probabilities.split(examples.lengths())]

    def scores(self, examples: Examples) -> tuple[dict | None, dict | None]:
        """`entity_scores` and `class_scores` of the tasks that were predicted."""
        return (
            entity_scores(examples.labels, self.labels_of(examples)) if self.labels is not None else None,
            class_scores(examples.class_ids, self.class_ids()) if self.probabilities is not None else None,
        )


@torch.no_grad()  # XLA has no inference mode
def predict(
    model: JointModel, forward: Forward, examples: Examples, device: Device, padding_id: int, shapes: Shapes
) -> Predictions:
    """Labels at every subword and the probabilities of the classes; `forward` gives a batch's logits."""
    model.eval()
    lengths = examples.lengths()
    begins = [0, *torch.tensor(lengths).cumsum(0).tolist()]
    labels = torch.zeros(begins[-1], dtype=torch.int8)
    label_probabilities = torch.zeros(begins[-1])
    probabilities = torch.zeros(len(lengths), len(CLASSES))
    for indices in evaluation_order(lengths, EVALUATION_SUBWORDS, shapes):
        length = shapes.length(lengths[indices[0]])
        batch = collate(examples, indices, padding_id, shapes, rows_within(length, EVALUATION_SUBWORDS))
        logits = forward(batch)
        entity = None if logits.entity is None else logits.entity.argmax(dim=-1)
        confidence = None if logits.entity is None else logits.entity.float().softmax(dim=-1).amax(dim=-1)
        classes = None if logits.classes is None else logits.classes.float().softmax(dim=-1)
        device.sync()
        if entity is not None:
            entity, confidence = device.to_host(entity).to(torch.int8), device.to_host(confidence)
            for row, index in enumerate(indices):
                labels[begins[index] : begins[index + 1]] = entity[row, : lengths[index]]
                label_probabilities[begins[index] : begins[index + 1]] = confidence[row, : lengths[index]]
        if classes is not None:
            probabilities[indices] = device.to_host(classes)[: len(indices)]
    return Predictions(
        labels if "ner" in model.tasks else None,
        label_probabilities if "ner" in model.tasks else None,
        probabilities if "cls" in model.tasks else None,
    )
