"""Distil task: a mini learns the built task from the best fine-tuned classifier (paper, section 3.3: S^T)."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
import transformers
from transformers import BertModel

from crisisflow.artifacts import read_parquet
from crisisflow.checksums import file_sha256
from crisisflow.embedding import tokenize
from crisisflow.errors import CrisisflowError
from crisisflow.identity import Identity
from crisisflow.inputs import IN_PROCESSES, InputFile, InputFolder
from crisisflow.model.classifier import Classifier
from crisisflow.model.weighting import Weighting
from crisisflow.params import ComputeParams, Name, Positive, Seed
from crisisflow.pretrained import load_tokenizer
from crisisflow.sources import digest
from crisisflow.studies.actionable_help import STUDY
from crisisflow.studies.actionable_help.mini_params import ShapeParams, TaskDistillationParams
from crisisflow.studies.actionable_help.row_params import WARMUP, FinetuneParams
from crisisflow.studies.actionable_help.shapes import config_of
from crisisflow.studies.actionable_help.task_teacher import TAUGHT, TAUGHT_TEXTS
from crisisflow.studies.actionable_help.task_texts import Task, read_task
from crisisflow.studies.actionable_help.trained_network import write_network
from crisisflow.training import checkpoint as checkpoints
from crisisflow.training import seeds
from crisisflow.training.batching import Examples
from crisisflow.training.classification import CLASS_ID, Classification
from crisisflow.training.device import open_device
from crisisflow.training.early_stopping import EarlyStopping
from crisisflow.training.loop import Trainer
from crisisflow.training.schedule import BETAS, Optimization, Stage, check_warmup
from crisisflow.training.soft_labels import TEACHER, SoftLabels

LEAST_PROBABILITY = 1e-9  # of a class: its logarithm is a logit of the teacher


def _taught(task: Task, teacher: Path) -> dict[str, np.ndarray]:
    """The teacher's probabilities [texts, classes] of the training and validation texts.

    Raises:
        CrisisflowError: they are of other texts.
    """
    rows = read_parquet(teacher, TAUGHT_TEXTS).to_pylist()
    found = {}
    for split in TAUGHT:
        own = [row for row in rows if row["split"] == split]
        if [row["tweet_id"] for row in own] != task.splits[split].ids:
            raise CrisisflowError(f"{teacher} is of other texts than the task {task.name}; make it again")
        found[split] = np.array([row["probabilities"] for row in own], dtype=np.float32)
    return found


def run(
    name: Name,
    loss: Literal["soft", "hard"],
    shape: ShapeParams,
    positions: Positive,
    dropout: float,
    distillation: TaskDistillationParams,
    finetune: FinetuneParams,
    compute: Annotated[ComputeParams, IN_PROCESSES],
    least_support: Positive,
    seed: Seed,
    tweets: InputFile,
    statistics: InputFile,
    teacher: InputFile,
    vocabulary: InputFolder,
    checkpoint: Path,
    history: Path,
    validation: Path,
    test: Path,
    metrics: Path,
    speed: Path,
) -> None:
    """Train a mini from random weights on what the teacher says of the training texts, and write its scores.

    Early stopping is that of the fine-tuning, by macro F1 on the validation texts' own labels.

    Args:
        name: name of the mini
        loss: soft learns the teacher's probabilities by the Kullback-Leibler divergence, hard its most probable class
            by cross-entropy
        shape: section actionable_help.minis.shapes.NAME
        positions: actionable_help.minis.positions
        dropout: actionable_help.minis.dropout
        distillation: section actionable_help.task_distillation
        finetune: section actionable_help.finetune
        compute: section compute
        least_support: actionable_help.least_support
        tweets: the texts of the built task
        statistics: the classes and counts of the task
        teacher: of the step task_teacher
        vocabulary: folder of the minis' tokenizer
        checkpoint: folder of the checkpoints, removed at the end
        history: a line per epoch
        validation: predictions of the validation texts
        test: predictions of the test texts
        metrics: the scores of both
        speed: seconds and memory per epoch; differs from run to run

    Raises:
        CrisisflowError: the teacher's probabilities are of other texts, texts are longer than a mini's positions, all
            steps are warm-up, or a loss is not finite.
    """
    if finetune.max_length > positions:
        raise CrisisflowError(
            f"actionable_help.finetune.max_length is {finetune.max_length} but a mini has {positions} positions; "
            "lower it"
        )
    task = read_task(tweets, statistics)
    taught = _taught(task, teacher)
    identity = Identity(STUDY, f"{name}-{loss}", seed, task=task.name)
    device = open_device(compute.device, compute.threads, compute.processes)
    tokenizer = load_tokenizer(str(vocabulary))
    examples = {
        split: Examples(own.ids, tokenize(own.texts, tokenizer, finetune.max_length), {CLASS_ID: own.class_ids})
        for split, own in task.splits.items()
    }
    for split in TAUGHT:
        logits = np.log(np.maximum(taught[split], LEAST_PROBABILITY))
        examples[split].targets[TEACHER] = list(logits)
    if loss == "hard":
        examples["train"].targets[CLASS_ID] = taught["train"].argmax(axis=1).tolist()
    stage = Stage(distillation.epochs, finetune.warmup_steps, 0, False, True)
    check_warmup(str(identity), stage, len(examples["train"].ids), finetune.batch_size, WARMUP)
    device.seed(seeds.of_heads(seed))
    config = config_of(shape, len(tokenizer), positions, dropout, tokenizer.pad_token_id)
    classifier = Classifier(BertModel(config, add_pooling_layer=False), task.classes, finetune.pooling)
    rate = distillation.learning_rate
    trainer = Trainer(
        name=str(identity),
        model=classifier,
        task=SoftLabels(task.classes, distillation.temperature) if loss == "soft" else Classification(task.classes),
        weighting=Weighting(1),
        optimization=Optimization(finetune.batch_size, rate, rate, BETAS, finetune.weight_decay, finetune.clip_norm),
        seed=seed,
        device=device,
        padding_id=tokenizer.pad_token_id,
        max_length=finetune.max_length,
        folder=checkpoint,
        run=checkpoints.fingerprint(
            digest("studies.actionable_help.distil_task"),
            {package.__name__: package.__version__ for package in (np, torch, transformers)},
            *(section.model_dump() for section in (shape, distillation, finetune, compute)),
            [positions, dropout, loss, seed, task.classes],
            [file_sha256(path) for path in (tweets, teacher, vocabulary / "tokenizer.json")],
        ),
        early_stopping=EarlyStopping(finetune.patience, finetune.threshold),
    )
    best = trainer.fit([stage], examples["train"], examples["validation"])
    if device.writes:
        paths = {"validation": validation, "test": test}
        write_network(identity, task, trainer, best, examples, least_support, paths, metrics, history, speed)
        checkpoints.discard(checkpoint)
    device.wait()
    device.close()
