"""Train: one ablation row with one seed, from the aligned tweets to a model and its validation predictions."""

from pathlib import Path
from typing import Annotated, Any

import numpy
import pyarrow as pa
import torch
import transformers

from crisisflow.artifacts import ALIGNED, PREDICTIONS, read_parquet, write_csv, write_parquet
from crisisflow.corpus.stratify import draw_training
from crisisflow.errors import CrisisflowError
from crisisflow.identity import CONFIG, Identity, identified, identified_lines
from crisisflow.inputs import IN_PROCESSES, InputFile
from crisisflow.model.freezing import encoder_layers
from crisisflow.model.joint import JointModel, labels_of
from crisisflow.model.weighting import WEIGHTINGS
from crisisflow.params import AlignmentParams, ComputeParams, Positive, Seed
from crisisflow.pretrained import check_length, load_encoder, load_tokenizer
from crisisflow.sources import digest
from crisisflow.studies.humaid_ner import STUDY
from crisisflow.studies.humaid_ner.aligned import check_aligned
from crisisflow.studies.humaid_ner.params import ModelParams, RowParams, TrainingParams
from crisisflow.studies.humaid_ner.row_negatives import read_negatives
from crisisflow.taxonomy import BIO_LABELS, CLASSES, LABELS
from crisisflow.training import checkpoint as checkpoints
from crisisflow.training import seeds
from crisisflow.training.batching import Examples
from crisisflow.training.device import open_device
from crisisflow.training.gradients import cosine_columns
from crisisflow.training.history import ScoreLine, Speed, history_table
from crisisflow.training.joint import joint_task, prediction_columns
from crisisflow.training.loop import Trainer
from crisisflow.training.schedule import Optimization, Stage, check_warmup
from crisisflow.training.state import Records
from crisisflow.training.task import Tensors
from crisisflow.training.weights import write_weights

TARGETS = ("labels", "class_id")  # the columns of both tasks


def read_examples(aligned: Path, split: str) -> Examples:
    """The aligned tweets of one split."""
    table = read_parquet(aligned, ALIGNED)
    table = table.filter([name == split for name in table["split"].to_pylist()])
    if table.num_rows == 0:
        raise CrisisflowError(f"{aligned} has no tweet in the {split} split")
    ids, input_ids, *targets = (table[name].to_pylist() for name in ("tweet_id", "input_ids", *TARGETS))
    return Examples(ids, input_ids, dict(zip(TARGETS, targets, strict=True)))


def _together(first: Examples, second: Examples) -> Examples:
    targets = {name: [*values, *second.targets[name]] for name, values in first.targets.items()}
    return Examples([*first.ids, *second.ids], [*first.input_ids, *second.input_ids], targets)


def stages_of(row: RowParams, training: TrainingParams) -> list[Stage]:
    """The stages of a row's schedule."""
    if row.schedule == "single":
        return [Stage(training.single.epochs, training.single.warmup_steps, 0, False, True)]
    first, second = training.two_stage.stage1, training.two_stage.stage2
    return [
        Stage(first.epochs, first.warmup_steps, 0, False, True),
        Stage(second.epochs, second.warmup_steps, row.freeze_layers, row.freeze_embeddings, row.frozen_dropout),
    ]


def optimization_of(training: TrainingParams) -> Optimization:
    """How the weights of all rows are updated."""
    return Optimization(
        batch_size=training.batch_size,
        learning_rate=training.learning_rate,
        weighting_learning_rate=training.log_variance_learning_rate,
        betas=training.betas,
        weight_decay=training.weight_decay,
        clip_norm=training.clip_norm,
    )


def _check(
    name: str,
    row: RowParams,
    training: TrainingParams,
    depth: int,
    train: Examples,
) -> None:
    """Refuse what cannot work or would not mean what it says, before any work."""
    if row.freeze_layers > depth:
        raise CrisisflowError(
            f"humaid_ner.rows.{name}.freeze_layers is {row.freeze_layers} but the encoder has {depth} layers; lower it"
        )
    if row.freeze_layers == depth and row.weighting in ("gradnorm", "pcgrad"):
        raise CrisisflowError(
            f"humaid_ner.rows.{name}.weighting is {row.weighting}, which balances gradients on the encoder, and stage "
            "2 leaves none of its layers to train; lower freeze_layers"
        )
    there = set(train.targets["class_id"])
    absent = [label for at, label in enumerate(CLASSES) if at not in there]
    if absent and row.tasks != "ner":
        raise CrisisflowError(
            f"humaid_ner.rows.{name}: no training tweet is of class {', '.join(absent)}, which could not be learnt; "
            "raise humaid_ner.training.tweets or corpus.size"
        )
    for number, stage in enumerate(stages_of(row, training), start=1):
        key = row.schedule if row.schedule == "single" else f"{row.schedule}.stage{number}"
        option = f"humaid_ner.training.{key}.warmup_steps"
        check_warmup(f"humaid_ner.rows.{name}, stage {number}", stage, len(train.ids), training.batch_size, option)


