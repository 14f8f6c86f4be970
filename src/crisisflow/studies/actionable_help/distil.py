"""Distil: a mini model learns its teacher's sentence embeddings (paper, section 3.3: generic distillation)."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import pyarrow as pa
import torch
import transformers
from torch import nn
from transformers import BertModel, PreTrainedTokenizerBase

from crisisflow.artifacts import read_json, read_parquet, write_csv, write_json, write_text
from crisisflow.checksums import file_sha256
from crisisflow.embedding import tokenize
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.embeddings import nearest, overlap_by_chance
from crisisflow.inputs import IN_PROCESSES, InputFile, InputFolder
from crisisflow.model.heads import Pooling
from crisisflow.model.student import Student
from crisisflow.model.weighting import Weighting
from crisisflow.params import ComputeParams
from crisisflow.pretrained import load_tokenizer
from crisisflow.sources import digest
from crisisflow.studies.actionable_help.mini_card import render
from crisisflow.studies.actionable_help.mini_corpus import MINI_CORPUS
from crisisflow.studies.actionable_help.mini_params import DistillationParams, ShapeParams
from crisisflow.studies.actionable_help.probe import Probe, ProbedRegression
from crisisflow.studies.actionable_help.projections import FIXED, check_widths, projection_of
from crisisflow.studies.actionable_help.shapes import config_of, parameters_of
from crisisflow.studies.actionable_help.task_texts import Task, read_task
from crisisflow.studies.actionable_help.teach import read_taught
from crisisflow.studies.actionable_help.vocabulary import TOKENIZER_FILES
from crisisflow.studies.actionable_help.word_vectors import start_from_teacher
from crisisflow.training import checkpoint as checkpoints
from crisisflow.training import seeds
from crisisflow.training.batching import Examples
from crisisflow.training.device import Device, open_device
from crisisflow.training.embedding_regression import EMBEDDING
from crisisflow.training.history import Epoch, Speed, history_table
from crisisflow.training.loop import Trainer
from crisisflow.training.schedule import BETAS, Optimization, Stage, check_warmup
from crisisflow.training.state import Best, Records
from crisisflow.training.task import under

# The paper is silent on these; they are AdamW's usual ones.
WEIGHT_DECAY, CLIP_NORM = 0.01, 1.0
# A mean of token states varies less than the states do; measured: 2 is better than 1 for it.
START_SCALE = {"mean": 2.0, "cls": 1.0}
COLLAPSED = 0.01  # of the target's variance
LOSSES = 1000  # records of the loss over the steps of a distillation, about
WEIGHTS, CONFIG = "model.safetensors", "config.json"


class Material(NamedTuple):
    """What the students of a mini learn from.

    Args:
        neighbours: of the validation texts by the teacher's embeddings.
        probe: what the students are asked after each epoch.
        spread: standard deviations [d] of a fixed target, in whose scale a student starts; None of a learnt one.
    """

    tokenizer: PreTrainedTokenizerBase
    train: Examples
    validation: Examples
    neighbours: np.ndarray
    teacher_width: int
    probe: Probe
    spread: np.ndarray | None


class Distilled(NamedTuple):
    """What one kind of update gave: its best epoch, and what was recorded."""

    update: Pooling
    best: Best
    records: Records
    steps: int  # of an epoch
    probe: float  # before the first step


def refuse_collapse(what: str, epochs: int) -> Callable[[Sequence[Epoch]], None]:
    """A check of the epochs so far: it ends the distillation of a student that gives all texts one embedding.

    Its loss may be the lowest of all: where D is learnt by the loss alone, D = 0 with a constant student is a minimum.
    A student's variance is small in its first steps too, so an epoch counts if it is the last one, or if the variance
    has not risen since the one before.
    """

    def check(done: Sequence[Epoch]) -> None:
        variances = [epoch.measures["variance"] for epoch in done]
        falls = len(variances) > 1 and variances[-1] <= variances[-2]
        if variances[-1] < COLLAPSED and (falls or len(done) == epochs):
            raise CrisisflowError(
                f"{what}: it has collapsed: after epoch {len(done)} its embeddings of the held-out texts have "
                f"{variances[-1]:.2%} of the target's variance, so its loss of "
                f"{done[-1].losses['distillation']:.3g} says nothing; set actionable_help.minis.projection to pca, or "
                "change the learning rate"
            )

    return check


def start_at_scale(encoder: BertModel, spread: np.ndarray) -> None:
    """Let each dimension of the token states start with the standard deviation in `spread` [d].

    BERT's last layer norm starts at 1 in all dimensions. Embeddings of sentence encoders are far smaller, and weights
    follow by at most a learning rate a step: a student would spend its first thousand steps on becoming small.
    """
    with torch.no_grad():
        encoder.encoder.layer[-1].output.LayerNorm.weight.copy_(torch.from_numpy(spread))


def student_of(
    shape: ShapeParams, update: Pooling, material: Material, teacher: str, minis: DistillationParams
) -> Student:
    """A student before its first step, its random weights drawn from the generator that the caller has seeded."""
    tokenizer, width = material.tokenizer, material.teacher_width
    config = config_of(shape, len(tokenizer), minis.positions, minis.dropout, tokenizer.pad_token_id)
    encoder = BertModel(config, add_pooling_layer=False)
    if minis.start == "teacher":
        start_from_teacher(encoder, tokenizer, teacher)
    if material.spread is not None:
        start_at_scale(encoder, START_SCALE[update] * material.spread)
    down = nn.Linear(width, shape.hidden) if minis.projection == "learned_down" else None
    up = nn.Linear(shape.hidden, width) if minis.projection == "learned_up" else None
    return Student(encoder, update, down, up)


def run(
    name: str,
    corpus: InputFile,
    counts: InputFile,
    embeddings: InputFile,
    vocabulary: InputFolder,
    tweets: InputFile,
    statistics: InputFile,
    teacher: str,
    shape: ShapeParams,
    minis: DistillationParams,
    compute: Annotated[ComputeParams, IN_PROCESSES],
    checkpoint: Path,
    out: Path,
    speed: Path,
) -> None:
    """Write a mini model as transformers opens it, with its model card, its curves and its figures on held-out texts.

    For each kind of update a student is distilled. The first one is the mini; of the others only curves and figures
    are kept. An interrupted run goes on from its last checkpoint.

    Args:
        name: name of the mini
        corpus: the texts of the step mini_corpus. counts: what they were read from
        embeddings: the teacher's, of the step teach
        vocabulary: folder of the tokenizer of the step vocabulary
        tweets: labelled texts of a task, on which a linear probe is scored. statistics: its classes and counts
        teacher: encoder that taught; its word vectors are read where minis.start is teacher
        shape: section actionable_help.minis.shapes.NAME
        minis: the keys of section actionable_help.minis that say how a mini learns
        compute: section compute
        checkpoint: folder of the checkpoints, removed at the end
        out: folder to write to
        speed: seconds and memory per epoch; differs from run to run

    Raises:
        CrisisflowError: the embeddings are of other texts, the mini is wider than its teacher and the projection goes
            downwards, all steps are warm-up, a loss is not finite, or the student has collapsed.
    """
    device = open_device(compute.device, compute.threads, compute.processes, minis.precision)
    table = read_parquet(corpus, MINI_CORPUS)
    task = read_task(tweets, statistics)
    material = _material(name, table, embeddings, teacher, vocabulary, task, shape, minis)
    fingerprint = checkpoints.fingerprint(
        digest("studies.actionable_help.distil"),
        {package.__name__: package.__version__ for package in (np, torch, transformers)},
        *(section.model_dump() for section in (shape, minis, compute)),
        teacher,
        [file_sha256(path) for path in (corpus, embeddings, tweets)],
        [file_sha256(vocabulary / file) for file in TOKENIZER_FILES],
    )
    distilled = []
    for update in minis.updates:
        device.seed(seeds.of_heads(minis.seed))
        student = student_of(shape, update, material, teacher, minis)
        run_of = checkpoints.fingerprint(fingerprint, update)
        what = f"mini {name}, updated by {update}"
        distilled.append(_fit(what, update, student, material, minis, device, checkpoint / update, run_of))
    if device.writes:
        facts = _facts(name, shape, minis, material, distilled)
        _write_model(out, shape, minis, material.tokenizer, vocabulary)
        mini = under(under(distilled[0].best.tensors, "model"), "encoder")
        device.save(mini, out / WEIGHTS, metadata={"format": "pt"})  # without it older transformers refuse the file
        _write_curves(out, name, distilled)
        speeds = [[own.update, *line] for own in distilled for line in own.records.speeds]
        write_csv(speed, ["update", *Speed._fields], speeds)
        write_json(out / "metrics.json", facts)
        write_text(out / "README.md", render(name, teacher, shape, minis, facts, read_json(counts)))
        for update in minis.updates:
            checkpoints.discard(checkpoint / update)
        with suppress(OSError):
            checkpoint.rmdir()
    device.wait()
    device.close()


def _material(
    name: str,
    table: pa.Table,
    embeddings: Path,
    teacher: str,
    vocabulary: Path,
    task: Task,
    shape: ShapeParams,
    minis: DistillationParams,
) -> Material:
    """Read and project what the students learn from."""
    texts, held_out = table["text"].to_pylist(), np.array(table["held_out"].to_pylist())
    taught = read_taught(embeddings, texts, teacher)
    check_widths(shape.hidden, taught.shape[1], minis.projection, name)
    tokenizer = load_tokenizer(str(vocabulary))
    target = projection_of(minis.projection, taught[~held_out], shape.hidden, minis.seed)(taught)
    ids = [
        f"{own}:{tweet}" for own, tweet in zip(*(table[key].to_pylist() for key in ("set", "tweet_id")), strict=True)
    ]
    examples = Examples(ids, tokenize(texts, tokenizer, minis.max_length), {EMBEDDING: list(target)})
    return Material(
        tokenizer,
        *(examples.at(np.flatnonzero(part).tolist()) for part in (~held_out, held_out)),
        nearest(taught[held_out]),
        taught.shape[1],
        Probe(task, tokenizer, minis.max_length),
        target[~held_out].std(axis=0) if minis.projection in FIXED else None,
    )


def _fit(
    what: str,
    update: Pooling,
    student: Student,
    material: Material,
    minis: DistillationParams,
    device: Device,
    folder: Path,
    run_of: str,
) -> Distilled:
    probe = partial(material.probe.score, student, device)
    steps = -(-len(material.train.ids) // minis.batch_size)
    stage = Stage(minis.epochs, minis.warmup_steps, 0, False, True)
    check_warmup(what, stage, len(material.train.ids), minis.batch_size, "actionable_help.minis.warmup_steps")
    trainer = Trainer(
        name=what,
        model=student,
        task=ProbedRegression(material.neighbours, student.down, probe),
        weighting=Weighting(1),
        optimization=Optimization(minis.batch_size, minis.learning_rate, 0.0, BETAS, WEIGHT_DECAY, CLIP_NORM),
        seed=minis.seed,
        device=device,
        padding_id=material.tokenizer.pad_token_id,
        max_length=minis.max_length,
        folder=folder,
        run=run_of,
        loss_every=-(-minis.epochs * steps // LOSSES),
        check_epochs=refuse_collapse(what, minis.epochs),
    )
    before = probe()
    best = trainer.fit([stage], material.train, material.validation)
    return Distilled(update, best, trainer.records, steps, before)


def _facts(
    name: str, shape: ShapeParams, minis: DistillationParams, material: Material, distilled: Sequence[Distilled]
) -> dict[str, Any]:
    """What metrics.json says: of the mini, and of each kind of update at its best epoch."""
    config = config_of(shape, len(material.tokenizer), minis.positions)
    updates = {}
    for own in distilled:
        epoch = own.records.history[own.best.epoch - 1]
        updates[own.update] = {
            "best_epoch": epoch.epoch,
            "loss": epoch.losses["distillation"],
            **epoch.measures,
        }
    return {
        "mini": name,
        "seed": minis.seed,
        "entries": len(material.tokenizer),
        "parameters": parameters_of(config),
        "training_texts": len(material.train.ids),
        "held_out_texts": len(material.validation.ids),
        "epochs": minis.epochs,
        "steps": minis.epochs * distilled[0].steps,
        "neighbours_by_chance": overlap_by_chance(len(material.validation.ids)),
        "updates": updates,
    }


def _write_model(
    out: Path,
    shape: ShapeParams,
    minis: DistillationParams,
    tokenizer: PreTrainedTokenizerBase,
    vocabulary: Path,
) -> None:
    """The files of a transformers model beside its weights; it has no pooler."""
    config = config_of(shape, len(tokenizer), minis.positions, minis.dropout, tokenizer.pad_token_id)
    config.architectures = ["BertModel"]
    write_text(out / CONFIG, config.to_json_string())
    for file in TOKENIZER_FILES:
        write_text(out / file, (vocabulary / file).read_text(encoding="utf-8"))


def _write_curves(out: Path, name: str, distilled: Sequence[Distilled]) -> None:
    """epochs.csv has a line for each epoch, losses.csv one for each recorded step, and probe.csv one for each score of
    the probe, also before the first step."""
    head, _ = history_table(ProbedRegression, [])
    lines = [
        [name, own.update, *line]
        for own in distilled
        for line in history_table(ProbedRegression, own.records.history)[1]
    ]
    write_csv(out / "epochs.csv", ["mini", "update", *head], lines)
    losses = [
        [name, own.update, (line.epoch - 1) * own.steps + line.step + 1, line.losses["distillation"]]
        for own in distilled
        for line in own.records.losses
    ]
    write_csv(out / "losses.csv", ["mini", "update", "step", "loss"], losses)
    scores = [
        [name, own.update, step, score]
        for own in distilled
        for step, score in (
            (0, own.probe),
            *((line.epoch * own.steps, line.measures["probe"]) for line in own.records.history),
        )
    ]
    write_csv(out / "probe.csv", ["mini", "update", "step", "macro_f1"], scores)
