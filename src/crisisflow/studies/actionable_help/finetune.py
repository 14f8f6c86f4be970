"""Finetune: a row, which is an encoder under a linear layer, on a task with a seed (paper, section 3.4)."""

from pathlib import Path
from typing import Annotated

import numpy
import torch
import transformers

from crisisflow.embedding import tokenize
from crisisflow.identity import CONFIG, Identity
from crisisflow.inputs import IN_PROCESSES, InputFile
from crisisflow.model.classifier import Classifier
from crisisflow.model.weighting import WEIGHTINGS
from crisisflow.params import ComputeParams, Name, Positive, Seed
from crisisflow.sources import digest
from crisisflow.studies.actionable_help import STUDY
from crisisflow.studies.actionable_help.encoder import open_encoder
from crisisflow.studies.actionable_help.row_params import WARMUP, FinetuneParams, RowParams
from crisisflow.studies.actionable_help.task_texts import Task, read_task
from crisisflow.studies.actionable_help.trained_network import write_network
from crisisflow.training import checkpoint as checkpoints
from crisisflow.training import seeds
from crisisflow.training.batching import Examples
from crisisflow.training.classification import CLASS_ID, Classification, balanced_weights
from crisisflow.training.device import open_device
from crisisflow.training.early_stopping import EarlyStopping
from crisisflow.training.loop import Trainer
from crisisflow.training.schedule import BETAS, Optimization, Stage, check_warmup
from crisisflow.training.weights import write_weights


def optimization_of(row: RowParams, finetune: FinetuneParams) -> Optimization:
    """How the weights of a row are updated; a row may have a learning rate of its own."""
    rate = finetune.learning_rate if row.learning_rate is None else row.learning_rate
    return Optimization(
        batch_size=finetune.batch_size,
        learning_rate=rate,
        weighting_learning_rate=rate,
        betas=BETAS,
        weight_decay=finetune.weight_decay,
        clip_norm=finetune.clip_norm,
    )


def run(
    name: Name,
    tweets: InputFile,
    statistics: InputFile,
    encoder: InputFile,
    row: RowParams,
    finetune: FinetuneParams,
    compute: Annotated[ComputeParams, IN_PROCESSES],
    least_support: Positive,
    keep_weights: list[Name],
    seed: Seed,
    checkpoint: Path,
    history: Path,
    validation: Path,
    test: Path,
    metrics: Path,
    config: Path,
    weights: Path,
    speed: Path,
) -> None:
    """Train with early stopping, and write what the best epoch predicts of the validation and test texts, its scores, a
    line per epoch, and its weights if the row's are kept.

    An interrupted run goes on from its last checkpoint.

    Args:
        name: name of the row
        tweets: the texts of the task
        statistics: the classes and counts of the task
        encoder: what the row begins with, of the step encoder
        row: section actionable_help.rows.NAME
        finetune: section actionable_help.finetune
        compute: section compute
        least_support: actionable_help.least_support
        keep_weights: actionable_help.keep_weights
        checkpoint: folder of the checkpoints, removed at the end
        history: a line per epoch
        validation: predictions of the validation texts
        test: predictions of the test texts
        metrics: the scores of both
        config: what rebuilds the model, and the sha256 of its weights
        weights: of the best epoch (safetensors); no tensors if the row's are not kept
        speed: seconds and memory per epoch; differs from run to run

    Raises:
        CrisisflowError: the encoder or device is not to be had, the row asks for more layers or positions than there
            are, all steps are warm-up, a loss is not finite, memory does not suffice.
    """
    task = read_task(tweets, statistics)
    identity = Identity(STUDY, name, seed, task=task.name)
    device = open_device(compute.device, compute.threads, compute.processes)
    device.seed(seeds.of_heads(seed))
    opened, tokenizer = open_encoder(encoder, row.layers, finetune.max_length)
    examples = {
        split: Examples(own.ids, tokenize(own.texts, tokenizer, finetune.max_length), {CLASS_ID: own.class_ids})
        for split, own in task.splits.items()
    }
    stage = Stage(finetune.epochs, finetune.warmup_steps, 0, False, True)
    check_warmup(str(identity), stage, len(examples["train"].ids), finetune.batch_size, WARMUP)
    device.seed(seeds.of_heads(seed))
    classifier = Classifier(opened, task.classes, finetune.pooling)
    class_ids = examples["train"].targets[CLASS_ID]
    balanced = balanced_weights(class_ids, task.classes) if finetune.class_weights == "balanced" else None
    fingerprint = checkpoints.fingerprint(
        digest("studies.actionable_help.finetune"),
        {package.__name__: package.__version__ for package in (numpy, torch, transformers)},
        *(section.model_dump() for section in (row, finetune, compute)),
        checkpoints.weights_digest(opened),
        tokenizer.pad_token_id,
        task.classes,
        seed,
        examples,
    )
    trainer = Trainer(
        name=str(identity),
        model=classifier,
        task=Classification(task.classes, balanced),
        weighting=WEIGHTINGS["fixed"](1),
        optimization=optimization_of(row, finetune),
        seed=seed,
        device=device,
        padding_id=tokenizer.pad_token_id,
        max_length=finetune.max_length,
        folder=checkpoint,
        run=fingerprint,
        early_stopping=EarlyStopping(finetune.patience, finetune.threshold),
    )
    best = trainer.fit([stage], examples["train"], examples["validation"])
    if device.writes:
        paths = {"validation": validation, "test": test}
        write_network(identity, task, trainer, best, examples, least_support, paths, metrics, history, speed)
        facts = {CONFIG: identity.facts(), **_rebuilt_from(classifier, task, row, finetune)}
        write_weights(device, best.tensors if name in keep_weights else None, facts, weights, config)
        checkpoints.discard(checkpoint)
    device.wait()
    device.close()


def _rebuilt_from(classifier: Classifier, task: Task, row: RowParams, finetune: FinetuneParams) -> dict[str, object]:
    """What the weights need to become a model again, and the encoder's sizes, which the figure of speed shows."""
    return {
        "row": row.model_dump(),
        "encoder": classifier.encoder.config.to_diff_dict(),
        "max_length": finetune.max_length,
        "pooling": finetune.pooling,
        "classes": task.classes,
    }
