"""Classification: one class for each example (Classification), or any number of them (MultiLabel)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.metrics import class_scores, multi_label_scores
from crisisflow.labels import IGNORED
from crisisflow.training.batching import Batch, Examples
from crisisflow.training.task import Decoded, Scores, Tensors, array_targets, mean_over_examples

CLASS_ID = "class_id"  # the columns of the examples
CLASSES = "classes"


class _OfClasses:
    """What both kinds of classification have in common: classes, and what each counts."""

    names = ("classification",)
    measures = ("macro_f1", "accuracy")

    def __init__(self, classes: Sequence[str], class_weights: Tensor | None = None) -> None:
        self.classes, self.class_weights = classes, class_weights
        for name, weight in self.options().items():
            # One of 0 would leave a step whose examples are all of that class without a loss.
            if not 0 < weight < float("inf"):
                raise CrisisflowError(f"the class weight of {name} is {weight:g}; give a number above 0")

    def options(self) -> dict[str, Any]:
        """The class weights."""
        weights = self.class_weights
        return {} if weights is None else dict(zip(self.classes, weights.tolist(), strict=True))

    def _scores(self, found: dict) -> Scores:
        measures = {name: found[name] for name in self.measures}
        return Scores(measures, found["macro_f1"], {"classification": found["per_class"]})


class Classification(_OfClasses):
    """One of `classes` for each example; its id is the target. Logits are [rows, classes].

    Predictions: `probabilities` [examples, classes].

    Args:
        class_weights: [classes], what an example of each class counts; None: each the same.

    Raises:
        CrisisflowError: a class weight is not above zero.
    """

    def targets(self, examples: Examples, whole: list[int], batch: Batch) -> Tensors:
        """`class_ids` [rows], `count`: the examples of the whole step, or the sum of their weights; the weights.

        An example whose class id is IGNORED has no label, and does not count.
        """
        column = examples.targets[CLASS_ID]
        class_ids = np.full(len(batch.mask), IGNORED, dtype=np.int64)
        class_ids[: len(batch.indices)] = [column[index] for index in batch.indices]
        targets = {"class_ids": torch.from_numpy(class_ids)}
        labelled = [column[index] for index in whole if column[index] != IGNORED]
        if self.class_weights is None:
            return targets | {"count": torch.tensor([max(len(labelled), 1)], dtype=torch.float32)}
        count = self.class_weights[labelled].sum() if labelled else torch.tensor(1.0)
        return targets | {"count": count[None], "class_weights": self.class_weights}

    def losses(self, logits: Tensor, mask: Tensor, targets: Tensors) -> Tensor:
        """Cross-entropy, the (weighted) mean over the examples (paper, Eq. 2), as torch's with a `weight`."""
        loss = cross_entropy(
            logits.float(),
            targets["class_ids"],
            weight=targets.get("class_weights"),
            ignore_index=IGNORED,
            reduction="sum",
        )
        return loss / targets["count"]

    def decode(self, logits: Tensor, mask: Tensor) -> Decoded:
        """The probability of each class."""
        return Decoded({}, {"probabilities": logits.float().softmax(dim=-1)})

    def scores(self, examples: Examples, predicted: Tensors) -> Scores:
        """The most probable class is the prediction; macro F1 chooses the epoch."""
        class_ids = predicted["probabilities"].argmax(dim=-1).tolist()
        return self._scores(class_scores(examples.targets[CLASS_ID], class_ids, self.classes))


class MultiLabel(_OfClasses):
    """Any number of `classes` for each example; the target is 0 or 1 for each class. Logits are [rows, classes].

    Predictions: `probabilities` [examples, classes], each class's own; 0.5 and more is a yes.

    Args:
        class_weights: [classes], what a yes of each class counts, where a no counts 1; None: the same.

    Raises:
        CrisisflowError: a class weight is not above zero.
    """

    def targets(self, examples: Examples, whole: list[int], batch: Batch) -> Tensors:
        """The answers, as `array_targets` gives them, and the weights."""
        targets = array_targets(examples.targets[CLASSES], whole, batch)
        return targets if self.class_weights is None else targets | {"class_weights": self.class_weights}

    def losses(self, logits: Tensor, mask: Tensor, targets: Tensors) -> Tensor:
        """Binary cross-entropy, the mean over examples and classes, as torch's with a `pos_weight`."""
        each = binary_cross_entropy_with_logits(
            logits.float(), targets["arrays"], pos_weight=targets.get("class_weights"), reduction="none"
        )
        return mean_over_examples(each, targets) / len(self.classes)

    def decode(self, logits: Tensor, mask: Tensor) -> Decoded:
        """The probability of each class."""
        return Decoded({}, {"probabilities": logits.float().sigmoid()})

    def scores(self, examples: Examples, predicted: Tensors) -> Scores:
        """Macro F1 chooses the epoch; accuracy counts the examples that are right in all classes."""
        chosen = (predicted["probabilities"] >= 0.5).long().tolist()
        return self._scores(multi_label_scores(examples.targets[CLASSES], chosen, self.classes))


def balanced_weights(class_ids: Sequence[int], classes: Sequence[str]) -> Tensor:
    """Class weights [classes] by which each class counts the same: n / (k n_c), scikit-learn's "balanced".

    Raises:
        CrisisflowError: a class has no example.
    """
    counts = torch.bincount(torch.tensor(class_ids), minlength=len(classes))
    absent = [name for name, count in zip(classes, counts.tolist(), strict=True) if count == 0]
    if absent:
        raise CrisisflowError(f"no training example is of class {', '.join(absent)}, so it can have no class weight")
    return len(class_ids) / (len(classes) * counts.float())
