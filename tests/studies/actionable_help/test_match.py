"""Matching requests with offers."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crisisflow.studies.actionable_help.case_params import MatchParams
from crisisflow.studies.actionable_help.match import (
    Posts,
    best_offers,
    kilometres,
    nearest_requests,
    parts_of,
    precision_at,
)

PARAMS = MatchParams(
    resource=1.0, distance=1.0, days=0.5, similarity=1.0, best=2, least=0.0, encoder="embedded:minilm-l6"
)
NOWHERE = [math.nan, math.nan]


def posts(resources, points=None, days=None, embeddings=None) -> Posts:
    number = len(resources)
    return Posts(
        np.array(resources, dtype=bool),
        np.array(points or [NOWHERE] * number, dtype=float),
        np.array(days or [math.nan] * number, dtype=float),
        np.array(embeddings or [[1.0, 0.0]] * number, dtype=float),
    )


def test_distances_are_those_of_a_great_circle():
    kathmandu, paris, texas = [27.717, 85.324], [48.857, 2.352], [33.661, -95.556]
    found = kilometres(np.array([kathmandu]), np.array([paris, texas, kathmandu]))[0]
    assert found == pytest.approx([7_236, 13_200, 0], rel=0.01)


def test_offers_of_what_is_wanted_nearby_and_soon_come_first():
    request = posts([[1, 1, 0]], [[0, 0]], [10])
    offers = posts([[0, 0, 1], [1, 0, 0], [1, 1, 0], [1, 1, 0]], [[0, 0], [0, 0], [0, 50], [0, 0]], [10, 10, 10, 40])
    assert [match.offer for match in best_offers(request, offers, {}, PARAMS)] == [3, 1]


def test_a_pair_below_the_least_score_does_not_fit():
    requests = posts([[1, 1, 0]], [[0, 0]], [10])
    offers = posts([[0, 0, 1], [1, 0, 0]], [[0, 80], [0, 0]], [900, 10], [[0.0, 1.0], [1.0, 0.0]])
    wanting = PARAMS.model_copy(update={"least": 0.25})
    assert [match.offer for match in best_offers(requests, offers, {}, PARAMS)] == [1, 0]
    assert [match.offer for match in best_offers(requests, offers, {}, wanting)] == [1]
    assert [match.request for match in nearest_requests(requests, offers, PARAMS)] == [1, 0]
    assert [match.request for match in nearest_requests(requests, offers, wanting)] == [1]


def test_what_is_not_known_is_left_out_of_the_mean():
    request = posts([[1, 0]])
    (match,) = best_offers(request, posts([[1, 0]]), {}, PARAMS)
    assert match.score == pytest.approx(1.0)
    assert match.reasons["distance"] is None
    (match,) = best_offers(posts([[0, 0]]), posts([[1, 0]]), {}, PARAMS.model_copy(update={"similarity": 0.0}))
    assert match.score == 0


def test_a_weight_of_none_leaves_its_part_out():
    request = posts([[1, 0]], embeddings=[[1.0, 0.0]])
    offers = posts([[0, 1], [1, 0]], embeddings=[[1.0, 0.0], [0.0, 1.0]])
    by_resource = best_offers(request, offers, {}, PARAMS.model_copy(update={"similarity": 0.0}))
    assert [match.offer for match in by_resource] == [1, 0]
    by_text = best_offers(request, offers, {}, PARAMS.model_copy(update={"resource": 0.0}))
    assert [match.offer for match in by_text] == [0, 1]


coordinates = arrays(np.float64, (4, 2), elements=st.floats(-80, 80) | st.just(math.nan))
several = st.builds(
    Posts,
    arrays(np.bool_, (4, 3)),
    coordinates,
    arrays(np.float64, 4, elements=st.floats(0, 1e4) | st.just(math.nan)),
    arrays(np.float64, (4, 2), elements=st.floats(-1, 1)),
)


@settings(deadline=None)
@given(several, several)
def test_parts_and_scores_are_from_0_to_1(requests, offers):
    parts = parts_of(requests, offers)
    known = parts[~np.isnan(parts)]
    assert ((known >= 0) & (known <= 1 + 1e-9)).all()
    found = best_offers(requests, offers, {}, PARAMS)
    assert all(0 <= match.score <= 1 + 1e-9 for match in found)
    assert [match.request for match in found] == sorted([0, 1, 2, 3] * PARAMS.best)


def test_requests_in_parts_are_as_all_at_once(monkeypatch):
    generator = np.random.default_rng(0)
    requests, offers = (
        Posts(generator.random((9, 3)) < 0.5, generator.random((9, 2)), generator.random(9), generator.random((9, 4)))
        for _ in range(2)
    )
    same = {1: 2, 4: 0, 8: 8}
    whole = best_offers(requests, offers, same, PARAMS)
    monkeypatch.setattr("crisisflow.studies.actionable_help.match.CHUNK", 2)
    in_parts = best_offers(requests, offers, same, PARAMS)
    assert [match[:2] for match in in_parts] == [match[:2] for match in whole]
    assert [match.score for match in in_parts] == pytest.approx([match.score for match in whole])


def test_a_request_that_is_an_offer_too_gets_as_many_offers_as_any_other():
    request, offers = posts([[1, 0], [1, 0]]), posts([[1, 0], [0, 1], [0, 0]])
    found = best_offers(request, offers, {0: 0}, PARAMS)
    assert [match[:2] for match in found] == [(0, 2), (0, 1), (1, 0), (1, 2)]
    assert not best_offers(request, posts([[1, 0]]), {0: 0, 1: 0}, PARAMS)


def test_precision_counts_requests_that_have_an_offer():
    request = posts([[1, 0], [0, 1], [0, 0]])
    found = best_offers(request, posts([[1, 0], [0, 1]]), {}, PARAMS)
    right = [frozenset({0}), frozenset({0}), frozenset()]
    assert precision_at(found, right, 1) == 0.5
    assert precision_at(found, right, 2) == 1.0
    assert math.isnan(precision_at(found, [frozenset()] * 3, 1))
