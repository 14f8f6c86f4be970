"""A trained row read back from its files, and what it finds in texts: spans and the event, from one forward pass."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModel, PreTrainedTokenizerBase
from transformers.utils import logging as transformers_logging

from crisisflow.alignment.bio import words_of
from crisisflow.alignment.decoding import FoundSpan, strict_spans
from crisisflow.artifacts import read_json
from crisisflow.errors import CrisisflowError
from crisisflow.model.joint import JointModel
from crisisflow.pretrained import load_tokenizer
from crisisflow.taxonomy import BIO_LABELS, EVENT_CLASSES, IGNORED
from crisisflow.training.batching import Examples
from crisisflow.training.device import open_device
from crisisflow.training.predict import predict
from crisisflow.training.state import under

BATCH = 2000  # tweets that are sorted by length together


class Findings(NamedTuple):
    """What a row finds in one text; None of a task that it does not have."""

    spans: list[FoundSpan] | None
    probabilities: list[float] | None  # of EVENT_CLASSES
    cut: bool  # whether the text has more subwords than the row reads


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
    if facts["bio_labels"] != list(BIO_LABELS) or facts["event_classes"] != list(EVENT_CLASSES):
        raise CrisisflowError(f"{config} is of other labels than this version's; train the row again")
    encoder = AutoModel.from_config(AutoConfig.for_model(**facts["encoder"]), add_pooling_layer=False)
    model = JointModel(encoder, facts["dropout"], facts["row"]["tasks"])
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
    return TrainedRow(model.eval(), load_tokenizer(facts["row"]["encoder"]), facts["max_length"])


def annotate(row: TrainedRow, texts: Sequence[str], threads: int = 1) -> list[Findings]:
    """What the row finds in each text; what lies beyond its longest sequence is not read."""
    device = open_device("cpu", threads, 1)
    found: list[Findings] = []
    for begin in range(0, len(texts), BATCH):
        part = list(texts[begin : begin + BATCH])
        encoded = row.tokenizer(part, truncation=True, max_length=row.max_length, return_offsets_mapping=True)
        ids = encoded["input_ids"]
        nothing = [[IGNORED] * len(own) for own in ids]
        examples = Examples([""] * len(part), ids, nothing, [IGNORED] * len(part))

        guess = predict(
            row.model,
            lambda batch: row.model(batch.input_ids, batch.mask),
            examples,
            device,
            row.tokenizer.pad_token_id,
            device.shapes(row.max_length),
        )
        labels = guess.labels_of(examples) if guess.labels is not None else None
        sureness = guess.label_probabilities_of(examples) if guess.labels is not None else None
        probabilities = guess.probabilities.tolist() if guess.probabilities is not None else None
        for at in range(len(part)):
            spans = None
            if labels is not None:
                words = words_of(encoded.word_ids(at), encoded["offset_mapping"][at])
                own = [BIO_LABELS[labels[at][word.token]] for word in words]
                spans = strict_spans(words, own, [sureness[at][word.token] for word in words])
            cut = bool(encoded.encodings[at].overflowing)
            found.append(Findings(spans, probabilities[at] if probabilities is not None else None, cut))
    return found
