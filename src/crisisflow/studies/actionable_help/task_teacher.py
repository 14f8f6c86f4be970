"""Task teacher: the best fine-tuned classifier of the built task, and what it says of the texts that students learn."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from safetensors.torch import load_file
from transformers.utils import logging as transformers_logging

from crisisflow.artifacts import read_json, write_json, write_parquet
from crisisflow.embedding import tokenize
from crisisflow.errors import CrisisflowError
from crisisflow.identity import Identity, of_json
from crisisflow.inputs import InputFile
from crisisflow.model.classifier import Classifier
from crisisflow.params import ComputeParams, Name
from crisisflow.progress import say
from crisisflow.studies.actionable_help import STUDY
from crisisflow.studies.actionable_help.encoder import open_encoder
from crisisflow.studies.actionable_help.row_params import FinetuneParams, RowParams
from crisisflow.studies.actionable_help.task_texts import read_task
from crisisflow.training.batching import Examples
from crisisflow.training.classification import Classification
from crisisflow.training.device import open_device
from crisisflow.training.predict import predict
from crisisflow.training.task import under

BEST = "best"  # the teacher is the row and seed with the highest macro F1 on the validation texts
TAUGHT = ("train", "validation")  # splits

TAUGHT_TEXTS = pa.schema([("tweet_id", pa.string()), ("split", pa.string()), ("probabilities", pa.list_(pa.float32()))])


class Candidate(NamedTuple):
    """A fine-tuned row that can teach: who it is, its validation score, and where it lies among the files."""

    identity: Identity
    macro_f1: float
    at: int


def choose(metrics: Sequence[Path], teacher: str) -> Candidate:
    """The best of the rows, or of the seeds of one row. Of equal ones the first.

    Raises:
        CrisisflowError: the row is not among them.
    """
    found = [
        Candidate(of_json(path, STUDY), read_json(path, "validation")["validation"]["macro_f1"], at)
        for at, path in enumerate(metrics)
    ]
    own = [one for one in found if teacher in (BEST, one.identity.row)]
    if not own:
        known = ", ".join(dict.fromkeys(one.identity.row for one in found))
        raise CrisisflowError(
            f"actionable_help.task_distillation.teacher is {teacher}, which is no row whose weights are kept; there "
            f"are: {BEST}, {known}"
        )
    return max(own, key=lambda one: one.macro_f1)


def run(
    teacher: Name,
    rows: dict[Name, RowParams],
    finetune: FinetuneParams,
    compute: ComputeParams,
    tweets: InputFile,
    statistics: InputFile,
    metrics: Sequence[InputFile],
    weights: Sequence[InputFile],
    encoders: Sequence[InputFile],
    out: Path,
    chosen: Path,
) -> None:
    """Write the teacher's class probabilities of each training and validation text of the built task, and who it is.

    Args:
        teacher: actionable_help.task_distillation.teacher
        rows: section actionable_help.rows
        finetune: section actionable_help.finetune
        compute: section compute; one process predicts
        tweets: the texts of the built task
        statistics: the classes and counts of the task
        metrics: scores of each row and seed on the task whose weights are kept
        weights: of the same, in this order
        encoders: what each of them began with, in this order
        chosen: who the teacher is, and its validation score (JSON)

    Raises:
        CrisisflowError: there is no such row, or a file is damaged.
    """
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    best = choose(metrics, teacher)
    task = read_task(tweets, statistics)
    device = open_device(compute.device, compute.threads, 1)
    row = rows[best.identity.row]
    encoder, tokenizer = open_encoder(encoders[best.at], row.layers, finetune.max_length)
    classifier = Classifier(encoder, task.classes, finetune.pooling)
    classifier.load_state_dict(under(load_file(weights[best.at]), "model"))
    device.prepare(classifier)
    model = device.place(classifier)
    lines = []
    for split in TAUGHT:
        texts = task.splits[split]
        found = predict(
            Classification(task.classes),
            model,
            lambda batch: model(batch.input_ids, batch.mask),
            Examples(texts.ids, tokenize(texts.texts, tokenizer, finetune.max_length), {}),
            device,
            tokenizer.pad_token_id,
            device.shapes(finetune.max_length),
        )
        lines += [
            {"tweet_id": tweet_id, "split": split, "probabilities": own}
            for tweet_id, own in zip(texts.ids, found["probabilities"].tolist(), strict=True)
        ]
    write_parquet(out, lines, TAUGHT_TEXTS)
    facts = {**best.identity.facts(), "validation_macro_f1": best.macro_f1, "classes": task.classes}
    write_json(chosen, facts)
    say(f"task teacher: {best.identity}, validation macro F1 {best.macro_f1:.3f}")
