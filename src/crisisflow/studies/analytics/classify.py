"""Classify: train a row on labelled posts, and write what it says of validation and test posts (paper, 5.4)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import pyarrow as pa
import torch
import transformers

from crisisflow.artifacts import write_csv, write_json, write_parquet
from crisisflow.embedding import tokenize
from crisisflow.evaluation import linear
from crisisflow.evaluation.metrics import averages, class_scores
from crisisflow.identity import Identity, identified, identified_lines
from crisisflow.inputs import IN_PROCESSES, InputFile
from crisisflow.model import text_networks as networks
from crisisflow.model.classifier import Classifier, set_dropout
from crisisflow.model.encoder_model import EncoderModel
from crisisflow.model.weighting import WEIGHTINGS
from crisisflow.model.word_states import TrainedVectors
from crisisflow.params import ComputeParams, Name, Rate, Seed, Text
from crisisflow.pretrained import check_length, load_encoder, load_tokenizer
from crisisflow.progress import say
from crisisflow.sources import digest
from crisisflow.studies.analytics import STUDY
from crisisflow.studies.analytics.classify_params import (
    AttentionRow,
    CnnGruRow,
    CnnRow,
    DpcnnRow,
    EncoderRow,
    GruRow,
    NetworkRow,
    Row,
    SvmRow,
    TrainedRow,
)
from crisisflow.studies.analytics.splits import Labelled, read_labelled, split
from crisisflow.studies.analytics.word_numbers import FIRST, PADDING, initial_vectors, numbers, vocabulary
from crisisflow.training import checkpoint as checkpoints
from crisisflow.training import seeds
from crisisflow.training.batching import Examples
from crisisflow.training.classification import CLASS_ID, Classification
from crisisflow.training.device import Device, open_device
from crisisflow.training.history import Epoch, Speed, history_table
from crisisflow.training.loop import Trainer
from crisisflow.training.schedule import BETAS, Optimization, Stage

# A row for each validation and test post, in the order of their ids, first those of the one and then of the other.
PREDICTIONS = pa.schema(
    [("part", pa.string()), ("post_id", pa.string()), ("label", pa.string()), ("predicted", pa.string())]
)
HELD_OUT = ("validation", "test")
# The paper's Adam has no weight decay; its epsilon of 1e-8 is PyTorch's own. Of clipping it says nothing.
WEIGHT_DECAY, CLIP_NORM = 0.0, 1.0

Parts = Mapping[str, Labelled]


class Answers(NamedTuple):
    """What a row says: class ids of the posts of each part; and how it was trained, as training.json has it."""

    predicted: Mapping[str, np.ndarray]
    training: Mapping[str, Any]
    history: Sequence[Epoch]
    speeds: Sequence[Speed]


def run(
    name: Name,
    row: Row,
    posts: InputFile,
    corpus: Name,
    test_name: Name,
    group: Text | None,
    test: Rate,
    validation: Rate,
    split_seed: Seed,
    compute: Annotated[ComputeParams, IN_PROCESSES],
    seed: Seed,
    checkpoint: Path,
    predictions: Path,
    training: Path,
    epochs: Path,
    speed: Path,
) -> None:
    """Train a row with a seed, and write its predictions and scores.

    An interrupted training goes on from its last checkpoint.

    Args:
        name: of the row
        row: section analytics.classify.rows.NAME
        posts: of the step posts
        corpus: its name
        test_name: of analytics.classify.tests
        group: whose posts are tested on; null splits all posts
        test: analytics.classify.test
        validation: analytics.classify.validation
        split_seed: analytics.classify.seed
        compute: section compute
        checkpoint: folder of the checkpoints, removed at the end
        predictions: of the validation and test posts
        training: JSON: posts, classes, sizes and scores
        epochs: a line per epoch; none of a row that has no epochs
        speed: seconds and memory per epoch; differs from run to run

    Raises:
        CrisisflowError: the posts have no two classes, a class is too small to be split, no post is of the group, the
            encoder, vectors or device are not to be had, a loss is not finite, or memory does not suffice.
    """
    labelled = read_labelled(posts, corpus)
    places = split(labelled, corpus, group, test, validation, split_seed)
    parts = {part: labelled.at(own) for part, own in places.items()}
    identity = Identity(STUDY, name, seed, setting=test_name)
    device = open_device(compute.device, compute.threads, compute.processes)
    if isinstance(row, SvmRow):
        found = _svm(parts, seed)
    else:
        found = _trained(identity, row, parts, device, compute, seed, checkpoint)
    if device.writes:
        _write(identity, corpus, parts, found, predictions, training, epochs)
        write_csv(speed, Speed._fields, found.speeds)
        checkpoints.discard(checkpoint)
    device.wait()
    device.close()


def _svm(parts: Parts, seed: int) -> Answers:
    model = linear.fit(parts["train"].texts, parts["train"].class_ids.tolist(), seed, balanced=False)
    predicted = {part: np.asarray(model.predict(parts[part].texts)) for part in HELD_OUT}
    return Answers(predicted, {"best_epoch": None, "epochs": None, "parameters": linear.parameters(model)}, [], [])


class _Built(NamedTuple):
    """A model, and the posts as it reads them."""

    model: EncoderModel
    input_ids: Mapping[str, list[list[int]]]
    padding_id: int


def _trained(
    identity: Identity,
    row: TrainedRow,
    parts: Parts,
    device: Device,
    compute: ComputeParams,
    seed: int,
    checkpoint: Path,
) -> Answers:
    device.seed(seeds.of_heads(seed))
    built = _encoder(row, parts, device, seed) if isinstance(row, EncoderRow) else _network(row, parts)
    examples = {
        part: Examples(own.ids, built.input_ids[part], {CLASS_ID: own.class_ids.tolist()})
        for part, own in parts.items()
    }
    classes = parts["train"].classes
    trainer = Trainer(
        name=str(identity),
        model=built.model,
        task=Classification(classes),
        weighting=WEIGHTINGS["fixed"](1),
        optimization=Optimization(
            batch_size=row.batch_size,
            learning_rate=row.learning_rate,
            weighting_learning_rate=row.learning_rate,
            betas=BETAS,
            weight_decay=WEIGHT_DECAY,
            clip_norm=CLIP_NORM,
        ),
        seed=seed,
        device=device,
        padding_id=built.padding_id,
        max_length=row.max_length,
        folder=checkpoint,
        run=checkpoints.fingerprint(
            digest("studies.analytics.classify"),
            {package.__name__: package.__version__ for package in (np, torch, transformers)},
            row.model_dump(),
            compute.model_dump(),
            checkpoints.weights_digest(built.model),
            classes,
            seed,
            examples,
        ),
    )
    stage = Stage(row.epochs, 0, 0, freeze_embeddings=False, frozen_dropout=True)
    best = trainer.fit([stage], examples["train"], examples["validation"])
    tested = trainer.predict(best, examples["test"])["probabilities"]
    predicted = {"validation": best.predictions["probabilities"], "test": tested}
    return Answers(
        {part: own.argmax(dim=-1).numpy() for part, own in predicted.items()},
        {
            "best_epoch": best.epoch,
            "epochs": len(trainer.records.history),
            "parameters": sum(own.numel() for own in trainer.model.parameters()),
        },
        trainer.records.history,
        trainer.records.speeds,
    )


def _encoder(row: EncoderRow, parts: Parts, device: Device, seed: int) -> _Built:
    check_length(row.encoder, row.max_length, "classify.rows max_length")
    tokenizer, opened = load_tokenizer(row.encoder), load_encoder(row.encoder, row.layers)
    set_dropout(opened, row.dropout)
    device.seed(seeds.of_heads(seed))
    model = Classifier(opened, parts["train"].classes, row.pooling, row.dropout)
    input_ids = {part: tokenize(own.texts, tokenizer, row.max_length) for part, own in parts.items()}
    return _Built(model, input_ids, tokenizer.pad_token_id)


def _network(row: NetworkRow, parts: Parts) -> _Built:
    known = vocabulary(parts["train"].texts, row.least_count)
    initial = None if row.vectors is None else initial_vectors(Path(row.vectors), known, row.width)
    vectors = TrainedVectors(FIRST + len(known), row.width, initial)
    model = networks.WordClassifier(vectors, network_of(row), parts["train"].classes, row.dropout)
    input_ids = {part: numbers(own.texts, known, row.max_length) for part, own in parts.items()}
    return _Built(model, input_ids, PADDING)


def network_of(row: NetworkRow) -> torch.nn.Module:
    """The network of a row, over the vectors of words."""
    match row:
        case GruRow():
            return networks.GruState(row.width, row.hidden)
        case CnnRow():
            return networks.CnnState(row.width, row.filters, row.kernel)
        case CnnGruRow():
            return networks.CnnGruState(row.width, row.filters, row.kernel, row.hidden)
        case DpcnnRow():
            return networks.DpcnnState(row.width, row.filters, row.blocks)
        case AttentionRow():
            return networks.AttentionState(row.width, row.hidden, row.dense)
    raise TypeError(f"no network is called {type(row).__name__}")


def _write(
    identity: Identity,
    corpus: str,
    parts: Parts,
    found: Answers,
    predictions: Path,
    training: Path,
    epochs: Path,
) -> None:
    classes = parts["train"].classes
    rows = [
        {"part": part, "post_id": post_id, "label": classes[own], "predicted": classes[guess]}
        for part in HELD_OUT
        for post_id, own, guess in zip(
            parts[part].ids, parts[part].class_ids.tolist(), found.predicted[part].tolist(), strict=True
        )
    ]
    write_parquet(predictions, rows, identified(PREDICTIONS, identity))
    scores = {
        part: _scores(parts[part].class_ids.tolist(), found.predicted[part].tolist(), classes) for part in HELD_OUT
    }
    counts = {part: np.bincount(own.class_ids, minlength=len(classes)).tolist() for part, own in parts.items()}
    write_json(
        training,
        {
            **identity.facts(),
            **found.training,
            "corpus": corpus,
            "classes": classes,
            "counts": {part: dict(zip(classes, own, strict=True)) for part, own in counts.items()},
            "scores": scores,
        },
    )
    write_csv(epochs, *identified_lines(identity, *history_table(Classification(classes), found.history)))
    say(f"{identity}: accuracy {scores['test']['accuracy']:.3f} on {len(parts['test'].ids):,} test posts")


def _scores(true: Sequence[int], predicted: Sequence[int], classes: Sequence[str]) -> dict[str, Any]:
    """Accuracy, macro-F1 over the classes that the part has, and the scores of each class."""
    found = class_scores(true, predicted, classes)
    return {
        "accuracy": found["accuracy"],
        "macro_f1": averages(found["per_class"], 1)["supported_macro_f1"],
        "per_class": found["per_class"],
    }
