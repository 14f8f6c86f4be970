"""Ratios of requests to offers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crisisflow.evaluation.prevalence import rates
from crisisflow.studies.actionable_help.case_params import RatioParams
from crisisflow.studies.actionable_help.labels import LABELS
from crisisflow.studies.actionable_help.ratios import (
    COLUMNS,
    counted,
    counts_of_sides,
    errors_of,
    groups_of,
    lines,
)
from crisisflow.studies.actionable_help.validation import Truth

PARAMS = RatioParams(
    resources="lexicon", both="each", several_countries="first", least=5, countries=2, cities=1, corrected=True
)


def everything(tweets: int, **changed):
    nothing = {
        "countries": [[]] * tweets,
        "cities": [[]] * tweets,
        "months": [None] * tweets,
        "spoken_of": [[]] * tweets,
    }
    return groups_of(**(nothing | changed), resources=["food"], params=changed.pop("params", PARAMS))


def test_both_count_on_each_side_or_on_none():
    counts = np.array([3, 2, 1, 10])
    assert counts_of_sides(counts, "each") == (4, 3)
    assert counts_of_sides(counts, "apart") == (3, 2)


def test_the_countries_with_most_tweets_are_shown_and_of_several_the_first_counts():
    countries = [["Peru", "Chile"], ["Peru"], ["Chile"], ["Nepal"], ["Chile"], ["Nepal"], ["Nepal"]]
    shown = {
        group.value: int(group.members.sum()) for group in everything(7, countries=countries) if group.resource == "all"
    }
    assert shown == {"all": 7, "Nepal": 3, "Chile": 2}
    of_all = PARAMS.model_copy(update={"several_countries": "all"})
    groups = groups_of(countries, [[]] * 7, [None] * 7, [[]] * 7, [], of_all)
    assert {group.value: int(group.members.sum()) for group in groups} == {"all": 7, "Chile": 3, "Nepal": 3}


def test_a_group_with_few_requests_and_offers_or_without_an_offer_has_no_ratio():
    predicted = np.array([0] * 4 + [3] * 50)
    groups = everything(54)
    raw = counted(predicted, groups, None, "each", 5)[0][1]
    assert np.isnan(raw.value)
    predicted = np.array([0] * 40 + [3] * 14)
    assert np.isnan(counted(predicted, groups, None, "each", 5)[0][1].value)


def test_an_interval_holds_its_ratio_and_is_narrower_with_more_tweets():
    few = np.array([0] * 20 + [1] * 10 + [3] * 70)
    raw = counted(few, everything(100), None, "each", 5)[0][1]
    assert raw.low < raw.value == 2 < raw.high
    many = counted(np.tile(few, 10), everything(1000), None, "each", 5)[0][1]
    assert raw.low < many.low < many.value == 2 < many.high < raw.high


@settings(deadline=None, max_examples=10)
@given(st.integers(30, 60), st.integers(30, 60))
def test_a_corrected_ratio_is_that_of_the_truth(requests, offers):
    confusion = np.array([[90, 5, 0, 5], [5, 80, 0, 15], [0, 0, 10, 0], [20, 10, 0, 370]])
    truth = np.array([20 * requests, 20 * offers, 0, 12_000])
    expected = (truth @ rates(confusion)).round().astype(int)
    predicted = np.repeat(np.arange(len(LABELS)), expected)
    of_sample, settled = (np.repeat(own, confusion.ravel()) for own in (np.tile(range(4), 4), np.repeat(range(4), 4)))
    known = Truth(["all"] * len(settled), np.ones(len(settled)), {}, settled)
    errors = errors_of(of_sample, known)
    _, raw, corrected = counted(predicted, everything(len(predicted))[:1], errors, "each", 5)[0]
    assert corrected.value == pytest.approx(requests / offers, rel=0.05)
    assert corrected.low <= corrected.value <= corrected.high
    assert corrected.high - corrected.low > raw.high - raw.low  # it holds the chance of the labelled sample too


def test_lines_are_by_column_and_the_same_twice():
    predicted = np.array([0] * 20 + [1] * 10 + [2] * 2 + [3] * 68)
    groups = everything(100, months=["2020-01"] * 50 + ["2020-02"] * 50, spoken_of=[["food"]] * 30 + [[]] * 70)
    once, again = (lines(groups, counted(predicted, groups, None, "each", 5), "each") for _ in range(2))
    assert once == again
    assert all(len(line) == len(COLUMNS) for line in once)
    whole = dict(zip(COLUMNS, once[0], strict=True))
    assert (whole["requests"], whole["offers"]) == (22, 12)
    assert whole["corrected"] == ""
    of_food = {(line[0], line[1]): line[3] for line in once if line[2] == "food"}
    assert of_food == {("all", "all"): 30, ("month", "2020-01"): 30, ("month", "2020-02"): 0}


def test_a_tweet_of_the_sample_stands_for_its_stratum():
    """Ten tweets of a large stratum, all predicted rightly, and ten of a small one, all taken for requests."""
    known = Truth(["large"] * 10 + ["small"] * 10, np.array([90.0] * 10 + [10.0] * 10), {}, np.full(20, 3))
    errors = errors_of(np.array([3] * 10 + [0] * 10), known)
    assert errors.rates[3].tolist() == [0.1, 0, 0, 0.9]
    assert errors.resampled.shape == (1000, 4, 4)
