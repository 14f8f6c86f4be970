"""Ratios: requests to offers by country, city, month and resource (Tables 6 and 7, Figures 2 and 3).

The paper counts predictions. Here each ratio has a 95 % interval (bootstrap over tweets), and a second one is corrected
for the classifier's errors (evaluation/prevalence.py); its interval also holds the chance of the labelled sample.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from crisisflow.artifacts import read_parquet, write_csv
from crisisflow.evaluation.bootstrap import INTERVAL, resamples, stratified_resamples
from crisisflow.evaluation.prevalence import adjusted_counts, rates
from crisisflow.inputs import InputFile
from crisisflow.params import TextsParams
from crisisflow.progress import say
from crisisflow.studies.actionable_help.case_params import Both, RatioParams
from crisisflow.studies.actionable_help.classify import read_predicted
from crisisflow.studies.actionable_help.find_resources import read_resources
from crisisflow.studies.actionable_help.labelled import keys_of
from crisisflow.studies.actionable_help.labels import LABELS, RESOURCES
from crisisflow.studies.actionable_help.mentions import read_mentions
from crisisflow.studies.actionable_help.pool import POOL
from crisisflow.studies.actionable_help.truths import truths_of
from crisisflow.studies.actionable_help.validation import Truth

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


class Group(NamedTuple):
    """Tweets that are counted together.

    Args:
        by: all, country, city, month, or country and month. value: which one. resource: of which the tweets speak; or
            all. members: which tweets are in it [tweets], true or false.
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


class Errors(NamedTuple):
    """How a classifier errs, by tweets whose label is known: P(predicted | true) [true, predicted], and of resamples of
    these tweets [RESAMPLES, true, predicted]."""

    rates: np.ndarray
    resampled: np.ndarray


def errors_of(predicted: np.ndarray, known: Truth) -> Errors:
    """The errors on a stratified sample, in which a tweet stands for so many of its stratum.

    Args:
        predicted: position in LABELS of each tweet of the sample [tweets].
    """
    cells = np.zeros((len(predicted), len(LABELS), len(LABELS)))
    cells[np.arange(len(predicted)), known.settled, predicted] = known.weights
    drawn = np.tensordot(stratified_resamples(known.strata, RESAMPLES).astype(np.float64), cells, axes=1)
    return Errors(rates(cells.sum(axis=0)), rates(drawn))


def counted(
    predicted: np.ndarray, groups: Sequence[Group], errors: Errors | None, both: Both, least: int
) -> list[tuple[np.ndarray, Ratio, Ratio]]:
    """Of each group the counts by predicted label, the ratio, and the ratio corrected for the classifier's errors.

    Args:
        predicted: position in LABELS of each tweet [tweets].
        errors: of the classifier; None corrects nothing.
        least: a group with fewer requests and offers has no ratio.
    """
    labels = np.eye(len(LABELS), dtype=np.float32)[predicted]
    cells = np.concatenate([labels * group.members[:, None] for group in groups], axis=1)  # [tweets, groups * labels]
    drawn = np.concatenate([weights @ cells for weights in resamples(len(predicted), RESAMPLES)])
    whole = cells.sum(axis=0, dtype=np.float64).reshape(len(groups), len(LABELS))
    drawn = drawn.astype(np.float64).reshape(RESAMPLES, len(groups), len(LABELS))
    found = []
    for number, counts in enumerate(whole):
        if counts[: LABELS.index(IRRELEVANT)].sum() < least:
            found.append((counts, UNKNOWN, UNKNOWN))
            continue
        raw = _ratio(counts, drawn[:, number], both)
        corrected = UNKNOWN
        if errors:
            corrected = _ratio(
                adjusted_counts(counts, errors.rates), adjusted_counts(drawn[:, number], errors.resampled), both
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


def countries_and_cities(places: Sequence[Sequence[dict[str, Any]]]) -> tuple[list[list[str]], list[list[str]]]:
    """The countries and the cities (`city, country`) that each tweet names, in the order of its text."""
    countries = [[own["country"] for own in line if own["country"]] for line in places]
    cities = [[f"{own['name']}, {own['country']}" for own in line if own["kind"] == "city"] for line in places]
    return countries, cities


def run(
    pool: InputFile,
    mentions: InputFile,
    resources: InputFile,
    predicted: InputFile,
    sample: InputFile,
    generated: InputFile,
    texts: TextsParams,
    params: RatioParams,
    out: Path,
    references: Sequence[InputFile] = (),
) -> None:
    """Write the ratios of requests to offers by country, city, month and resource.

    Args:
        pool: the tweets of the step pool
        mentions: their places
        resources: of the step find_resources
        predicted: their labels by the classifier
        sample: that of the step sheet
        generated: the posts of the generated set, whose labels are known
        texts: section actionable_help.texts
        params: section actionable_help.ratios
        references: tweets that people labelled; repeat

    Raises:
        CrisisflowError: a file is absent or broken, or of other tweets than the pool.
    """
    table = read_parquet(pool, POOL)
    keys = keys_of(table)
    labels = read_predicted(predicted, keys)
    countries, cities = countries_and_cities(read_mentions(mentions, keys))
    months = table["month"].to_pylist()
    groups = groups_of(countries, cities, months, read_resources(resources, keys, params.resources), RESOURCES, params)
    errors = None
    if params.corrected:
        pooled = dict(zip(keys, table["text"].to_pylist(), strict=True))
        at = {key: number for number, key in enumerate(keys)}
        for own in truths_of(pooled, references, sample, generated, texts)[:1]:
            errors = errors_of(labels[[at[key] for key in own.keys]], own.known)
    found = counted(labels, groups, errors, params.both, params.least)
    write_csv(out, COLUMNS, lines(groups, found, params.both))
    whole = found[0][1]
    say(f"ratios: {whole.value:.2f} requests for an offer ({whole.low:.2f} to {whole.high:.2f}), {len(groups)} groups")
