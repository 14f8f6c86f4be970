"""Gates: what they let through, taggers behind them, and what is said of mined negatives."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.artifacts import read_json, read_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.reporting.exhibits import read_cells
from crisisflow.reporting.index import read_headline
from crisisflow.studies.difficult_negatives import gate, headline
from crisisflow.studies.difficult_negatives.at_ratio import MEASURES, Counts, measures
from crisisflow.studies.difficult_negatives.bands import RANDOM_PLUS
from crisisflow.studies.difficult_negatives.collection import POSITIVES
from crisisflow.studies.difficult_negatives.folds import scores_of, span_numbers
from crisisflow.studies.difficult_negatives.gate_tables import first_line
from crisisflow.studies.difficult_negatives.label_sets import LABELS
from crisisflow.studies.difficult_negatives.mined_negatives import MINED
from crisisflow.studies.difficult_negatives.runs import read_runs
from crisisflow.studies.difficult_negatives.sentence_gates import Gate, gates_of, largest_z
from crisisflow.studies.difficult_negatives.vectors import read_vectors
from tests.studies.difficult_negatives.conftest import params, write_training


@pytest.fixture(scope="module")
def found(scored) -> dict:
    return read_json(scored / "gate.json")


def line(found: dict, setting: str, behind: str | None) -> dict:
    (own,) = [own for own in found["lines"] if (own["setting"], own["gate"]) == (setting, behind)]
    return own


def test_z_is_that_of_the_mining(small_run):
    mined = [row for row in read_parquet(small_run / "mined.parquet", MINED).to_pylist() if row["z"] is not None]
    positives = read_parquet(small_run / "positives.parquet", POSITIVES).to_pylist()
    ids = [row["text_id"] for row in (*mined, *positives)]
    z = largest_z(positives, read_json(small_run / "fit.json"), read_vectors(small_run / "embeddings.parquet", ids))
    assert [z[row["text_id"]] for row in mined] == pytest.approx([max(row["class_z"]) for row in mined])


def test_a_gate_is_open_above_its_threshold():
    assert Gate("z > 2", np.array([1.9, 2.0, 2.1]), 2.0).open.tolist() == [False, False, True]


def test_the_regression_learns_to_tell_the_tweets_that_it_was_shown(small_run):
    positives = read_parquet(small_run / "positives.parquet", POSITIVES).to_pylist()
    train = [row["text_id"] for row in positives if row["role"] == "train"]
    fit = {"classes": {"storm": {"mean": 0.0, "deviation": 1.0}}}
    for row in positives:
        row["class"] = "storm"
    vectors = {own: np.array([1.0, 0.0], dtype=np.float32) for own in train} | {
        f"ordinary {number}": np.array([0.0, 1.0], dtype=np.float32) for number in range(9)
    }
    ordinary = list(vectors)[len(train) :]
    *anchors, regression = gates_of(positives, ordinary, fit, vectors, [*train, *ordinary])
    assert regression.open.tolist() == [True] * len(train) + [False] * len(ordinary)
    assert [own.name for own in anchors] == ["z > 2", "z > 3"]
    assert len(gates_of(positives, [], fit, vectors, ordinary)) == len(anchors)


def test_without_a_gate_the_measures_are_those_of_the_scores(found, scored):
    tests = read_json(scored / "scores.json")["rows"]["lstm-crf"]
    for setting, own in tests.items():
        for measure in MEASURES:
            expected = own["tests"][RANDOM_PLUS][measure]["mean"]
            assert line(found, setting, None)[measure]["mean"] == pytest.approx(expected, abs=1e-6), (setting, measure)


def test_behind_a_gate_a_tagger_is_scored_as_if_it_had_marked_nothing_in_what_does_not_pass(small_run, scored, found):
    places = [scored / "none" / seed for seed in ("13", "14")]
    runs = read_runs(
        *([own / name for own in places] for name in ("folds.csv", "predictions.parquet")), {"lstm-crf": ["none"]}
    )
    positives = read_parquet(small_run / "positives.parquet", POSITIVES).to_pylist()
    expected = []
    for run in runs["lstm-crf"]["none"].values():
        ids = run.predictions["text_id"].to_pylist()
        known = [*ids, *(row["text_id"] for row in positives)]
        vectors = read_vectors(small_run / "embeddings.parquet", known)
        z = largest_z(positives, read_json(small_run / "fit.json"), vectors)
        silent = run.predictions.set_column(
            run.predictions.schema.get_field_index("predicted_labels"),
            "predicted_labels",
            [
                [
                    own if z[name] > 2 else [0] * len(own)
                    for name, own in zip(ids, run.predictions["predicted_labels"].to_pylist(), strict=True)
                ]
            ],
        )
        positive = run.predictions["positive"].to_numpy(zero_copy_only=False)
        expected.append(scores_of(span_numbers(silent, LABELS), positive, run.inside[RANDOM_PLUS]))
    own = line(found, "none", "z > 2")
    assert len(expected) == 4
    for measure in MEASURES:
        mean = np.mean([getattr(scores, measure) for scores in expected])
        assert own[measure]["mean"] == pytest.approx(mean, abs=1e-6), measure
    assert own["false_alarms_per_1000"]["mean"] < line(found, "none", None)["false_alarms_per_1000"]["mean"]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=20))
def test_a_resample_is_weighed_as_if_its_tweets_stood_there_so_often(tweets):
    """Of one line and run; the tweets are (crisis, true spans, found spans), of which as many as can be are right."""
    tweets = [(True, 1, 1), (False, 0, 1), *tweets]
    crisis = np.array([own for own, *_ in tweets])
    true = np.array([own if is_crisis else 0 for is_crisis, own, _ in tweets], dtype=np.float32)
    spans = np.array([own for *_, own in tweets], dtype=np.float32)
    hits = np.minimum(true, spans)

    def counted(at: np.ndarray) -> np.ndarray:
        own = crisis[at]
        parts = (
            (hits[at], own),
            ((true + spans)[at], own),
            (spans[at], ~own),
            ((spans[at] > 0).astype(np.float32), ~own),
        )
        counts = Counts(*(part[inside][:, None, None] for part, inside in parts))
        return measures(counts, *(np.ones((1, inside.sum()), dtype=np.float32) for inside in (own, ~own)))

    weights = np.arange(1, len(tweets) + 1) % 3 + 1
    once = np.arange(len(tweets))
    counts = Counts(
        *(part[:, None, None] for part in (hits[crisis], (true + spans)[crisis], spans[~crisis])),
        (spans[~crisis] > 0).astype(np.float32)[:, None, None],
    )
    own = measures(counts, *(weights[None, inside].astype(np.float32) for inside in (crisis, ~crisis)))
    assert own == pytest.approx(counted(np.repeat(once, weights)))


def test_the_best_of_both_kinds_are_named_and_differences_are_from_the_best_mined(found):
    """The made-up tagger of 2sigma errs nowhere, so no gate helps it; that of none errs most."""
    assert (found["best_mined"]["setting"], found["best_mined"]["gate"]) == ("2sigma", None)
    assert found["best_gated"]["gate"] and found["best_gated_not_mined"]["setting"] in ("none", "random")
    for own in found["lines"]:
        if own != found["best_mined"]:
            compared = own["less_best_mined"]
            difference = own["f1"]["mean"] - found["best_mined"]["f1"]["mean"]
            assert compared["difference"] == pytest.approx(difference, abs=2e-6)
            assert compared["low"] <= compared["difference"] <= compared["high"] <= 0
            assert own["f1"]["low"] is None or own["f1"]["low"] <= own["f1"]["mean"] <= own["f1"]["high"]


def stated(setting: str, behind: str | None, difference: float, low: float, high: float) -> dict:
    return {
        "row": "lstm-crf",
        "setting": setting,
        "gate": behind,
        "f1": {"mean": 0.5 + difference},
        "less_best_mined": None if behind is None else {"difference": difference, "low": low, "high": high},
    }


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [
        (-0.06, -0.01, "Mined negatives beat a gate, at ten"),
        (-0.08, 0.01, "Between mined negatives and a gate the difference may be chance, at ten"),
        (0.01, 0.06, "A gate beats mined negatives, at ten"),
    ],
)
@pytest.mark.parametrize("both", [-0.02, 0.05])
def test_the_first_line_compares_mined_negatives_alone_with_a_gate_alone(low, high, says, both):
    """Whatever the tagger comes to that has mined negatives and is behind a gate too."""
    plain = stated("none", "z > 3", (low + high) / 2, low, high)
    gated = stated("2sigma", "logistic regression", both, both - 0.01, both + 0.01)
    found = {
        "best_mined": stated("2sigma", None, 0.0, 0.0, 0.0),
        "best_gated": gated,
        "best_gated_not_mined": plain,
    }
    text = first_line(found)
    assert text.startswith(says) and text.count("F1") == 3
    parts = ("lstm-crf, 2σ: F1 50.0", "lstm-crf, no, behind the gate", "With both", "lstm-crf, 2σ, behind the gate")
    assert [text.index(own) for own in parts] == sorted(map(text.index, parts))
    assert "With both" not in first_line(found | {"best_gated": plain})
    assert first_line(found | {"best_mined": None}) == first_line(found | {"best_gated_not_mined": None}) == ""


def test_the_headline_begins_with_it(scored, found, tmp_path):
    headline.run(scored / "scores.json", scored / "gate.json", "elsewhere.tsv", tmp_path / "headline.json")
    assert read_headline(tmp_path / "headline.json").note.startswith(first_line(found).removesuffix("."))


def test_a_run_without_a_random_test_or_with_other_tweets_is_refused(small_run, tmp_path):
    def asked(places: list[Path]) -> None:
        trainings = ([place / name for place in places] for name in ("folds.csv", "predictions.parquet"))
        inputs = (small_run / name for name in ("positives.parquet", "mined.parquet", "fit.json", "embeddings.parquet"))
        gate.run(*trainings, *inputs, params().taggers, ["random"], params().further, tmp_path / "gate.json")

    write_training(small_run, tmp_path / "13", "random", 13, 0.1)
    write_training(small_run, tmp_path / "14", "random", 14, 0.1, without="random")
    with pytest.raises(CrisisflowError, match="tested on different tweets"):
        asked([tmp_path / "13", tmp_path / "14"])
    with pytest.raises(CrisisflowError, match="neither random nor random"):
        asked([tmp_path / "14"])
    assert not (tmp_path / "gate.json").exists()


def test_the_tables_have_the_gates_and_each_tagger_behind_them(small_run, scored, found, tmp_path):
    from crisisflow.studies.difficult_negatives import tables

    inputs = ("collection.json", "urban.json", "pool.json", "style.json", "fit.json", "datasets.json")
    outputs = (scored / name for name in ("scores.json", "gate.json", "joint.json", "row_style.json"))
    tables.run("sample", params(), *(small_run / name for name in inputs), *outputs, tmp_path)
    alone, behind = (read_cells(tmp_path / f"{name}.csv") for name in ("gate_alone", "gate"))
    assert alone["Gate"].tolist() == ["z > 2", "z > 3", "logistic regression"]
    assert alone["AUC"].tolist() == [f"{own['auc']:.3f}" for own in found["gates"]]
    assert len(behind) == len(found["lines"]) == 5 * 4
    assert behind["Against it"].tolist().count("the best mined") == 1
