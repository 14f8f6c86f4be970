"""Distil joint: a joint model of entities and classes on a mini, learnt from a trained row of the leading study.

It is saved as a trained row, with its own tokenizer beside its weights: whatever takes a row takes it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import torch
import transformers
from transformers import PreTrainedTokenizerBase
from transformers.utils import logging as transformers_logging

from crisisflow.alignment.bio import encode
from crisisflow.alignment.two_tokenizers import encoded, same_words
from crisisflow.artifacts import PREDICTIONS, read_parquet, write_csv, write_json, write_parquet, write_text
from crisisflow.checksums import file_sha256
from crisisflow.evaluation.counts import scores_of
from crisisflow.evaluation.metrics import class_scores, combined_score, entity_scores
from crisisflow.identity import CONFIG as IDENTITY
from crisisflow.identity import Identity, identified, identified_lines
from crisisflow.inference import TOKENIZER
from crisisflow.inputs import IN_PROCESSES, InputFile, InputFolder
from crisisflow.labels import IGNORED, Labels
from crisisflow.model.joint import JointModel
from crisisflow.model.weighting import WEIGHTINGS
from crisisflow.params import ComputeParams, Name, Seed
from crisisflow.pretrained import load_encoder, load_tokenizer
from crisisflow.sources import digest
from crisisflow.spans import Span
from crisisflow.studies.actionable_help import STUDY
from crisisflow.studies.actionable_help.distil import CLIP_NORM, CONFIG, WEIGHT_DECAY, WEIGHTS
from crisisflow.studies.actionable_help.joint_teacher import Taught, read_taught
from crisisflow.studies.actionable_help.joint_texts import JOINT_TEXTS, TRAIN, UNLABELLED, VALIDATION, Row
from crisisflow.studies.actionable_help.mini_params import JointTrainingParams
from crisisflow.studies.actionable_help.row_params import MINI
from crisisflow.studies.actionable_help.vocabulary import TOKENIZER_FILES
from crisisflow.training import checkpoint as checkpoints
from crisisflow.training import seeds
from crisisflow.training.batching import Examples
from crisisflow.training.classification import CLASS_ID, Classification
from crisisflow.training.device import open_device
from crisisflow.training.history import Speed, history_table
from crisisflow.training.joint import Joint, prediction_columns
from crisisflow.training.loop import Trainer
from crisisflow.training.schedule import BETAS, Optimization, Stage, check_warmup
from crisisflow.training.soft_labels import TEACHER, TEACHER_WORDS, SoftLabels, SoftTags, TaughtWords, WithLabels
from crisisflow.training.tagging import LABELS, Tagging
from crisisflow.training.task import Tensors
from crisisflow.training.weights import write_weights


def task_of(labels: Labels, temperature: float, soft_weight: float) -> Joint:
    """Entities and classes, each learnt from the teacher and from the labels; scored by the labels alone."""
    tags, classes = Tagging(labels), Classification(labels.classes)
    return Joint(
        {
            "ner": WithLabels(SoftTags(labels, temperature), tags, soft_weight),
            "cls": WithLabels(SoftLabels(labels.classes, temperature), classes, soft_weight),
        }
    )


def examples_of(
    rows: Sequence[Row], tokenizer: PreTrainedTokenizerBase, max_length: int, known: Labels, taught: Taught | None
) -> Examples:
    """The texts in the student's subwords, with labels where they have any, and with what the teacher says of them.

    Of a word that the teacher's tokenizer does not have, or whose text one of the two limits of length cuts off, the
    teacher says nothing.

    Args:
        taught: of the same texts; None where nothing is learnt from them.
    """
    label_id = {name: number for number, name in enumerate(known.bio)}
    borders = np.cumsum([0, *taught.words]).tolist() if taught else []
    ids, words = [], []
    labels: list[list[int]] = []
    for at, (row, own) in enumerate(
        zip(rows, encoded(tokenizer, [row["text"] for row in rows], max_length), strict=True)
    ):
        ids.append(own.input_ids)
        labels.append([IGNORED] * len(own.input_ids))
        if row["class_id"] is not None:
            spans = [Span(row["tweet_id"], **span, source="", rule="") for span in row["spans"]]
            for word, tag in zip(own.words, encode(own.words, spans), strict=True):
                labels[-1][word.token] = label_id[tag]
        if taught:
            of_teacher = slice(borders[at], borders[at + 1])
            places = [(word.start, word.end) for word in own.words]
            pairs = same_words(places, list(map(tuple, taught.places[of_teacher].tolist())))
            positions = np.array([own.words[mine].token for mine, _ in pairs], dtype=np.int64)
            words.append(TaughtWords(positions, taught.labels[of_teacher][[theirs for _, theirs in pairs]]))
    class_ids = [IGNORED if row["class_id"] is None else row["class_id"] for row in rows]
    targets: dict[str, list[Any]] = {LABELS: labels, CLASS_ID: class_ids}
    if taught:
        targets |= {TEACHER: list(taught.classes), TEACHER_WORDS: words}
    return Examples([row["tweet_id"] for row in rows], ids, targets)


def kept(scores: Mapping[str, float], of_teacher: Mapping[str, float]) -> dict[str, float | None]:
    """The share of each of the teacher's scores; None of a score of zero."""
    return {name: scores[name] / of_teacher[name] if of_teacher[name] else None for name in of_teacher}


