"""Grid: learning rates and batch sizes, by the F1 of the folds of one training setting (paper, footnote 5)."""

from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa

from crisisflow.artifacts import read_parquet, write_csv
from crisisflow.checksums import file_sha256
from crisisflow.identity import Identity
from crisisflow.inputs import InputFile
from crisisflow.labels import Labels
from crisisflow.params import Name, Seed
from crisisflow.progress import say
from crisisflow.studies.difficult_negatives import STUDY
from crisisflow.studies.difficult_negatives.collection import TRAIN
from crisisflow.studies.difficult_negatives.datasets import DATASETS
from crisisflow.studies.difficult_negatives.folds import scores_of, span_numbers
from crisisflow.studies.difficult_negatives.label_sets import labels_of
from crisisflow.studies.difficult_negatives.params import GridParams
from crisisflow.studies.difficult_negatives.tag import Job, fingerprint_of, inside_of, parts_of, tweets_of
from crisisflow.studies.difficult_negatives.tagger_params import TaggerParams, TaggingParams
from crisisflow.studies.difficult_negatives.word_states import read_states
from crisisflow.training import checkpoint as checkpoints
from crisisflow.training.device import open_device

COLUMNS = ("tagger", "setting", "seed", "learning_rate", "batch_size", "f1", "f1_std", "epochs", "steps")


def run(
    params: GridParams,
    aligned: InputFile,
    states: InputFile,
    taggers: dict[Name, TaggerParams],
    tagging: TaggingParams,
    seed: Seed,
    checkpoint: Path,
    out: Path,
) -> None:
    """Write the F1 of the held-out folds for each learning rate and batch size, the best first.

    The learning rate is that of encoder and layers alike, as in the paper. An interrupted run keeps what was trained.

    Args:
        params: section difficult_negatives.grid
        aligned: the datasets, aligned for the tagger
        states: of their words, of the step word_states
        taggers: section difficult_negatives.taggers
        tagging: section difficult_negatives.tagging
        checkpoint: folder of checkpoints and finished folds, removed at the end
        out: CSV; mean and standard deviation over the folds, and the mean number of epochs and steps

    Raises:
        CrisisflowError: the files are of different rows, the encoder or device is not to be had, a loss is not finite,
            or memory does not suffice.
    """
    device = open_device(tagging.device, tagging.threads, 1)
    known = read_states(states, params.tagger)
    table = read_parquet(aligned, DATASETS)
    own = inside_of(tweets_of(table, known, states)[TRAIN], params.setting)
    lines, jobs = [], []
    for rate, size in product(params.learning_rates, params.batch_sizes):
        row = taggers[params.tagger].model_copy(
            update={"learning_rate": rate, "head_learning_rate": rate, "batch_size": size}
        )
        identity = Identity(STUDY, f"{params.tagger} at {rate:g}, batch size {size}", seed, setting=params.setting)
        folder = checkpoint / f"{rate:g}-{size}"
        job = Job(
            identity,
            row,
            tagging,
            known,
            table["input_ids"].to_pylist() if row.tuned else [],
            device,
            folder,
            fingerprint_of(identity, row, tagging, file_sha256(states)),
            labels_of(aligned, DATASETS),
        )
        trained = [job.train(number, *parts, {}) for number, parts in enumerate(parts_of(own, tagging, seed), start=1)]
        jobs.append(job)
        f1 = [_f1(fold.predictions, job.labels) for fold in trained]
        epochs = float(np.mean([fold.epochs for fold in trained]))
        steps = float(np.mean([fold.epochs * fold.steps for fold in trained]))
        lines.append([params.tagger, params.setting, seed, rate, size, np.mean(f1), np.std(f1, ddof=1), epochs, steps])
        say(f"grid: learning rate {rate:g}, batch size {size}: F1 {100 * np.mean(f1):.2f}")
    lines.sort(key=lambda line: -line[5])
    write_csv(out, COLUMNS, [[*line[:5], *(round(float(own), 6) for own in line[5:])] for line in lines])
    for job in jobs:
        job.discard()
    checkpoints.discard(checkpoint)
    say(f"grid: the best of {len(lines)}: learning rate {lines[0][3]:g}, batch size {lines[0][4]}")


def _f1(predictions: pa.Table, labels: Labels) -> float:
    everything = np.ones(predictions.num_rows, dtype=bool)
    positive = predictions["positive"].to_numpy(zero_copy_only=False)
    return scores_of(span_numbers(predictions, labels), positive, everything).f1
