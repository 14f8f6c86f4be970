"""Embedding regression: a student's embedding of a text against its teacher's (generic distillation)."""

from typing import Any

import numpy as np
from torch import Tensor, nn

from crisisflow.evaluation.embeddings import explained_variance, nearest, overlap, total_variance
from crisisflow.training.batching import Batch, Examples
from crisisflow.training.task import Decoded, Scores, Tensors, array_targets, mean_over_examples

EMBEDDING = "embedding"  # the column of the examples: an array [d] each


class EmbeddingRegression:
    """The squared error between a student's embedding and its target, summed over the dimensions, mean over the texts.

    L = 1/n sum ||target - predicted||^2 (arXiv 2502.16839, section 3.3); a library's mean squared error would also
    divide by the dimensions. The target is the example's embedding, or a linear layer of it, learnt with the student.

    Args:
        down: that layer, a part of the model that is trained; None: the target is the embedding itself.
        neighbours: of the validation examples by the teacher's own embeddings, as `evaluation.embeddings.nearest`
            gives them; the scores tell how many of them the student's embeddings share.
    """

    names = ("distillation",)
    measures = ("explained_variance", "neighbours", "variance")

    def __init__(self, neighbours: np.ndarray, down: nn.Linear | None = None) -> None:
        self.neighbours, self.down = neighbours, down

    def options(self) -> dict[str, Any]:
        """None: the examples are all that the loss depends on."""
        return {}

    def targets(self, examples: Examples, whole: list[int], batch: Batch) -> Tensors:
        """The embeddings, as `array_targets` gives them."""
        return array_targets(examples.targets[EMBEDDING], whole, batch)

    def losses(self, logits: Tensor, mask: Tensor, targets: Tensors) -> Tensor:
        """The summed squared error of the logits [rows, width], the mean over the examples."""
        target = targets["arrays"] if self.down is None else self.down(targets["arrays"])
        return mean_over_examples((target - logits.float()) ** 2, targets)

    def decode(self, logits: Tensor, mask: Tensor) -> Decoded:
        """The student's embeddings."""
        return Decoded({}, {"embeddings": logits.float()})

    def scores(self, examples: Examples, predicted: Tensors) -> Scores:
        """Explained variance of the target chooses the epoch.

        `variance` is the student's as a share of that of the examples' embeddings, which no learnt layer changes.
        """
        embeddings, found = np.stack(examples.targets[EMBEDDING]), predicted["embeddings"].numpy()
        target = embeddings
        if self.down is not None:
            weight, bias = (own.detach().cpu().numpy() for own in (self.down.weight, self.down.bias))
            target = embeddings @ weight.T + bias
        measures = {
            "explained_variance": explained_variance(target, found),
            "neighbours": overlap(self.neighbours, nearest(found)),
            "variance": total_variance(found) / total_variance(embeddings),
        }
        return Scores(measures, measures["explained_variance"], {})
