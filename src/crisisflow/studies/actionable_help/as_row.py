"""As a row: a fine-tuned classifier as what `inference.find` reads texts with, long ones in windows.

The server's runtimes take it too.
"""

import torch

from crisisflow.inference import TrainedRow
from crisisflow.labels import Labels
from crisisflow.model.classifier import Classifier
from crisisflow.model.joint import TASKS, Logits
from crisisflow.studies.actionable_help.classifying import TrainedClassifier


class _OneTask(torch.nn.Module):
    """A classifier in the form of a joint model that has no entities."""

    tasks = TASKS["cls"]

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.classifier, self.labels = classifier, Labels((), classifier.classes)

    def forward(self, input_ids: torch.Tensor, mask: torch.Tensor) -> Logits:
        return Logits(None, self.classifier(input_ids, mask))


def as_row(classifier: TrainedClassifier) -> TrainedRow:
    """The classifier in the form of a joint row that has only classes."""
    return TrainedRow(_OneTask(classifier.model).eval(), classifier.tokenizer, classifier.max_length)
