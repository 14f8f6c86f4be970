"""Scores: what follows from counts, and each setting against random negatives."""

import numpy as np
import pyarrow.compute as pc
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.artifacts import read_json, read_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.bootstrap import SeedCounts, differences
from crisisflow.evaluation.counts import TweetCounts
from crisisflow.evaluation.metrics import entity_scores
from crisisflow.studies.difficult_negatives import bands, folds, over_runs, score, surest
from crisisflow.studies.difficult_negatives.choice_tables import advice, table_of_choices
from crisisflow.studies.difficult_negatives.claims import table_of_claims
from crisisflow.studies.difficult_negatives.compared_settings import against_random, at_equal_numbers
from crisisflow.studies.difficult_negatives.event_resamples import EventResamples
from crisisflow.studies.difficult_negatives.folds import ON_POSITIVES, PREDICTED, RATIOS
from crisisflow.studies.difficult_negatives.gold_table import agreement
from crisisflow.studies.difficult_negatives.gold_tweets import GOLD, of_types
from crisisflow.studies.difficult_negatives.label_sets import LABELS
from crisisflow.studies.difficult_negatives.reproduction import TESTS, decomposed
from crisisflow.studies.difficult_negatives.runs import read_runs
from crisisflow.studies.difficult_negatives.tagger_figures import gains
from crisisflow.taxonomy import ENTITY_TYPES
from tests.studies.difficult_negatives.conftest import ROOT, params, write_training

counts = st.tuples(*(st.integers(1, 300) for _ in range(5)))


def made(hits: int, missed: int, inside: int, brought: int, negatives: int, positives: int = 20) -> folds.TestScores:
    """A test with these true spans found and missed, and false ones in crisis and in ordinary tweets."""
    found = hits + inside + brought
    measures = (hits / found, hits / (hits + missed), 2 * hits / (hits + missed + found))
    alone = 2 * hits / (hits + missed + hits + inside)
    return folds.TestScores(
        *(positives, negatives, hits + missed, found, hits, hits + inside, min(brought, negatives)),
        *(*measures, alone, brought / hits, 1000 * min(brought, negatives) / negatives),
    )


@given(counts)
def test_f1_at_the_test_s_own_share_is_that_of_the_test_and_without_negatives_that_of_the_positives(numbers):
    own = made(*numbers)
    assert over_runs.f1_at(own, own.negatives / own.positives) == pytest.approx(own.f1)
    assert over_runs.f1_at(own, 0) == pytest.approx(own.f1_on_positives)
    values = [over_runs.f1_at(own, ratio) for ratio in RATIOS]
    assert values == sorted(values, reverse=True)


@given(counts)
def test_f1_of_two_tests_gives_the_false_spans_that_were_counted(numbers):
    hits, missed, inside, brought, _ = numbers
    own = made(hits, missed, inside, brought, 20)
    f1 = {name: 100 * over_runs.f1_at(own, 10 if name == "random_plus" else 1) for name in ("random", "random_plus")}
    parts = decomposed({**f1, "1sigma": f1["random"], "2sigma": f1["random"], "3sigma": f1["random"]})
    assert parts.f1 == pytest.approx(100 * own.f1_on_positives)
    assert parts.false["random"] == pytest.approx(own.false_spans_per_true_span, abs=1e-9)


def test_the_numbers_are_those_of_the_predictions(scored):
    found = read_json(scored / "scores.json")["rows"]["lstm-crf"]["none"]
    f1 = []
    for seed in ("13", "14"):
        table = read_parquet(scored / "none" / seed / "predictions.parquet", PREDICTED).to_pylist()
        tested = [row for row in table if row["role"] == "test" and "random+" in row["settings"]]
        for fold in (1, 2):
            own = [row for row in tested if row["fold"] == fold]
            true, guessed = ([row[name] for row in own] for name in ("labels", "predicted_labels"))
            f1.append(entity_scores(true, guessed, LABELS)["micro"]["f1"])
    own = found["tests"]["random+"]["f1"]
    assert own["runs"] == 4
    assert own["mean"] == pytest.approx(sum(f1) / 4)
    assert read_json(scored / "metrics.json")["lstm-crf"]["none"]["f1"] == own["mean"]
    assert found["steps"]["mean"] == 55
    assert found["growth"][0]["f1"] == pytest.approx(found["tests"]["random"][ON_POSITIVES]["mean"])


