"""Classifying: a fine-tuned row read back from its files, and the probability of each label of a text."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file
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
from crisisflow.training.device import open_device
from crisisflow.training.predict import predict
from crisisflow.training.task import under


class TrainedClassifier(NamedTuple):
    """A fine-tuned row, ready to be used."""

    identity: Identity
    model: Classifier
    tokenizer: PreTrainedTokenizerBase
    max_length: int

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Of each prepared text, the probability of each class: float32 [texts, classes].

        A text that is longer than what the row reads is cut, as in training.
        """
        if not texts:
            return np.zeros((0, len(self.model.classes)), dtype=np.float32)
        device = open_device("cpu", 1, 1)
        found = predict(
            Classification(self.model.classes, None),
            self.model,
            lambda batch: self.model(batch.input_ids, batch.mask),
            Examples([""] * len(texts), tokenize(texts, self.tokenizer, self.max_length), {}),
            device,
            self.tokenizer.pad_token_id,
            device.shapes(self.max_length),
        )
        return found["probabilities"].numpy()


def load(weights: Path, config: Path, encoder: Path) -> TrainedClassifier:
    """The row whose fine-tuning wrote the first two files.

    Args:
        encoder: what the row began with, of the step encoder.

    Raises:
        CrisisflowError: a file is absent or damaged, they do not fit, or the row's weights were not kept.
    """
    facts = read_json(config, CONFIG, "row", "max_length", "pooling", "classes", "weights")
    identity = read_identity(facts[CONFIG], config, STUDY)
    if not facts["weights"]:
        raise CrisisflowError(
            f"{weights} is empty: the weights of {identity} were not kept; name the row in actionable_help.keep_weights"
        )
    opened, tokenizer = open_encoder(encoder, facts["row"]["layers"], facts["max_length"])
    model = Classifier(opened, facts["classes"], facts["pooling"])
    try:
        model.load_state_dict(under(load_file(weights), "model"))
    except FileNotFoundError:
        raise CrisisflowError(f"{weights} does not exist; run: dvc checkout, or fine-tune the row") from None
    except (OSError, RuntimeError, SafetensorError) as error:
        reason = str(error).splitlines()[-1].strip()[:200]
        raise CrisisflowError(f"{weights} does not fit {config} ({reason}); fine-tune the row again") from error
    return TrainedClassifier(identity, model.eval(), tokenizer, facts["max_length"])
