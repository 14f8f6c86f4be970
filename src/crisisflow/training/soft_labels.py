"""Soft labels: a student classifier learns the class probabilities of a teacher (Hinton et al. 2015)."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.nn.functional import kl_div

from crisisflow.errors import CrisisflowError
from crisisflow.training.batching import Batch, Examples
from crisisflow.training.classification import Classification
from crisisflow.training.task import Decoded, Scores, Tensors, array_targets, mean_over_examples

TEACHER = "teacher"  # the column of the examples: the teacher's logits [classes] of each


class SoftLabels:
    """One of `classes` for each example, learnt from a teacher's logits; scored against the class ids.

    The loss is the Kullback-Leibler divergence KL(teacher || student) at a temperature T: of softmax(teacher / T) from
    softmax(student / T), times T squared, so that the gradients do not shrink with T. It is the mean over the examples.

    Raises:
        CrisisflowError: the temperature is not above 0.
    """

    names = Classification.names
    measures = Classification.measures

    def __init__(self, classes: Sequence[str], temperature: float) -> None:
        if not 0 < temperature < float("inf"):
            raise CrisisflowError(f"the temperature of soft labels is {temperature:g}; give a number above 0")
        self.temperature = temperature
        self.hard = Classification(classes)

    def options(self) -> dict[str, Any]:
        """The temperature."""
        return {"temperature": self.temperature}

    def targets(self, examples: Examples, whole: list[int], batch: Batch) -> Tensors:
        """The teacher's logits, as `array_targets` gives them."""
        return array_targets(examples.targets[TEACHER], whole, batch)

    def losses(self, logits: Tensor, mask: Tensor, targets: Tensors) -> Tensor:
        """KL(teacher || student) T^2, the mean over the examples. Logits are [rows, classes]."""
        student, teacher = (own.float() / self.temperature for own in (logits, targets["arrays"]))
        each = kl_div(student.log_softmax(dim=-1), teacher.log_softmax(dim=-1), reduction="none", log_target=True)
        return mean_over_examples(each, targets) * self.temperature**2

    def decode(self, logits: Tensor, mask: Tensor) -> Decoded:
        """The probability of each class."""
        return self.hard.decode(logits, mask)

    def scores(self, examples: Examples, predicted: Tensors) -> Scores:
        """Those of the classes."""
        return self.hard.scores(examples, predicted)
