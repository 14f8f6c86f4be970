"""Tagging: a label for each labelled subword."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from crisisflow.evaluation.metrics import entity_scores
from crisisflow.labels import IGNORED, Labels
from crisisflow.training.batching import Batch, Examples
from crisisflow.training.task import Decoded, Scores, Tensors

LABELS = "labels"  # the column of the examples


class Tagging:
    """BIO labels at the subwords whose label is not IGNORED. Logits are [rows, length, labels].

    Predictions: `labels` (ids, int16) and `label_probabilities`, of every subword.
    """

    names = ("tagging",)
    measures = ("precision", "recall", "micro_f1")

    def __init__(self, labels: Labels) -> None:
        self.labels = labels

    def options(self) -> dict[str, Any]:
        """None."""
        return {}

    def targets(self, examples: Examples, whole: list[int], batch: Batch) -> Tensors:
        """`labels` [rows, length], and `count`: the labelled subwords of the whole step."""
        column = examples.targets[LABELS]
        labels = np.full(batch.mask.shape, IGNORED, dtype=np.int64)
        for row, index in enumerate(batch.indices):
            labels[row, : len(column[index])] = column[index]
        count = sum(label != IGNORED for index in whole for label in column[index])
        return {"labels": torch.from_numpy(labels), "count": torch.tensor([max(count, 1)], dtype=torch.float32)}

    def losses(self, logits: Tensor, mask: Tensor, targets: Tensors) -> Tensor:
        """Cross-entropy, the mean over the labelled subwords (paper, Eq. 1; ledger of humaid_ner, entry 5).

        `ignore_index` keeps the shape fixed, which XLA needs.
        """
        flat = logits.flatten(0, 1).float()
        loss = cross_entropy(flat, targets["labels"].flatten(), ignore_index=IGNORED, reduction="sum")
        return loss / targets["count"]

    def decode(self, logits: Tensor, mask: Tensor) -> Decoded:
        """The most probable label of each subword, and its probability."""
        confidence = logits.float().softmax(dim=-1).amax(dim=-1)
        return Decoded({"labels": logits.argmax(dim=-1).to(torch.int16), "label_probabilities": confidence}, {})

    def scores(self, examples: Examples, predicted: Tensors) -> Scores:
        """Strict spans; their micro F1 chooses the epoch."""
        found = entity_scores(examples.targets[LABELS], examples.split(predicted["labels"]), self.labels)
        micro: dict[str, Any] = found["micro"]
        measures = {"precision": micro["precision"], "recall": micro["recall"], "micro_f1": micro["f1"]}
        return Scores(measures, micro["f1"], {"tagging": found["per_type"]})
