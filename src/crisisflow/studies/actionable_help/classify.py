"""Classify: the label of each tweet of the pool by the best row, also of those on which the labellers disagree."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from crisisflow.artifacts import read_json, read_parquet, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.identity import CONFIG, read_identity
from crisisflow.inputs import InputFile
from crisisflow.progress import say
from crisisflow.studies.actionable_help import STUDY
from crisisflow.studies.actionable_help.classifying import load
from crisisflow.studies.actionable_help.labelled import Key, codes_of, keys_of
from crisisflow.studies.actionable_help.labels import LABELS
from crisisflow.studies.actionable_help.pool import POOL

# In the order of the pool; probabilities in the order of LABELS.
PREDICTED = pa.schema(
    [
        ("set", pa.string()),
        ("tweet_id", pa.string()),
        ("label", pa.string()),
        ("probabilities", pa.list_(pa.float32())),
    ]
)


def read_predicted(path: Path, keys: Sequence[Key]) -> np.ndarray:
    """The positions in LABELS of the predicted labels [tweets].

    Args:
        keys: of the tweets, in their order.

    Raises:
        CrisisflowError: the file is absent or broken, or of other tweets.
    """
    table = read_parquet(path, PREDICTED)
    if keys_of(table) != list(keys):
        raise CrisisflowError(f"{path} is of other tweets than the pool; make it again")
    return codes_of(table["label"].to_pylist())


def chosen(configs: Sequence[Path], weights: Sequence[Path], row: str, task: str) -> tuple[Path, Path]:
    """Config and weights of a row on a task, of its lowest seed.

    Raises:
        CrisisflowError: there is none.
    """
    known = [
        (identity.seed, config, own)
        for config, own in zip(configs, weights, strict=True)
        for identity in [read_identity(read_json(config, CONFIG)[CONFIG], config, STUDY)]
        if (identity.row, identity.task) == (row, task)
    ]
    if not known:
        raise CrisisflowError(f"row {row} was not fine-tuned on the task {task}, or its files are not given")
    return min(known)[1:]


def run(
    pool: InputFile, scores: InputFile, configs: Sequence[InputFile], weights: Sequence[InputFile], out: Path
) -> None:
    """Write the label of each tweet of the pool by the row that is the best on the built task's validation tweets.

    Args:
        pool: the tweets of the step pool
        scores: that of the step score
        configs: config.json of each fine-tuned row; repeat
        weights: model.safetensors of each, in the same order; repeat

    Raises:
        CrisisflowError: a file is absent or broken, the best row's weights were not kept, or its classes are others.
    """
    best = read_json(scores, "best_on_validation")["best_on_validation"]
    if not best:
        raise CrisisflowError(f"{scores} has no task that this study labels; name one of kind built")
    task, row = next(iter(best.items()))
    config, own = chosen(configs, weights, row, task)
    classifier = load(own, config)
    if unknown := set(classifier.model.classes) - set(LABELS):
        raise CrisisflowError(f"{config} knows {', '.join(sorted(unknown))}, which is no label of this study")
    table = read_parquet(pool, POOL)
    say(f"classify: {table.num_rows:,} tweets by {classifier.identity}")
    found = classifier.probabilities(table["text"].to_pylist())
    # A label of which no tweet was agreed on has no class.
    places = [LABELS.index(name) for name in classifier.model.classes]
    probabilities = np.zeros((table.num_rows, len(LABELS)), dtype=np.float32)
    probabilities[:, places] = found
    labels = [LABELS[at] for at in probabilities.argmax(axis=1)]
    columns = [
        table["set"],
        table["tweet_id"],
        pa.array(labels),
        pa.array(probabilities.tolist(), pa.list_(pa.float32())),
    ]
    write_parquet(out, pa.Table.from_arrays(columns, schema=PREDICTED), PREDICTED)
