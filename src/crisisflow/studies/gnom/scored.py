"""What a run learns from and is scored on, and its answers as predictions."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from crisisflow.identity import Identity
from crisisflow.studies.gnom.overlap import neighbours
from crisisflow.studies.gnom.predictions import HELD_OUT, Facts, Predictions
from crisisflow.studies.gnom.sets import Training, Tweets, classes_of


class Parts(NamedTuple):
    """The tweets of a run and the classes of its setting."""

    training: Training
    classes: list[str]
    multi_label: bool

    @property
    def held_out(self) -> tuple[Tweets, Tweets]:
        """The source's validation part and the target's test part."""
        return self.training.validation, self.training.test

    @property
    def held_out_texts(self) -> list[str]:
        """Their texts, one part behind the other."""
        return [text for own in self.held_out for text in own.texts]


def predictions_of(
    identity: Identity,
    facts: Facts,
    parts: Parts,
    predicted: np.ndarray,
    probabilities: np.ndarray | None,
    overlap: Path,
) -> Predictions:
    """The predictions of a run.

    Args:
        predicted: of the validation and test tweets, booleans [tweets, classes]. probabilities: the same shape.
        overlap: of the step overlap.
    """
    validation, test = parts.held_out
    near = np.zeros(len(validation.ids), dtype=bool)
    return Predictions(
        identity,
        facts,
        [part for part, own in zip(HELD_OUT, parts.held_out, strict=True) for _ in own.ids],
        [*validation.ids, *test.ids],
        np.array([*validation.groups, *test.groups], dtype=np.int32),
        np.concatenate([classes_of(own.labels, parts.classes) for own in parts.held_out]),
        predicted,
        probabilities,
        np.concatenate([near, neighbours(overlap, test.ids)]),
    )


def decided(probabilities: np.ndarray, multi_label: bool) -> np.ndarray:
    """The likeliest class, or each of 0.5 and more: booleans [tweets, classes]."""
    if multi_label:
        return probabilities >= 0.5
    return np.eye(probabilities.shape[1], dtype=bool)[probabilities.argmax(axis=1)]
