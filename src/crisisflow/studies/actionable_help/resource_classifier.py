"""The trained classifier of resources: what sets say of their texts, and linear SVMs that learn it.

The paper's classifier learnt from texts that are not public (Purohit et al. 2014). A text may speak of several
resources. Like a trained labeller, the classifier judges no text that it learnt from, nor a near duplicate of one. A
resource of which no text to learn from speaks is left to the lexicon.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from crisisflow.artifacts import read_parquet
from crisisflow.corpus.sources.posts import POSTS
from crisisflow.corpus.texts import prepare
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.linear import fit_multi_label
from crisisflow.params import TextsParams
from crisisflow.studies.actionable_help.labellers.trained import folds_of
from crisisflow.studies.actionable_help.labels import RESOURCE, RESOURCES
from crisisflow.studies.actionable_help.resources import resources_of

TEST = "test"
# Of which category of the disaster response messages each resource is; they have none for the others.
GOLD_CATEGORIES = {
    "money": "money",
    "clothing": "clothing",
    "shelter": "shelter",
    "medical_help": "medical",
    "medical_products": "medical",
    "food": "food",
    "water": "water",
}
GOLD_RESOURCES = tuple(name for name in RESOURCES if name in GOLD_CATEGORIES.values())


class Spoken(NamedTuple):
    """A post, its prepared text, and the resources of which it speaks."""

    tweet_id: str
    text: str
    resources: frozenset[str]


def read_spoken(path: Path, name: str, texts: TextsParams) -> list[Spoken]:
    """The posts of a set that say of which resources they speak, in their order.

    Args:
        name: of the set. texts: how texts are prepared.

    Raises:
        CrisisflowError: the file is absent or damaged, a value is none of RESOURCES, or no post has one.
    """
    found = []
    for row in read_parquet(path, POSTS).select(["tweet_id", "text", "labels"]).to_pylist():
        values = frozenset(own["value"] for own in row["labels"] if own["task"] == RESOURCE)
        if odd := values - {*RESOURCES}:
            known = ", ".join(RESOURCES)
            raise CrisisflowError(f"{path}: the set {name} has the {RESOURCE} {sorted(odd)[0]!r}; map it to: {known}")
        if values:
            found.append(Spoken(row["tweet_id"], prepare(row["text"], texts), values))
    if not found:
        raise CrisisflowError(f"{path}: no post of the set {name} has a label of the task {RESOURCE}; map its labels")
    return found


def read_gold_spoken(path: Path, scored: bool, texts: TextsParams) -> list[Spoken]:
    """The disaster response messages, all of which people judged.

    Args:
        scored: the test part; otherwise all others. texts: how texts are prepared.

    Raises:
        CrisisflowError: the file is absent or damaged, or has no such part.
    """
    found = []
    for row in read_parquet(path, POSTS).select(["tweet_id", "text", "labels", "official_split"]).to_pylist():
        if (row["official_split"] == TEST) == scored:
            categories = {own["value"] for own in row["labels"] if own["task"] == "category"}
            spoken = frozenset(GOLD_CATEGORIES[own] for own in categories & GOLD_CATEGORIES.keys())
            found.append(Spoken(row["tweet_id"], prepare(row["text"], texts), spoken))
    if not found:
        part = TEST if scored else "training or validation"
        raise CrisisflowError(f"{path} has no {part} part of the disaster response messages; read the set again")
    return found


def by_classifier(texts: Sequence[str], learnt: Sequence[Spoken], folds: int, seed: int) -> list[list[str]]:
    """The resources of each text, in the order of RESOURCES.

    Args:
        learnt: some of its texts may be among `texts`.

    Raises:
        CrisisflowError: all texts to learn from speak of the same resources, or too few groups of near duplicates do.
    """
    # In an order of their own, so that the models do not depend on that of the sets.
    known = sorted({(own.text, own.resources) for own in learnt}, key=lambda own: (own[0], sorted(own[1])))
    truth = np.array([[name in resources for name in RESOURCES] for _, resources in known], dtype=np.int8)
    there = [at for at, column in enumerate(truth.T) if 0 < column.sum() < len(column)]
    if not there:
        raise CrisisflowError("the texts to learn from all speak of the same resources; name more sets to learn from")
    fold = folds_of([*texts, *(text for text, _ in known)], folds)
    of_text, of_known = fold[: len(texts)], fold[len(texts) :]
    # Of resources that nobody taught.
    guess = np.array([[name in resources_of(text) for name in RESOURCES] for text in texts], dtype=np.int8)
    for own in range(folds):
        outside, inside = np.flatnonzero(of_known != own), np.flatnonzero(of_text == own)
        if not inside.size:
            continue
        sums = truth[np.ix_(outside, there)].sum(axis=0)
        if few := [RESOURCES[at] for at, found in zip(there, sums, strict=True) if not 0 < found < len(outside)]:
            raise CrisisflowError(
                f"too few texts to learn from tell {few[0]} from other resources; name more sets, or set fewer folds"
            )
        model = fit_multi_label([known[at][0] for at in outside], truth[np.ix_(outside, there)], seed, balanced=True)
        guess[np.ix_(inside, there)] = model.predict([texts[at] for at in inside])
    return [[name for name, chosen in zip(RESOURCES, line, strict=True) if chosen] for line in guess]
