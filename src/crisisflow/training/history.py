"""What is recorded of each epoch: history.csv, scores.csv and, apart since they differ every time, speeds."""

from collections.abc import Iterator
from typing import Any, NamedTuple


class Epoch(NamedTuple):
    """One line of history.csv: mean training losses, weights, s and rates behind the last step, scores.

    What a row does not have (the loss of a task left out, an s) is None and stands as an empty cell.
    """

    epoch: int
    stage: int
    steps: int
    ner_loss: float | None
    cls_loss: float | None
    ner_weight: float | None
    cls_weight: float | None
    s_ner: float | None
    s_cls: float | None
    learning_rate: float
    weighting_learning_rate: float | None
    ner_precision: float | None
    ner_recall: float | None
    ner_micro_f1: float | None
    cls_macro_f1: float | None
    cls_accuracy: float | None
    combined_score: float | None
    trainable_parameters: int


class ScoreLine(NamedTuple):
    """One line of scores.csv: an entity type or an humanitarian class on the validation split after an epoch."""

    epoch: int
    task: str
    name: str
    precision: float
    recall: float
    f1: float
    support: int


class Speed(NamedTuple):
    """One line of speed.csv; seconds of the epoch's training and of its validation, bytes of the most memory so far."""

    epoch: int
    training_seconds: float
    tweets_per_second: float
    validation_seconds: float
    peak_memory_bytes: int


def score_lines(epoch: int, ner: dict[str, Any] | None, cls: dict[str, Any] | None) -> Iterator[ScoreLine]:
    """The lines of scores.csv of one epoch."""
    for task, scores in (("ner", (ner or {}).get("per_type", {})), ("cls", (cls or {}).get("per_class", {}))):
        for name, own in scores.items():
            yield ScoreLine(epoch, task, name, own["precision"], own["recall"], own["f1"], own["support"])
