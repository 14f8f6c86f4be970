"""The labelled words of predictions as arrays, and the spans that begin at them."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from crisisflow.labels import IGNORED, Labels


class Words(NamedTuple):
    """The words (labelled first subwords) of all tweets, one behind the other; each array is (words,).

    `ends` is the position behind the span that begins at a word, 0 where none does; so is `predicted_ends`.
    """

    tweets: np.ndarray  # the position of the word's tweet
    labels: np.ndarray
    predicted: np.ndarray
    ends: np.ndarray
    predicted_ends: np.ndarray

    @property
    def hits(self) -> np.ndarray:
        """Whether a span begins at a word and its prediction has the same type and borders."""
        return (self.ends > 0) & (self.ends == self.predicted_ends) & (self.labels == self.predicted)


def _span_ends(labels: np.ndarray, tweets: np.ndarray, names: Labels) -> np.ndarray:
    """For each word the position behind the span that begins there, 0 where none does; strict IOB2: only B begins one.

    Args:
        labels: (words,) BIO label ids of all tweets, one behind the other.
        tweets: (words,) the tweet of each word.
        names: of the ids.
    """
    prefix = np.array([name[0] for name in names.bio])[labels]
    kind = np.array([name[2:] for name in names.bio])[labels]
    goes_on = np.zeros(len(labels), dtype=bool)
    goes_on[1:] = (prefix[1:] == "I") & (kind[1:] == kind[:-1]) & (tweets[1:] == tweets[:-1])
    firsts = np.flatnonzero(~goes_on)
    ends = np.zeros(len(labels), dtype=np.int64)
    ends[firsts] = np.append(firsts[1:], len(labels))
    return np.where(prefix == "B", ends, 0)


def flat(predictions: pa.Table, column: str) -> np.ndarray:
    """The values (words,) of a column of lists that has one for each subword, at the labelled subwords."""
    labels = predictions["labels"].combine_chunks().flatten().to_numpy()
    return predictions[column].combine_chunks().flatten().to_numpy()[labels != IGNORED]


def words_of(predictions: pa.Table, names: Labels) -> Words:
    """The words of predictions (artifacts.PREDICTIONS) with both tasks' labels, whose ids have these names."""
    lengths = predictions["labels"].combine_chunks().value_lengths()
    labels = predictions["labels"].combine_chunks().flatten().to_numpy()
    tweets = np.repeat(np.arange(predictions.num_rows), lengths)[labels != IGNORED]
    labels, predicted = flat(predictions, "labels"), flat(predictions, "predicted_labels")
    ends = (_span_ends(ids, tweets, names) for ids in (labels, predicted))
    return Words(tweets, labels, predicted, *ends)
