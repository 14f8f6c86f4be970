"""Train: one ablation row with one seed, from the aligned tweets to a model and its validation predictions."""

from pathlib import Path

import numpy
import pyarrow as pa
import torch
import transformers
from transformers.utils import logging as transformers_logging

from crisisflow.artifacts import ALIGNED, PREDICTIONS, read_parquet, write_csv, write_json, write_parquet
from crisisflow.corpus.stratify import draw_training
from crisisflow.errors import CrisisflowError
from crisisflow.model.freezing import encoder_layers
from crisisflow.model.joint import TASKS, JointModel
from crisisflow.model.weighting import WEIGHTINGS
from crisisflow.params import AlignmentParams, ModelParams, RowParams, TrainingParams
from crisisflow.pretrained import check_length, load_encoder, load_tokenizer
from crisisflow.sources import digest
from crisisflow.taxonomy import BIO_LABELS, CLASSES
from crisisflow.training import checkpoint as checkpoints
from crisisflow.training import seeds
from crisisflow.training.batching import Examples
from crisisflow.training.device import open_device
from crisisflow.training.gradients import Cosine
from crisisflow.training.history import Epoch, ScoreLine, Speed
from crisisflow.training.loop import Trainer
from crisisflow.training.predict import Predictions
from crisisflow.training.schedule import stages_of


def read_examples(aligned: Path, split: str) -> Examples:
    """The aligned tweets of one split."""
    table = read_parquet(aligned, ALIGNED)
    table = table.filter([name == split for name in table["split"].to_pylist()])
    if table.num_rows == 0:
        raise CrisisflowError(f"{aligned} has no tweet in the {split} split")
    columns = ("tweet_id", "input_ids", "labels", "class_id")
    return Examples(*(table[column].to_pylist() for column in columns))


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
            f"rows.{name}.freeze_layers is {row.freeze_layers} but the encoder has {depth} layers; lower it"
        )
    if row.freeze_layers == depth and row.weighting in ("gradnorm", "pcgrad"):
        raise CrisisflowError(
            f"rows.{name}.weighting is {row.weighting}, which balances gradients on the encoder, and stage 2 leaves "
            "none of its layers to train; lower freeze_layers"
        )
    absent = [label for at, label in enumerate(CLASSES) if at not in set(train.class_ids)]
    if absent and "cls" in TASKS[row.tasks]:
        raise CrisisflowError(
            f"rows.{name}: no training tweet is of class {', '.join(absent)}, which could not be learnt; "
            "raise training.tweets or corpus.size"
        )
    steps = -(-len(train.tweet_ids) // training.batch_size)
    for number, stage in enumerate(stages_of(row, training), start=1):
        if stage.warmup_steps >= stage.epochs * steps:
            key = row.schedule if row.schedule == "single" else f"{row.schedule}.stage{number}"
            raise CrisisflowError(
                f"rows.{name}: all {stage.epochs * steps} steps of stage {number} are warm-up, so its learning rate "
                f"would never fall; lower training.{key}.warmup_steps, which is {stage.warmup_steps}"
            )


def run(
    name: str,
    aligned: Path,
    row: RowParams,
    training: TrainingParams,
    model: ModelParams,
    alignment: AlignmentParams,
    seed: int,
    checkpoint: Path,
    out: Path,
    config: Path,
    history: Path,
    scores: Path,
    gradients: Path,
    predictions: Path,
    speed: Path,
) -> None:
    """Write the best epoch's weights (`out`), what rebuilds the model (`config`), and the validation predictions of
    the best epoch; of each epoch a line in `history`, the scores by type and class in `scores`, and apart from them its
    `speed`; with `training.gradient_cosine_every` the cosines of the tasks' gradients in `gradients`.

    An interrupted run goes on from its last checkpoint.

    Raises:
        CrisisflowError: the encoder or device is not to be had, the row asks for more layers or positions than there
            are, a class has no training tweet, a stage is all warm-up, a loss is not finite, memory does not suffice.
    """
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    device = open_device(training.device, training.threads, training.processes)
    check_length(row.encoder, alignment.max_length)
    encoder, tokenizer = load_encoder(row.encoder, row.layers), load_tokenizer(row.encoder)
    validation = read_examples(aligned, "validation")
    train = read_examples(aligned, "train")
    train = train.at(draw_training(train.class_ids, training.tweets, seed))
    _check(name, row, training, len(encoder_layers(encoder)), train)
    device.seed(seeds.of_heads(seed))
    joint = JointModel(encoder, model.dropout, row.tasks)
    trainer = Trainer(
        name=f"row {name}, seed {seed}",
        model=joint,
        weighting=WEIGHTINGS[row.weighting](len(joint.tasks)),
        params=training,
        seed=seed,
        device=device,
        padding_id=tokenizer.pad_token_id,
        max_length=alignment.max_length,
        folder=checkpoint,
        run=checkpoints.fingerprint(
            digest("studies.humaid_ner.train"),
            {package.__name__: package.__version__ for package in (numpy, torch, transformers)},
            *(section.model_dump() for section in (row, training, model, alignment)),
            checkpoints.weights_digest(encoder),
            tokenizer.pad_token_id,
            seed,
            train,
            validation,
        ),
    )
    best = trainer.fit(stages_of(row, training), train, validation)
    if device.writes:
        _write_predictions(predictions, validation, best.predictions)
        records = trainer.records
        write_csv(history, Epoch._fields, records.history)
        write_csv(scores, ScoreLine._fields, records.scores)
        write_csv(gradients, Cosine._fields, records.cosines)
        write_csv(speed, Speed._fields, records.speeds)
        write_json(
            config,
            {
                "row": row.model_dump(),
                "encoder": encoder.config.to_diff_dict(),
                "dropout": model.dropout,
                "max_length": alignment.max_length,
                "bio_labels": BIO_LABELS,
                "classes": CLASSES,
                "seed": seed,
                "best_epoch": best.epoch,
                "epochs": len(records.history),
                "training_tweets": len(train.tweet_ids),
                "parameters": sum(parameter.numel() for parameter in joint.parameters()),
            },
        )
        device.save(best.tensors, out)
        checkpoints.discard(checkpoint)
    device.wait()
    device.close()


def _write_predictions(path: Path, examples: Examples, guess: Predictions) -> None:
    """One line per tweet; null where the row does not have the task."""
    nothing = [None] * len(examples.tweet_ids)
    columns = {
        "tweet_id": examples.tweet_ids,
        "class_id": examples.class_ids,
        "predicted_class_id": nothing if guess.probabilities is None else guess.class_ids(),
        "class_probabilities": nothing if guess.probabilities is None else guess.probabilities.tolist(),
        "labels": examples.labels,
        "predicted_labels": nothing if guess.labels is None else guess.labels_of(examples),
        "label_probabilities": nothing if guess.labels is None else guess.label_probabilities_of(examples),
    }
    write_parquet(path, pa.table(columns, schema=PREDICTIONS), PREDICTIONS)
