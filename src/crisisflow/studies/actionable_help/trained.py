"""What every trained row leaves: its predictions of the validation and test texts of a task, and their scores."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from crisisflow.artifacts import PREDICTIONS, write_json, write_parquet
from crisisflow.evaluation import calibration
from crisisflow.evaluation.metrics import averages, class_scores
from crisisflow.identity import Identity, identified
from crisisflow.studies.actionable_help.task_texts import Task

HELD_OUT = ("validation", "test")


class Guess(NamedTuple):
    """What a row says of texts: a class id of each, and the probability of each class where it knows any."""

    class_ids: Sequence[int]
    probabilities: Sequence[Sequence[float]] | None


def scores_of(predictions: pa.Table, classes: Sequence[str], least_support: int) -> dict[str, Any]:
    """The averages of F1 (evaluation.metrics.averages), accuracy, the scores of each class, and the calibration, which
    is None of a row that knows no probabilities."""
    found = class_scores(predictions["class_id"].to_pylist(), predictions["predicted_class_id"].to_pylist(), classes)
    known = predictions["class_probabilities"].null_count == 0
    return {
        **averages(found["per_class"], least_support),
        "accuracy": found["accuracy"],
        "per_class": found["per_class"],
        "calibration": calibration.of_classes(predictions) if known else None,
        "texts": predictions.num_rows,
    }


def write_trained(
    identity: Identity,
    task: Task,
    guesses: dict[str, Guess],
    trained: dict[str, Any],
    least_support: int,
    paths: dict[str, Path],
    metrics: Path,
) -> None:
    """Write the predictions of the held-out splits, and their scores.

    Args:
        guesses: by split, and `paths` likewise.
        trained: what else metrics.json says: epochs, training texts, parameters.
    """
    scores = {}
    for split in HELD_OUT:
        texts, guess = task.splits[split], guesses[split]
        nothing = [None] * len(texts.ids)
        columns = {
            "tweet_id": texts.ids,
            "class_id": texts.class_ids,
            "predicted_class_id": list(guess.class_ids),
            "class_probabilities": guess.probabilities if guess.probabilities is not None else nothing,
        }
        table = pa.table([columns.get(name, nothing) for name in PREDICTIONS.names], schema=PREDICTIONS)
        write_parquet(paths[split], table, identified(PREDICTIONS, identity))
        scores[split] = scores_of(table, task.classes, least_support)
    write_json(metrics, {**identity.facts(), **trained, "classes": task.classes, **scores})
