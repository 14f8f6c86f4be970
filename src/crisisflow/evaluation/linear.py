"""Linear classifiers: over TF-IDF, what classification scores without an encoder; and over fixed embeddings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from crisisflow.evaluation.metrics import class_scores

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline
    from sklearn.svm import LinearSVC


def fit(texts: Sequence[str], class_ids: Sequence[int], seed: int, balanced: bool) -> "Pipeline":
    """A linear SVM, one class against the rest, over the sublinear TF-IDF of single words and pairs of neighbours.

    liblinear visits the texts in an order of its own making, from `seed`, and ends at slightly other weights for
    another one; the order in which the texts are given counts for the same reason.

    Args:
        balanced: each class counts the same: a text of class c counts n / (k n_c), as in
            training.classification.balanced_weights. Otherwise each text counts the same.
    """
    return _pipeline(_svm(seed, balanced)).fit(texts, class_ids)


def fit_multi_label(texts: Sequence[str], chosen: np.ndarray, seed: int, balanced: bool) -> "Pipeline":
    """The same where a text has any number of classes: a linear SVM for each class, over one TF-IDF.

    Its `predict` gives 0 or 1 of each text and class, like `chosen`.

    Args:
        chosen: 0 or 1 [texts, classes]; each class has some texts and lacks others.
    """
    from sklearn.multiclass import OneVsRestClassifier

    return _pipeline(OneVsRestClassifier(_svm(seed, balanced))).fit(texts, chosen)


def _svm(seed: int, balanced: bool) -> "LinearSVC":
    from sklearn.svm import LinearSVC

    return LinearSVC(random_state=seed, class_weight="balanced" if balanced else None)


def _pipeline(classifier: object) -> "Pipeline":
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline

    return make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), classifier)


def probe_score(
    known: np.ndarray,
    class_ids: Sequence[int],
    asked: np.ndarray,
    asked_ids: Sequence[int],
    classes: Sequence[str],
) -> float:
    """Macro F1 of a logistic regression over embeddings that stay as they are (a linear probe; Alain and Bengio 2016,
    arXiv 1610.01644). Dimensions are standardised, and each class counts the same.

    Args:
        known: embeddings to learn from [texts, d], with their `class_ids`. asked, asked_ids: those that are scored.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=1_000))
    predicted = model.fit(known, class_ids).predict(asked)
    return class_scores(asked_ids, predicted.tolist(), classes)["macro_f1"]


def parameters(model: "Pipeline") -> int:
    """The numbers that were learnt: a weight for each class and word or pair, and an intercept for each class."""
    svm = model[-1]
    return svm.coef_.size + svm.intercept_.size