def test_a_setting_like_random_may_be_chance_and_a_better_one_is_not(scored):
    found = read_json(scored / "scores.json")["against_random"]["lstm-crf"]
    same = {"difference": 0, "low": 0, "high": 0}
    assert found["1sigma"]["random+"] == same | {"events": {"low": 0, "high": 0, "number": 2}}
    assert found["2sigma"]["random+"]["low"] > 0 > found["none"]["random+"]["high"]
    assert {*found} == {"none", "1sigma", "2sigma", "3sigma"}
    assert ON_POSITIVES in found["2sigma"]


def test_gold_is_scored_by_its_own_types_and_each_setting_against_random(small_run, scored):
    gold = read_json(scored / "scores.json")["gold"]["generated"]
    rows = read_parquet(small_run / "gold.parquet", GOLD).to_pylist()
    assert gold["tweets"] == len(rows)
    settings = gold["rows"]["lstm-crf"]
    assert settings["2sigma"]["f1"]["mean"] == 1 > settings["random"]["f1"]["mean"] > settings["none"]["f1"]["mean"]
    assert settings["2sigma"]["less_random"]["low"] > 0 and settings["random"]["less_random"] is None
    table = read_parquet(scored / "none" / "13" / "predictions.parquet", PREDICTED)
    part = table.filter(pc.equal(table["role"], "gold"))
    for types in (("LOCATION",), ENTITY_TYPES):
        kept = of_types(part, types, LABELS).to_pylist()
        for before, after in zip(part.to_pylist(), kept, strict=True):
            for column in ("labels", "predicted_labels"):
                names = [LABELS.bio[label] for label in before[column]]
                assert [LABELS.bio[label] for label in after[column]] == [
                    name if name[2:] in types else "O" for name in names
                ]


def test_the_order_of_settings_on_gold_is_compared_with_that_on_rules():
    rules = {"a": 0.1, "b": 0.2, "c": 0.3}
    assert agreement(rules, {"a": 0.5, "b": 0.6, "c": 0.9}) == pytest.approx(1)
    assert agreement(rules, {"a": 0.9, "b": 0.6, "c": 0.5}) == pytest.approx(-1)
    assert agreement(rules, {"a": 0.5, "b": 0.5, "c": 0.5}) is None
    assert agreement({"a": 1.0, "b": 2.0}, {"a": 1.0, "b": 2.0}) is None


def test_the_surest_false_spans_come_first(scored):
    rows = read_json(scored / "scores.json")["rows"]["lstm-crf"]
    assert rows["2sigma"]["surest"] == {"negatives": [], "positives": []}
    for tweets in rows["none"]["surest"].values():
        sure = [own["probability"] for own in tweets]
        assert len(sure) == surest.SUREST and sure == sorted(sure, reverse=True)
        assert {own["class"] for own in tweets} <= {"storm", "wildfire"}


@pytest.mark.parametrize(
    ("lines", "predictions", "train", "says"),
    [
        (["random"], [], ["random"], "folds or predictions, and not both"),
        (["random"], ["random"], ["random", "2sigma"], "no training of lstm-crf, 2sigma"),
        (["random"], ["random"], ["2sigma"], "params.yaml does not have"),
        (["random", "random"], ["random"], ["random"], "read before"),
    ],
)
def test_a_training_that_is_absent_or_there_twice_is_named(small_run, tmp_path, lines, predictions, train, says):
    write_training(small_run, tmp_path / "random", "random", 13, 0.1, folds=1)
    with pytest.raises(CrisisflowError, match=says):
        score.run(
            [tmp_path / name / "folds.csv" for name in lines],
            [tmp_path / name / "predictions.parquet" for name in predictions],
            small_run / "positives.parquet",
            small_run / "mined.parquet",
            small_run / "gold.parquet",
            params().taggers,
            train,
            params().further,
            params().batch_sizes,
            tmp_path / "scores.json",
            tmp_path / "metrics.json",
        )
    assert not (tmp_path / "scores.json").exists()


