"""Joint teacher: what a trained row of the leading study says of the texts that its students learn from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from crisisflow.alignment.two_tokenizers import encoded
from crisisflow.artifacts import PREDICTIONS, read_json, read_parquet, write_json, write_parquet
from crisisflow.checksums import file_sha256
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.counts import scores_of
from crisisflow.identity import Identity, of_config, of_parquet
from crisisflow.inference import TrainedRow, load
from crisisflow.inputs import InputFile
from crisisflow.labels import Labels
from crisisflow.params import ComputeParams, Count, Name, Positive
from crisisflow.progress import say
from crisisflow.sources import digest
from crisisflow.studies.actionable_help.in_parts import Parts, read_arrays, write_arrays
from crisisflow.studies.actionable_help.joint_texts import (
    JOINT_TEXTS,
    TRAIN,
    UNLABELLED,
    VALIDATION,
    candidates,
    drawn,
    labelled_rows,
    posts_by_set,
    unlabelled,
)
from crisisflow.studies.actionable_help.teach import digest_of
from crisisflow.training.batching import Examples
from crisisflow.training.device import Device, open_device
from crisisflow.training.predict import predict
from crisisflow.training.task import Decoded

CHOSEN = "chosen"  # the teacher is the row that the leading study's metrics.json chose
PART = 10_000  # texts: what a kill costs at most


class RowFiles(NamedTuple):
    """The files of a trained row and seed."""

    weights: Path
    config: Path
    predictions: Path


class Teacher(NamedTuple):
    """A trained row of both tasks: who it is, its model, its files and scores.

    Args:
        scores: `ner_micro_f1` and `cls_macro_f1` of its validation tweets. validation: their ids.
    """

    identity: Identity
    row: TrainedRow
    facts: dict[str, Any]
    digest: str
    scores: dict[str, float]
    validation: list[str]


class Taught(NamedTuple):
    """What a teacher says of texts, in their order.

    Args:
        classes: log-probabilities [texts, classes], float16.
        places: start and end of each word [words, 2], in code points. words: how many each text has [texts].
        labels: log-probabilities of the BIO labels of each word [words, labels], float16.
        facts: who it is, its labels and scores.
    """

    classes: np.ndarray
    places: np.ndarray
    words: np.ndarray
    labels: np.ndarray
    facts: dict[str, Any]

    @property
    def known(self) -> Labels:
        """The labels of the teacher."""
        return Labels(tuple(self.facts["entities"]), tuple(self.facts["classes"]))


def open_teacher(teacher: str, metrics: Path, files: Sequence[RowFiles]) -> Teacher:
    """The first seed of a row of the leading study.

    Args:
        teacher: CHOSEN, by `metrics`, or a row. files: of the trained rows and seeds.

    Raises:
        CrisisflowError: it was not trained, has one task, or a file is absent or damaged.
    """
    name = read_json(metrics, "chosen_row")["chosen_row"] if teacher == CHOSEN else teacher
    trained = {of_config(own.config, None): own for own in files}
    seeds = sorted((identity for identity in trained if identity.row == name), key=lambda identity: identity.seed)
    if not seeds:
        known = ", ".join(dict.fromkeys(identity.row for identity in trained))
        raise CrisisflowError(
            f"actionable_help.joint.teacher is {teacher}, and the leading study has no trained row {name}; there are: "
            f"{known}"
        )
    identity, own = seeds[0], trained[seeds[0]]
    row = load(own.weights, own.config)
    if row.model.tasks != ("ner", "cls"):
        raise CrisisflowError(f"{identity} has one task; let actionable_help.joint.teacher name a row of both")
    if of_parquet(own.predictions, PREDICTIONS, identity.study) != identity:
        raise CrisisflowError(f"{own.predictions} is not of {identity}; give the files of one training")
    predictions = read_parquet(own.predictions, PREDICTIONS)
    return Teacher(
        identity,
        row,
        read_json(own.config, "training_tweets", "parameters"),
        file_sha256(own.weights),
        scores_of(predictions, row.labels),
        predictions["tweet_id"].to_pylist(),
    )


class _LogProbabilities:
    """The task whose predictions are the logarithms of all probabilities: of labels by subword, of classes by text."""

    def decode(self, logits: tuple[Tensor, Tensor], mask: Tensor) -> Decoded:
        """`labels` [rows, length, labels] and `classes` [rows, classes], float16."""
        entity, classes = (own.float().log_softmax(dim=-1).to(torch.float16) for own in logits)
        return Decoded({"labels": entity}, {"classes": classes})


def said(teacher: TrainedRow, model: nn.Module, device: Device, texts: Sequence[str]) -> dict[str, np.ndarray]:
    """The arrays of Taught for some texts; `model` is the teacher's on the device."""
    read = list(encoded(teacher.tokenizer, texts, teacher.max_length))
    found = predict(
        _LogProbabilities(),
        model,
        lambda batch: model(batch.input_ids, batch.mask),
        Examples([], [own.input_ids for own in read], {}),
        device,
        teacher.tokenizer.pad_token_id,
        device.shapes(teacher.max_length),
    )
    begins = np.cumsum([0, *(len(own.input_ids) for own in read)])
    first = [begin + word.token for begin, own in zip(begins.tolist(), read, strict=False) for word in own.words]
    places = [(word.start, word.end) for own in read for word in own.words]
    return {
        "classes": found["classes"].numpy(),
        "places": np.array(places, dtype=np.int32).reshape(-1, 2),
        "words": np.array([len(own.words) for own in read], dtype=np.int32),
        "labels": found["labels"].numpy()[first],
    }


