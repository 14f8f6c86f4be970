"""Classifying: a fine-tuned row read back from its files, and the probability of each label of a text."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from transformers import PreTrainedTokenizerBase

from crisisflow.artifacts import read_json
from crisisflow.embedding import tokenize
from crisisflow.errors import CrisisflowError
from crisisflow.identity import CONFIG, Identity, read_identity
from crisisflow.model.classifier import Classifier
from crisisflow.studies.actionable_help import STUDY
from crisisflow.studies.actionable_help.encoder import open_encoder
from crisisflow.training.batching import Examples
from crisisflow.training.classification import Classification
from crisisflow.training.device import Device
from crisisflow.training.predict import predict
from crisisflow.training.weights import KEY, load_weights


class TrainedClassifier(NamedTuple):
    """A fine-tuned row on a device, ready to be used."""

    identity: Identity
    model: Classifier
    tokenizer: PreTrainedTokenizerBase
    max_length: int
    device: Device

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Of each prepared text, the probability of each class: float32 [texts, classes].

        A text that is longer than what the row reads is cut, as in training.
        """
        if not texts:
            return np.zeros((0, len(self.model.classes)), dtype=np.float32)
        found = predict(
            Classification(self.model.classes),
            self.model,
            lambda batch: self.model(batch.input_ids, batch.mask),
            Examples([""] * len(texts), tokenize(texts, self.tokenizer, self.max_length), {}),
            self.device,
            self.tokenizer.pad_token_id,
            self.device.shapes(self.max_length),
        )
        return found["probabilities"].numpy()


def load(weights: Path, config: Path, encoder: Path, device: Device) -> TrainedClassifier:
    """The row whose fine-tuning wrote the first two files.

    Args:
        encoder: what the row began with, of the step encoder.
        device: where it computes.

    Raises:
        CrisisflowError: a file is absent or damaged, they are not of one training, or the row's weights were not kept.
    """
    facts = read_json(config, CONFIG, "row", "max_length", "pooling", "classes", KEY)
    identity = read_identity(facts[CONFIG], config, STUDY)
    if facts[KEY] is None:
        raise CrisisflowError(
            f"{weights} is empty: the weights of {identity} were not kept; name the row in actionable_help.keep_weights"
        )
    opened, tokenizer = open_encoder(encoder, facts["row"]["layers"], facts["max_length"])
    model = Classifier(opened, facts["classes"], facts["pooling"])
    load_weights(model, weights, config)
    device.prepare(model)
    return TrainedClassifier(identity, device.place(model), tokenizer, facts["max_length"], device)
