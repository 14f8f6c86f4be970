"""Zero-shot: the label of which a sentence is nearest to the text."""

from collections.abc import Sequence

import numpy as np

from crisisflow.embedding import embed
from crisisflow.studies.actionable_help.labelled import Labelled
from crisisflow.studies.actionable_help.labellers.prompts import Prompts
from crisisflow.studies.actionable_help.labels import IRRELEVANT, LABELS

MAX_LENGTH, BATCH_SIZE = 128, 32


def unit(vectors: np.ndarray) -> np.ndarray:
    """The rows at length one."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def label(texts: Sequence[str], encoder: str, prompts: Prompts, margin: float) -> list[Labelled]:
    """The labels of texts by the cosine of their embeddings and those of the prompts.

    A label is as near as its nearest sentence. Where the nearest label is not `margin` nearer than the next, the text
    is irrelevant. The confidence is the difference of the two cosines, the evidence the nearest sentence.

    Raises:
        CrisisflowError: the encoder cannot be loaded.
    """
    ids = [(name, sentence) for name, own in prompts.sentences.items() for sentence in own]
    sentences = [text for own in prompts.sentences.values() for text in own.values()]
    vectors = unit(embed([*sentences, *texts], encoder, MAX_LENGTH, BATCH_SIZE))
    cosines = vectors[len(sentences) :] @ vectors[: len(sentences)].T
    of_label = np.array([LABELS.index(name) for name, _ in ids])
    nearest = np.stack([cosines[:, of_label == at].max(axis=1) for at in range(len(LABELS))], axis=1)
    order = np.argsort(-nearest, axis=1, kind="stable")
    found = []
    for row, own, best in zip(nearest, cosines, order, strict=True):
        ahead = float(row[best[0]] - row[best[1]])
        name, sentence = ids[int(own.argmax())]
        chosen = LABELS[best[0]] if ahead >= margin else IRRELEVANT
        found.append(Labelled(chosen, round(ahead, 4), (f"{name}.{sentence}",)))
    return found
