"""What is recorded of each epoch: history.csv, scores.csv and, apart since they differ every time, speeds."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from crisisflow.training.task import Scores, Task


class Epoch(NamedTuple):
    """One epoch: mean training losses, weights, s and rates behind the last step, all by the tasks' names; scores."""

    epoch: int
    stage: int
    steps: int
    losses: dict[str, float]
    weights: dict[str, float]
    log_variances: dict[str, float]
    learning_rate: float
    weighting_learning_rate: float | None
    measures: dict[str, float]
    score: float
    trainable_parameters: int


class ScoreLine(NamedTuple):
    """One line of scores.csv: a label, such as an entity type or a class, on the validation split after an epoch."""

    epoch: int
    task: str
    name: str
    precision: float
    recall: float
    f1: float
    support: int


class StepLosses(NamedTuple):
    """The losses of one step by the tasks' names; `step` counts the epoch's batches from 0."""

    epoch: int
    step: int
    losses: dict[str, float]


class Speed(NamedTuple):
    """One line of speed.csv; seconds of the epoch's training and of its validation, bytes of the most memory so far."""

    epoch: int
    training_seconds: float
    tweets_per_second: float
    validation_seconds: float
    peak_memory_bytes: int


def history_table(task: Task, epochs: Sequence[Epoch]) -> tuple[list[str], list[list[float | None]]]:
    """The header and the lines of history.csv, with a column for each loss and measure of the task.

    Args:
        task: the one that was trained, or one with more losses, whose cells stay empty (None).
    """
    of_losses = {"losses": "{}_loss", "weights": "{}_weight", "log_variances": "s_{}"}
    head = ["epoch", "stage", "steps"]
    head += [form.format(name) for form in of_losses.values() for name in task.names]
    head += ["learning_rate", "weighting_learning_rate", *task.measures, "trainable_parameters"]
    lines = [
        [
            *(own.epoch, own.stage, own.steps),
            *(getattr(own, field).get(name) for field in of_losses for name in task.names),
            *(own.learning_rate, own.weighting_learning_rate),
            *map(own.measures.get, task.measures),
            own.trainable_parameters,
        ]
        for own in epochs
    ]
    return head, lines


def score_lines(epoch: int, scores: Scores) -> Iterator[ScoreLine]:
    """The lines of scores.csv of one epoch."""
    for task, labels in scores.per_label.items():
        for name, own in labels.items():
            yield ScoreLine(epoch, task, name, own["precision"], own["recall"], own["f1"], own["support"])
