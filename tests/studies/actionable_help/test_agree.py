"""Agreement: of any labellers in any order, unusable answers included; and its refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from crisisflow.errors import CrisisflowError
from crisisflow.studies.actionable_help.agree import agree, facts_of, fleiss, needed
from crisisflow.studies.actionable_help.labelled import UNUSABLE
from crisisflow.studies.actionable_help.labels import LABELS

CODE = st.integers(UNUSABLE, len(LABELS) - 1)


@st.composite
def codings(draw, least=2, most=5):
    """Codes [labellers, tweets]."""
    labellers, tweets = draw(st.integers(least, most)), draw(st.integers(1, 12))
    return np.array(
        draw(st.lists(st.lists(CODE, min_size=tweets, max_size=tweets), min_size=labellers, max_size=labellers)),
        dtype=np.int8,
    )


@given(codings(), st.randoms(use_true_random=False))
def test_agreement_does_not_depend_on_the_order_of_labellers_or_tweets(codes, random) -> None:
    labellers, tweets = list(range(len(codes))), list(range(codes.shape[1]))
    random.shuffle(labellers)
    random.shuffle(tweets)
    for least in range(len(codes) // 2 + 1, len(codes) + 1):
        found, other = agree(codes, least), agree(codes[labellers][:, tweets], least)
        assert (found.codes[tweets] == other.codes).all()
        assert (found.votes[tweets] == other.votes).all()


@given(codings(), st.data())
def test_another_labeller_never_adds_an_agreed_tweet(codes, data) -> None:
    further = data.draw(st.lists(CODE, min_size=codes.shape[1], max_size=codes.shape[1]))
    before = agree(codes, len(codes)).codes
    after = agree(np.vstack([codes, further]), len(codes) + 1).codes
    assert ((after == UNUSABLE) | (after == before)).all()


@given(codings())
def test_the_agreed_label_is_that_of_enough_labellers(codes) -> None:
    for least in range(len(codes) // 2 + 1, len(codes) + 1):
        for found, own in zip(agree(codes, least).codes, codes.T, strict=True):
            enough = [label for label in range(len(LABELS)) if (own == label).sum() >= least]
            assert [found] == (enough or [UNUSABLE])


def test_unusable_answers_agree_with_nothing() -> None:
    codes = np.array([[UNUSABLE, UNUSABLE, 0], [UNUSABLE, 3, 0]], dtype=np.int8)
    assert agree(codes, 2).codes.tolist() == [UNUSABLE, UNUSABLE, 0]
    facts = facts_of(codes, ["one", "other"], ["a", "a", "b"], 2)
    assert facts["labellers"]["one"]["unusable"] == 2
    assert facts["pairs"][0]["same"] == pytest.approx(1 / 3, abs=1e-4)
    assert facts["pairs"][0]["confusion"][-1][-1] == 1
    assert (facts["agreed"], facts["sets"]["a"]["agreed"], facts["labels"]["request"]["share"]) == (1, 0, 1.0)
    assert facts["labels"]["irrelevant"] == {"given": 1, "agreed": 0, "share": 0.0}
    # each one's unusable answers are a class of its own
    assert facts["pairs"][0]["kappa"] == pytest.approx(cohen_kappa_score([4, 4, 0], [5, 3, 0]), abs=1e-4)


@settings(deadline=None)
@given(codings(most=3))
def test_the_facts_add_up(codes) -> None:
    sets = ["a" if at % 3 else "b" for at in range(codes.shape[1])]
    names = [f"labeller{at}" for at in range(len(codes))]
    facts = facts_of(codes, names, sets, len(codes))
    assert facts["agreed"] == sum(own["agreed"] for own in facts["sets"].values())
    assert facts["agreed"] == sum(own["agreed"] for own in facts["labels"].values())
    assert all(sum(own.values()) == codes.shape[1] for own in facts["labellers"].values())
    for pair in facts["pairs"]:
        assert sum(map(sum, pair["confusion"])) == codes.shape[1]
    if len(codes) == 2 and (codes >= 0).all() and facts["pairs"][0]["kappa"] is not None:
        expected = cohen_kappa_score(*codes, labels=range(4))
        assert facts["pairs"][0]["kappa"] == pytest.approx(expected, abs=1e-4)
    assert facts["fleiss_kappa"] is None or facts["fleiss_kappa"] == pytest.approx(fleiss(codes[::-1]), abs=1e-4)


@pytest.mark.parametrize(
    ("at_least", "labellers", "reason"),
    [
        ("all", 1, "needs two"),
        ("all", 0, "needs two"),
        (5, 4, "say 3 to 4"),
        (2, 4, "say 3 to 4"),
        (1, 2, "say 2 to 2"),
    ],
)
def test_too_few_labellers_or_no_majority_are_refused(at_least, labellers, reason) -> None:
    with pytest.raises(CrisisflowError, match=reason):
        needed(at_least, labellers)


def test_all_is_every_labeller() -> None:
    assert (needed("all", 4), needed(3, 4)) == (4, 3)
