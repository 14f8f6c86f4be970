"""Compared settings: F1 of one training setting less that of another one, with intervals of the paired bootstrap."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np

from crisisflow.evaluation.bootstrap import SeedCounts, differences
from crisisflow.evaluation.counts import TweetCounts, span_counts
from crisisflow.studies.difficult_negatives.bands import RANDOM, base_of, random_of
from crisisflow.studies.difficult_negatives.event_resamples import EventResamples
from crisisflow.studies.difficult_negatives.folds import ON_POSITIVES
from crisisflow.studies.difficult_negatives.runs import Run

Compared = dict[str, dict[str, dict[str, Any]]]  # by setting and test


def _part(run: Run, counts: TweetCounts, inside: np.ndarray) -> SeedCounts:
    ids = run.predictions["text_id"].to_pylist()
    own = np.flatnonzero(inside)
    return SeedCounts([ids[at] for at in own], TweetCounts(counts.hits[own], counts.sizes[own]))


def _inside(run: Run, test: str) -> np.ndarray:
    """Which tweets are in a test, or are crisis tweets."""
    return run.predictions["positive"].to_numpy(zero_copy_only=False) if test == ON_POSITIVES else run.inside[test]


def _against(settings: Mapping[str, Mapping[int, Run]], control: str, event_of: Mapping[str, str]) -> Compared:
    """F1 of each setting less that of one of them, by setting and test, with the 95 % interval.

    The paired bootstrap over the tweets of a test, each setting by its mean over the folds and seeds. The test
    `f1_on_positives` is that of the crisis tweets alone. `events` has the interval of the bootstrap that draws whole
    events, and how many there are; null where there is one.

    Args:
        event_of: by the id of a crisis tweet.
    """
    found: Compared = defaultdict(dict)
    if not settings.get(control):
        return found
    first = next(iter(settings[control].values()))
    # the control last, so that each difference is that of a setting less the control
    order = sorted(settings, key=lambda setting: setting == control)
    counts = {
        setting: {number: span_counts(run.predictions, run.labels) for number, run in settings[setting].items()}
        for setting in order
    }
    for test in (*first.inside, ON_POSITIVES):
        counted = {
            setting: {
                number: _part(run, counts[setting][number], _inside(run, test))
                for number, run in settings[setting].items()
            }
            for setting in order
        }
        by_event = EventResamples(event_of)
        events = by_event.events(next(iter(counted[control].values())).tweet_ids)
        over_events = {
            (pair.first, pair.second): {"low": pair.low, "high": pair.high, "number": len(events)}
            for pair in (differences(counted, "f1", draw=by_event) if len(events) > 1 else [])
        }
        for pair in differences(counted, "f1"):
            if pair.second == control:
                own = {"difference": pair.difference, "low": pair.low, "high": pair.high}
                found[pair.first][test] = {**own, "events": over_events.get((pair.first, pair.second))}
    return dict(found)


def against_random(settings: Mapping[str, Mapping[int, Run]], event_of: Mapping[str, str]) -> Compared:
    """Each setting less `random`, which has as many negatives as positives: what `_against` gives."""
    return _against(settings, RANDOM, event_of)


def at_equal_numbers(settings: Mapping[str, Mapping[int, Run]], event_of: Mapping[str, str]) -> Compared:
    """Each setting with another number of negatives less as many random ones, where both were run.

    Against `random` such a setting shows what its number does together with its kind; here the kind stands alone.
    """
    found: Compared = {}
    for control in (own for own in settings if base_of(own) == RANDOM != own):
        alike = {name: own for name, own in settings.items() if control in (name, random_of(name))}
        found |= _against(alike, control, event_of)
    return found