def run(
    name: str,
    aligned: InputFile,
    row: RowParams,
    training: TrainingParams,
    model: ModelParams,
    alignment: AlignmentParams,
    compute: Annotated[ComputeParams, IN_PROCESSES],
    seed: Seed,
    checkpoint: Path,
    out: Path,
    config: Path,
    history: Path,
    scores: Path,
    gradients: Path,
    predictions: Path,
    speed: Path,
    only_tweets: Positive | None = None,
    without_event: str | None = None,
    negatives: InputFile | None = None,
) -> None:
    """Write the best epoch's weights (`out`), what rebuilds the model (`config`), and the validation predictions of
    the best epoch; of each epoch a line in `history`, the scores by type and class in `scores`, and apart from them its
    `speed`; with `humaid_ner.training.gradient_cosine_every` the cosines of the tasks' gradients in `gradients`.

    An interrupted run goes on from its last checkpoint.

    Args:
        name: name of the row
        aligned: the tweets of the step bio
        row: section humaid_ner.rows.NAME
        training: section humaid_ner.training
        model: section humaid_ner.model
        alignment: section humaid_ner.alignment
        compute: section compute
        checkpoint: folder of the checkpoints, removed at the end
        out: the best epoch's weights (safetensors)
        config: what rebuilds the model, and the sha256 of its weights
        history: a line per epoch
        scores: a line per epoch, task and type or class
        gradients: cosines of the two tasks' gradients, where they are asked for
        speed: seconds and memory per epoch; differs from run to run
        only_tweets: of a training beside the row, on so many tweets: humaid_ner.training.tweets
        without_event: of a training beside the row, the event that hold_out left out of the aligned tweets
        negatives: of the step bio; a row without any needs none

    Raises:
        CrisisflowError: the aligned tweets are of another encoder or event (`check_aligned`), the encoder or device is
            not to be had, the row asks for more layers or positions than there are, a class has no training tweet, a
            stage is all warm-up, a loss is not finite, memory does not suffice.
    """
    identity = Identity(STUDY, name, seed, only_tweets, without_event)
    if only_tweets not in (None, training.tweets):
        raise CrisisflowError(
            f"only_tweets is {only_tweets}, but humaid_ner.training.tweets is {training.tweets}; give the same"
        )
    device = open_device(compute.device, compute.threads, compute.processes)
    check_length(row.encoder, alignment.max_length)
    check_aligned(aligned, row.encoder, alignment.max_length, without_event)
    encoder, tokenizer = load_encoder(row.encoder, row.layers), load_tokenizer(row.encoder)
    validation = read_examples(aligned, "validation")
    train = read_examples(aligned, "train")
    train = train.at(draw_training(train.targets["class_id"], training.tweets, seed))
    drawn = len(train.ids)
    if negatives is not None:
        check_aligned(negatives, row.encoder, alignment.max_length)
    train = _together(train, read_negatives(negatives, row.negatives, TARGETS))
    _check(name, row, training, len(encoder_layers(encoder)), train)
    device.seed(seeds.of_heads(seed))
    labels = labels_of(LABELS, row.tasks)
    joint, task = JointModel(encoder, labels, model.dropout), joint_task(labels)
    fingerprint = checkpoints.fingerprint(
        digest("studies.humaid_ner.train"),
        {package.__name__: package.__version__ for package in (numpy, torch, transformers)},
        *(section.model_dump() for section in (row, training, model, alignment, compute)),
        checkpoints.weights_digest(encoder),
        tokenizer.pad_token_id,
        seed,
        train,
        validation,
    )
    trainer = Trainer(
        name=f"row {name}, seed {seed}",
        model=joint,
        task=task,
        weighting=WEIGHTINGS[row.weighting](len(task.names)),
        optimization=optimization_of(training),
        seed=seed,
        device=device,
        padding_id=tokenizer.pad_token_id,
        max_length=alignment.max_length,
        folder=checkpoint,
        run=fingerprint,
        frozen_cache_gb=compute.frozen_cache_gb,
        gradient_cosine_every=training.gradient_cosine_every,
    )
    best = trainer.fit(stages_of(row, training), train, validation)
    if device.writes:
        _write_predictions(predictions, identity, validation, best.predictions)
        _write_records(trainer.records, identity, history, scores, gradients, speed)
        counts = {"best_epoch": best.epoch, "epochs": len(trainer.records.history), "training_tweets": drawn}
        facts = {CONFIG: identity.facts(), **_rebuilt_from(joint, row, model, alignment), **counts}
        write_weights(device, best.tensors, facts, out, config)
        checkpoints.discard(checkpoint)
    device.wait()
    device.close()


def _rebuilt_from(joint: JointModel, row: RowParams, model: ModelParams, alignment: AlignmentParams) -> dict[str, Any]:
    """What the weights need to become a model again."""
    return {
        "row": row.facts(),
        "encoder": joint.encoder.config.to_diff_dict(),
        "dropout": model.dropout,
        "max_length": alignment.max_length,
        "bio_labels": BIO_LABELS,
        "classes": CLASSES,
        "parameters": sum(parameter.numel() for parameter in joint.parameters()),
    }


def _write_records(
    records: Records, identity: Identity, history: Path, scores: Path, gradients: Path, speed: Path
) -> None:
    """All rows have the columns of both tasks; cells of a task that a row leaves out are empty."""
    both = joint_task(LABELS)
    write_csv(history, *identified_lines(identity, *history_table(both, records.history)))
    write_csv(scores, *identified_lines(identity, ScoreLine._fields, records.scores))
    write_csv(gradients, *identified_lines(identity, cosine_columns(both.names), records.cosines))
    write_csv(speed, Speed._fields, records.speeds)


def _write_predictions(path: Path, identity: Identity, examples: Examples, predicted: Tensors) -> None:
    """One line per tweet; null where the row does not have the task."""
    columns = {"tweet_id": examples.ids, **examples.targets, **prediction_columns(predicted, examples)}
    nothing = [None] * len(examples.ids)
    table = pa.table({name: columns.get(name, nothing) for name in PREDICTIONS.names}, schema=PREDICTIONS)
    write_parquet(path, table, identified(PREDICTIONS, identity))
