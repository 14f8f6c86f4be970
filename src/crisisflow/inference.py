"""A trained row read back from its files, and what it finds in texts: spans and the class, from one forward pass.

This is the one way from a text to findings. A text that is longer than what the row reads at once is read in windows
that overlap: each word is labelled where it is furthest from a window's edge, and the probabilities of the classes are
the mean over the windows. What computes the logits is handed in (`Forward`): `torch_forward`, or a runtime of the
server.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import torch
from transformers import AutoConfig, AutoModel, PreTrainedTokenizerBase
from transformers.utils import logging as transformers_logging

from crisisflow.alignment.decoding import FoundSpan, spans_of
from crisisflow.alignment.windows import Window, joined_words, windows_of
from crisisflow.artifacts import PREDICTIONS, read_json
from crisisflow.checksums import file_sha256
from crisisflow.errors import CrisisflowError
from crisisflow.labels import Labels
from crisisflow.language import TRAINED_ON
from crisisflow.model.joint import JointModel, labels_of
from crisisflow.pretrained import load_tokenizer
from crisisflow.training.batching import Examples, Shapes, evaluation_order
from crisisflow.training.device import open_device
from crisisflow.training.joint import joint_task, prediction_columns
from crisisflow.training.predict import predict
from crisisflow.training.weights import load_weights

WINDOWS = 32  # windows of a text that are read at most
TOKENIZER = "tokenizer"  # the key of config.json of a row that has a tokenizer of its own
SUBWORDS = 128  # padded subwords of one forward pass: what stays in a core's cache, and is of similar length


class Findings(NamedTuple):
    """What a row finds in one text; None of a task that it does not have."""

    spans: list[FoundSpan] | None
    probabilities: dict[str, float] | None  # of each class of the row's labels, in their order
    cut: bool  # whether the text has more than WINDOWS windows
    language: str | None = TRAINED_ON  # None of a blank text; nothing is found in one of another language


# Subword ids and mask, both int64 [batch, length], to the logits of the entity labels [batch, length, 21] and of the
# classes [batch, 10]; None of a task that the row does not have.
Forward = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray | None, np.ndarray | None]]


class Reader(Protocol):
    """What reads texts for a forward pass, and knows the labels of its logits: a trained row, or a shipped model."""

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """Its fast tokenizer."""

    @property
    def max_length(self) -> int:
        """Subwords that it reads at once."""

    @property
    def labels(self) -> Labels:
        """What it can find."""


class TrainedRow(NamedTuple):
    """A trained row, ready to be used."""

    model: JointModel
    tokenizer: PreTrainedTokenizerBase
    max_length: int

    @property
    def labels(self) -> Labels:
        """What it can find; empty of a task that it does not have."""
        return self.model.labels


def load(weights: Path, config: Path, expected: Labels | None = None) -> TrainedRow:
    """The row whose training wrote these two files.

    Args:
        expected: the labels that its training must have had; None for any.

    Raises:
        CrisisflowError: a file is absent or damaged, the two are not of one training, or the row knows other labels.
    """
    transformers_logging.set_verbosity_error()
    facts = read_json(config)
    try:
        bio, classes = facts["bio_labels"], facts["classes"]
        labels = Labels(tuple(label[2:] for label in bio if label.startswith("B-")), tuple(classes))
        name, max_length = facts["row"]["encoder"], facts["max_length"]
        encoder = AutoModel.from_config(AutoConfig.for_model(**facts["encoder"]), add_pooling_layer=False)
        model = JointModel(encoder, labels_of(labels, facts["row"]["tasks"]), facts["dropout"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise CrisisflowError(f"{config} is not what training writes ({reason}); train the row again") from error
    if list(labels.bio) != bio or expected not in (None, labels):
        raise CrisisflowError(f"{config} is of other labels than this version's; train the row again")
    load_weights(model, weights, config)
    return TrainedRow(model.eval(), _tokenizer_of(facts, config) or load_tokenizer(name), max_length)


def _tokenizer_of(facts: Mapping[str, Any], config: Path) -> PreTrainedTokenizerBase | None:
    """The tokenizer that lies beside the row's config.json, if that names its files; else it is its encoder's.

    Args:
        facts: of config.json; `tokenizer` has the sha256 of each file.

    Raises:
        CrisisflowError: a file is absent, or is not the one that training wrote.
    """
    for name, expected in facts.get(TOKENIZER, {}).items():
        path = config.with_name(name)
        if not path.is_file() or file_sha256(path) != expected:
            raise CrisisflowError(f"{path} is not the tokenizer that {config} names; run: dvc checkout, or train again")
    return load_tokenizer(str(config.parent)) if TOKENIZER in facts else None


def torch_forward(row: TrainedRow, threads: int = 1) -> Forward:
    """The row's own forward pass.

    Args:
        threads: CPU threads of one pass.
    """
    open_device("cpu", threads, 1)

    @torch.inference_mode()
    def forward(ids: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
        entity, classes = row.model(torch.from_numpy(ids), torch.from_numpy(mask))
        return None if entity is None else entity.numpy(), None if classes is None else classes.numpy()

    return forward


class _Probabilities(NamedTuple):
    """Of the entity labels [subwords, 21] and of the classes [10] of one window; None as in the logits."""

    entity: np.ndarray | None
    classes: np.ndarray | None


def find(row: Reader, forward: Forward, texts: Sequence[str]) -> list[Findings]:
    """What the row finds in each text; it depends on the text alone, but for the rounding of `forward`."""
    if not texts:
        return []
    windows = windows_of(row.tokenizer, row.max_length, texts)
    read = [own[:WINDOWS] for own in windows]
    probabilities = iter(_probabilities(row, forward, [window.ids for own in read for window in own]))
    return [
        _findings(row.labels, text, own, [next(probabilities) for _ in own], len(own) < len(all_of_them))
        for text, own, all_of_them in zip(texts, read, windows, strict=True)
    ]


def _probabilities(row: Reader, forward: Forward, ids: list[list[int]]) -> list[_Probabilities]:
    """Of each sequence of ids; those of similar length go through `forward` together."""
    found: dict[int, _Probabilities] = {}
    lengths = [len(own) for own in ids]
    for batch in evaluation_order(lengths, SUBWORDS, Shapes(1, row.max_length, filled=False)):
        shape = (len(batch), lengths[batch[0]])
        padded, mask = np.full(shape, row.tokenizer.pad_token_id, np.int64), np.zeros(shape, np.int64)
        for line, at in enumerate(batch):
            padded[line, : lengths[at]], mask[line, : lengths[at]] = ids[at], 1
        entity, classes = map(_softmax, forward(padded, mask))
        for line, at in enumerate(batch):
            found[at] = _Probabilities(
                None if entity is None else entity[line, : lengths[at]], None if classes is None else classes[line]
            )
    return [found[at] for at in range(len(ids))]


def _softmax(logits: np.ndarray | None) -> np.ndarray | None:
    if logits is None:
        return None
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def _findings(
    known: Labels, text: str, windows: Sequence[Window], probabilities: Sequence[_Probabilities], cut: bool
) -> Findings:
    entity, classes = zip(*probabilities, strict=True)
    spans = None
    if entity[0] is not None:
        bio = known.bio  # made anew at each look
        words, positions = joined_words(windows, text)
        confidence = np.array([entity[own.window][own.token] for own in positions]).reshape(len(positions), len(bio))
        labels = [bio[at] for at in confidence.argmax(axis=1)]
        spans = spans_of(text, words, labels, confidence.max(axis=1).tolist())
    means = None if classes[0] is None else np.mean(classes, axis=0).tolist()
    return Findings(spans, means and dict(zip(known.classes, means, strict=True)), cut)


def predict_texts(row: TrainedRow, texts: Sequence[str], threads: int = 1) -> dict[str, list]:
    """The row's columns of artifacts.PREDICTIONS for each text; without those of a task that it does not have.

    They are of the subwords that training reads: what is beyond the row's longest sequence has no label there.
    """
    device = open_device("cpu", threads, 1)
    ids = row.tokenizer(list(texts), truncation=True, max_length=row.max_length)["input_ids"]
    examples = Examples([""] * len(ids), ids, {})
    guess = predict(
        joint_task(row.model.labels),
        row.model,
        lambda batch: row.model(batch.input_ids, batch.mask),
        examples,
        device,
        row.tokenizer.pad_token_id,
        device.shapes(row.max_length),
    )
    return prediction_columns(guess, examples)


def predict_by(row: Reader, forward: Forward, aligned: pa.Table) -> pa.Table:
    """The predictions (artifacts.PREDICTIONS) of aligned tweets by any forward pass.

    Args:
        row: of both tasks. aligned: tweets in the row's subwords (artifacts.ALIGNED).
    """
    found = _probabilities(row, forward, aligned["input_ids"].to_pylist())
    columns = {name: aligned[name] for name in ("tweet_id", "class_id", "labels")} | {
        "predicted_class_id": [int(own.classes.argmax()) for own in found],
        "class_probabilities": [own.classes for own in found],
        "predicted_labels": [own.entity.argmax(axis=-1) for own in found],
        "label_probabilities": [own.entity.max(axis=-1) for own in found],
    }
    return pa.table([columns[name] for name in PREDICTIONS.names], schema=PREDICTIONS)


def predict_aligned(row: TrainedRow, tweets: pa.Table, aligned: pa.Table) -> pa.Table:
    """A row's predictions (artifacts.PREDICTIONS) of tweets of the corpus.

    Args:
        tweets: artifacts.TWEETS. aligned: the same tweets in the row's subwords (artifacts.ALIGNED).
    """
    columns = {name: aligned[name] for name in ("tweet_id", "class_id", "labels")}
    columns |= predict_texts(row, tweets["text"].to_pylist())
    nothing = [None] * tweets.num_rows
    return pa.table([columns.get(name, nothing) for name in PREDICTIONS.names], schema=PREDICTIONS)