def test_further_settings_and_batch_sizes_have_their_own_place(small_run, tmp_path):
    own = params(
        further={"taggers": ["lstm-crf"], "train": ["random_x2"]},
        batch_sizes={"taggers": ["lstm-crf"], "train": ["random", "2sigma"], "sizes": [4]},
    )
    trained = [("lstm-crf", name) for name in ("random", "2sigma", "random_x2")]
    trained += [("lstm-crf-batch-4", name) for name in ("random", "2sigma")]
    places = [tmp_path / row / setting for row, setting in trained]
    for (row, setting), place in zip(trained, places, strict=True):
        write_training(small_run, place, setting, 13, 0.1 if setting == "random" else 0.0, row, folds=1)
    score.run(
        [place / "folds.csv" for place in places],
        [place / "predictions.parquet" for place in places],
        small_run / "positives.parquet",
        small_run / "mined.parquet",
        small_run / "gold.parquet",
        own.taggers,
        ["random", "2sigma"],
        own.further,
        own.batch_sizes,
        tmp_path / "scores.json",
        tmp_path / "metrics.json",
    )
    found = read_json(tmp_path / "scores.json")
    assert {row: {*settings} for row, settings in found["rows"].items()} == {
        "lstm-crf": {"random", "2sigma", "random_x2"}
    }
    batch = found["batch_sizes"]["lstm-crf-batch-4"]
    assert (batch["tagger"], batch["batch_size"], batch["steps"]["2sigma"]["mean"]) == ("lstm-crf", 4, 50)
    assert batch["against_random"]["2sigma"]["random+"]["low"] > 0
    table = gains(found, own.taggers)
    ours = table[table["source"] == "lstm-crf"]
    assert ours["batch_size"].tolist() == [4, 16]
    assert (ours["gain"] > 0).all() and ours["steps"].tolist() == [50, 50]


def test_a_number_of_negatives_is_compared_with_as_many_random_ones(small_run, tmp_path):
    """Of made-up taggers with errors in these shares: more of both kinds is better, and the kind changes nothing."""
    wrong = {"random": 0.2, "2sigma": 0.2, "random_x2": 0.05, "2sigma_x2": 0.05, "3sigma_x2": 0.0, "2sigma_x4": 0.0}
    for setting, share in wrong.items():
        write_training(small_run, tmp_path / setting, setting, 13, share, folds=1)
    files = ([tmp_path / setting / name for setting in wrong] for name in ("folds.csv", "predictions.parquet"))
    runs = read_runs(*files, {"lstm-crf": [*wrong]})["lstm-crf"]
    one_to_one, equal = against_random(runs, {}), at_equal_numbers(runs, {})
    assert one_to_one["2sigma_x2"]["random+"]["low"] > 0
    assert equal["2sigma_x2"]["random+"] == {"difference": 0, "low": 0, "high": 0, "events": None}
    assert equal["3sigma_x2"]["random+"]["low"] > 0
    assert {*equal} == {"2sigma_x2", "3sigma_x2"}  # random_x4 was not run
    rows = {name: over_runs.of_setting(own) for name, own in runs.items()}
    found = {"main": "lstm-crf", "rows": {"lstm-crf": rows}}
    found |= {"against_random": {"lstm-crf": one_to_one}, "at_equal_numbers": {"lstm-crf": equal}}
    table = table_of_choices(found).set_index("Train")["Less as many random, at 1:10"]
    assert table["2sigma_x2"] == table["2σ"] == "+0.00 (+0.00 to +0.00)"
    assert (table["random"], table["random_x2"], table["2sigma_x4"]) == ("–", "–", "not run")
    assert advice(found).endswith("Of 2 with another number these are above as many random negatives: 3sigma_x2.")


