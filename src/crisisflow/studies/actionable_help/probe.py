"""Probe: how well a linear classifier tells classes from a student's embeddings, while the student learns none of them.

The loss of a distillation alone does not say what a student knows (ledger, entry 19).
"""

from collections.abc import Callable

import numpy as np
from torch import nn
from transformers import PreTrainedTokenizerBase

from crisisflow.embedding import tokenize
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.linear import probe_score
from crisisflow.studies.actionable_help.task_texts import Task
from crisisflow.training.batching import Examples
from crisisflow.training.device import Device
from crisisflow.training.embedding_regression import EmbeddingRegression
from crisisflow.training.predict import predict
from crisisflow.training.task import Scores, Tensors


class ProbedRegression(EmbeddingRegression):
    """Embedding regression whose scores also have that of a probe; it chooses no epoch.

    Args:
        probe: gives the score of the student as it is.
    """

    measures = (*EmbeddingRegression.measures, "probe")

    def __init__(self, neighbours: np.ndarray, down: nn.Linear | None, probe: Callable[[], float]) -> None:
        super().__init__(neighbours, down)
        self.probe = probe

    def scores(self, examples: Examples, predicted: Tensors) -> Scores:
        """Those of the regression, and the probe's."""
        found = super().scores(examples, predicted)
        return found._replace(measures={**found.measures, "probe": self.probe()})


class Probe:
    """The texts of a task as a student reads them: the classifier learns from the training texts, and is scored on the
    test texts, of which no mini learns (mini_corpus)."""

    def __init__(self, task: Task, tokenizer: PreTrainedTokenizerBase, max_length: int) -> None:
        self._classes, self._padding_id, self._max_length = task.classes, tokenizer.pad_token_id, max_length
        self._known, self._asked = (task.splits[split] for split in ("train", "test"))
        self._examples = [
            Examples(own.ids, tokenize(own.texts, tokenizer, max_length), {}) for own in (self._known, self._asked)
        ]

    def score(self, student: nn.Module, device: Device) -> float:
        """Macro F1 of the student's embeddings, on the device on which it is.

        Raises:
            CrisisflowError: an embedding is no number.
        """
        decoder = EmbeddingRegression(np.zeros((0, 0), dtype=np.int64))
        known, asked = (
            predict(
                decoder,
                student,
                lambda batch: student(batch.input_ids, batch.mask),
                examples,
                device,
                self._padding_id,
                device.shapes(self._max_length),
            )["embeddings"].numpy()
            for examples in self._examples
        )
        if not (np.isfinite(known).all() and np.isfinite(asked).all()):
            raise CrisisflowError("a mini's embeddings are not finite; lower actionable_help.minis.learning_rate")
        return probe_score(known, self._known.class_ids, asked, self._asked.class_ids, self._classes)
