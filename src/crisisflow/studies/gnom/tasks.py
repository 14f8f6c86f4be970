"""Tasks of the training loop: classification whose epoch is chosen by the paper's measure (ledger, entry 30)."""

from typing import Any

from crisisflow.training.classification import Classification, MultiLabel
from crisisflow.training.task import Scores


class _ByWeightedF1:
    """Weighted F1 chooses the epoch: the mean of the classes' F1 by how many examples have each, as scikit-learn's."""

    measures = ("weighted_f1", "macro_f1", "accuracy")

    def _scores(self, found: dict[str, Any]) -> Scores:
        classes = found["per_class"].values()
        support = sum(own["support"] for own in classes)
        weighted = sum(own["support"] * own["f1"] for own in classes) / support if support else 0.0
        return super()._scores(found | {"weighted_f1": weighted})._replace(chosen_by=weighted)


class WeightedClassification(_ByWeightedF1, Classification):
    """One class of each tweet."""


class WeightedMultiLabel(_ByWeightedF1, MultiLabel):
    """Any number of classes of each tweet."""
