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
from crisisflow.studies.actionable_help.classifying import TrainedClassifier, load
from crisisflow.studies.actionable_help.encoder import name_of
from crisisflow.studies.actionable_help.labelled import Key, codes_of, keys_of
from crisisflow.studies.actionable_help.labels import LABELS
from crisisflow.studies.actionable_help.pool import POOL
from crisisflow.studies.actionable_help.row_params import BUILT
from crisisflow.studies.actionable_help.score import best_row
from crisisflow.training.device import open_device
from crisisflow.training.weights import KEY

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


def chosen(
    scores: Path, configs: Sequence[Path], weights: Sequence[Path], encoders: Sequence[Path]
) -> TrainedClassifier:
    """Of the rows whose weights were kept, the best on the validation texts of the built task, by its lowest seed.

    Args:
        scores: of the step score. configs, weights: of each training, in one order. encoders: what the rows began with.

    Raises:
        CrisisflowError: there is none, or it cannot be loaded.
    """
    facts = read_json(scores, "kinds", "rows")
    known = []
    for config, own in zip(configs, weights, strict=True):
        trained = read_json(config, CONFIG, "row", KEY)
        identity = read_identity(trained[CONFIG], config, STUDY)
        if trained[KEY] is not None and facts["kinds"].get(identity.task) == BUILT:
            known.append((identity, config, own, trained["row"]["encoder"]))
    if not known:
        raise CrisisflowError(
            f"{scores}: no row on a task of kind built has its weights; name one in actionable_help.keep_weights"
        )
    task = known[0][0].task
    row = best_row(facts["rows"], list(dict.fromkeys(own[0].row for own in known)), task)
    _, config, own, encoder = min(
        (found for found in known if (found[0].row, found[0].task) == (row, task)), key=lambda found: found[0].seed
    )
    for path in encoders:
        if name_of(path) == encoder:
            return load(own, config, path, open_device("cpu", threads=1, processes=1))
    raise CrisisflowError(f"{config} is of the encoder {encoder}, of which there is no file; make it again")


def run(
    pool: InputFile,
    scores: InputFile,
    configs: Sequence[InputFile],
    weights: Sequence[InputFile],
    encoders: Sequence[InputFile],
    out: Path,
) -> None:
    """Write the label of each tweet of the pool by the best row on the built task whose weights were kept.

    Args:
        pool: the tweets of the step pool
        scores: that of the step score
        configs: config.json of each fine-tuned row; repeat
        weights: model.safetensors of each, in the same order; repeat
        encoders: what each row began with; repeat

    Raises:
        CrisisflowError: a file is absent or broken, no weights were kept, or the row knows other labels.
    """
    classifier = chosen(scores, configs, weights, encoders)
    if unknown := set(classifier.model.classes) - set(LABELS):
        raise CrisisflowError(
            f"{classifier.identity} knows {', '.join(sorted(unknown))}, which is no label of this study"
        )
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
