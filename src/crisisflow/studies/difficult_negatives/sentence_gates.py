"""Sentence gates: what decides by the embedding of a whole tweet whether a tagger may mark spans in it.

Mined negatives teach a tagger to be silent in ordinary tweets. A gate before the tagger does the same without them: a
tweet that is not similar enough to any class's anchor has no span. The anchors are there already, and need no training.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from crisisflow.studies.difficult_negatives.collection import TRAIN
from crisisflow.studies.difficult_negatives.mining import Anchors

THRESHOLDS = (2.0, 3.0)  # of z
HALF = 0.5  # of the probability by the logistic regression
REGRESSION = "logistic regression"

Vectors = Mapping[str, np.ndarray]  # by text id, of length 1


class Gate(NamedTuple):
    """A gate: open to a tweet whose score is above the threshold.

    Args:
        scores: [tweets].
    """

    name: str
    scores: np.ndarray
    threshold: float

    @property
    def open(self) -> np.ndarray:
        """To which of the tweets: bool [tweets]."""
        return self.scores > self.threshold


def largest_z(positives: Sequence[Mapping[str, Any]], fit: Mapping[str, Any], vectors: Vectors) -> Vectors:
    """z of each tweet to the anchor that it is nearest to, by that anchor's own curve.

    Args:
        positives: rows of POSITIVES; those that train make the anchors. fit: the content of fit.json.
    """
    names = list(fit["classes"])
    train = [row for row in positives if row["role"] == TRAIN]
    anchors = Anchors(
        np.stack([vectors[row["text_id"]] for row in train]), [names.index(row["class"]) for row in train]
    )
    mean, deviation = (np.array([fit["classes"][name][key] for name in names]) for key in ("mean", "deviation"))
    z = (anchors.similarities(np.stack(list(vectors.values()))) - mean) / deviation
    return dict(zip(vectors, z.max(axis=1), strict=True))


def probabilities(crisis: Sequence[str], ordinary: Sequence[str], vectors: Vectors) -> Vectors:
    """How probable it is of each tweet that it is a crisis tweet, by a logistic regression over embeddings.

    Args:
        crisis, ordinary: the ids of those that it learns from.
    """
    from sklearn.linear_model import LogisticRegression

    known = np.stack([vectors[own] for own in (*crisis, *ordinary)]).astype(np.float64)
    model = LogisticRegression(max_iter=1000).fit(known, [1] * len(crisis) + [0] * len(ordinary))
    found = model.predict_proba(np.stack(list(vectors.values())).astype(np.float64))[:, 1]
    return dict(zip(vectors, found, strict=True))


def gates_of(
    positives: Sequence[Mapping[str, Any]],
    random: Sequence[str],
    fit: Mapping[str, Any],
    vectors: Vectors,
    tweets: Sequence[str],
) -> list[Gate]:
    """The gates: the anchors at each of THRESHOLDS, and the regression.

    Args:
        positives: rows of POSITIVES. random: ids of the random negatives that train; without them there is no
            regression. tweets: ids of those that the gates are asked about.
    """
    z = largest_z(positives, fit, vectors)
    asked = np.array([z[own] for own in tweets])
    found = [Gate(f"z > {threshold:g}", asked, threshold) for threshold in THRESHOLDS]
    if random:
        by_id = probabilities([row["text_id"] for row in positives if row["role"] == TRAIN], random, vectors)
        found.append(Gate(REGRESSION, np.array([by_id[own] for own in tweets]), HALF))
    return found
