"""Matching: for each request, the offers that fit it best (past the paper; Purohit et al. 2014, CReMa, Narmada).

A pair's score is the weighted mean of four parts, each from 0 to 1: the resources that both name, how near their places
are, how near their times are, and the similarity of their embeddings. A part that cannot be known of a pair, such as
the distance of a text without a place, is left out of its mean.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from crisisflow.artifacts import read_parquet, write_csv, write_json
from crisisflow.embedding import embed
from crisisflow.inputs import InputFile
from crisisflow.progress import say
from crisisflow.studies.actionable_help.case_params import FinderOfResources, MatchParams
from crisisflow.studies.actionable_help.classify import read_predicted
from crisisflow.studies.actionable_help.find_resources import read_resources
from crisisflow.studies.actionable_help.generated import TRUTH
from crisisflow.studies.actionable_help.labelled import Key, keys_of
from crisisflow.studies.actionable_help.labels import BOTH, LABELS, OFFER, REQUEST, RESOURCES
from crisisflow.studies.actionable_help.mentions import read_mentions
from crisisflow.studies.actionable_help.params import GENERATED
from crisisflow.studies.actionable_help.pool import POOL

EARTH_RADIUS = 6371.0  # km
NEAR = 100.0  # km at which nearness is one half
SOON = 7.0  # days after which a time is half as near
CHUNK = 500  # requests at a time, which bounds the memory
SECONDS_OF_A_DAY = 24 * 60 * 60
SUBWORDS, BATCH = 128, 32  # of a text, and texts embedded at once
FIRST = (1, 5)  # offers of which one must be right
COLUMNS = ("request_set", "request_id", "rank", "offer_set", "offer_id", "score")
PARTS = ("resource", "distance", "days", "similarity")


class Posts(NamedTuple):
    """Texts of one side, in one order; NaN where a place or time is not known.

    Args:
        resources: [posts, kinds], true where the text names the kind. points: latitude and longitude in degrees
            [posts, 2]. days: since any fixed day [posts]. embeddings: [posts, d].
    """

    resources: np.ndarray
    points: np.ndarray
    days: np.ndarray
    embeddings: np.ndarray


class Match(NamedTuple):
    """An offer for a request: positions in their lists, the score, and its PARTS; None for one that is not known."""

    request: int
    offer: int
    score: float
    reasons: dict[str, float | None]


def kilometres(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Great-circle distances [points, others] between points in degrees [..., 2]."""
    (north, east), (other_north, other_east) = np.radians(points).T, np.radians(others).T
    half = np.sin((north[:, None] - other_north) / 2) ** 2
    half += np.cos(north)[:, None] * np.cos(other_north) * np.sin((east[:, None] - other_east) / 2) ** 2
    return 2 * EARTH_RADIUS * np.arcsin(np.sqrt(np.clip(half, 0, 1)))


def parts_of(requests: Posts, offers: Posts) -> np.ndarray:
    """The PARTS of each pair [parts, requests, offers], from 0 to 1; NaN where one cannot be known.

    Resources: the share of what the request names that the offer names too. Distance: 1 / (1 + km / NEAR). Days:
    2^(-days / SOON). Similarity: the cosine, not below 0.
    """
    wanted = requests.resources.sum(axis=1, dtype=np.float64)[:, None]
    shared = requests.resources.astype(np.float64) @ offers.resources.astype(np.float64).T
    known = (wanted > 0) & (offers.resources.sum(axis=1) > 0)
    resource = np.where(known, shared / np.maximum(wanted, 1), np.nan)
    distance = 1 / (1 + kilometres(requests.points, offers.points) / NEAR)
    days = 2.0 ** (-np.abs(requests.days[:, None] - offers.days) / SOON)
    similarity = np.maximum(_unit(requests.embeddings) @ _unit(offers.embeddings).T, 0)
    return np.stack([resource, distance, days, similarity])


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(lengths, np.finfo(np.float32).tiny)


def scores_of(parts: np.ndarray, params: MatchParams) -> np.ndarray:
    """The weighted means [requests, offers] of the PARTS [parts, requests, offers] that are known; 0 without one."""
    weighed = np.array([getattr(params, part) for part in PARTS])[:, None, None] * ~np.isnan(parts)
    total = weighed.sum(axis=0)
    return np.divide((weighed * np.nan_to_num(parts)).sum(axis=0), total, out=np.zeros_like(total), where=total > 0)


