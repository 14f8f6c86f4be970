"""Tagging: folds, word states, and a training that may be interrupted."""

import csv
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from crisisflow.artifacts import read_json, read_parquet, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.metrics import entity_scores
from crisisflow.labels import IGNORED
from crisisflow.studies.difficult_negatives import grid, mark, tag, word_states
from crisisflow.studies.difficult_negatives.datasets import DATASETS
from crisisflow.studies.difficult_negatives.folds import SpanNumbers, folds_of, scores_of
from crisisflow.studies.difficult_negatives.label_sets import LABELS
from crisisflow.studies.difficult_negatives.marked import MARKED
from crisisflow.studies.difficult_negatives.params import GridParams
from crisisflow.studies.difficult_negatives.pool import POOL
from crisisflow.studies.difficult_negatives.tag import PREDICTED
from crisisflow.studies.difficult_negatives.tagger_params import TaggerParams, TaggingParams
from crisisflow.training.loop import Trainer
from tests.studies.difficult_negatives.conftest import params

FILES = ("folds.csv", "predictions.parquet", "metrics.json", "config.json")


def tagging(**values) -> TaggingParams:
    small = {"folds": 2, "epochs": 3, "hidden": 12, "filters": 12, "max_length": 64}
    return TaggingParams.model_validate(params().tagging.model_dump() | small | values)


def row(embedding: Path | str, **values) -> TaggerParams:
    return TaggerParams.model_validate(
        {
            "architecture": "lstm",
            "embedding": str(embedding),
            "tuned": False,
            "learning_rate": 1e-3,
            "head_learning_rate": 2e-2,
            "batch_size": 8,
            **values,
        }
    )


def states_of(small_run: Path, own: TaggerParams, folder: Path) -> Path:
    out = folder / "states.safetensors"
    word_states.run("T", small_run / "datasets.parquet", own, tagging(), out)
    return out


def train(
    small_run: Path,
    states: Path,
    own: TaggerParams,
    out: Path,
    setting: str = "2sigma",
    batch_size: int | None = None,
    **values,
) -> Path:
    tag.run(
        "T",
        small_run / "datasets.parquet",
        states,
        own,
        tagging(**values),
        setting,
        5,
        out / "checkpoint",
        *(out / name for name in FILES),
        batch_size,
    )
    return out


@pytest.fixture(scope="module")
def states(small_run, tiny_encoder, tmp_path_factory) -> Path:
    return states_of(small_run, row(tiny_encoder), tmp_path_factory.mktemp("states"))


@pytest.fixture(scope="module")
def trained(small_run, states, tiny_encoder, tmp_path_factory) -> Path:
    return train(small_run, states, row(tiny_encoder), tmp_path_factory.mktemp("trained"))


def test_each_fold_holds_out_tweets_of_its_own_and_all_read_the_unseen_ones(small_run, trained):
    rows = read_parquet(small_run / "datasets.parquet", DATASETS).to_pylist()
    predicted = read_parquet(trained / "predictions.parquet", PREDICTED).to_pylist()
    held_out = [own["text_id"] for own in predicted if own["role"] == "train"]
    assert sorted(held_out) == sorted(
        own["text_id"] for own in rows if own["role"] == "train" and "2sigma" in own["settings"]
    )
    unseen = [own["text_id"] for own in rows if own["role"] == "test"]
    for fold in (1, 2):
        assert [own["text_id"] for own in predicted if (own["role"], own["fold"]) == ("test", fold)] == unseen
    labels = {(own["role"], own["text_id"]): [label for label in own["labels"] if label != IGNORED] for own in rows}
    assert all(own["labels"] == labels[own["role"], own["text_id"]] for own in predicted)
    assert all(
        len(own["labels"]) == len(own["predicted_labels"]) == len(own["label_probabilities"]) for own in predicted
    )


