"""Minis of one task: the best classifier teaches, by soft or hard labels; what they learn is what it says."""

from pathlib import Path

import numpy as np
import pytest
from pandas import read_csv

from crisisflow.artifacts import PREDICTIONS, read_json, read_parquet, write_json, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.identity import Identity, of_parquet
from crisisflow.studies.actionable_help import distil_task, task_teacher, vocabulary
from crisisflow.studies.actionable_help.byte_pairs import learn
from crisisflow.studies.actionable_help.mini_params import TaskDistillationParams
from crisisflow.studies.actionable_help.row_params import FinetuneParams
from crisisflow.studies.actionable_help.task_teacher import TAUGHT_TEXTS, choose
from crisisflow.studies.actionable_help.task_texts import TASK
from tests.studies.actionable_help.test_rows import COMPUTE, FINETUNE, SHAPES, task, tune, tuned  # noqa: F401

DISTILLATION = {"teacher": "best", "losses": ["soft"], "temperature": 1.0, "learning_rate": 5e-3, "epochs": 6}


def metrics_of(path: Path, row: str, seed: int, macro_f1: float) -> Path:
    write_json(path, {"study": "actionable_help", "row": row, "seed": seed, "validation": {"macro_f1": macro_f1}})
    return path


def test_the_best_row_or_seed_on_the_validation_texts_teaches(tmp_path):
    scores = [("a", 1, 0.5), ("a", 2, 0.7), ("b", 1, 0.9), ("b", 2, 0.9)]
    paths = [metrics_of(tmp_path / f"{at}.json", *own) for at, own in enumerate(scores)]
    assert choose(paths, "best")[1:] == (0.9, 2)
    assert choose(paths, "a")[1:] == (0.7, 1)
    with pytest.raises(
        CrisisflowError, match="teacher is c, which is no row whose weights are kept; there are: best, a"
    ):
        choose(paths, "c")


def teach(task: Path, tuned: Path, metrics: Path, out: Path) -> None:  # noqa: F811
    task_teacher.run(
        "best",
        COMPUTE,
        task / "tweets.parquet",
        task / "counts.json",
        [metrics],
        [tuned / "config.json"],
        [tuned / "model.safetensors"],
        [tuned / "encoder.safetensors"],
        out / "probabilities.parquet",
        out / "teacher.json",
    )


@pytest.fixture(scope="module")
def taught(task, tuned, tmp_path_factory) -> Path:  # noqa: F811
    """A folder with what the teacher says, and a vocabulary."""
    folder = tmp_path_factory.mktemp("taught")
    teach(task, tuned, tuned / "metrics.json", folder)
    texts = read_parquet(task / "tweets.parquet", TASK)["text"].to_pylist()
    vocabulary.save(vocabulary.as_fast(learn(texts, 400, True), 64), folder / "vocabulary")
    return folder


def distil(task: Path, taught: Path, out: Path, loss: str, **own) -> dict:  # noqa: F811
    given = {
        "name": "S",
        "loss": loss,
        "shape": SHAPES["S"],
        "positions": 64,
        "dropout": 0.0,
        "distillation": TaskDistillationParams.model_validate(DISTILLATION),
        "finetune": FinetuneParams.model_validate(FINETUNE),
        "compute": COMPUTE,
        "least_support": 3,
        "seed": 13,
        "tweets": task / "tweets.parquet",
        "statistics": task / "counts.json",
        "teacher": taught / "probabilities.parquet",
        "vocabulary": taught / "vocabulary",
        "checkpoint": out / "checkpoint",
        "history": out / "history.csv",
        "validation": out / "validation.parquet",
        "test": out / "test.parquet",
        "metrics": out / "metrics.json",
        "speed": out / "speed.csv",
    }
    distil_task.run(**{**given, **own})
    return read_json(out / "metrics.json")


def test_what_the_teacher_says_is_what_its_row_predicted(tuned, taught):  # noqa: F811
    rows = read_parquet(taught / "probabilities.parquet", TAUGHT_TEXTS).to_pylist()
    predicted = read_parquet(tuned / "validation.parquet", PREDICTIONS)["class_probabilities"].to_pylist()
    found = [row["probabilities"] for row in rows if row["split"] == "validation"]
    np.testing.assert_allclose(found, predicted, atol=1e-5)
    assert sum(row["split"] == "train" for row in rows) == 64
    assert read_json(taught / "teacher.json")["row"] == "tiny"


def test_scores_and_weights_of_different_trainings_do_not_teach(task, tuned, tmp_path):  # noqa: F811
    metrics = metrics_of(tmp_path / "metrics.json", "tiny", 17, 0.9)
    with pytest.raises(CrisisflowError, match="is of row tiny, task toy, seed 13, not of row tiny, seed 17"):
        teach(task, tuned, metrics, tmp_path)
    assert not (tmp_path / "probabilities.parquet").exists()


def test_both_kinds_of_labels_teach_the_task_and_give_the_same_bytes_twice(task, taught, tmp_path):  # noqa: F811
    for loss in ("soft", "hard"):
        assert distil(task, taught, tmp_path / loss, loss)["test"]["macro_f1"] > 0.9
    identity = Identity("actionable_help", "S-soft", 13, task="toy")
    assert of_parquet(tmp_path / "soft" / "test.parquet", PREDICTIONS, "actionable_help") == identity
    distil(task, taught, tmp_path / "again", "soft")
    for file in ("history.csv", "validation.parquet", "test.parquet", "metrics.json"):
        own, other = (tmp_path / name / file for name in ("soft", "again"))
        assert own.read_bytes() == other.read_bytes()
    losses = [read_csv(tmp_path / loss / "history.csv")["classification_loss"][0] for loss in ("soft", "hard")]
    assert losses[0] != losses[1]


def test_a_student_learns_what_the_teacher_says_even_where_that_is_wrong(task, taught, tmp_path):  # noqa: F811
    """A teacher that takes each class for the next one."""
    rows = read_parquet(taught / "probabilities.parquet", TAUGHT_TEXTS).to_pylist()
    turned = [{**row, "probabilities": np.roll(row["probabilities"], 1).tolist()} for row in rows]
    write_parquet(tmp_path / "turned.parquet", turned, TAUGHT_TEXTS)
    for loss in ("soft", "hard"):
        found = distil(task, taught, tmp_path / loss, loss, teacher=tmp_path / "turned.parquet")
        assert found["test"]["macro_f1"] < 0.2


def test_other_texts_more_subwords_than_positions_and_an_endless_warm_up_are_refused(task, taught, tmp_path):  # noqa: F811
    rows = read_parquet(taught / "probabilities.parquet", TAUGHT_TEXTS)
    write_parquet(tmp_path / "fewer.parquet", rows.slice(1), TAUGHT_TEXTS)
    with pytest.raises(CrisisflowError, match="is of other texts than the task toy; make it again"):
        distil(task, taught, tmp_path, "soft", teacher=tmp_path / "fewer.parquet")
    with pytest.raises(CrisisflowError, match=r"finetune\.max_length is 16 but a mini has 12 positions; lower it"):
        distil(task, taught, tmp_path, "soft", positions=12)
    with pytest.raises(CrisisflowError, match=r"all 24 steps are warm-up, .*finetune\.warmup_steps, which is 24"):
        distil(task, taught, tmp_path, "soft", finetune=FinetuneParams.model_validate({**FINETUNE, "warmup_steps": 24}))
    assert not (tmp_path / "metrics.json").exists()
