"""The linear classifier: TF-IDF of words and a linear SVM, what classification scores without an encoder."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def fit(texts: Sequence[str], class_ids: Sequence[int], seed: int, balanced: bool) -> "Pipeline":
    """A linear SVM, one class against the rest, over the sublinear TF-IDF of single words and pairs of neighbours.

    liblinear visits the texts in an order of its own making, from `seed`, and ends at slightly other weights for
    another one; the order in which the texts are given counts for the same reason.

    Args:
        balanced: each class counts the same: a text of class c counts n / (k n_c), as in
            training.classification.balanced_weights. Otherwise each text counts the same.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    svm = LinearSVC(random_state=seed, class_weight="balanced" if balanced else None)
    return make_pipeline(vectors, svm).fit(texts, class_ids)


def parameters(model: "Pipeline") -> int:
    """The numbers that were learnt: a weight for each class and word or pair, and an intercept for each class."""
    svm = model[-1]
    return svm.coef_.size + svm.intercept_.size
