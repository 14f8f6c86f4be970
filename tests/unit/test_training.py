"""Training: batches, schedule, determinism, resume, and errors before any work."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.artifacts import PREDICTIONS, read_json, read_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.params import AlignmentParams, ModelParams, RowParams, TrainingParams
from crisisflow.training import train
from crisisflow.training.batching import Examples, Shapes, collate, evaluation_order, training_order
from crisisflow.training.schedule import rate_factor, stages_of

TRAINING = {
    "tweets": "all",
    "single": {"epochs": 3, "warmup_steps": 5},
    "two_stage": {"stage1": {"epochs": 2, "warmup_steps": 5}, "stage2": {"epochs": 2, "warmup_steps": 2}},
    "batch_size": 8,
    "learning_rate": 2e-3,
    "log_variance_learning_rate": 1e-2,
    "betas": [0.9, 0.999],
    "weight_decay": 0.01,
    "clip_norm": 1.0,
    "gradient_cosine_every": 0,
    "frozen_cache_gb": 1,
    "device": "cpu",
    "processes": 1,
    "threads": 1,
}
ROW = {
    "layers": None,
    "tasks": "joint",
    "weighting": "kendall",
    "schedule": "two_stage",
    "freeze_layers": 3,
    "freeze_embeddings": True,
    "frozen_dropout": True,
}
NAMES = {
    "out": "model.safetensors",
    "config": "config.json",
    "history": "history.csv",
    "scores": "scores.csv",
    "gradients": "gradients.csv",
    "predictions": "p.parquet",
}


def arguments(aligned, encoder, folder, row=None, **training):
    return {
        "name": "D",
        "aligned": aligned,
        "row": RowParams.model_validate({**ROW, "encoder": str(encoder), **(row or {})}),
        "training": TrainingParams.model_validate({**TRAINING, **training}),
        "model": ModelParams(dropout=0.1),
        "alignment": AlignmentParams(max_length=64),
        "seed": 13,
        "checkpoint": folder / "checkpoint",
        **{name: folder / file for name, file in NAMES.items()},
        "speed": folder / "speed.csv",
    }


def content(folder: Path) -> dict[str, bytes]:
    return {file: (folder / file).read_bytes() for file in NAMES.values()}


@pytest.fixture(scope="module")
def finished(tiny_encoder, aligned, tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    train.run(**arguments(aligned, tiny_encoder, folder))
    return folder


def history(folder: Path) -> list[dict[str, float]]:
    head, *lines = (folder / "history.csv").read_text().splitlines()
    cells = [line.split(",") for line in lines]
    return [dict(zip(head.split(","), (float(cell) if cell else None for cell in row), strict=True)) for row in cells]


def test_losses_fall_both_s_move_and_stage_2_trains_less(finished):
    epochs = history(finished)
    assert [(line["epoch"], line["stage"]) for line in epochs] == [(1, 1), (2, 1), (3, 2), (4, 2)]
    assert epochs[-1]["ner_loss"] < epochs[0]["ner_loss"]
    assert epochs[-1]["cls_loss"] < epochs[0]["cls_loss"]
    assert epochs[-1]["s_ner"] != 0 != epochs[-1]["s_cls"]
    assert epochs[2]["trainable_parameters"] < epochs[1]["trainable_parameters"] / 10


def test_the_best_epoch_by_eq_5_is_kept_with_its_predictions(finished, aligned):
    epochs = history(finished)
    best = max(epochs, key=lambda line: line["combined_score"])
    assert read_json(finished / "config.json")["best_epoch"] == best["epoch"]
    table = read_parquet(finished / "p.parquet", PREDICTIONS)
    expected = train.read_examples(aligned, "validation")
    assert table["tweet_id"].to_pylist() == expected.tweet_ids
    assert table["labels"].to_pylist() == expected.labels
    assert all(abs(sum(row) - 1) < 1e-5 for row in table["class_probabilities"].to_pylist())
    from crisisflow.evaluation.metrics import combined_score, entity_scores, event_scores

    ner = entity_scores(table["labels"].to_pylist(), table["predicted_labels"].to_pylist())["micro"]["f1"]
    cls = event_scores(table["class_id"].to_pylist(), table["predicted_class_id"].to_pylist())["macro_f1"]
    assert combined_score(ner, cls) == pytest.approx(best["combined_score"])


def test_the_checkpoint_is_gone_and_s_is_saved(finished):
    from safetensors import safe_open

    assert sorted(path.name for path in finished.iterdir()) == sorted([*NAMES.values(), "speed.csv"])
    with safe_open(finished / "model.safetensors", "pt") as tensors:
        assert "weighting.log_variance" in tensors.keys()  # noqa: SIM118


def test_same_seed_same_bytes(finished, tiny_encoder, aligned, tmp_path):
    train.run(**arguments(aligned, tiny_encoder, tmp_path))
    assert content(tmp_path) == content(finished)


def test_a_run_killed_in_each_stage_ends_with_the_same_bytes(finished, tiny_encoder, aligned, tmp_path):
    """SIGKILL once a checkpoint of epoch 1, then of epoch 3, is there; the third process finishes."""
    state = tmp_path / "checkpoint" / "state.json"
    command = [sys.executable, __file__, str(aligned), str(tiny_encoder), str(tmp_path)]
    for epoch in (1, 3):
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        while process.poll() is None:
            if state.exists() and read_json(state)["epoch"] >= epoch:
                os.kill(process.pid, signal.SIGKILL)
                break
            time.sleep(0.005)
        process.wait()
        assert process.returncode == -signal.SIGKILL
        assert not (tmp_path / "history.csv").exists()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "going on after epoch 3" in done.stderr
    assert content(tmp_path) == content(finished)


def test_a_damaged_checkpoint_is_said_and_not_used(finished, tiny_encoder, aligned, tmp_path, monkeypatch, capsys):
    from crisisflow.training import loop

    real = loop.Trainer._epoch

    def stop(self, stage, epoch, *rest):
        if epoch == 2:
            raise KeyboardInterrupt
        real(self, stage, epoch, *rest)

    monkeypatch.setattr(loop.Trainer, "_epoch", stop)
    with pytest.raises(KeyboardInterrupt):
        train.run(**arguments(aligned, tiny_encoder, tmp_path))
    monkeypatch.undo()
    (tensors,) = (tmp_path / "checkpoint").glob("*.safetensors")
    tensors.write_bytes(tensors.read_bytes()[:-1])
    train.run(**arguments(aligned, tiny_encoder, tmp_path))
    assert "is damaged (its checksum differs)" in capsys.readouterr().err
    assert content(tmp_path) == content(finished)


def test_a_checkpoint_of_other_parameters_is_not_taken_up(
    finished, tiny_encoder, aligned, tmp_path, monkeypatch, capsys
):
    from crisisflow.training import checkpoint

    monkeypatch.setattr(checkpoint, "discard", lambda folder: None)
    train.run(**arguments(aligned, tiny_encoder, tmp_path, learning_rate=1e-3))
    monkeypatch.undo()
    assert (tmp_path / "checkpoint" / "state.json").exists()
    capsys.readouterr()
    train.run(**arguments(aligned, tiny_encoder, tmp_path))
    assert "going on" not in capsys.readouterr().err
    assert content(tmp_path) == content(finished)


@pytest.mark.parametrize(
    ("row", "training", "message"),
    [
        ({"freeze_layers": 5}, {}, r"rows\.D\.freeze_layers is 5 but the encoder has 4 layers"),
        ({"layers": 2}, {}, r"rows\.D\.freeze_layers is 3 but the encoder has 2 layers"),
        ({}, {"tweets": 121}, r"training\.tweets is 121 but the train split has 120"),
        ({}, {"device": "xla"}, r"torch_xla is not installed"),
        ({}, {"batch_size": 60}, r"rows\.D: all 4 steps of stage 1 are warm-up \(5\)"),
    ],
)
def test_what_cannot_work_stops_before_any_work(tiny_encoder, aligned, tmp_path, row, training, message):
    with pytest.raises(CrisisflowError, match=message):
        train.run(**arguments(aligned, tiny_encoder, tmp_path, row=row, **training))
    assert list(tmp_path.iterdir()) == []


def test_a_loss_that_is_no_number_stops_with_row_epoch_and_step(tiny_encoder, aligned, tmp_path):
    with pytest.raises(CrisisflowError, match=r"row D, seed 13, epoch \d+, .*loss is not finite"):
        train.run(**arguments(aligned, tiny_encoder, tmp_path, learning_rate=1e30, clip_norm=1e30))
    assert not (tmp_path / "history.csv").exists()


def test_the_longest_sequence_must_fit_the_encoder(tiny_encoder, aligned, tmp_path):
    long = arguments(aligned, tiny_encoder, tmp_path) | {"alignment": AlignmentParams(max_length=513)}
    with pytest.raises(CrisisflowError, match=r"alignment\.max_length is 513 but .* takes 512"):
        train.run(**long)


def test_only_checkpoints_are_discarded(tmp_path):
    from crisisflow.training import checkpoint

    (tmp_path / "state.json").write_text("{}")
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(OSError, match="not empty"):
        checkpoint.discard(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_fewer_training_tweets_are_drawn_by_class(tiny_encoder, aligned, tmp_path):
    train.run(**arguments(aligned, tiny_encoder, tmp_path, tweets=60))
    assert read_json(tmp_path / "config.json")["training_tweets"] == 60


def test_the_learning_rate_rises_then_falls_to_zero():
    factors = [rate_factor(step, 4, 10) for step in range(10)]
    assert factors[:4] == [0.25, 0.5, 0.75, 1.0]
    assert factors[4:] == pytest.approx([1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6])
    assert rate_factor(10, 4, 10) == 0
    assert rate_factor(0, 0, 1) == 1


def test_the_stages_are_those_of_the_schedule():
    training = TrainingParams.model_validate(TRAINING)
    assert [tuple(stage) for stage in stages_of(RowParams.model_validate({**ROW, "encoder": "x"}), training)] == [
        (2, 5, 0, False),
        (2, 2, 3, True),
    ]
    single = {**ROW, "encoder": "x", "schedule": "single", "freeze_layers": 0, "freeze_embeddings": False}
    assert [tuple(stage) for stage in stages_of(RowParams.model_validate(single), training)] == [(3, 5, 0, False)]


@given(st.lists(st.integers(3, 128), min_size=1, max_size=300), st.integers(1, 9), st.integers(0, 5))
def test_every_example_is_in_one_batch_and_orders_depend_on_the_seed_only(lengths, size, seed):
    batches = training_order(lengths, size, [seed, 1])
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    assert max(map(len, batches)) <= size
    assert training_order(lengths, size, [seed, 1]) == batches
    flat = [index for batch in evaluation_order(lengths, size) for index in batch]
    assert sorted(flat) == list(range(len(lengths)))


def test_batches_hold_tweets_of_similar_length():
    lengths = [5 + at % 60 for at in range(2000)]
    padded = sum(len(batch) * max(lengths[at] for at in batch) for batch in training_order(lengths, 8, [1, 1]))
    assert padded < 1.1 * sum(lengths)


def test_padding_carries_no_label_and_no_attention():
    examples = Examples(["1", "2"], [[5, 6, 7], [5]], [[-100, 2, 3], [-100]], [4, 9])
    batch = collate(examples, [1, 0], padding_id=1, fixed_length=None)
    assert batch.input_ids.tolist() == [[5, 1, 1, 1, 1, 1, 1, 1], [5, 6, 7, 1, 1, 1, 1, 1]]
    assert batch.mask.tolist() == [[1] + [0] * 7, [1] * 3 + [0] * 5]
    assert batch.labels.tolist() == [[-100] * 8, [-100, 2, 3] + [-100] * 5]
    assert batch.class_ids.tolist() == [9, 4]
    assert collate(examples, [1], padding_id=1, fixed_length=32).input_ids.shape == (1, 32)


if __name__ == "__main__":  # the process that the kill test starts
    train.run(**arguments(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))
