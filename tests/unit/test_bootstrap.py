"""The paired bootstrap: its scores are the study's metrics, and its intervals what they claim."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from crisisflow.artifacts import PREDICTIONS
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation import bootstrap
from crisisflow.evaluation.bootstrap import Difference, SeedCounts, differences, stratified_resamples, winner
from crisisflow.evaluation.counts import class_counts, f1, label_counts, span_counts, weighted_f1
from crisisflow.evaluation.metrics import class_scores, entity_scores
from crisisflow.taxonomy import BIO_LABELS, CLASSES, LABELS

# Few types, so that spans meet: equal and unequal neighbours, and I- that goes on nothing.
LABEL = st.sampled_from([-100, *(BIO_LABELS.index(f"{p}-{t}") for p in "BI" for t in ("PERSON", "NUMBER")), 0])
CLASS = st.integers(0, len(CLASSES) - 1)


@st.composite
def tweet(draw):
    """A tweet with its predictions; and how often it is drawn."""
    labels = draw(st.lists(LABEL, max_size=8))
    guess = draw(st.lists(LABEL.filter(lambda label: label >= 0), min_size=len(labels), max_size=len(labels)))
    return labels, guess, draw(CLASS), draw(CLASS), draw(st.integers(0, 3))


def table(tweets):
    labels, guess, class_ids, predicted, _ = zip(*tweets, strict=True)
    columns = {"class_id": class_ids, "predicted_class_id": predicted, "labels": labels, "predicted_labels": guess}
    return pa.table({name: pa.array(values, PREDICTIONS.field(name).type) for name, values in columns.items()})


@given(st.lists(tweet(), min_size=1, max_size=12))
def test_on_any_resample_the_scores_are_those_of_the_metrics(tweets):
    weights = np.array([[1] * len(tweets), [drawn for *_, drawn in tweets]], dtype=np.float32)
    for at in (0, 1):
        resample = [one for one, times in zip(tweets, weights[at], strict=True) for _ in range(int(times))]
        if not resample:
            continue
        labels, guess, class_ids, predicted, _ = zip(*resample, strict=True)
        spans = entity_scores(labels, guess, LABELS)["micro"]["f1"]
        assert f1(span_counts(table(tweets), LABELS), weights)[at] == pytest.approx(spans)
        assert f1(class_counts(table(tweets), LABELS), weights)[at] == pytest.approx(
            class_scores(class_ids, predicted, CLASSES)["macro_f1"]
        )


CHOSEN = st.lists(st.booleans(), min_size=3, max_size=3)
ONE = st.integers(0, 2).map(lambda at: [at == own for own in range(3)])


@given(st.one_of(*(st.lists(st.tuples(own, own, st.integers(0, 3)), min_size=1, max_size=12) for own in (CHOSEN, ONE))))
def test_weighted_f1_on_any_resample_is_scikit_learn_s(texts):
    true, guess = (np.array([own[at] for own in texts]) for at in (0, 1))
    drawn = np.array([own[2] for own in texts])
    for times in (np.ones_like(drawn), drawn):
        found = weighted_f1(label_counts(true, guess), times[None].astype(np.float32))
        repeated = [part.repeat(times, axis=0).astype(int) for part in (true, guess)]
        expected = f1_score(*repeated, average="weighted", zero_division=0) if times.sum() else 0
        assert found == pytest.approx([expected])


def test_a_difference_can_be_one_of_weighted_f1():
    true = np.array([[1, 0]] * 30 + [[0, 1]] * 10)
    rows = {"right": true, "first": np.array([[1, 0]] * 40)}
    made = {row: {13: SeedCounts(list(map(str, range(40))), label_counts(true, own))} for row, own in rows.items()}
    (found,) = differences(made, "weighted_f1", 500, weighted_f1)
    assert found.difference == pytest.approx(1 - f1_score([0] * 30 + [1] * 10, [0] * 40, average="weighted"))
    assert 0 < found.low < found.difference < found.high < 1


def counts(hits, tweets=60):
    """Of one class: each tweet has one span, found where `hits` says so, else missed and another one predicted."""
    found = np.array([hits(at) for at in range(tweets)], dtype=np.float32)[:, None]
    return bootstrap.TweetCounts(found, np.full_like(found, 2))


def compare(rows, score, number=bootstrap.RESAMPLES):
    """The differences between rows with these counts, of the seeds 13, 14 and so on."""
    by_seed = {
        row: {13 + at: SeedCounts(list(map(str, range(len(own.hits)))), own) for at, own in enumerate(seeds)}
        for row, seeds in rows.items()
    }
    return differences(by_seed, score, number)


EVERY, HALF, NONE = counts(lambda at: True), counts(lambda at: at % 2 == 0), counts(lambda at: False)
OTHER_HALF = counts(lambda at: at % 2 == 1)


def test_rows_that_predict_the_same_do_not_differ():
    (pair,) = compare({"A": [HALF], "B": [HALF]}, "ner_micro_f1", 200)
    assert pair == Difference("A", "B", "ner_micro_f1", 0, 0, 0)
    assert not pair.excludes_zero


def test_a_row_that_is_better_on_every_tweet_is_the_winner():
    compared = compare({"A": [HALF], "B": [EVERY], "C": [NONE]}, "cls_macro_f1", 200)
    assert [(pair.first, pair.second, pair.difference) for pair in compared] == [
        ("A", "B", -0.5),
        ("A", "C", 0.5),
        ("B", "C", 1),
    ]
    assert winner(compared, "cls_macro_f1") == "B"
    assert winner(compared, "ner_micro_f1") is None


def test_without_a_difference_to_one_row_nobody_wins():
    compared = compare({"A": [HALF], "B": [EVERY], "C": [EVERY]}, "cls_macro_f1", 200)
    assert winner(compared, "cls_macro_f1") is None


def test_an_interval_has_the_width_of_the_normal_approximation():
    """Half the tweets are right, by chance: the deviation of the share is sqrt(p (1 - p) / n)."""
    (pair,) = compare({"A": [counts(lambda at: at % 2, 400)], "B": [counts(lambda at: False, 400)]}, "s")
    assert pair.difference == 0.5
    assert (pair.low, pair.high) == pytest.approx((0.5 - 1.96 * 0.025, 0.5 + 1.96 * 0.025), abs=2e-3)


def test_the_resamples_are_the_same_for_all_rows():
    """Unpaired, the difference of two rows that err on the same tweets would vary; paired it does not."""
    (pair,) = compare({"A": [EVERY], "B": [counts(lambda at: True)]}, "s", 200)
    assert (pair.low, pair.high) == (0, 0)
    (pair,) = compare({"A": [HALF], "B": [OTHER_HALF]}, "s", 200)
    assert pair.low < 0 < pair.high


def test_the_order_of_rows_turns_the_sign_only():
    rows = {"A": [HALF, EVERY], "B": [OTHER_HALF, NONE]}
    (pair,) = compare(rows, "s", 300)
    (turned,) = compare(dict(reversed(rows.items())), "s", 300)
    assert (turned.first, turned.second) == ("B", "A")
    assert (turned.difference, turned.low, turned.high) == pytest.approx((-pair.difference, -pair.high, -pair.low))


def test_a_row_is_the_mean_of_its_seeds():
    (pair,) = compare({"A": [EVERY, NONE], "B": [HALF, OTHER_HALF]}, "s", 200)
    assert pair.difference == 0
    assert (pair.low, pair.high) == (0, 0), "on each resample both rows score a half"


@pytest.mark.parametrize(("seeds", "shown"), [((13,), "13"), ((13, 15), "13, 15")])
def test_rows_of_other_seeds_are_not_compared(seeds, shown):
    rows = {"A": dict.fromkeys((13, 17), of_ids("ab")), "B": dict.fromkeys(seeds, of_ids("ab"))}
    with pytest.raises(CrisisflowError, match=f"row A has the seeds 13, 17, but row B has {shown}; compare the same"):
        differences(rows, "s", 200)


def of_ids(ids, hits=None):
    """Of tweets with these ids, of which those in `hits` are right."""
    return SeedCounts(list(ids), counts(lambda at: hits is None or ids[at] in hits, len(ids)))


@pytest.mark.parametrize("ids", ["abd", "ab", "abcd"])
def test_rows_of_other_tweets_are_not_compared(ids):
    rows = {"A": {13: of_ids("abc")}, "B": {13: of_ids(ids)}}
    with pytest.raises(CrisisflowError, match="row B, seed 13 are of other tweets than those of row A, seed 13; run"):
        differences(rows, "s", 200)


def test_tweets_are_paired_by_their_ids():
    """Both rows are right on the same tweets; paired by their places the difference would vary."""
    rows = {"A": {13: of_ids("abcdefgh", "abc")}, "B": {13: of_ids("hgfedcba", "abc")}}
    (pair,) = differences(rows, "s", 200)
    assert (pair.difference, pair.low, pair.high) == (0, 0, 0)


def test_stratified_resamples_keep_the_size_of_each_stratum_and_draw_each_by_itself():
    weights = stratified_resamples(["b"] * 6 + ["a"] * 6, 50)
    b, a = weights[:, :6], weights[:, 6:]
    assert (b.sum(axis=1) == 6).all() and (a.sum(axis=1) == 6).all()
    assert (a != b).any()
    np.testing.assert_array_equal(stratified_resamples(["a"] * 6 + ["b"] * 6, 50), np.hstack([a, b]))


def test_a_tweet_that_is_there_twice_cannot_be_paired():
    twice = SeedCounts(["a", "b", "a"], counts(lambda at: True, 3))
    for rows in ({"A": {13: twice}, "B": {13: twice}}, {"A": {13: SeedCounts(["a", "b"], EVERY)}, "B": {13: twice}}):
        with pytest.raises(CrisisflowError, match="have the tweet a more than once, so they cannot be paired") as error:
            differences(rows, "cls_macro_f1", 10)
        assert "\n" not in str(error.value)