def test_the_laptop_varies_how_many_of_a_band_and_of_random_negatives_alike():
    own = yaml.safe_load((ROOT / "presets" / "laptop" / "difficult_negatives.yaml").read_text(encoding="utf-8"))
    train = [*own["difficult_negatives"]["train"], *own["difficult_negatives"]["further"]["train"]]
    of_band = {name: bands.random_of(name) for name in train if bands.band_of(name) and bands.ratio_of(name) != 1}
    assert {bands.ratio_of(name) for name in of_band} == {0.25, 0.5, 2, 4}
    assert {*of_band.values()} <= {*train}


def test_a_claim_counts_the_cells_that_bear_it_out():
    def tests_at(f1: float, false: float | None) -> dict:
        own = {"f1": {"mean": f1}, "false_spans_per_true_span": None if false is None else {"mean": false}}
        return {"tests": dict.fromkeys(TESTS, own), "epochs": {"mean": 10 * f1}}

    f1 = {"none": 0.1, "random": 0.3, "1sigma": 0.2, "2sigma": 0.4, "3sigma": 0.5}
    counted = {"none": 0.9, "random": 0.3, "1sigma": 0.2, "2sigma": 0.1, "3sigma": 0.4}
    settings = {name: tests_at(own, counted[name]) for name, own in f1.items()}
    found = table_of_claims(settings)["This run"].tolist()
    # at 1:10 above nothing and random; the best; 1σ and 2σ above random; all above it; epochs; false spans; harder
    assert found == ["+30.00", "+10.00", "0 of 5", "5 of 10", "10 of 15", "1 of 3", "2 of 3", "0 of 5"]
    without = {**settings, "3sigma": tests_at(0.5, None)}
    assert table_of_claims(without)["This run"].tolist() == [*found[:6], "–", found[7]]
    assert set(table_of_claims({"random": tests_at(0.3, 0.3)})["This run"]) == {"not run"}


@given(st.lists(st.sampled_from([None, "flood", "fire", "storm"]), min_size=1, max_size=30), st.integers(1, 250))
def test_resamples_draw_events_whole_and_ordinary_tweets_one_by_one(events, number):
    ids = [str(at) for at in range(len(events))]
    drawn = EventResamples({own: event for own, event in zip(ids, events, strict=True) if event})
    names = drawn.events(ids)
    if not names:
        return
    weights = np.concatenate(list(drawn(ids, number)))
    assert weights.shape == (number, len(ids))
    firsts = [events.index(name) for name in names]
    assert (weights[:, firsts].sum(axis=1) == len(names)).all()
    for at, event in enumerate(events):
        if event:
            assert (weights[:, at] == weights[:, events.index(event)]).all()
    ordinary = [at for at, event in enumerate(events) if event is None]
    assert (weights[:, ordinary].sum(axis=1) == len(ordinary)).all()


def test_a_gain_in_one_event_alone_is_sure_over_tweets_and_not_over_events():
    """Thirty tweets of one event get better, thirty of two others do not change."""
    ids = [str(at) for at in range(60)]
    event_of = {own: ("flood" if at < 30 else "fire" if at < 45 else "storm") for at, own in enumerate(ids)}
    sizes = np.full((60, 1), 4)
    better, plain = (np.where(np.arange(60)[:, None] < 30, hits, 1) for hits in (2, 1))
    rows = {name: {1: SeedCounts(ids, TweetCounts(hits, sizes))} for name, hits in (("a", better), ("b", plain))}
    by_tweet = differences(rows, "f1")[0]
    by_event = differences(rows, "f1", draw=EventResamples(event_of))[0]
    assert by_tweet.difference == by_event.difference > 0 and by_tweet.low > 0.1
    assert by_event.low == 0 and by_event.high > by_tweet.high


def test_scores_have_the_interval_over_events_where_there_are_two(scored):
    own = read_json(scored / "scores.json")["against_random"]["lstm-crf"]["2sigma"]["random+"]
    assert own["events"]["number"] == 2 and own["events"]["low"] <= own["difference"] <= own["events"]["high"]
