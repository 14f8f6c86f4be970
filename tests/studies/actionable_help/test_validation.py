"""Validation: the paper's sample to the tweet, and estimates that give back what is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crisisflow.errors import CrisisflowError
from crisisflow.studies.actionable_help.labelled import UNUSABLE, codes_of
from crisisflow.studies.actionable_help.labels import BOTH, IRRELEVANT, LABELS, OFFER, REQUEST
from crisisflow.studies.actionable_help.validation import (
    DISAGREED,
    Truth,
    draw,
    in_proportion,
    margin_of,
    sample_size,
    scores_of,
)

PAPER = {REQUEST: 15_700, OFFER: 5_000, BOTH: 38, IRRELEVANT: 80_500}  # section 4


def pool(sizes):
    """Agreed labels of a pool with so many tweets of each stratum."""
    keys = ((name, at) for name, size in sizes.items() for at in range(size))
    return {("set", f"{name}{at}"): None if name == DISAGREED else name for name, at in keys}


def test_the_sample_of_the_paper_is_1057_tweets() -> None:
    assert sum(PAPER.values()) == 101_238
    assert sample_size(101_238, 0.95, 0.03) == 1_056
    strata = in_proportion(PAPER, 1_056)
    assert strata == {REQUEST: 164, OFFER: 52, BOTH: 1, IRRELEVANT: 840}
    assert sum(strata.values()) == 1_057
    assert margin_of(1_056, 101_238, 0.95) == pytest.approx(0.03, abs=1e-5)


def test_with_the_whole_of_the_rarest_class_it_is_1094_since_one_of_them_is_in_it_already() -> None:
    drawn = draw(pool(PAPER), 0.95, 0.03, [BOTH], 0, 13)
    assert len(drawn) == len({one.key for one in drawn}) == 1_057 - 1 + 38 == 1_094
    assert {one.stratum: one.population for one in drawn} == PAPER


SIZES = st.fixed_dictionaries({name: st.integers(0, 60) for name in (*LABELS, DISAGREED)})


@settings(deadline=None)
@given(SIZES.filter(lambda sizes: sum(sizes.values()) > sizes[DISAGREED]), st.data())
def test_every_stratum_is_in_the_sample_and_the_order_of_the_tweets_counts_for_nothing(sizes, data) -> None:
    disagreed = data.draw(st.integers(0, sizes[DISAGREED]))
    labels = pool(sizes)
    drawn = draw(labels, 0.95, 0.1, [OFFER], disagreed, 7)
    numbers = {name: sum(one.stratum == name for one in drawn) for name in sizes}
    assert all(numbers[name] >= min(sizes[name], 1) for name in LABELS)
    assert (numbers[OFFER], numbers[DISAGREED]) == (sizes[OFFER], disagreed)
    assert all(labels[one.key] == (None if one.stratum == DISAGREED else one.stratum) for one in drawn)
    keys = data.draw(st.permutations(list(labels)))
    assert draw({key: labels[key] for key in keys}, 0.95, 0.1, [OFFER], disagreed, 7) == drawn


def test_more_disagreed_tweets_than_there_are_and_an_empty_agreement_are_refused() -> None:
    with pytest.raises(CrisisflowError, match=r"disagreed is 4 but .* disagree on 3"):
        draw(pool({REQUEST: 5, DISAGREED: 3}), 0.95, 0.03, [], 4, 1)
    with pytest.raises(CrisisflowError, match="agree on no tweet"):
        draw(pool({DISAGREED: 3}), 0.95, 0.03, [], 1, 1)


def truth(settled, strata=None, weights=None, passes=None):
    return Truth(
        strata or ["all"] * len(settled),
        np.ones(len(settled)) if weights is None else np.array(weights, dtype=float),
        {name: codes_of(own) for name, own in (passes or {}).items()},
        codes_of(settled),
    )


def test_what_agreement_costs_is_weighed_by_the_strata() -> None:
    # Of 90 agreed tweets three were seen, of ten others one: a request that agreement lost. Of the other requests half
    # are agreed to be irrelevant.
    codes = np.array([codes_of([REQUEST, OFFER, IRRELEVANT, REQUEST]), codes_of([REQUEST, OFFER, IRRELEVANT, OFFER])])
    known = truth([REQUEST, OFFER, REQUEST, REQUEST], ["a", "a", "a", DISAGREED], [30, 30, 30, 10])
    scores = scores_of(codes, ["one", "other"], 2, known)
    agreed = scores["agreed"]
    assert agreed["coverage"]["value"] == 0.9
    assert agreed["accuracy"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert agreed["precision"][REQUEST]["value"] == 1
    assert agreed["precision"][BOTH]["value"] is None
    assert agreed["lost"][REQUEST]["value"] == pytest.approx(10 / 70, abs=1e-4)
    assert agreed["lost_sides"][OFFER]["value"] == 0
    assert agreed["recall"][REQUEST]["value"] == agreed["recall_sides"][REQUEST]["value"] == round(30 / 70, 4)
    assert agreed["recall"][OFFER]["value"] == agreed["recall_sides"][OFFER]["value"] == 1
    # the vote on the last tweet is a tie, which is right by half
    assert scores["majority"]["accuracy"]["value"] == pytest.approx((30 + 30 + 5) / 100)
    assert scores["labellers"]["one"]["accuracy"]["value"] == pytest.approx(0.7)
    alone, _, pair = scores["unanimous"]
    assert (alone["labellers"], alone["coverage"]["value"], alone["accuracy"]["value"]) == (["one"], 1.0, 0.7)
    assert pair["coverage"] == agreed["coverage"]


def test_a_side_is_recalled_by_each_label_that_has_it() -> None:
    codes = np.array([codes_of([BOTH, REQUEST, OFFER, IRRELEVANT])] * 2)
    agreed = scores_of(codes, ["one", "other"], 2, truth([REQUEST, BOTH, BOTH, OFFER]))["agreed"]
    assert agreed["recall_sides"][REQUEST]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert agreed["recall_sides"][OFFER]["value"] == pytest.approx(1 / 3, abs=1e-4)
    assert agreed["recall"][BOTH]["value"] == agreed["recall"][REQUEST]["value"] == 0
    assert agreed["lost_sides"][OFFER]["value"] == 0


def test_kappas_are_scikit_learn_s_and_their_intervals_hold_them() -> None:
    from sklearn.metrics import cohen_kappa_score

    generator = np.random.default_rng(5)
    settled = generator.integers(0, 4, 300)
    noisy = np.where(generator.random(300) < 0.15, generator.integers(0, 4, 300), settled)
    first = np.where(generator.random(300) < 0.1, 3, settled)
    names = {"first": first, "second": settled}
    scores = scores_of(
        np.array([noisy, noisy], dtype=np.int8),
        ["one", "other"],
        2,
        truth([LABELS[at] for at in settled], passes={key: [LABELS[at] for at in own] for key, own in names.items()}),
    )
    for name, own in names.items():
        found = scores["kappa"]["passes"][name]
        assert found["value"] == pytest.approx(cohen_kappa_score(noisy, own), abs=1e-4)
        assert found["low"] < found["value"] < found["high"]
    between = scores["kappa"]["between_passes"][0]
    assert between["value"] == pytest.approx(cohen_kappa_score(first, settled), abs=1e-4)
    assert (between["words"], between["tweets"]) == ("strong", 300)


def test_an_unusable_answer_is_wrong_and_never_irrelevant() -> None:
    codes = np.array([[UNUSABLE] * 4, codes_of([IRRELEVANT] * 4)])
    scores = scores_of(codes, ["one", "other"], 2, truth([IRRELEVANT] * 4))
    assert scores["labellers"]["one"]["accuracy"]["value"] == 0
    assert scores["agreed"]["coverage"]["value"] == 0
    assert scores["majority"]["accuracy"]["value"] == 1  # the one usable vote


def test_the_weighted_sample_gives_back_the_whole_pool() -> None:
    """Over many draws the estimate of the majority's accuracy is that of the pool."""
    generator = np.random.default_rng(1)
    settled = generator.integers(0, 4, 900)
    codes = np.array([np.where(generator.random(900) < 0.3, generator.integers(0, 4, 900), settled) for _ in range(3)])
    names = ["a", "b", "c"]
    whole = scores_of(codes, names, 3, truth([LABELS[at] for at in settled]))["majority"]["accuracy"]["value"]
    keys = [("set", str(at)) for at in range(900)]
    agreed = np.where((codes == codes[0]).all(axis=0), codes[0], UNUSABLE)
    labels = {key: None if code == UNUSABLE else LABELS[code] for key, code in zip(keys, agreed, strict=True)}
    found = []
    for seed in range(12):
        drawn = draw(labels, 0.95, 0.05, [BOTH], 100, seed)
        strata = [one.stratum for one in drawn]
        own = [int(one.key[1]) for one in drawn]
        weights = [one.population / strata.count(one.stratum) for one in drawn]
        assert sum(weights) == pytest.approx(900)
        known = truth([LABELS[settled[at]] for at in own], strata, weights)
        found.append(scores_of(codes[:, own], names, 3, known)["majority"]["accuracy"])
    assert np.mean([one["value"] for one in found]) == pytest.approx(whole, abs=0.015)
    assert sum(one["low"] <= whole <= one["high"] for one in found) >= 9
