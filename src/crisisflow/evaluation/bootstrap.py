"""Bootstrap: how sure a difference between two rows is, given that other tweets could have been drawn.

The paired bootstrap (Efron and Tibshirani 1993; for NLP: Berg-Kirkpatrick et al. 2012, "An empirical investigation of
statistical significance in NLP"). It knows the chance of the validation tweets. The chance of a seed it only averages.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.counts import LabelCounts, TweetCounts, f1

RESAMPLES = 10_000
SEED = 0
CHUNK = 200  # resamples drawn and weighed at a time, which bounds the memory: about 50 MB for 8,400 tweets
INTERVAL = (0.025, 0.975)


def interval(resampled: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of the values of resamples [resamples], without those that are not defined.

    NaN where no value differs from another: that shows how little a bootstrap can say of full agreement, not that the
    value is certain.
    """
    defined = resampled[np.isfinite(resampled)]
    if not defined.size or np.ptp(defined) == 0:
        return np.nan, np.nan
    low, high = np.quantile(defined, INTERVAL)
    return float(low), float(high)


class SeedCounts(NamedTuple):
    """The counts of one seed of a row, with the ids of their tweets in the same order."""

    tweet_ids: Sequence[str]
    counts: TweetCounts | LabelCounts


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


def resamples(tweets: int, number: int, seed: int | tuple[int, ...] = SEED) -> Iterator[np.ndarray]:
    """Weights (up to CHUNK, tweets) of `number` resamples with replacement; the same ones for the same arguments."""
    generator = np.random.default_rng(seed)
    for begin in range(0, number, CHUNK):
        drawn = generator.integers(tweets, size=(min(CHUNK, number - begin), tweets))
        shifted = drawn + tweets * np.arange(len(drawn))[:, None]
        yield np.bincount(shifted.ravel(), minlength=drawn.size).reshape(drawn.shape).astype(np.float32)


def stratified_resamples(strata: Sequence[str], number: int) -> np.ndarray:
    """Weights (number, tweets) of resamples that draw from each stratum as many as it has: those of its own tweets.

    Another order of the tweets gives the same weights in that order, if those of a stratum keep theirs.
    """
    own = np.array(strata)
    weights = np.zeros((number, len(own)), dtype=np.float32)
    for at, name in enumerate(sorted(set(strata))):
        members = np.flatnonzero(own == name)
        weights[:, members] = np.concatenate(list(resamples(len(members), number, (SEED, at))))
    return weights


def _paired(rows: Mapping[str, Mapping[int, SeedCounts]]) -> list[list[TweetCounts | LabelCounts]]:
    """The counts by row and seed, the seeds and tweets of each row in the order of the first row and its first seed.

    Raises:
        CrisisflowError: a row has other seeds, or a seed other tweets or one of them twice.
    """
    (first, by_seed), *_ = rows.items()
    of, ids = f"row {first}, seed {next(iter(by_seed))}", next(iter(by_seed.values())).tweet_ids
    found = []
    for row, own in rows.items():
        if own.keys() != by_seed.keys():
            one, other = (", ".join(map(str, sorted(seeds))) for seeds in (by_seed, own))
            raise CrisisflowError(
                f"row {first} has the seeds {one}, but row {row} has {other}; compare the same seeds of each row"
            )
        found.append([])
        for seed in by_seed:
            tweet_ids, counts = own[seed]
            place = {tweet_id: at for at, tweet_id in enumerate(tweet_ids)}
            if len(place) < len(tweet_ids):
                twice = next(tweet_id for tweet_id, number in Counter(tweet_ids).items() if number > 1)
                raise CrisisflowError(
                    f"the predictions of row {row}, seed {seed} have the tweet {twice} more than once, so they cannot "
                    "be paired with others; give each tweet once"
                )
            if place.keys() != set(ids):
                raise CrisisflowError(
                    f"the predictions of row {row}, seed {seed} are of other tweets than those of {of}; "
                    "run the steps that make them again"
                )
            order = [place[tweet_id] for tweet_id in ids]
            found[-1].append(type(counts)(*(part[order] for part in counts)))
    return found


def differences(
    rows: Mapping[str, Mapping[int, SeedCounts]],
    score: str,
    number: int = RESAMPLES,
    measure: Callable[[Any, np.ndarray], np.ndarray] = f1,
    draw: Callable[[Sequence[str], int], Iterator[np.ndarray]] | None = None,
) -> list[Difference]:
    """Every pair of rows compared on the same resamples, each row by its mean over the seeds.

    Args:
        rows: per row the counts by seed; the seeds and tweets are the same in every row, in any order.
        score: the name that the result bears.
        number: of resamples. measure: `f1`, or another one of counts.py; it takes counts of the kind that `rows` has.
        draw: of the ids of the tweets and the number, the weights of the resamples, as `resamples` has them; without it
            tweets are drawn one by one.

    Raises:
        CrisisflowError: a row has other seeds or tweets than another, or a tweet twice.
    """
    if len(rows) < 2:
        return []
    paired = _paired(rows)
    ids = next(iter(next(iter(rows.values())).values())).tweet_ids
    # (tweets, rows, seeds, classes): one product of matrices weighs them all.
    every = type(paired[0][0])(*np.moveaxis(np.array(paired), (2, 3), (0, 1)))
    tweets = len(every.hits)
    whole = measure(every, np.ones((1, tweets), dtype=np.float32)).mean(axis=-1)[0]
    drawn = resamples(tweets, number) if draw is None else draw(ids, number)
    resampled = np.concatenate([measure(every, weights).mean(axis=-1) for weights in drawn])
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