def metrics_of(predictions: pa.Table, taught: Taught) -> dict[str, Any]:
    """The scores of the validation tweets by label, as a row of the leading study has them, and the share kept."""
    known, scores = taught.known, scores_of(predictions, taught.known)
    class_ids, guess = (predictions[name].to_pylist() for name in ("class_id", "predicted_class_id"))
    return {
        "validation_tweets": predictions.num_rows,
        **scores,
        "combined_score": combined_score(*scores.values()),
        "ner": entity_scores(predictions["labels"].to_pylist(), predictions["predicted_labels"].to_pylist(), known),
        "cls": class_scores(class_ids, guess, known.classes),
        "teacher": {
            **taught.facts["teacher"],
            **taught.facts["scores"],
            **{key: taught.facts[key] for key in ("parameters", "training_tweets")},
        },
        "kept": kept(scores, taught.facts["scores"]),
    }


def run(
    name: Name,
    joint: JointTrainingParams,
    compute: Annotated[ComputeParams, IN_PROCESSES],
    seed: Seed,
    texts: InputFile,
    teacher: InputFile,
    mini: InputFolder,
    checkpoint: Path,
    out: Path,
    history: Path,
    speed: Path,
) -> None:
    """Train entity and class heads on a mini, and write the best epoch as a trained row with its tokenizer.

    On labelled texts it learns from the teacher and from the labels, on unlabelled ones from the teacher alone. The
    best epoch is that of the highest combined score on the validation tweets. An interrupted run goes on from its last
    checkpoint.

    Args:
        name: name of the mini, and of the row
        joint: the keys of section actionable_help.joint that say how it learns
        compute: section compute
        texts: of the step joint_teacher
        teacher: of the step joint_teacher
        mini: its folder
        checkpoint: folder of the checkpoints, removed at the end
        out: folder of the row: weights, config.json, tokenizer, predictions of the validation tweets, metrics.json
        history: a line per epoch
        speed: seconds and memory per epoch; differs from run to run

    Raises:
        CrisisflowError: the teacher's file is of other texts, the mini is absent or damaged, all steps are warm-up, a
            loss is not finite, memory does not suffice.
    """
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    identity = Identity(STUDY, name, seed)
    rows = read_parquet(texts, JOINT_TEXTS).to_pylist()
    learnt = [row for row in rows if row["part"] != VALIDATION]
    taught = read_taught(teacher, [row["text"] for row in learnt])
    stage = Stage(joint.epochs, joint.warmup_steps, 0, False, True)
    check_warmup(str(identity), stage, len(learnt), joint.batch_size, "actionable_help.joint.warmup_steps")
    device = open_device(compute.device, compute.threads, compute.processes)
    encoder, tokenizer = load_encoder(str(mini), None), load_tokenizer(str(mini))
    max_length = min(taught.facts["max_length"], encoder.config.max_position_embeddings)
    train = examples_of(learnt, tokenizer, max_length, taught.known, taught)
    held_out = [row for row in rows if row["part"] == VALIDATION]
    validation = examples_of(held_out, tokenizer, max_length, taught.known, None)
    device.seed(seeds.of_heads(seed))
    model = JointModel(encoder, taught.known, encoder.config.hidden_dropout_prob)
    task = task_of(taught.known, joint.temperature, joint.soft_weight)
    trainer = Trainer(
        name=f"joint {identity}",
        model=model,
        task=task,
        weighting=WEIGHTINGS[joint.weighting](len(task.names)),
        optimization=Optimization(joint.batch_size, joint.learning_rate, 0.0, BETAS, WEIGHT_DECAY, CLIP_NORM),
        seed=seed,
        device=device,
        padding_id=tokenizer.pad_token_id,
        max_length=max_length,
        folder=checkpoint,
        run=checkpoints.fingerprint(
            digest("studies.actionable_help.distil_joint"),
            {package.__name__: package.__version__ for package in (np, torch, transformers)},
            *(section.model_dump() for section in (joint, compute)),
            seed,
            [file_sha256(path) for path in (texts, teacher)],
            [file_sha256(mini / file) for file in (WEIGHTS, *TOKENIZER_FILES)],
        ),
    )
    best = trainer.fit([stage], train, validation)
    if device.writes:
        trained = {
            "best_epoch": best.epoch,
            "epochs": len(trainer.records.history),
            "training_tweets": sum(row["part"] == TRAIN for row in learnt),
            "unlabelled_texts": sum(row["part"] == UNLABELLED for row in learnt),
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
        }
        predictions = _predictions(validation, best.predictions)
        for file in TOKENIZER_FILES:
            write_text(out / file, (mini / file).read_text(encoding="utf-8"))
        write_parquet(out / "predictions.parquet", predictions, identified(PREDICTIONS, identity))
        write_json(out / "metrics.json", {**identity.facts(), **trained, **metrics_of(predictions, taught)})
        write_csv(history, *identified_lines(identity, *history_table(task, trainer.records.history)))
        write_csv(speed, Speed._fields, trainer.records.speeds)
        facts = {IDENTITY: identity.facts(), **trained, **_rebuilt_from(model, name, max_length, taught, out)}
        write_weights(device, best.tensors, facts, out / WEIGHTS, out / CONFIG)
        checkpoints.discard(checkpoint)
    device.wait()
    device.close()


def _predictions(examples: Examples, predicted: Tensors) -> pa.Table:
    """One line per validation tweet."""
    columns = {"tweet_id": examples.ids, **examples.targets, **prediction_columns(predicted, examples)}
    return pa.table({name: columns[name] for name in PREDICTIONS.names}, schema=PREDICTIONS)


def _rebuilt_from(model: JointModel, name: str, max_length: int, taught: Taught, out: Path) -> dict[str, Any]:
    """What the weights need to become a row again, and who taught it."""
    return {
        "row": {"encoder": f"{MINI}{name}", "tasks": "joint"},
        "encoder": model.encoder.config.to_diff_dict(),
        "dropout": model.encoder.config.hidden_dropout_prob,
        "max_length": max_length,
        "bio_labels": list(taught.known.bio),
        "classes": list(taught.known.classes),
        TOKENIZER: {file: file_sha256(out / file) for file in TOKENIZER_FILES},
        "teacher": {**taught.facts["teacher"], "weights": taught.facts["weights"]},
    }
