"""Ratios: requests to offers by country, city, month and resource (Tables 6 and 7, Figures 2 and 3).

The paper counts predictions. Here each ratio has a 95 % interval (bootstrap over tweets), and a second one is corrected
for the classifier's errors (evaluation/prevalence.py); its interval also holds the chance of the labelled sample.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import Field

from crisisflow.evaluation.bootstrap import INTERVAL, SEED, resamples
from crisisflow.evaluation.prevalence import adjusted_counts, rates
from crisisflow.params import Count, ParamsSection, Positive
from crisisflow.studies.actionable_help.labels import LABELS

Both = Literal["each", "apart"]

ALL = "all"
REQUEST, OFFER, BOTH, IRRELEVANT = LABELS
RESAMPLES = 1_000
LEAST_OFFERS = 1e-6  # a corrected count below it is none
COLUMNS = (
    "by",
    "value",
    "resource",
    "tweets",
    "requests",
    "offers",
    "ratio",
    "low",
    "high",
    "corrected",
    "corrected_low",
    "corrected_high",
)


class RatioParams(ParamsSection):
    """What is counted, and how."""

    both: Annotated[Both, Field(description="tweets that request and offer count on each side, or apart, on none")]
    several_countries: Annotated[
        Literal["first", "all"], Field(description="which of the places that a tweet names count")
    ]
    least: Annotated[Count, Field(description="requests and offers that a group must have to be given a ratio")]
    countries: Annotated[Positive, Field(description="countries with most tweets that are shown")]
    cities: Annotated[Positive, Field(description="cities with most tweets that are shown")]
    corrected: Annotated[bool, Field(description="correct the counts for the classifier's errors too")]


class Group(NamedTuple):
    """Tweets that are counted together.

    Args:
        by: all, country, city, month, or country and month. value: which one. resource: of which the tweets speak, or all.
        members: which tweets are in it [tweets], true or false.
    """

    by: str
    value: str
    resource: str
    members: np.ndarray


class Ratio(NamedTuple):
    """Requests over offers, with its interval; NaN where there is no offer, or too few tweets."""

    value: float
    low: float
    high: float


UNKNOWN = Ratio(float("nan"), float("nan"), float("nan"))


def counts_of_sides(counts: np.ndarray, both: Both) -> tuple[np.ndarray, np.ndarray]:
    """Requests and offers from counts by label [..., LABELS].

    Args:
        both: whether a tweet that is both counts on each side, or on none.
    """
    of = dict(zip(LABELS, np.moveaxis(counts, -1, 0), strict=True))
    further = of[BOTH] if both == "each" else 0
    return of[REQUEST] + further, of[OFFER] + further


def _divided(counts: np.ndarray, both: Both) -> np.ndarray:
    """Requests over offers [...]; infinite without an offer."""
    requests, offers = counts_of_sides(counts, both)
    return np.divide(requests, offers, out=np.full(offers.shape, np.inf), where=offers > LEAST_OFFERS)


def _ratio(counts: np.ndarray, drawn: np.ndarray, both: Both) -> Ratio:
    """Of counts [LABELS], with the quantiles of resamples of them [resamples, LABELS]."""
    value = float(_divided(counts, both))
    if np.isinf(value):
        return UNKNOWN
    low, high = np.quantile(_divided(drawn, both), INTERVAL, method="inverted_cdf")
    return Ratio(value, float(low), float(high))


def _resampled_rates(confusion: np.ndarray) -> np.ndarray:
    """Of the labelled sample [resamples, true, predicted]: its tweets of each true class drawn with replacement."""
    generator = np.random.default_rng(SEED)
    drawn = [
        generator.multinomial(int(line.sum()), line / line.sum(), RESAMPLES)
        if line.sum()
        else np.zeros((RESAMPLES, len(line)), dtype=int)
        for line in confusion
    ]
    return rates(np.stack(drawn, axis=1))


def counted(
    predicted: np.ndarray, groups: Sequence[Group], confusion: np.ndarray | None, both: Both, least: int
) -> list[tuple[np.ndarray, Ratio, Ratio]]:
    """Of each group the counts by predicted label, the ratio, and the ratio corrected for the classifier's errors.

    Args:
        predicted: position in LABELS of each tweet [tweets].
        confusion: counts [true, predicted] of a labelled sample in the order of LABELS; None corrects nothing.
        least: a group with fewer requests and offers has no ratio.
    """
    labels = np.eye(len(LABELS), dtype=np.float32)[predicted]
    cells = np.concatenate([labels * group.members[:, None] for group in groups], axis=1)  # [tweets, groups * labels]
    drawn = np.concatenate([weights @ cells for weights in resamples(len(predicted), RESAMPLES)])
    whole = cells.sum(axis=0, dtype=np.float64).reshape(len(groups), len(LABELS))
    drawn = drawn.astype(np.float64).reshape(RESAMPLES, len(groups), len(LABELS))
    known = None if confusion is None else (rates(confusion), _resampled_rates(confusion))
    found = []
    for number, counts in enumerate(whole):
        if counts[: LABELS.index(IRRELEVANT)].sum() < least:
            found.append((counts, UNKNOWN, UNKNOWN))
            continue
        raw = _ratio(counts, drawn[:, number], both)
        corrected = UNKNOWN
        if known:
            of_sample, of_resamples = known
            corrected = _ratio(
                adjusted_counts(counts, of_sample), adjusted_counts(drawn[:, number], of_resamples), both
            )
        found.append((counts, raw, corrected))
    return found


def groups_of(
    countries: Sequence[Sequence[str]],
    cities: Sequence[Sequence[str]],
    months: Sequence[str | None],
    spoken_of: Sequence[Sequence[str]],
    resources: Sequence[str],
    params: RatioParams,
) -> list[Group]:
    """All tweets; the countries with most tweets and each month, also by resource; countries by month; and cities.

    Args:
        countries, cities: that each tweet names, in the order of its text. months: YYYY-MM, or None.
        spoken_of: resources of each tweet. resources: all there are.
    """
    named = slice(1) if params.several_countries == "first" else slice(None)
    of_country = [frozenset(names[named]) for names in countries]
    of_city = [frozenset(names[named]) for names in cities]
    of_month = [frozenset([month] if month else []) for month in months]
    everything = [frozenset([ALL])] * len(months)
    chosen: list[tuple[str, str, Sequence[frozenset[str]]]] = [("all", ALL, everything)]
    chosen += [("country", name, of_country) for name in _commonest(of_country, params.countries)]
    chosen += [("month", name, of_month) for name in sorted(set().union(*of_month))]
    groups = []
    for resource in (ALL, *resources):
        speaks = np.array([resource == ALL or resource in own for own in spoken_of], dtype=bool)
        groups += [Group(by, name, resource, speaks & _members(sets, name)) for by, name, sets in chosen]
    over_time = {own.value: own.members for own in groups if (own.by, own.resource) == ("month", ALL)}
    for group in [group for group in groups if (group.by, group.resource) == ("country", ALL)]:
        groups += [
            Group("country and month", f"{group.value} {month}", ALL, group.members & members)
            for month, members in over_time.items()
        ]
    return groups + [Group("city", name, ALL, _members(of_city, name)) for name in _commonest(of_city, params.cities)]


def _members(sets: Sequence[frozenset[str]], name: str) -> np.ndarray:
    return np.array([name in own for own in sets], dtype=bool)


def _commonest(sets: Sequence[frozenset[str]], number: int) -> list[str]:
    """The names of most tweets, equal ones by name."""
    counts = Counter(chain.from_iterable(sets))
    return sorted(counts, key=lambda name: (-counts[name], name))[:number]


def lines(groups: Sequence[Group], found: Sequence[tuple[np.ndarray, Ratio, Ratio]], both: Both) -> list[list[Any]]:
    """The lines of ratios.csv, under COLUMNS; an empty cell where there is no ratio."""
    return [
        [
            *(group.by, group.value, group.resource),
            int(group.members.sum()),
            *(int(side) for side in counts_of_sides(counts, both)),
            *("" if np.isnan(value) else round(value, 4) for value in (*raw, *corrected)),
        ]
        for group, (counts, raw, corrected) in zip(groups, found, strict=True)
    ]