def test_scores_are_those_of_strict_spans(trained):
    predicted = read_parquet(trained / "predictions.parquet", PREDICTED).to_pylist()
    with (trained / "folds.csv").open() as file:
        lines = list(csv.DictReader(file))
    tests = ["test_split", "random", "random+", "1sigma", "2sigma", "3sigma"]
    assert [(int(line["fold"]), line["test"]) for line in lines] == [(fold, test) for fold in (1, 2) for test in tests]
    for line in lines:
        inside = [
            own
            for own in predicted
            if own["fold"] == int(line["fold"])
            and (own["role"] == "train" if line["test"] == "test_split" else line["test"] in own["settings"])
            and (own["role"] == "test") == (line["test"] != "test_split")
        ]
        micro = entity_scores([own["labels"] for own in inside], [own["predicted_labels"] for own in inside], LABELS)[
            "micro"
        ]
        for name in ("precision", "recall", "f1"):
            assert float(line[name]) == pytest.approx(micro[name]), line
        assert int(line["spans"]) == micro["support"]
        begins = {label for label, name in enumerate(LABELS.bio) if name.startswith("B-")}
        alarms = sum(bool(begins & {*own["predicted_labels"]}) for own in inside if not own["positive"])
        assert int(line["false_alarms"]) == alarms
        assert int(line["positives"]) + int(line["negatives"]) == len(inside)
    metrics = read_json(trained / "metrics.json")
    assert (metrics["row"], metrics["setting"], metrics["seed"], metrics["folds"]) == ("T", "2sigma", 5, 2)
    f1 = [float(line["f1"]) for line in lines if line["test"] == "random+"]
    assert metrics["tests"]["random+"]["f1"] == pytest.approx({"mean": np.mean(f1), "std": np.std(f1, ddof=1)})


def test_an_interrupted_job_keeps_finished_folds_and_gives_the_same_bytes(
    small_run, states, tiny_encoder, trained, tmp_path, monkeypatch
):
    fitted = []

    def fit(self, stages, examples, validation):
        fitted.append(self.name)
        if len(fitted) == 2:
            whole = self._save

            def save(optimizer, position):
                whole(optimizer, position)
                if position.epoch == 3:
                    raise KeyboardInterrupt

            self._save = save
        return own_fit(self, stages, examples, validation)

    own_fit = Trainer.fit
    monkeypatch.setattr(Trainer, "fit", fit)
    with pytest.raises(KeyboardInterrupt):
        train(small_run, states, row(tiny_encoder), tmp_path)
    assert not (tmp_path / "metrics.json").exists()
    assert (tmp_path / "checkpoint/fold1.parquet").exists() and list(tmp_path.glob("checkpoint/fold2/epoch*"))
    train(small_run, states, row(tiny_encoder), tmp_path)
    assert [name[-1] for name in fitted] == ["1", "2", "2"]
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (trained / name).read_bytes(), name
    assert not (tmp_path / "checkpoint").exists()


def test_a_job_killed_midway_goes_on_by_the_same_command_to_the_same_bytes(
    small_run, states, tiny_encoder, trained, tmp_path
):
    """SIGKILL when the first fold is finished and the second has a checkpoint."""
    values = {"name": "T", "aligned": small_run / "datasets.parquet", "states": states, "setting": "2sigma", "seed": 5}
    values |= {"row": row(tiny_encoder).model_dump_json(), "tagging": tagging().model_dump_json()}
    names = ("folds", "predictions", "metrics", "config")
    values |= dict(zip(names, (tmp_path / name for name in FILES), strict=True))
    values |= {"checkpoint": tmp_path / "checkpoint"}
    command = [sys.executable, "-m", "crisisflow", "difficult_negatives", "tag"]
    command += [part for name, value in values.items() for part in (f"--{name}", str(value))]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while process.poll() is None and not list(tmp_path.glob("checkpoint/fold2/epoch*.json")):
        time.sleep(0.001)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert (tmp_path / "checkpoint/fold1.parquet").exists() and not any((tmp_path / name).exists() for name in FILES)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "fold 2: going on" in done.stderr
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (trained / name).read_bytes(), name
    assert not (tmp_path / "checkpoint").exists()


def test_a_finished_fold_of_other_parameters_is_trained_again(small_run, states, tiny_encoder, trained, tmp_path):
    (tmp_path / "checkpoint").mkdir()
    table = read_parquet(trained / "predictions.parquet", PREDICTED)
    other = table.replace_schema_metadata({"fold": json.dumps(["another run", 1, 1, 1, 1])})
    pq.write_table(other, tmp_path / "checkpoint/fold1.parquet")
    (tmp_path / "checkpoint/fold2.parquet").write_bytes(b"damaged")
    train(small_run, states, row(tiny_encoder), tmp_path)
    assert (tmp_path / "predictions.parquet").read_bytes() == (trained / "predictions.parquet").read_bytes()


