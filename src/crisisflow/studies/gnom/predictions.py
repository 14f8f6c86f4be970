"""What each run leaves: predictions.parquet and training.json, of trained rows and of all others alike."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from crisisflow.artifacts import read_metadata, read_parquet, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.metrics import averages, multi_label_scores
from crisisflow.identity import Identity, identified, of_parquet
from crisisflow.studies.gnom import STUDY

HELD_OUT = ("validation", "test")

# A row for each validation tweet of the source and each test tweet of the target, in the order of their sets.
# `labels`, `predicted`: of each class of the setting, in the order of CLASSES, whether the tweet has it; one is true
# where the set has one label a tweet. `probabilities`: of each class; null of a row that gives none (an SVM, a constant
# answer). `neighbour`: whether the source's whole training part or unlabelled text has a near duplicate.
PREDICTIONS = pa.schema(
    [
        ("part", pa.string()),
        ("tweet_id", pa.string()),
        ("labels", pa.list_(pa.bool_())),
        ("predicted", pa.list_(pa.bool_())),
        ("probabilities", pa.list_(pa.float32())),
        ("neighbour", pa.bool_()),
    ]
)
FACTS = "gnom"  # of the metadata: JSON of Facts. The identity (row, seed, setting, share) is under identity.KEY


class Facts(NamedTuple):
    """What the predictions are of, beside their identity."""

    source: str
    target: str
    encoder: str
    classes: tuple[str, ...]
    multi_label: bool


class Predictions(NamedTuple):
    """The predictions of a run; arrays [tweets, classes], and [tweets]."""

    identity: Identity
    facts: Facts
    part_of_each: Sequence[str]  # tweet
    tweet_ids: Sequence[str]
    labels: np.ndarray  # bool
    predicted: np.ndarray  # bool
    probabilities: np.ndarray | None  # float32
    neighbour: np.ndarray  # bool

    def of(self, part: str) -> "Predictions":
        """Those of one part."""
        kept = np.array([own == part for own in self.part_of_each], dtype=bool)
        return self._replace(
            part_of_each=[part] * int(kept.sum()),
            tweet_ids=[own for own, there in zip(self.tweet_ids, kept, strict=True) if there],
            labels=self.labels[kept],
            predicted=self.predicted[kept],
            probabilities=None if self.probabilities is None else self.probabilities[kept],
            neighbour=self.neighbour[kept],
        )


def write_predictions(path: Path, found: Predictions) -> None:
    """Write the predictions of a run."""
    schema = identified(PREDICTIONS, found.identity)
    schema = schema.with_metadata({**schema.metadata, FACTS: json.dumps(found.facts._asdict(), sort_keys=True)})
    probabilities: list[Any] = [None] * len(found.part_of_each)
    if found.probabilities is not None:
        probabilities = found.probabilities.astype(np.float32).tolist()
    columns = (found.part_of_each, found.tweet_ids, found.labels.tolist(), found.predicted.tolist(), probabilities)
    values = [*columns, found.neighbour.tolist()]
    arrays = [pa.array(own, kind) for own, kind in zip(values, PREDICTIONS.types, strict=True)]
    write_parquet(path, pa.table(arrays, schema=schema), schema)


def read_predictions(path: Path) -> Predictions:
    """Read the predictions of a run.

    Raises:
        CrisisflowError: the file is absent, damaged, of another study, or does not say what it is of.
    """
    identity = of_parquet(path, PREDICTIONS, STUDY)
    facts = json.loads(read_metadata(path, PREDICTIONS).get(FACTS.encode(), b"{}"))
    if facts.keys() != {*Facts._fields}:
        raise CrisisflowError(f"{path} does not say of which source and target it is; train the row again")
    facts["classes"] = tuple(facts["classes"])
    table = read_parquet(path, PREDICTIONS)
    shape = (table.num_rows, len(facts["classes"]))

    def matrix(name: str, kind: type) -> np.ndarray:
        return table[name].combine_chunks().flatten().to_numpy(zero_copy_only=False).astype(kind).reshape(shape)

    given = table["probabilities"].null_count == 0
    return Predictions(
        identity,
        Facts(**facts),
        table["part"].to_pylist(),
        table["tweet_id"].to_pylist(),
        matrix("labels", bool),
        matrix("predicted", bool),
        matrix("probabilities", np.float32) if given else None,
        table["neighbour"].to_numpy(zero_copy_only=False).astype(bool),
    )


def facts_of(found: Predictions, training_tweets: int) -> dict[str, Any]:
    """What training.json says of every run (formats.py)."""
    test = found.of("test")
    return {
        **found.identity.facts(),
        **found.facts._asdict(),
        "training_tweets": training_tweets,
        "validation_tweets": found.part_of_each.count("validation"),
        "test_tweets": len(test.tweet_ids),
        "test_tweets_with_neighbour": int(test.neighbour.sum()),
        "scores": {part: _scores(found.of(part)) for part in HELD_OUT},
    }


def _scores(found: Predictions) -> dict[str, float | None]:
    scores = multi_label_scores(found.labels.tolist(), found.predicted.tolist(), found.facts.classes)
    weighted = averages(scores["per_class"], 1)["weighted_f1"]
    return {"weighted_f1": weighted, "macro_f1": scores["macro_f1"], "accuracy": scores["accuracy"]}
