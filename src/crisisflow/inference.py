"""A trained row read back from its files, and what it finds in texts: spans and the event, from one forward pass."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModel, BatchEncoding, PreTrainedTokenizerBase
from transformers.utils import logging as transformers_logging

from crisisflow.alignment.bio import words_of
from crisisflow.alignment.decoding import FoundSpan, strict_spans
from crisisflow.artifacts import PREDICTIONS, batched, read_json
from crisisflow.errors import CrisisflowError
from crisisflow.language import TRAINED_ON
from crisisflow.model.joint import JointModel, labels_of
from crisisflow.pretrained import load_tokenizer
from crisisflow.taxonomy import BIO_LABELS, CLASSES, LABELS
from crisisflow.training.batching import Examples
from crisisflow.training.device import open_device
from crisisflow.training.joint import joint_task, prediction_columns
from crisisflow.training.predict import predict
from crisisflow.training.task import Tensors, under

BATCH = 2000  # tweets that are sorted by length together


class Findings(NamedTuple):
    """What a row finds in one text; None of a task that it does not have."""

    spans: list[FoundSpan] | None
    probabilities: list[float] | None  # of CLASSES
    cut: bool  # whether the text has more subwords than the row reads
    language: str | None = TRAINED_ON  # None of a blank text; nothing is found in one of another language


class TrainedRow(NamedTuple):
    """A trained row, ready to be used."""

    model: JointModel
    tokenizer: PreTrainedTokenizerBase
    max_length: int


def load(weights: Path, config: Path) -> TrainedRow:
    """The row whose training wrote these two files.

    Raises:
        CrisisflowError: a file is absent or damaged, the two do not fit, or the row knows other labels.
    """
    transformers_logging.set_verbosity_error()
    facts = read_json(config)
    try:
        labels = [facts["bio_labels"], facts["classes"]]
        name, max_length = facts["row"]["encoder"], facts["max_length"]
        encoder = AutoModel.from_config(AutoConfig.for_model(**facts["encoder"]), add_pooling_layer=False)
        model = JointModel(encoder, labels_of(LABELS, facts["row"]["tasks"]), facts["dropout"])
    except (KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise CrisisflowError(f"{config} is not what training writes ({reason}); train the row again") from error
    if labels != [list(BIO_LABELS), list(CLASSES)]:
        raise CrisisflowError(f"{config} is of other labels than this version's; train the row again")
    try:
        tensors = under(load_file(weights), "model")
    except FileNotFoundError:
        raise CrisisflowError(f"{weights} does not exist; run: dvc checkout, or train the row") from None
    except (OSError, SafetensorError) as error:
        raise CrisisflowError(f"{weights} is no readable safetensors file ({error}); train the row again") from error
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise CrisisflowError(f"{weights} does not fit {config}: {str(error).splitlines()[1].strip()}") from error
    return TrainedRow(model.eval(), load_tokenizer(name), max_length)


class _Read(NamedTuple):
    """Texts as the row reads them, and what it predicts of them."""

    encoded: BatchEncoding
    examples: Examples
    guess: Tensors


def _read(row: TrainedRow, texts: list[str], threads: int) -> _Read:
    device = open_device("cpu", threads, 1)
    encoded = row.tokenizer(texts, truncation=True, max_length=row.max_length, return_offsets_mapping=True)
    examples = Examples([""] * len(texts), encoded["input_ids"], {})
    guess = predict(
        joint_task(row.model.labels),
        row.model,
        lambda batch: row.model(batch.input_ids, batch.mask),
        examples,
        device,
        row.tokenizer.pad_token_id,
        device.shapes(row.max_length),
    )
    return _Read(encoded, examples, guess)


def predict_texts(row: TrainedRow, texts: Sequence[str], threads: int = 1) -> dict[str, list]:
    """The row's columns of artifacts.PREDICTIONS for each text; without those of a task that it does not have."""
    _, examples, guess = _read(row, list(texts), threads)
    return prediction_columns(guess, examples)


def predict_aligned(row: TrainedRow, tweets: pa.Table, aligned: pa.Table) -> pa.Table:
    """A row's predictions (artifacts.PREDICTIONS) of tweets of the corpus.

    Args:
        tweets: artifacts.TWEETS. aligned: the same tweets in the row's subwords (artifacts.ALIGNED).
    """
    columns = {name: aligned[name] for name in ("tweet_id", "class_id", "labels")}
    columns |= predict_texts(row, tweets["text"].to_pylist())
    nothing = [None] * tweets.num_rows
    return pa.table([columns.get(name, nothing) for name in PREDICTIONS.names], schema=PREDICTIONS)


def annotate(row: TrainedRow, texts: Sequence[str], threads: int = 1) -> list[Findings]:
    """What the row finds in each text; what lies beyond its longest sequence is not read."""
    found: list[Findings] = []
    for part in batched(texts, BATCH):
        encoded, examples, guess = _read(row, part, threads)
        columns, nothing = prediction_columns(guess, examples), [None] * len(part)
        probabilities = columns.get("class_probabilities", nothing)
        labels, confidence = (columns.get(name, nothing) for name in ("predicted_labels", "label_probabilities"))
        for at, (own, scores, of_classes) in enumerate(zip(labels, confidence, probabilities, strict=True)):
            spans = None
            if own is not None:
                words = words_of(encoded.word_ids(at), encoded["offset_mapping"][at], part[at])
                names = [BIO_LABELS[own[word.token]] for word in words]
                spans = strict_spans(words, names, [scores[word.token] for word in words])
            found.append(Findings(spans, of_classes, bool(encoded.encodings[at].overflowing)))
    return found