def test_another_batch_size_is_another_training_with_a_name_of_its_own(small_run, states, tiny_encoder, tmp_path):
    train(small_run, states, row(tiny_encoder), tmp_path, epochs=1, batch_size=4)
    found = read_json(tmp_path / "metrics.json")
    assert found["row"] == "T-batch-4"
    with (tmp_path / "folds.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert {line["row"] for line in lines} == {"T-batch-4"}
    assert {line["steps_per_epoch"] for line in lines} == {"4"}  # 16 tweets


def test_the_grid_has_a_line_for_each_rate_and_size_the_best_first(
    small_run, states, tiny_encoder, tmp_path, monkeypatch
):
    own = GridParams(tagger="T", setting="random", learning_rates=[1e-3, 2e-3], batch_sizes=[4, 16])
    fitted = []

    def fit(self, stages, examples, validation):
        fitted.append((self.optimization.learning_rate, self.optimization.batch_size))
        assert self.optimization.head_learning_rate == fitted[-1][0]
        assert len(examples.ids) == len(validation.ids) == 16
        return own_fit(self, stages, examples, validation)

    own_fit = Trainer.fit
    monkeypatch.setattr(Trainer, "fit", fit)
    monkeypatch.setattr(grid, "scores_of", lambda *_: SimpleNamespace(f1=fitted[-1][0] * 100 - fitted[-1][1] / 100))
    aligned, out = small_run / "datasets.parquet", tmp_path / "grid.csv"
    grid.run(own, aligned, states, {"T": row(tiny_encoder)}, tagging(epochs=1), 5, tmp_path / "checkpoint", out)
    assert fitted == [(rate, size) for rate in own.learning_rates for size in own.batch_sizes for _ in range(2)]
    with out.open() as file:
        lines = [(float(line["learning_rate"]), line["batch_size"], line["steps"]) for line in csv.DictReader(file)]
    # 16 tweets train
    assert lines == [(2e-3, "4", "4.0"), (1e-3, "4", "4.0"), (2e-3, "16", "1.0"), (1e-3, "16", "1.0")]
    assert not (tmp_path / "checkpoint").exists()


@pytest.mark.parametrize("tuned", [False, True])
def test_a_first_tagger_marks_each_text_of_the_pool(small_run, tiny_encoder, tmp_path, monkeypatch, tuned):
    pool = read_parquet(small_run / "pool.parquet", POOL)
    write_parquet(tmp_path / "pool.parquet", pool.slice(0, 40).to_pylist(), POOL)
    encoder = tiny_encoder if tuned else "embedded:minilm-l6"
    own = {"other": row(tiny_encoder, architecture="cnn"), "T": row(encoder, tuned=tuned)}

    def marked(name: str, **values) -> list[dict]:
        out = tmp_path / f"{name}.parquet"
        mark.run(
            small_run / "positives.parquet",
            tmp_path / "pool.parquet",
            own,
            tagging(**values),
            ["none", "random"],
            ["model_x2"] if name != "unasked" else [],
            5,
            tmp_path / "checkpoint",
            out,
        )
        return read_parquet(out, MARKED).to_pylist()

    assert marked("unasked") == []
    found = marked("asked", epochs=1 if tuned else 12, patience=12)
    assert [line["text_id"] for line in found] == pool["text_id"].to_pylist()[:40]
    assert all(line["spans"] <= line["words"] for line in found)
    if not tuned:
        assert sum(line["spans"] > 0 for line in found) > 0
        monkeypatch.setattr(mark, "TEXTS", 7)
        assert marked("parts", epochs=12, patience=12) == found
    assert not (tmp_path / "checkpoint").exists()


def test_an_encoder_may_be_tuned(small_run, tiny_encoder, tmp_path):
    own = row(tiny_encoder, tuned=True, architecture="cnn")
    train(small_run, states_of(small_run, own, tmp_path), own, tmp_path, "none", epochs=1)
    config = read_json(tmp_path / "config.json")
    assert config["parameters"] > 900_000  # the encoder is a part of the model
    assert config["folds"][0]["training_tweets"] == 8  # half of the positives


def test_static_vectors_tell_how_many_words_they_have(small_run, tmp_path):
    folder = tmp_path / "vectors"
    folder.mkdir()
    words = ["the", "of", "in", "water", "flood", "fire"]
    np.save(folder / "vectors.npy", np.random.default_rng(1).normal(size=(6, 9)).astype(np.float32))
    pq.write_table(pa.table({"words": words}), folder / "words.parquet")
    own = row(f"glove:{folder}")
    states = states_of(small_run, own, tmp_path)
    train(small_run, states, own, tmp_path, epochs=1)
    coverage = read_json(tmp_path / "config.json")["coverage"]
    assert 0 < coverage["with_vector"] < coverage["words"]
    assert 0 < coverage["different"] <= 6
    found = word_states.read_states(states, "T")
    assert found.table.shape == (coverage["different"], 9)
    assert Counter(found.numbers.tolist())[0] == coverage["words"] - coverage["with_vector"]


def test_a_validation_split_is_no_part_of_what_is_reported(small_run, states, tiny_encoder, tmp_path, monkeypatch):
    seen = []

    def fit(self, stages, examples, validation):
        seen.append(({*examples.ids}, {*validation.ids}))
        return own_fit(self, stages, examples, validation)

    own_fit = Trainer.fit
    monkeypatch.setattr(Trainer, "fit", fit)
    train(small_run, states, row(tiny_encoder), tmp_path, stop_on="validation", epochs=1)
    predicted = read_parquet(tmp_path / "predictions.parquet", PREDICTED).to_pylist()
    for fold, (trained, validation) in enumerate(seen, start=1):
        held_out = {own["text_id"] for own in predicted if (own["role"], own["fold"]) == ("train", fold)}
        # 16 positives and 16 negatives
        assert (len(held_out), len(trained), len(validation)) == (16, 14, 2)
        assert len(held_out | trained | validation) == 32


def test_a_tweet_with_two_false_spans_is_one_false_alarm():
    numbers = SpanNumbers(np.array([2, 1, 0, 0, 0]), np.array([3, 0, 2, 1, 0]), np.array([1, 0, 0, 0, 0]))
    positive = np.array([True, True, False, False, False])
    found = scores_of(numbers, positive, np.array([True, True, True, False, True]))
    assert (found.positives, found.negatives, found.false_alarms, found.false_alarms_per_1000) == (2, 2, 1, 500)
    assert (found.precision, found.recall, found.f1) == (1 / 5, 1 / 3, 2 / 8)
    assert (found.f1_on_positives, found.false_spans_per_true_span) == (2 / 6, 2)
    nothing = scores_of(numbers, positive, np.array([False, True, False, False, False]))
    assert (nothing.precision, nothing.f1) == (0, 0)
    assert nothing.false_spans_per_true_span is nothing.false_alarms_per_1000 is None


def test_files_that_do_not_belong_together_are_refused(small_run, states, tiny_encoder, tmp_path):
    with pytest.raises(CrisisflowError, match="is not of the row other; make it again"):
        word_states.read_states(states, "other")
    with pytest.raises(CrisisflowError, match="no setting 3sigma_lower to train on"):
        train(small_run, states, row(tiny_encoder), tmp_path, "3sigma_lower")


@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from("abc")), min_size=1, max_size=60),
    st.integers(2, 5),
    st.integers(0, 9),
)
def test_folds_are_even_in_each_stratum_and_as_a_whole(strata, folds, seed):
    found = folds_of(strata, folds, seed)
    for inside in (set(strata), *({own} for own in set(strata))):
        sizes = Counter(fold for fold, own in zip(found, strata, strict=True) if own in inside)
        each = [sizes[fold] for fold in range(folds)]
        assert max(each) - min(each) <= 1


