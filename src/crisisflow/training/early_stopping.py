"""Early stopping: training ends when the task's score has not risen for some epochs."""

from collections.abc import Sequence
from dataclasses import dataclass

from crisisflow.errors import CrisisflowError


@dataclass(frozen=True)
class EarlyStopping:
    """Stop after `patience` epochs in a row without a score more than `threshold` above the best one before.

    Raises:
        CrisisflowError: the patience is below 1, which would train no epoch.
    """

    patience: int
    threshold: float = 0.0

    def __post_init__(self) -> None:
        if self.patience < 1:
            raise CrisisflowError(f"the patience of early stopping is {self.patience}; give 1 epoch or more")

    def stops(self, scores: Sequence[float]) -> bool:
        """Whether to stop after epochs of these scores.

        As in transformers' EarlyStoppingCallback, the best one before counts also where it rose by less than the
        threshold.
        """
        waited, best = 0, float("-inf")
        for score in scores:
            waited = 0 if score > best + self.threshold else waited + 1
            best = max(best, score)
        return waited >= self.patience
