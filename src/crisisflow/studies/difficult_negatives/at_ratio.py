"""At ratio: what models come to with ten ordinary tweets for each crisis tweet, with intervals of the bootstrap."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from crisisflow.evaluation.bootstrap import INTERVAL, RESAMPLES, interval, resamples
from crisisflow.studies.difficult_negatives.bands import PLUS

# Of each model; `f1` is at PLUS ordinary tweets for each crisis tweet.
MEASURES = ("f1_on_positives", "false_alarms_per_1000", "f1")


class Counts(NamedTuple):
    """What the measures are made of, by tweet, model and run: float32 [tweets, models, runs].

    Args:
        hits, sizes: of crisis tweets, as in evaluation.counts. false, alarms: of ordinary tweets, the spans, and
            whether there is one.
    """

    hits: np.ndarray
    sizes: np.ndarray
    false: np.ndarray
    alarms: np.ndarray


def measures(counts: Counts, crisis: np.ndarray, ordinary: np.ndarray) -> np.ndarray:
    """MEASURES of each resample and model, the mean over its runs: float64 [measures, resamples, models].

    Args:
        crisis, ordinary: how often each tweet stands in each resample, float32 [resamples, tweets of its kind].
    """
    hits, sizes = (np.tensordot(crisis, own, axes=1).astype(np.float64) for own in (counts.hits, counts.sizes))
    false, alarms = (np.tensordot(ordinary, own, axes=1).astype(np.float64) for own in (counts.false, counts.alarms))
    there = np.maximum(ordinary.sum(axis=1), 1)[:, None, None]
    brought = PLUS * crisis.sum(axis=1)[:, None, None] * false / there
    found = (2 * hits / np.maximum(sizes, 1), 1000 * alarms / there, 2 * hits / np.maximum(sizes + brought, 1))
    return np.stack([own.mean(axis=-1) for own in found])


class Resampled(NamedTuple):
    """Measures of all tweets [measures, models], and of each resample [measures, resamples, models]."""

    whole: np.ndarray
    each: np.ndarray

    def of(self, model: int) -> dict[str, dict[str, float | None]]:
        """The measures of a model, with their 95 % intervals."""
        found = {}
        for number, measure in enumerate(MEASURES):
            low, high = interval(self.each[number, :, model])
            found[measure] = rounded({"mean": self.whole[number, model], "low": low, "high": high})
        return found

    def difference(self, measure: str, first: int, second: int) -> dict[str, float | None]:
        """The measure of a model less that of another one on the same tweets, with the 95 % interval."""
        own, each = (values[MEASURES.index(measure)] for values in self)
        low, high = np.quantile(each[:, first] - each[:, second], INTERVAL)
        return rounded({"difference": own[first] - own[second], "low": low, "high": high})


def rounded(values: Mapping[str, float]) -> dict[str, float | None]:
    """For JSON: of six decimals; None of what is not defined."""
    return {name: None if np.isnan(own) else round(float(own), 6) for name, own in values.items()}


def resampled(counts: Counts, positive: Sequence[bool], number: int = RESAMPLES) -> Resampled:
    """The measures and those of resamples, in which tweets of both kinds are drawn together.

    Args:
        positive: of each tweet whether it is a crisis tweet; counts are in the order of each kind.
    """
    crisis = np.asarray(positive, dtype=bool)
    once = np.ones((1, len(crisis)), dtype=np.float32)

    def measured(weights: np.ndarray) -> np.ndarray:
        return measures(counts, weights[:, crisis], weights[:, ~crisis])

    each = np.concatenate([measured(weights) for weights in resamples(len(crisis), number)], axis=1)
    return Resampled(measured(once)[:, 0], each)