def test_positives_are_in_the_same_folds_whatever_the_negatives():
    positives = [(True, name) for name in "aabbbcccab"]
    alone = folds_of(positives, 3, 7)
    assert folds_of([*positives, *[(False, None)] * 8], 3, 7)[:10] == alone
    assert folds_of(positives, 3, 8) != alone


def test_parameters_that_do_not_fit_are_refused():
    own = params().model_dump()
    with pytest.raises(ValidationError, match="a class has 8 positives to train on; give no more folds than that"):
        params(tagging=own["tagging"] | {"folds": 9})
    for values, message in (
        ({"further": {"taggers": ["X"], "train": []}}, "X is none of the taggers: lstm-crf"),
        ({"further": {"taggers": [], "train": ["random"]}}, "random is in train already"),
        ({"train": ["random", "2sigma", "dfe"]}, r"dfe needs a folder in extra_tests\.dfe"),
        (
            {"train": ["none", "2sigma"], "batch_sizes": {"taggers": [], "train": ["random"], "sizes": [4]}},
            "random is not in train: none, 2sigma",
        ),
        (
            {"batch_sizes": {"taggers": ["lstm-crf"], "train": ["random"], "sizes": [16]}},
            "a tagger has the batch size 16 already",
        ),
    ):
        with pytest.raises(ValidationError, match=message):
            params(**values)
    with pytest.raises(ValidationError, match="static vectors are not trained; set it to false"):
        row("glove:vectors", tuned=True)
    with pytest.raises(ValidationError, match="4 is even: give an odd number"):
        tagging(kernel=4)
