"""Soft labels: a student learns the probabilities of a teacher (Hinton et al. 2015), of classes or of words' labels.

Beside them it may learn the labels themselves (`WithLabels`).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import kl_div

from crisisflow.errors import CrisisflowError
from crisisflow.labels import Labels
from crisisflow.training.batching import Batch, Examples
from crisisflow.training.classification import Classification
from crisisflow.training.tagging import Tagging
from crisisflow.training.task import Decoded, Scores, Task, Tensors, array_targets, mean_over_examples, over, under

TEACHER = "teacher"  # the columns of the examples: the teacher's logits [classes] of each
TEACHER_WORDS = "teacher_words"  # what it says of words, as TaughtWords


class TaughtWords(NamedTuple):
    """What a teacher says of the words of a text that the student reads as words too.

    Args:
        positions: of the words' first subwords in the student's text [words].
        logits: of the BIO labels [words, labels].
    """

    positions: np.ndarray
    logits: np.ndarray


def _above_zero(temperature: float) -> float:
    if not 0 < temperature < float("inf"):
        raise CrisisflowError(f"the temperature of soft labels is {temperature:g}; give a number above 0")
    return temperature


def _divergence(logits: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """KL(teacher || student) T^2 by label. All tensors are [..., labels]."""
    student, taught = (own.float() / temperature for own in (logits, teacher))
    each = kl_div(student.log_softmax(dim=-1), taught.log_softmax(dim=-1), reduction="none", log_target=True)
    return each * temperature**2


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
        self.temperature = _above_zero(temperature)
        self.hard = Classification(classes)

    def options(self) -> dict[str, Any]:
        """The temperature."""
        return {"temperature": self.temperature}

    def targets(self, examples: Examples, whole: list[int], batch: Batch) -> Tensors:
        """The teacher's logits, as `array_targets` gives them."""
        return array_targets(examples.targets[TEACHER], whole, batch)

    def losses(self, logits: Tensor, mask: Tensor, targets: Tensors) -> Tensor:
        """KL(teacher || student) T^2, the mean over the examples. Logits are [rows, classes]."""
        return mean_over_examples(_divergence(logits, targets["arrays"], self.temperature), targets)

    def decode(self, logits: Tensor, mask: Tensor) -> Decoded:
        """The probability of each class."""
        return self.hard.decode(logits, mask)

    def scores(self, examples: Examples, predicted: Tensors) -> Scores:
        """Those of the classes."""
        return self.hard.scores(examples, predicted)


class SoftTags:
    """BIO labels of words, learnt from a teacher's logits at the words' first subwords; scored against the labels.

    The loss is that of SoftLabels, the mean over the words of the step that the teacher speaks on. Logits are
    [rows, length, labels].

    Raises:
        CrisisflowError: the temperature is not above 0.
    """

    names = Tagging.names
    measures = Tagging.measures

    def __init__(self, labels: Labels, temperature: float) -> None:
        self.temperature = _above_zero(temperature)
        self.hard = Tagging(labels)

    def options(self) -> dict[str, Any]:
        """The temperature."""
        return {"temperature": self.temperature}

    def targets(self, examples: Examples, whole: list[int], batch: Batch) -> Tensors:
        """As `array_targets`, but of words: `arrays` [rows, length, labels], `counted` [rows, length, 1]."""
        column: Sequence[TaughtWords] = examples.targets[TEACHER_WORDS]
        teacher = np.zeros((*batch.mask.shape, len(self.hard.labels.bio)), dtype=np.float32)
        counted = np.zeros((*batch.mask.shape, 1), dtype=np.float32)
        for row, index in enumerate(batch.indices):
            words = column[index]
            teacher[row, words.positions], counted[row, words.positions] = words.logits, 1
        count = sum(len(column[index].positions) for index in whole)
        return {
            "arrays": torch.from_numpy(teacher),
            "counted": torch.from_numpy(counted),
            "count": torch.tensor([max(count, 1)], dtype=torch.float32),
        }

    def losses(self, logits: Tensor, mask: Tensor, targets: Tensors) -> Tensor:
        """KL(teacher || student) T^2, the mean over the words."""
        return mean_over_examples(_divergence(logits, targets["arrays"], self.temperature), targets)

    def decode(self, logits: Tensor, mask: Tensor) -> Decoded:
        """As Tagging."""
        return self.hard.decode(logits, mask)

    def scores(self, examples: Examples, predicted: Tensors) -> Scores:
        """As Tagging."""
        return self.hard.scores(examples, predicted)


class WithLabels:
    """Soft labels and the labels themselves: w soft + (1 - w) hard, each loss the mean over what it is due to.

    An example without labels (IGNORED) counts for the soft loss alone: on an unlabelled text only the teacher speaks.

    Args:
        soft: of the teacher. hard: of the labels; decodes and scores.
        soft_weight: w, from 0 to 1.
    """

    def __init__(self, soft: Task, hard: Task, soft_weight: float) -> None:
        self.soft, self.hard, self.soft_weight = soft, hard, soft_weight
        self.names, self.measures = hard.names, hard.measures

    def options(self) -> dict[str, Any]:
        """Of both, and the weight."""
        return {"soft": self.soft.options(), "hard": self.hard.options(), "soft_weight": self.soft_weight}

    def targets(self, examples: Examples, whole: list[int], batch: Batch) -> Tensors:
        """Of both."""
        soft, hard = (own.targets(examples, whole, batch) for own in (self.soft, self.hard))
        return over(soft, "soft") | over(hard, "hard")

    def losses(self, logits: Tensor, mask: Tensor, targets: Tensors) -> Tensor:
        """The weighted sum [1]."""
        soft = self.soft.losses(logits, mask, under(targets, "soft"))
        hard = self.hard.losses(logits, mask, under(targets, "hard"))
        return self.soft_weight * soft + (1 - self.soft_weight) * hard

    def decode(self, logits: Tensor, mask: Tensor) -> Decoded:
        """As the labels' task."""
        return self.hard.decode(logits, mask)

    def scores(self, examples: Examples, predicted: Tensors) -> Scores:
        """As the labels' task."""
        return self.hard.scores(examples, predicted)
