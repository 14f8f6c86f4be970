"""Folds of the training tweets, and what a tagger's spans come to on a test."""

import random
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from crisisflow.evaluation.word_arrays import words_of
from crisisflow.labels import Labels

TEST_SPLIT = "test_split"  # the fold that is held out, among the tests
ON_POSITIVES = "f1_on_positives"  # the measure that no negative moves
RATIOS = (0.0, *(round(float(10**power), 3) for power in np.arange(0, 3.01, 0.25)))  # negatives for each positive

# A line for each fold and tweet: those of the fold that is held out (role train) and of the tests. Lists have a value
# for each word; `label_probabilities` is the marginal probability of the predicted label.
PREDICTED = pa.schema(
    [
        ("fold", pa.int32()),
        ("text_id", pa.string()),
        ("role", pa.string()),
        ("positive", pa.bool_()),
        ("settings", pa.list_(pa.string())),
        ("labels", pa.list_(pa.int64())),
        ("predicted_labels", pa.list_(pa.int64())),
        ("label_probabilities", pa.list_(pa.float32())),
    ]
)


def folds_of(strata: Sequence[Hashable], folds: int, seed: int) -> list[int]:
    """The fold of each tweet, from 0: each stratum is dealt over the folds evenly, and so are all of them together.

    The fold of a tweet depends on its own stratum and those before it in the order of their first tweets; so the
    positives, which come first, are in the same folds in all settings.
    """
    members: dict[Hashable, list[int]] = defaultdict(list)
    for at, stratum in enumerate(strata):
        members[stratum].append(at)
    found = [0] * len(strata)
    dealt = 0
    for number, own in enumerate(members.values()):
        random.Random(f"folds {seed} {number}").shuffle(own)
        for at in own:
            found[at] = dealt % folds
            dealt += 1
    return found


class SpanNumbers(NamedTuple):
    """Spans of each tweet [tweets]: how many are true, how many were found, and how many of these are true."""

    true: np.ndarray
    found: np.ndarray
    hits: np.ndarray


def span_numbers(predictions: pa.Table, labels: Labels) -> SpanNumbers:
    """By strict IOB2, as in `evaluation.metrics.entity_scores`.

    Args:
        predictions: with the columns `labels` and `predicted_labels`, a number for each word.
    """
    words = words_of(predictions, labels)
    each = (words.ends > 0, words.predicted_ends > 0, words.hits)
    return SpanNumbers(*(np.bincount(words.tweets[at], minlength=predictions.num_rows) for at in each))


class TestScores(NamedTuple):
    """Spans of a test; false alarms are negatives with a span. Rates are None where nothing is divided by."""

    positives: int
    negatives: int
    spans: int
    found: int
    hits: int
    found_in_positives: int
    false_alarms: int
    precision: float
    recall: float
    f1: float
    f1_on_positives: float
    false_spans_per_true_span: float | None
    false_alarms_per_1000: float | None


# Those of which metrics.json has the mean over the folds.
MEASURES = ("precision", "recall", "f1", "f1_on_positives", "false_spans_per_true_span", "false_alarms_per_1000")


def scores_of(numbers: SpanNumbers, positive: np.ndarray, inside: np.ndarray) -> TestScores:
    """The scores of a test.

    Args:
        positive: of each tweet, whether it is a crisis tweet. inside: whether it is in the test.
    """
    true, found, hits = (int(own[inside].sum()) for own in numbers)
    there, ordinary = inside & positive, inside & ~positive
    in_positives = int(numbers.found[there].sum())
    alarms, negatives = int((numbers.found[ordinary] > 0).sum()), int(ordinary.sum())
    return TestScores(
        positives=int(there.sum()),
        negatives=negatives,
        spans=true,
        found=found,
        hits=hits,
        found_in_positives=in_positives,
        false_alarms=alarms,
        precision=_share(hits, found) or 0.0,
        recall=_share(hits, true) or 0.0,
        f1=_share(2 * hits, true + found) or 0.0,
        f1_on_positives=_share(2 * hits, true + in_positives) or 0.0,
        false_spans_per_true_span=_share(found - in_positives, hits),
        false_alarms_per_1000=_share(1000 * alarms, negatives),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def summary(scores: Sequence[TestScores]) -> dict[str, dict[str, float | None]]:
    """Mean and sample standard deviation of each measure over the folds; None where a fold has no value."""
    found: dict[str, dict[str, float | None]] = {}
    for name in MEASURES:
        values = [getattr(own, name) for own in scores]
        if None in values:
            found[name] = {"mean": None, "std": None}
        else:
            found[name] = {"mean": float(np.mean(values)), "std": float(np.std(values, ddof=1))}
    return found


def tests_of(settings: Sequence[Sequence[str]]) -> Mapping[str, np.ndarray]:
    """Of each test setting, in the order in which they first occur, which of the tweets are in it."""
    names = list(dict.fromkeys(name for own in settings for name in own))
    return {name: np.array([name in own for own in settings], dtype=bool) for name in names}