def nearest_requests(offer: Posts, requests: Posts, params: MatchParams) -> list[Match]:
    """The requests that one offer fits best, best first, `least` or better; requests of equal score in their order."""
    parts = parts_of(requests, offer)
    scores = scores_of(parts, params)[:, 0]
    order = np.argsort(-scores, kind="stable")[: params.best]
    return [Match(int(at), 0, float(scores[at]), _known(parts[:, at, 0])) for at in order if scores[at] >= params.least]


def best_offers(requests: Posts, offers: Posts, same: Mapping[int, int], params: MatchParams) -> list[Match]:
    """The best offers of each request, best first, `least` or better; offers of equal score in their order.

    A pair without a part that is known and has a weight has the score 0.

    Args:
        same: of each request that is an offer too, its position among the offers: it is not offered to itself.
    """
    found = []
    for begin in range(0, len(requests.days), CHUNK):
        own = Posts(*(values[begin : begin + CHUNK] for values in requests))
        parts = parts_of(own, offers)
        scores = scores_of(parts, params)
        for number in range(len(scores)):
            if begin + number in same:
                scores[number, same[begin + number]] = -np.inf
        order = np.argsort(-scores, axis=1, kind="stable")[:, : params.best]
        found += [
            Match(
                begin + number,
                int(offer),
                float(scores[number, offer]),
                _known(parts[:, number, offer]),
            )
            for number, chosen in enumerate(order)
            for offer in chosen
            if scores[number, offer] >= params.least
        ]
    return found


def _known(parts: np.ndarray) -> dict[str, float | None]:
    return {name: None if np.isnan(value) else float(value) for name, value in zip(PARTS, parts, strict=True)}


def reasons_of(match: Match, requests: Posts, offers: Posts) -> dict[str, Any]:
    """What the parts of a match are of; None of what is not known.

    That is the resources that both name, the distance in km, the days between both, and the similarity.
    """
    request = Posts(*(part[match.request : match.request + 1] for part in requests))
    offer = Posts(*(part[match.offer : match.offer + 1] for part in offers))
    shared = (request.resources & offer.resources)[0]
    apart = kilometres(request.points, offer.points)[0, 0], abs(request.days - offer.days)[0]
    far, days = (None if math.isnan(value) else round(float(value), 2) for value in apart)
    similarity = match.reasons["similarity"]
    return {
        "resources": [name for name, own in zip(RESOURCES, shared, strict=True) if own],
        "kilometres": far,
        "days": days,
        "similarity": None if similarity is None else round(similarity, 4),
    }


def precision_at(found: Sequence[Match], right: Sequence[frozenset[int]], first: int) -> float:
    """The share of requests with a right offer among their first ones; NaN without a request that has one.

    Args:
        found: as `best_offers` gives them. right: of each request, the offers that fit.
    """
    offered: dict[int, list[int]] = {}
    for match in found:
        offered.setdefault(match.request, []).append(match.offer)
    hits = [bool(own & {*offered.get(request, [])[:first]}) for request, own in enumerate(right) if own]
    return float(np.mean(hits)) if hits else float("nan")


