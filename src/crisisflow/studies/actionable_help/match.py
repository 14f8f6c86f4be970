"""Matching: for each request, the offers that fit it best (past the paper; Purohit et al. 2014, CReMa, Narmada).

A pair's score is the weighted mean of four parts, each from 0 to 1: the resources that both name, how near their places
are, how near their times are, and the similarity of their embeddings. A part that cannot be known of a pair, such as
the distance of a text without a place, is left out of its mean.
"""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field

from crisisflow.params import ParamsSection, Positive

EARTH_RADIUS = 6371.0  # km
NEAR = 100.0  # km at which nearness is one half
SOON = 7.0  # days after which a time is half as near
CHUNK = 500  # requests at a time, which bounds the memory
PARTS = ("resource", "distance", "days", "similarity")

Weight = Annotated[float, Field(ge=0)]


class MatchParams(ParamsSection):
    """The weights of the parts, and how many offers are given."""

    resource: Weight
    distance: Weight
    days: Weight
    similarity: Weight
    best: Annotated[Positive, Field(description="offers given for a request")]


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
    """An offer for a request: positions in their lists, the score, and its parts; None for one that is not known."""

    request: int
    offer: int
    score: float
    parts: dict[str, float | None]


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


def best_offers(requests: Posts, offers: Posts, params: MatchParams) -> list[Match]:
    """The best offers of each request, best first; offers of equal score in their order.

    A pair without a part that is known and has a weight has the score 0.
    """
    weights = np.array([getattr(params, part) for part in PARTS])[:, None, None]
    found = []
    for begin in range(0, len(requests.days), CHUNK):
        own = Posts(*(values[begin : begin + CHUNK] for values in requests))
        parts = parts_of(own, offers)
        weighed = weights * ~np.isnan(parts)
        total = weighed.sum(axis=0)
        scores = np.divide(
            (weighed * np.nan_to_num(parts)).sum(axis=0), total, out=np.zeros_like(total), where=total > 0
        )
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
        ]
    return found


def _known(parts: np.ndarray) -> dict[str, float | None]:
    return {name: None if np.isnan(value) else float(value) for name, value in zip(PARTS, parts, strict=True)}


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
