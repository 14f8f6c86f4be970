"""Tagging: a label for each labelled subword, or the most probable sequence of labels of words by a CRF."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from crisisflow.evaluation.metrics import entity_scores
from crisisflow.labels import IGNORED, Labels
from crisisflow.model.crf import Crf
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


class CrfTagging(Tagging):
    """BIO labels of words by a conditional random field (model/crf.py).

    Each position of an example is a word with a label. Logits are the emissions [rows, words, labels].

    Predictions: `labels`, the most probable sequence (Viterbi), and `label_probabilities`, the marginal probability
    of each of these labels given the whole text.

    Args:
        crf: a part of the model that is trained.
    """

    def __init__(self, labels: Labels, crf: Crf) -> None:
        super().__init__(labels)
        self.crf = crf

    def targets(self, examples: Examples, whole: list[int], batch: Batch) -> Tensors:
        """`labels` [rows, words], at padding 0; and `count`: the examples of the whole step."""
        column = examples.targets[LABELS]
        labels = np.zeros(batch.mask.shape, dtype=np.int64)
        for row, index in enumerate(batch.indices):
            labels[row, : len(column[index])] = column[index]
        return {"labels": torch.from_numpy(labels), "count": torch.tensor([len(whole)], dtype=torch.float32)}

    def losses(self, logits: Tensor, mask: Tensor, targets: Tensors) -> Tensor:
        """The negative log-likelihood of the labels, the mean over the examples."""
        likelihoods = self.crf.log_likelihood(logits.float(), targets["labels"], _each_begun(mask))
        return -(likelihoods * mask[:, 0]).sum().unsqueeze(0) / targets["count"]

    def decode(self, logits: Tensor, mask: Tensor) -> Decoded:
        """The most probable sequence of labels, and the marginal probability of each of them."""
        emissions, begun = logits.float(), _each_begun(mask)
        labels = self.crf.viterbi(emissions, begun)
        marginals = self.crf.marginals(emissions, begun).gather(-1, labels.unsqueeze(-1)).squeeze(-1)
        return Decoded({"labels": labels.to(torch.int16), "label_probabilities": marginals}, {})


def _each_begun(mask: Tensor) -> Tensor:
    """The mask as truth values, and a first word also in the empty rows that fill up a batch: the CRF wants one."""
    begun = mask > 0
    begun[:, 0] = True
    return begun
