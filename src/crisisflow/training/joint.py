"""Several tasks over one model: entities and classes of the joint model, or any others."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from crisisflow.evaluation.metrics import combined_score
from crisisflow.labels import Labels
from crisisflow.training.batching import Batch, Examples
from crisisflow.training.classification import Classification
from crisisflow.training.tagging import Tagging
from crisisflow.training.task import Decoded, Scores, Task, Tensors, over, under


class Joint:
    """Tasks of one loss each, by name. The logits are a sequence with those of each task, in their order.

    A name stands before what is its task's: `ner.labels`, `ner_micro_f1`.
    """

    def __init__(self, tasks: Mapping[str, Task]) -> None:
        self.tasks = tasks
        self.names = tuple(tasks)
        self.measures = tuple(f"{name}_{own}" for name, task in tasks.items() for own in task.measures)
        if len(tasks) > 1:
            self.measures += ("combined_score",)

    def options(self) -> dict[str, Any]:
        """Of all tasks, by name."""
        return {name: task.options() for name, task in self.tasks.items()}

    def targets(self, examples: Examples, whole: list[int], batch: Batch) -> Tensors:
        """Of all tasks."""
        found: Tensors = {}
        for name, task in self.tasks.items():
            found |= over(task.targets(examples, whole, batch), name)
        return found

    def losses(self, logits: Sequence[Tensor | None], mask: Tensor, targets: Tensors) -> Tensor:
        """[tasks]."""
        return torch.cat([task.losses(own, mask, under(targets, name)) for name, task, own in self._each(logits)])

    def decode(self, logits: Sequence[Tensor | None], mask: Tensor) -> Decoded:
        """Of all tasks."""
        whole = Decoded({}, {})
        for name, task, own in self._each(logits):
            for together, part in zip(whole, task.decode(own, mask), strict=True):
                together.update(over(part, name))
        return whole

    def scores(self, examples: Examples, predicted: Tensors) -> Scores:
        """Of all tasks; the mean of what they choose by is the combined score (paper, Eq. 5)."""
        found = {name: task.scores(examples, under(predicted, name)) for name, task in self.tasks.items()}
        combined = combined_score(*(own.chosen_by for own in found.values()))
        measures = {f"{name}_{key}": value for name, own in found.items() for key, value in own.measures.items()}
        if len(found) > 1:
            measures["combined_score"] = combined
        per_label = {name: labels for name, own in found.items() for labels in own.per_label.values()}
        return Scores(measures, combined, per_label)

    def _each(self, logits: Sequence[Tensor | None]) -> list[tuple[str, Task, Tensor]]:
        there = [own for own in logits if own is not None]
        return [(name, task, own) for (name, task), own in zip(self.tasks.items(), there, strict=True)]


def joint_task(labels: Labels) -> Joint:
    """The task of `model.joint.JointModel` with these labels: `ner` and `cls`, or the one that has labels."""
    tasks: dict[str, Task] = {}
    if labels.entities:
        tasks["ner"] = Tagging(labels)
    if labels.classes:
        tasks["cls"] = Classification(labels.classes)
    return Joint(tasks)


def prediction_columns(predicted: Tensors, examples: Examples) -> dict[str, list]:
    """What `joint_task` predicted as columns of artifacts.PREDICTIONS; without those of a task that is left out."""
    columns: dict[str, list] = {}
    if "ner.labels" in predicted:
        columns["predicted_labels"] = examples.split(predicted["ner.labels"])
        columns["label_probabilities"] = examples.split(predicted["ner.label_probabilities"])
    if "cls.probabilities" in predicted:
        columns["predicted_class_id"] = predicted["cls.probabilities"].argmax(dim=-1).tolist()
        columns["class_probabilities"] = predicted["cls.probabilities"].tolist()
    return columns
