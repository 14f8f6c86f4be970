"""The epoch of a row is the one with the best weighted F1, the measure that is reported."""

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score

from crisisflow.studies.gnom.tasks import WeightedClassification, WeightedMultiLabel
from crisisflow.training.batching import Examples
from crisisflow.training.classification import CLASS_ID, CLASSES

NAMES = ("no", "yes")


def test_of_two_epochs_the_one_with_the_higher_weighted_f1_is_chosen():
    truth = [1] * 2 + [0] * 18
    task = WeightedClassification(NAMES)
    # The rare class found at the price of the frequent one, or the other way round.
    epochs = [[1] * 2 + [1] * 4 + [0] * 14, [0] * 20]
    found = []
    for own in epochs:
        examples = Examples([str(at) for at in range(20)], [[1]] * 20, {CLASS_ID: truth})
        scores = task.scores(examples, {"probabilities": torch.eye(2)[own]})
        weighted = f1_score(truth, own, average="weighted", zero_division=0)
        assert scores.chosen_by == scores.measures["weighted_f1"] == pytest.approx(weighted)
        assert (*scores.measures,) == task.measures
        found.append(scores)
    # Where macro F1 and weighted F1 disagree, it is weighted F1.
    truth = [1] * 5 + [0] * 15
    assert found[0].measures["macro_f1"] > found[1].measures["macro_f1"]


def test_several_classes_a_tweet_have_scikit_learns_weighted_f1():
    rng = np.random.default_rng(3)
    truth, said = (rng.integers(0, 2, (40, 3)) for _ in (0, 1))
    examples = Examples([str(at) for at in range(40)], [[1]] * 40, {CLASSES: list(truth.astype(np.float32))})
    scores = WeightedMultiLabel(("a", "b", "c")).scores(examples, {"probabilities": torch.from_numpy(said).float()})
    assert scores.chosen_by == pytest.approx(f1_score(truth, said, average="weighted"))
