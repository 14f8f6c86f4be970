"""What F1 is made of, per tweet: any resample or part of the tweets is then scored by a sum."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from crisisflow.evaluation.word_arrays import words_of
from crisisflow.labels import Labels


class TweetCounts(NamedTuple):
    """What F1 is made of, per tweet and class; both (tweets, classes), float32, in which such sums are exact."""

    hits: np.ndarray  # true positives
    sizes: np.ndarray  # predicted + true: F1 = 2 hits / sizes


class LabelCounts(NamedTuple):
    """The same with the support of each class, which weighs it; each (tweets, classes), float32."""

    hits: np.ndarray
    sizes: np.ndarray
    support: np.ndarray  # true


def span_counts(predictions: pa.Table, labels: Labels) -> TweetCounts:
    """Counts of spans, all types as one class, so that `f1` is the span micro-F1 of `entity_scores`.

    As there, each row is held against its own labels: another tokenizer may split words otherwise.
    """
    words = words_of(predictions, labels)

    def per_tweet(at: np.ndarray) -> np.ndarray:
        return np.bincount(words.tweets[at], minlength=predictions.num_rows).astype(np.float32)[:, None]

    return TweetCounts(per_tweet(words.hits), per_tweet(words.ends > 0) + per_tweet(words.predicted_ends > 0))


def class_counts(predictions: pa.Table, labels: Labels) -> TweetCounts:
    """Counts of tweets per class, so that `f1` is the macro-F1 of `class_scores`."""
    every = np.arange(len(labels.classes))
    true = predictions["class_id"].to_numpy()[:, None] == every
    guess = predictions["predicted_class_id"].to_numpy()[:, None] == every
    return TweetCounts((true & guess).astype(np.float32), true.astype(np.float32) + guess)


def label_counts(true: np.ndarray, predicted: np.ndarray) -> LabelCounts:
    """Counts of labels, for `weighted_f1`: of texts with one class each, or with any number of them.

    Args:
        true, predicted: 0 or 1 [texts, classes].
    """
    own, guess = true.astype(np.float32), predicted.astype(np.float32)
    return LabelCounts(own * guess, own + guess, own)


# The scores of metrics.json that are compared: the column that is null where they are not to be had, and their counts.
COUNTED_SCORES = {
    "ner_micro_f1": ("predicted_labels", span_counts),
    "cls_macro_f1": ("predicted_class_id", class_counts),
}


def f1(counts: TweetCounts, weights: np.ndarray) -> np.ndarray:
    """Mean F1 over the classes, one without any support or prediction counting 0, as the study's metrics have it.

    Args:
        counts: (n, ..., classes), of n tweets.
        weights: (resamples, n) how often each tweet stands in each resample, float32.

    Returns:
        (resamples, ...) float64.
    """
    hits, sizes = (np.tensordot(weights, part, axes=1) for part in counts)
    return (2 * hits.astype(np.float64) / np.maximum(sizes, 1)).mean(axis=-1)


def weighted_f1(counts: LabelCounts, weights: np.ndarray) -> np.ndarray:
    """Mean F1 over the classes, each by its support in the resample; scikit-learn's `weighted`, 0 without any support.

    The arguments and the result are those of `f1`.
    """
    hits, sizes, support = (np.tensordot(weights, part, axes=1).astype(np.float64) for part in counts)
    weighed = support * 2 * hits / np.maximum(sizes, 1)
    return weighed.sum(axis=-1) / np.maximum(support.sum(axis=-1), 1)


def scores_of(predictions: pa.Table, labels: Labels) -> dict[str, float | None]:
    """The scores of COUNTED_SCORES by name, None where the predictions are null."""
    every = np.ones((1, predictions.num_rows), dtype=np.float32)
    return {
        score: float(f1(counts(predictions, labels), every)[0]) if predictions[column].null_count == 0 else None
        for score, (column, counts) in COUNTED_SCORES.items()
    }
