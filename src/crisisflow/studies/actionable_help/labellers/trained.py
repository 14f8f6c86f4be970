"""Trained: a logistic regression that learns from labelled sets, and never labels what it learnt from.

The texts to be labelled and those to learn from are grouped by near duplicates, and the groups are parted into folds. A
text is labelled by the model that learnt from all other folds, so neither it nor a near duplicate of it was learnt from
(cross-fitting; Chernozhukov et al. 2018, "Double/debiased machine learning").
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.embedding import embed
from crisisflow.errors import CrisisflowError
from crisisflow.studies.actionable_help.labelled import Labelled
from crisisflow.studies.actionable_help.labellers.zero_shot import BATCH_SIZE, MAX_LENGTH, unit

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

TFIDF = "tfidf"

Learn = Callable[[list[int], list[int]], tuple[Any, Any]]  # places of texts to learn from and to label: their features


def folds_of(texts: Sequence[str], folds: int) -> np.ndarray:
    """The fold of each text, 0 to `folds` - 1: near duplicates are in one fold, and the folds are of about one size.

    The fold of a text does not depend on where it stands among the others.

    Raises:
        CrisisflowError: there are fewer groups than folds.
    """
    from sklearn.model_selection import GroupKFold

    ordered = sorted(range(len(texts)), key=lambda at: texts[at])
    groups = groups_of([texts[at] for at in ordered])
    if len(set(groups.tolist())) < folds:
        raise CrisisflowError(f"{folds} folds need as many groups of near duplicates; give more texts, or fewer folds")
    found = np.empty(len(texts), dtype=np.int64)
    for fold, (_, inside) in enumerate(GroupKFold(folds).split(ordered, groups=groups)):
        found[np.array(ordered)[inside]] = fold
    return found


def label(
    texts: Sequence[str], learnt: Sequence[str], labels: Sequence[str], features: str, folds: int
) -> list[Labelled]:
    """The labels of texts by models that learnt from others.

    The confidence is the model's probability, the evidence the fold.

    Args:
        learnt: texts to learn from, with their `labels`; some may be among `texts`.
        features: "tfidf", or an encoder.
        folds: at least two.

    Raises:
        CrisisflowError: a model would have one label only to learn, or the encoder cannot be loaded.
    """
    # In an order of their own, so that the models do not depend on that of the sets.
    pairs = sorted(set(zip(learnt, labels, strict=True)))
    everything = [*texts, *(text for text, _ in pairs)]
    names = np.array([name for _, name in pairs])
    fold = folds_of(everything, folds)
    of_text, of_pair = fold[: len(texts)], fold[len(texts) :]
    learn = _words(everything) if features == TFIDF else _embeddings(everything, features)
    found: list[Labelled | None] = [None] * len(texts)
    for own in range(folds):
        outside, inside = np.flatnonzero(of_pair != own), np.flatnonzero(of_text == own)
        if not inside.size:
            continue
        if len(set(names[outside])) < 2:
            raise CrisisflowError(
                f"the sets to learn from have {len(pairs):,} texts, and outside of fold {own} fewer than two labels; "
                "name more sets"
            )
        known, asked = learn([len(texts) + at for at in outside], inside.tolist())
        model = _model().fit(known, names[outside])
        probabilities = model.predict_proba(asked)
        for at, row in zip(inside, probabilities, strict=True):
            best = int(row.argmax())
            found[at] = Labelled(str(model.classes_[best]), round(float(row[best]), 4), (f"fold.{own}",))
    return found


def _model() -> "LogisticRegression":
    """The labels count the same, however rare one is."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(class_weight="balanced", C=10.0, max_iter=1_000)


def _words(texts: Sequence[str]) -> Learn:
    """TF-IDF of words and pairs of words; which there are, and how rare, is learnt from the texts to learn from."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    def learn(known: list[int], asked: list[int]) -> tuple[Any, Any]:
        vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        return vectors.fit_transform([texts[at] for at in known]), vectors.transform([texts[at] for at in asked])

    return learn


def _embeddings(texts: Sequence[str], encoder: str) -> Learn:
    # Of each text once: an embedding does not depend on what is learnt.
    different = sorted(set(texts))
    place = {text: at for at, text in enumerate(different)}
    vectors = unit(embed(different, encoder, MAX_LENGTH, BATCH_SIZE))

    def learn(known: list[int], asked: list[int]) -> tuple[Any, Any]:
        return tuple(vectors[[place[texts[at]] for at in places]] for places in (known, asked))

    return learn
