"""Bootstrap: how sure a difference between two rows is, given that other tweets could have been drawn.

The paired bootstrap (Efron and Tibshirani 1993; for NLP: Berg-Kirkpatrick et al. 2012, "An empirical investigation of
statistical significance in NLP"). It knows the chance of the validation tweets. The chance of a seed it only averages.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from crisisflow.artifacts import PREDICTIONS, read_parquet, write_json
from crisisflow.errors import CrisisflowError
from crisisflow.taxonomy import BIO_LABELS, EVENT_CLASSES, IGNORED

RESAMPLES = 10_000
SEED = 0
CHUNK = 200  # resamples drawn and weighed at a time, which bounds the memory: about 50 MB for 8,400 tweets
INTERVAL = (0.025, 0.975)

_PREFIX = np.array([label[0] for label in BIO_LABELS])
_TYPE = np.array([label[2:] for label in BIO_LABELS])


class Counts(NamedTuple):
    """What F1 is made of, per tweet and class; both (tweets, classes), float32, in which such sums are exact."""

    hits: np.ndarray  # true positives
    sizes: np.ndarray  # predicted + true: F1 = 2 hits / sizes


class Difference(NamedTuple):
    """A score of row `first` less that of row `second`, with its 95 % interval."""

    first: str
    second: str
    score: str
    difference: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


def _span_ends(labels: np.ndarray, tweets: np.ndarray) -> np.ndarray:
    """For each word the position behind the span that begins there, 0 where none does; strict IOB2: only B begins one.

    Args:
        labels: (words,) BIO label ids of all tweets, one behind the other.
        tweets: (words,) the tweet of each word.
    """
    prefix, kind = _PREFIX[labels], _TYPE[labels]
    goes_on = np.zeros(len(labels), dtype=bool)
    goes_on[1:] = (prefix[1:] == "I") & (kind[1:] == kind[:-1]) & (tweets[1:] == tweets[:-1])
    firsts = np.flatnonzero(~goes_on)
    ends = np.zeros(len(labels), dtype=np.int64)
    ends[firsts] = np.append(firsts[1:], len(labels))
    return np.where(prefix == "B", ends, 0)


def span_counts(predictions: pa.Table) -> Counts:
    """Counts of spans, all types as one class, so that `f1` is the span micro-F1 of `entity_scores`.

    As there, each row is held against its own labels: another tokenizer may split words otherwise.
    """
    labels, predicted = predictions["labels"].combine_chunks(), predictions["predicted_labels"].combine_chunks()
    words = labels.flatten().to_numpy() != IGNORED
    tweets = np.repeat(np.arange(len(labels)), labels.value_lengths())[words]
    true, guess = labels.flatten().to_numpy()[words], predicted.flatten().to_numpy()[words]
    true_ends, guess_ends = _span_ends(true, tweets), _span_ends(guess, tweets)

    def per_tweet(at: np.ndarray) -> np.ndarray:
        return np.bincount(tweets[at], minlength=len(labels)).astype(np.float32)[:, None]

    hits = per_tweet((true_ends > 0) & (true_ends == guess_ends) & (true == guess))
    return Counts(hits, per_tweet(true_ends > 0) + per_tweet(guess_ends > 0))


def event_counts(predictions: pa.Table) -> Counts:
    """Counts of tweets per event class, so that `f1` is the macro-F1 of `event_scores`."""
    every = np.arange(len(EVENT_CLASSES))
    true = predictions["class_id"].to_numpy()[:, None] == every
    guess = predictions["predicted_class_id"].to_numpy()[:, None] == every
    return Counts((true & guess).astype(np.float32), true.astype(np.float32) + guess)


# The scores of metrics.json that are compared: the column that is null where they are not to be had, and their counts.
SCORES = {
    "ner_micro_f1": ("predicted_labels", span_counts),
    "cls_macro_f1": ("predicted_class_id", event_counts),
}


def f1(counts: Counts, weights: np.ndarray) -> np.ndarray:
    """Mean F1 over the classes, one without any support or prediction counting 0, as the study's metrics have it.

    Args:
        counts: (n, ..., classes), of n tweets.
        weights: (resamples, n) how often each tweet stands in each resample, float32.

    Returns:
        (resamples, ...) float64.
    """
    hits, sizes = (np.tensordot(weights, part, axes=1) for part in counts)
    return (2 * hits.astype(np.float64) / np.maximum(sizes, 1)).mean(axis=-1)


def resamples(tweets: int, number: int) -> Iterator[np.ndarray]:
    """Weights (up to CHUNK, tweets) of `number` resamples with replacement; the same ones for the same arguments."""
    generator = np.random.default_rng(SEED)
    for begin in range(0, number, CHUNK):
        drawn = generator.integers(tweets, size=(min(CHUNK, number - begin), tweets))
        shifted = drawn + tweets * np.arange(len(drawn))[:, None]
        yield np.bincount(shifted.ravel(), minlength=drawn.size).reshape(drawn.shape).astype(np.float32)


def differences(rows: Mapping[str, Sequence[Counts]], score: str, number: int = RESAMPLES) -> list[Difference]:
    """Every pair of rows compared on the same resamples, each row by its mean over the seeds.

    Args:
        rows: per row the counts of each seed, of the same tweets and as many seeds in every row.
        score: the name that the result bears.
        number: of resamples.

    Raises:
        CrisisflowError: a row has more seeds than another.
    """
    if len(rows) < 2:
        return []
    if len({len(seeds) for seeds in rows.values()}) > 1:
        raise CrisisflowError(f"the rows {', '.join(rows)} have not as many seeds each; compare the same seeds of each")
    # (tweets, rows, seeds, classes): one product of matrices weighs them all.
    every = Counts(*np.moveaxis(np.array(list(rows.values())), (2, 3), (0, 1)))
    tweets = len(every.hits)
    whole = f1(every, np.ones((1, tweets), dtype=np.float32)).mean(axis=-1)[0]
    resampled = np.concatenate([f1(every, weights).mean(axis=-1) for weights in resamples(tweets, number)])
    found = []
    for (first, name), (second, other) in combinations(enumerate(rows), 2):
        low, high = np.quantile(resampled[:, first] - resampled[:, second], INTERVAL)
        found.append(Difference(name, other, score, float(whole[first] - whole[second]), float(low), float(high)))
    return found


def winner(compared: Sequence[Difference], score: str) -> str | None:
    """The row that is better than every other one with an interval that excludes zero, if there is one."""
    pairs = [pair for pair in compared if pair.score == score]
    wins = Counter(pair.first if pair.low > 0 else pair.second for pair in pairs if pair.excludes_zero)
    others = len({name for pair in pairs for name in (pair.first, pair.second)}) - 1
    return next((name for name, count in wins.items() if count == others), None)


def run(predictions: Sequence[Path], out: Path) -> None:
    """Compare the rows whose predictions are named .../<row>/seed<k>/predictions.parquet, in their order.

    Raises:
        CrisisflowError: two of them are of other tweets, or a row has more seeds than another.
    """
    rows: dict[str, dict[str, list[Counts]]] = {score: defaultdict(list) for score in SCORES}
    tables = [read_parquet(path, PREDICTIONS) for path in predictions]
    for path, table in zip(predictions, tables, strict=True):
        if not table["tweet_id"].equals(tables[0]["tweet_id"]):
            raise CrisisflowError(
                f"{path} and {predictions[0]} are of other tweets; run the steps that make them again"
            )
        for score, (column, counts) in SCORES.items():
            if table[column].null_count == 0:
                rows[score][path.parent.parent.name].append(counts(table))
    compared = [pair for score in SCORES for pair in differences(rows[score], score)]
    write_json(out, [pair._asdict() for pair in compared])
