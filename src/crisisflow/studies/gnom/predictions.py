"""What each training leaves: predictions.parquet and training.json, of trained rows and of all others alike.

A training with a word graph is of one setting. One without may be scored on several settings of its source.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crisisflow.artifacts import read_metadata, read_parquet, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.metrics import averages, multi_label_scores
from crisisflow.identity import Identity, identified, of_parquet
from crisisflow.studies.gnom import STUDY

HELD_OUT = ("validation", "test")

# Of each setting a row for each validation tweet of the source and each test tweet of the target, in the order of
# their sets. `group`: near duplicates within the tweet's set (formats.TWEETS).
# `labels`, `predicted`: of each class of the setting, in the order of CLASSES, whether the tweet has it; one is true
# where the set has one label a tweet. `probabilities`: of each class; null of a row that gives none (an SVM, a constant
# answer). `neighbour`: whether the source's whole training part or unlabelled text has a near duplicate.
PREDICTIONS = pa.schema(
    [
        ("setting", pa.string()),
        ("part", pa.string()),
        ("tweet_id", pa.string()),
        ("group", pa.int32()),
        ("labels", pa.list_(pa.bool_())),
        ("predicted", pa.list_(pa.bool_())),
        ("probabilities", pa.list_(pa.float32())),
        ("neighbour", pa.bool_()),
    ]
)
FACTS = "gnom"  # of the metadata: JSON of the Facts of each setting. The identity (row, seed, share) is under KEY


class Facts(NamedTuple):
    """What the predictions are of, beside their identity."""

    source: str
    target: str
    encoder: str
    classes: tuple[str, ...]
    multi_label: bool


class Predictions(NamedTuple):
    """The predictions of a run, which is of one setting; arrays [tweets, classes], and [tweets]."""

    identity: Identity
    facts: Facts
    part_of_each: Sequence[str]  # tweet
    tweet_ids: Sequence[str]
    groups: np.ndarray  # int32
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
            groups=self.groups[kept],
            labels=self.labels[kept],
            predicted=self.predicted[kept],
            probabilities=None if self.probabilities is None else self.probabilities[kept],
            neighbour=self.neighbour[kept],
        )


def write_predictions(path: Path, found: Sequence[Predictions]) -> None:
    """Write the predictions of a training: the same row, share and seed on each of its settings."""
    identity = found[0].identity._replace(setting=None)
    schema = identified(PREDICTIONS, identity)
    facts = {str(own.identity.setting): own.facts._asdict() for own in found}
    schema = schema.with_metadata({**schema.metadata, FACTS: json.dumps(facts, sort_keys=True)})
    write_parquet(path, pa.concat_tables([_table(own, schema) for own in found]), schema)


def _table(own: Predictions, schema: pa.Schema) -> pa.Table:
    tweets = len(own.part_of_each)
    probabilities: list[Any] = [None] * tweets
    if own.probabilities is not None:
        probabilities = own.probabilities.astype(np.float32).tolist()
    columns = ([own.identity.setting] * tweets, own.part_of_each, own.tweet_ids, own.groups, own.labels.tolist())
    values = [*columns, own.predicted.tolist(), probabilities, own.neighbour.tolist()]
    return pa.table([pa.array(one, kind) for one, kind in zip(values, PREDICTIONS.types, strict=True)], schema=schema)


def read_predictions(path: Path) -> list[Predictions]:
    """Read the predictions of a training, of each setting that it was scored on.

    Raises:
        CrisisflowError: the file is absent, damaged, of another study, or does not say what it is of.
    """
    identity = of_parquet(path, PREDICTIONS, STUDY)
    facts = json.loads(read_metadata(path, PREDICTIONS).get(FACTS.encode(), b"{}"))
    if not facts or any(own.keys() != {*Facts._fields} for own in facts.values()):
        raise CrisisflowError(f"{path} does not say of which source and target it is; train the row again")
    table = read_parquet(path, PREDICTIONS)
    return [
        _of_setting(
            table.filter(pc.equal(table["setting"], name)),
            identity._replace(setting=name),
            Facts(**{**own, "classes": tuple(own["classes"])}),
        )
        for name, own in facts.items()
    ]


def _of_setting(table: pa.Table, identity: Identity, facts: Facts) -> Predictions:
    shape = (table.num_rows, len(facts.classes))

    def matrix(name: str, kind: type) -> np.ndarray:
        return table[name].combine_chunks().flatten().to_numpy(zero_copy_only=False).astype(kind).reshape(shape)

    given = table["probabilities"].null_count == 0
    return Predictions(
        identity,
        facts,
        table["part"].to_pylist(),
        table["tweet_id"].to_pylist(),
        table["group"].to_numpy(),
        matrix("labels", bool),
        matrix("predicted", bool),
        matrix("probabilities", np.float32) if given else None,
        table["neighbour"].to_numpy(zero_copy_only=False).astype(bool),
    )


def facts_of(found: Predictions, training_tweets: int) -> dict[str, Any]:
    """What training.json says of a run (formats.py)."""
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