def read_taught(path: Path, texts: Sequence[str]) -> Taught:
    """What the step wrote of these texts.

    Raises:
        CrisisflowError: the file is damaged, or of other texts.
    """
    try:
        arrays, facts = read_arrays(path)
        taught = Taught(**arrays, facts=facts)
    except (OSError, SafetensorError, ValueError, TypeError) as error:
        raise CrisisflowError(f"{path} is not what joint_teacher writes ({error}); make it again") from error
    if facts.get("texts") != digest_of(texts):
        raise CrisisflowError(
            f"{path} is of other texts; make both again with: crisisflow actionable_help joint_teacher"
        )
    return taught


def run(
    teacher: Name,
    metrics: InputFile,
    weights: Sequence[InputFile],
    configs: Sequence[InputFile],
    predictions: Sequence[InputFile],
    tweets: InputFile,
    resolved: InputFile,
    corpus: InputFile,
    posts: Sequence[InputFile],
    manifests: Sequence[InputFile],
    size: Positive | Literal["all"],
    unlabelled_size: Count | Literal["all"],
    compute: ComputeParams,
    checkpoint: Path,
    texts: Path,
    out: Path,
    chosen: Path,
) -> None:
    """Write the texts that the students learn from, what the teacher says of them, and who it is.

    The unlabelled texts are those of the minis' corpus, without near duplicates of a tweet that the student learns with
    its label, and of all validation and test tweets. The teacher speaks in parts; an interrupted run goes on behind the
    last whole part.

    Args:
        teacher: actionable_help.joint.teacher
        metrics: metrics.json of the leading study
        weights: of its trained rows and seeds
        configs: config.json of the same, in this order
        predictions: of the same, in this order
        tweets: the shared corpus
        resolved: its resolved spans
        corpus: the texts of the step mini_corpus
        posts: of the other sets in it, any that there are. manifests: what was read for each
        size: actionable_help.joint.tweets
        unlabelled_size: actionable_help.joint.unlabelled
        compute: section compute; one process speaks
        checkpoint: folder of the parts, removed at the end
        texts: training, validation and unlabelled texts
        out: what the teacher says of the training and unlabelled texts, in their order (safetensors)
        chosen: who the teacher is, its scores, and the number of texts (JSON)

    Raises:
        CrisisflowError: the teacher was not trained, has one task, or learnt from another corpus; a file is absent or
            damaged.
    """
    own = open_teacher(teacher, metrics, list(map(RowFiles, weights, configs, predictions)))
    rows = labelled_rows(tweets, resolved, own.row.labels)
    if own.validation != [row["tweet_id"] for row in rows[VALIDATION]]:
        raise CrisisflowError(
            f"{own.identity} of the study {own.identity.study} was scored on other validation tweets than those of "
            f"{tweets}; give the tweets of the run that trained it"
        )
    train = drawn(rows[TRAIN], own.facts["training_tweets"], size, own.identity.seed)
    everywhere = [row for split in rows.values() for row in split]
    known = [*train, *(row for row in everywhere if row["part"] != TRAIN)]
    asked = unlabelled_size != 0
    found = list(candidates(corpus, everywhere, posts_by_set(posts, manifests))) if asked else []
    silent = unlabelled(found, known, unlabelled_size, own.identity.seed)
    taught = [row["text"] for row in (*train, *silent.rows)]
    device = open_device(compute.device, compute.threads, 1)
    device.prepare(own.row.model)
    model = device.place(own.row.model)
    facts = {
        "teacher": own.identity.facts(),
        "weights": own.digest,
        "scores": own.scores,
        "parameters": own.facts["parameters"],
        "training_tweets": own.facts["training_tweets"],
        "max_length": own.row.max_length,
        "entities": list(own.row.labels.entities),
        "classes": list(own.row.labels.classes),
        "texts": digest_of(taught),
    }
    run_of = {**facts, "run": [compute.model_dump(), digest("studies.actionable_help.joint_teacher")]}
    parts = Parts("joint_teacher", checkpoint, PART, run_of)
    arrays = parts.make(taught, lambda part: said(own.row, model, device, part))
    write_parquet(texts, [*train, *silent.rows, *rows[VALIDATION]], JOINT_TEXTS)
    write_arrays(out, arrays, facts)
    counts = {TRAIN: len(train), UNLABELLED: len(silent.rows), VALIDATION: len(rows[VALIDATION])}
    write_json(chosen, {**facts, "counts": counts, "dropped": dict(sorted(silent.dropped.items()))})
    parts.discard(len(taught))
    say(
        f"joint_teacher: {own.identity} of {own.identity.study}, {len(train):,} labelled and {len(silent.rows):,} "
        f"unlabelled texts; {silent.dropped.total():,} left out"
    )