def point_of(places: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """Of the first town that a text names, else of its first place; NaN where it names none."""
    towns = [place for place in places if place["kind"] == "city"]
    for place in towns or places:
        return place["latitude"], place["longitude"]
    return math.nan, math.nan


def posts_of(
    texts: Sequence[str],
    places: Sequence[Sequence[Mapping[str, Any]]],
    resources: Sequence[Sequence[str]],
    times: Sequence[datetime | None],
    encoder: str | None,
) -> Posts:
    """What matching asks of texts.

    Args:
        encoder: of the similarity, which is not known without one.

    Raises:
        CrisisflowError: the encoder cannot be loaded.
    """
    return Posts(
        np.array([[name in own for name in RESOURCES] for own in resources], dtype=bool).reshape(-1, len(RESOURCES)),
        np.array([point_of(own) for own in places], dtype=float).reshape(-1, 2),
        np.array([own.timestamp() / SECONDS_OF_A_DAY if own else math.nan for own in times], dtype=float),
        np.full((len(texts), 1), math.nan) if encoder is None else embed(texts, encoder, SUBWORDS, BATCH),
    )


class Tweets(NamedTuple):
    """What matching asks of tweets, in one order; `keys` are set and id; of a file, its name is the set. The label
    of one that is not judged is None.
    """

    keys: list[Key]
    labels: list[str | None]
    texts: list[str]
    places: list[list[dict[str, Any]]]
    resources: list[list[str]]
    times: list[datetime | None]


def of_study(pool: Path, mentions: Path, resources: Path, predicted: Path, finder: FinderOfResources) -> Tweets:
    """The tweets of the pool with their predicted labels.

    Args:
        finder: whose resources are used.

    Raises:
        CrisisflowError: a file is absent or broken, or of other tweets than the pool.
    """
    table = read_parquet(pool, POOL)
    keys = keys_of(table)
    labels = [LABELS[code] for code in read_predicted(predicted, keys)]
    texts, times = table["text"].to_pylist(), table["time"].to_pylist()
    return Tweets(keys, labels, texts, read_mentions(mentions, keys), read_resources(resources, keys, finder), times)


class Matched(NamedTuple):
    """The best offers of the requests among some tweets, which are on two sides, `request` and `offer`.

    Args:
        sides: positions of the tweets of each side. posts: what was compared of them. found: positions are in a side.
    """

    sides: dict[str, list[int]]
    posts: dict[str, Posts]
    found: list[Match]


def matched(tweets: Tweets, params: MatchParams) -> Matched:
    """Match the requests and offers among tweets. A tweet that is both is on both sides, but does not match itself.

    Raises:
        CrisisflowError: the encoder cannot be loaded.
    """
    sides = {side: [at for at, own in enumerate(tweets.labels) if own in (side, BOTH)] for side in (REQUEST, OFFER)}
    columns = tweets.texts, tweets.places, tweets.resources, tweets.times
    posts = {
        side: posts_of(*([column[at] for at in own] for column in columns), params.encoder)
        for side, own in sides.items()
    }
    offer_of = {at: offer for offer, at in enumerate(sides[OFFER])}
    same = {request: offer_of[at] for request, at in enumerate(sides[REQUEST]) if at in offer_of}
    return Matched(sides, posts, best_offers(posts[REQUEST], posts[OFFER], same, params))


def ranked(found: Sequence[Match]) -> Iterator[tuple[int, Match]]:
    """Each match with its rank among those of its request, from 1."""
    for _, own in groupby(found, lambda match: match.request):
        yield from enumerate(own, 1)


def run(
    pool: InputFile,
    mentions: InputFile,
    resources: InputFile,
    finder: FinderOfResources,
    predicted: InputFile,
    truth: InputFile,
    params: MatchParams,
    out: Path,
    metrics: Path,
) -> None:
    """Write the best offers of each request of the pool, and how often a generated request gets the offer that fits.

    A tweet that is both is on both sides, but does not match itself.

    Args:
        pool: the tweets of the step pool
        mentions: their places
        resources: of the step find_resources
        finder: whose resources are used (actionable_help.ratios.resources)
        predicted: their labels by the classifier
        truth: of the generated set, with the pairs that fit
        params: section actionable_help.match
        out: CSV: a line for each request and offer
        metrics: JSON

    Raises:
        CrisisflowError: a file is absent or broken or of other tweets, or the encoder cannot be loaded.
    """
    tweets = of_study(pool, mentions, resources, predicted, finder)
    keys = tweets.keys
    sides, _, found = matched(tweets, params)
    rows = []
    for rank, match in ranked(found):
        request, offer = keys[sides[REQUEST][match.request]], keys[sides[OFFER][match.offer]]
        shown = ("" if (value := match.reasons[part]) is None else round(value, 4) for part in PARTS)
        rows.append([*request, rank, *offer, round(match.score, 4), *shown])
    write_csv(out, [*COLUMNS, *PARTS], rows)
    right = _fitting([keys[at] for at in sides[REQUEST]], [keys[at] for at in sides[OFFER]], truth)
    precision = {f"precision_at_{first}": precision_at(found, right, first) for first in FIRST}
    facts = {
        "requests": len(sides[REQUEST]),
        "offers": len(sides[OFFER]),
        "requests_with_an_offer_that_fits": sum(map(bool, right)),
        **{name: None if math.isnan(value) else round(value, 4) for name, value in precision.items()},
    }
    write_json(metrics, facts)
    say(f"match: {facts['requests']:,} requests, {facts['offers']:,} offers; {precision}")


def _fitting(
    requests: Sequence[tuple[str, str]], offers: Sequence[tuple[str, str]], truth: Path
) -> list[frozenset[int]]:
    """Of each request, the positions of the offers of its pair."""
    pairs = {
        (GENERATED, line["tweet_id"]): line["pair"]
        for line in read_parquet(truth, TRUTH).to_pylist()
        if line["pair"] is not None
    }
    of_pair: dict[int, set[int]] = defaultdict(set)
    for at, key in enumerate(offers):
        if key in pairs:
            of_pair[pairs[key]].add(at)
    return [frozenset(of_pair[pairs[key]]) if key in pairs else frozenset() for key in requests]
