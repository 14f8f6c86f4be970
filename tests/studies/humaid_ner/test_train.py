"""Training: batches, schedule, determinism, resume, and errors before any work."""

import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from safetensors.torch import load_file, save_file
from transformers.models.bert.modeling_bert import BertLayer

from crisisflow.artifacts import ALIGNED, PREDICTIONS, read_json, read_parquet, write_json, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.identity import Alignment, identified
from crisisflow.params import AlignmentParams, ComputeParams
from crisisflow.studies.humaid_ner import STUDY, train
from crisisflow.studies.humaid_ner.params import ModelParams, RowParams, TrainingParams
from crisisflow.taxonomy import CLASSES, LABELS
from crisisflow.training.batching import Examples, Shapes, collate, evaluation_order, training_order
from crisisflow.training.device import Device, open_device
from crisisflow.training.joint import joint_task
from crisisflow.training.schedule import rate_factor

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
}
COMPUTE = {"device": "cpu", "processes": 1, "threads": 1, "frozen_cache_gb": 1}
ROW = {
    "layers": None,
    "tasks": "joint",
    "weighting": "kendall",
    "schedule": "two_stage",
    "freeze_layers": 3,
    "freeze_embeddings": True,
    "frozen_dropout": True,
    "negatives": None,
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
    """The arguments of train.run, with other values of a row and, by their names, of the training or of compute."""
    compute = {key: training.pop(key) for key in COMPUTE if key in training}
    return {
        "name": "D",
        "aligned": aligned,
        "row": RowParams.model_validate({**ROW, "encoder": str(encoder), **(row or {})}),
        "training": TrainingParams.model_validate({**TRAINING, **training}),
        "compute": ComputeParams.model_validate({**COMPUTE, **compute}),
        "model": ModelParams(dropout=0.1),
        "alignment": AlignmentParams(max_length=64),
        "seed": 13,
        "checkpoint": folder / "checkpoint",
        **{name: folder / file for name, file in NAMES.items()},
        "speed": folder / "speed.csv",
    }


def command(**own) -> list[str]:
    """`crisisflow train` with the arguments that `arguments` makes."""
    values = {name: value.model_dump_json() if isinstance(value, BaseModel) else value for name, value in own.items()}
    options = [f"--{name}={value}" for name, value in values.items()]
    return [sys.executable, "-m", "crisisflow", "train", *options]


def content(folder: Path) -> dict[str, bytes]:
    return {file: (folder / file).read_bytes() for file in NAMES.values()}


@pytest.fixture(scope="module")
def finished(tiny_encoder, aligned, tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    train.run(**arguments(aligned, tiny_encoder, folder))
    return folder


def history(folder: Path) -> list[dict[str, float]]:
    """The numbers of each epoch, without study, row and seed."""
    head, *lines = (text.split(",", 3)[3] for text in (folder / "history.csv").read_text().splitlines())
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
    assert table["tweet_id"].to_pylist() == expected.ids
    assert table["labels"].to_pylist() == expected.targets["labels"]
    assert all(abs(sum(row) - 1) < 1e-5 for row in table["class_probabilities"].to_pylist())
    from crisisflow.evaluation.metrics import class_scores, combined_score, entity_scores

    labels, class_ids = table["labels"].to_pylist(), table["class_id"].to_pylist()
    ner = entity_scores(labels, table["predicted_labels"].to_pylist(), LABELS)["micro"]["f1"]
    cls = class_scores(class_ids, table["predicted_class_id"].to_pylist(), CLASSES)["macro_f1"]
    assert combined_score(ner, cls) == pytest.approx(best["combined_score"])


def test_the_checkpoint_is_gone_and_s_is_saved(finished):
    from safetensors import safe_open

    assert sorted(path.name for path in finished.iterdir()) == sorted([*NAMES.values(), "speed.csv"])
    with safe_open(finished / "model.safetensors", "pt") as tensors:
        assert "weighting.log_variance" in tensors.keys()  # noqa: SIM118


def test_same_seed_same_bytes(finished, tiny_encoder, aligned, tmp_path):
    train.run(**arguments(aligned, tiny_encoder, tmp_path))
    assert content(tmp_path) == content(finished)


def killed_when(condition, command: list[str]) -> None:
    """Start a command and SIGKILL it as soon as the condition holds."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while process.poll() is None and not condition():
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def test_a_run_killed_anywhere_ends_with_the_same_bytes(finished, tiny_encoder, aligned, tmp_path):
    """SIGKILL within epoch 1, within epoch 3 (of stage 2), and while a checkpoint is written; then one finishes."""
    folder = tmp_path / "checkpoint"
    command = [sys.executable, __file__, str(aligned), str(tiny_encoder), str(tmp_path)]
    killed_when(lambda: list(folder.glob("epoch0001-batch000000[5-9].json")), command)
    killed_when(lambda: list(folder.glob("epoch0003-batch000000[5-9].json")), command)
    killed_when(lambda: list(folder.glob(".epoch0003-batch*.partial")), command)
    assert not (tmp_path / "history.csv").exists()
    assert len(list(folder.glob("*.json"))) <= 3  # two, and one more if the kill came before the oldest was removed
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "row D, seed 13: going on in epoch 3 after" in done.stderr
    assert content(tmp_path) == content(finished)
    assert not folder.exists()


def interrupted(monkeypatch, epoch: int, batches: int = 0, **own) -> None:
    """Train until so many batches of the epoch are done; a checkpoint is made every five."""
    from crisisflow.training import loop

    real = loop.Trainer._step

    def step(self, running, train, indices, at_epoch, at):
        if (at_epoch, at) == (epoch, batches):
            raise KeyboardInterrupt
        return real(self, running, train, indices, at_epoch, at)

    with monkeypatch.context() as patch:
        patch.setattr(loop.Trainer, "_step", step)
        patch.setattr(loop, "CHECKPOINT_SECONDS", 0)
        patch.setattr(loop, "CHECK_EVERY", 5)
        with pytest.raises(KeyboardInterrupt):
            train.run(**own)


def flipped(file: Path) -> None:
    """One bit of the file is another."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("suffix", "damage", "reason"),
    [
        ("safetensors", flipped, "the checksum of its tensors differs"),
        ("safetensors", Path.unlink, "No such file or directory"),
        ("json", flipped, ""),
        ("json", lambda file: file.write_text("{}"), "it has no 'state'"),
        ("json", lambda file: file.write_text("[]"), ""),
    ],
)
def test_a_damaged_checkpoint_is_said_and_the_one_before_it_used(
    finished, tiny_encoder, aligned, tmp_path, monkeypatch, capsys, suffix, damage, reason
):
    interrupted(monkeypatch, 4, **arguments(aligned, tiny_encoder, tmp_path))
    *_, newest = sorted((tmp_path / "checkpoint").glob(f"*.{suffix}"))
    damage(newest)
    capsys.readouterr()
    train.run(**arguments(aligned, tiny_encoder, tmp_path))
    said = capsys.readouterr().err
    (line,) = [line for line in said.splitlines() if "damaged" in line]
    assert line.startswith(f"checkpoint {newest.with_suffix('.json')} is damaged (")
    assert reason in line
    assert line.endswith("): going back to the one before it, or to the beginning")
    assert "going on in epoch 3 after 10 of its batches" in said
    assert content(tmp_path) == content(finished)


def test_with_both_checkpoints_damaged_the_row_begins_anew(
    finished, tiny_encoder, aligned, tmp_path, monkeypatch, capsys
):
    interrupted(monkeypatch, 3, **arguments(aligned, tiny_encoder, tmp_path))
    for tensors in (tmp_path / "checkpoint").glob("*.safetensors"):
        tensors.write_bytes(b"")
    train.run(**arguments(aligned, tiny_encoder, tmp_path))
    assert "going on" not in capsys.readouterr().err
    assert content(tmp_path) == content(finished)


def test_a_checkpoint_of_other_parameters_is_not_taken_up(
    finished, tiny_encoder, aligned, tmp_path, monkeypatch, capsys
):
    from crisisflow.training import checkpoint

    monkeypatch.setattr(checkpoint, "discard", lambda folder: None)
    train.run(**arguments(aligned, tiny_encoder, tmp_path, learning_rate=1e-3))
    monkeypatch.undo()
    assert list((tmp_path / "checkpoint").glob("*.json"))
    capsys.readouterr()
    train.run(**arguments(aligned, tiny_encoder, tmp_path))
    assert "going on" not in capsys.readouterr().err
    assert content(tmp_path) == content(finished)


@pytest.mark.parametrize(
    ("row", "training", "message"),
    [
        ({"freeze_layers": 5}, {}, r"humaid_ner\.rows\.D\.freeze_layers is 5 but the encoder has 4 layers; lower it"),
        ({}, {"tweets": 121}, r"training\.tweets is 121 but the train split has 120; lower it, or say all"),
        ({}, {"device": "xla"}, r"torch_xla is not installed"),
        ({}, {"device": "cuda"}, r"compute\.device is cuda but PyTorch finds no CUDA device here; set it to cpu"),
        ({}, {"processes": 4}, r"compute\.processes is 4 but 1 run; crisisflow train starts them itself"),
        ({"freeze_layers": 4, "weighting": "pcgrad"}, {}, r"stage 2 leaves none of its layers to train"),
        (
            {},
            {"batch_size": 60},
            r"humaid_ner\.rows\.D, stage 1: all 4 steps are warm-up, .*; "
            r"lower .*\.two_stage\.stage1\.warmup_steps, which is 5",
        ),
        (
            {"schedule": "single", "freeze_layers": 0, "freeze_embeddings": False},
            {"batch_size": 60, "single": {"epochs": 2, "warmup_steps": 4}},
            r"humaid_ner\.rows\.D, stage 1: all 4 steps are warm-up, .*; "
            r"lower .*\.single\.warmup_steps, which is 4",
        ),
    ],
)
def test_what_cannot_work_stops_before_any_work(tiny_encoder, aligned, tmp_path, row, training, message):
    with pytest.raises(CrisisflowError, match=message) as error:
        train.run(**arguments(aligned, tiny_encoder, tmp_path, row=row, **training))
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_every_process_wants_a_gpu_of_its_own(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    with pytest.raises(CrisisflowError, match=r"only 1 is here; lower compute\.processes, which is 2"):
        open_device("cuda", 1, 2)


def test_a_port_that_another_program_took_is_one_line(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(taken.getsockname()[1])}
        for name, value in {**place, "RANK": "0", "WORLD_SIZE": "2"}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(
            CrisisflowError, match=r"the 2 processes .* do not find each other \(.*\); run again"
        ) as error:
            open_device("cpu", 1, 2)
    assert "\n" not in str(error.value)


def test_a_loss_that_is_no_number_stops_with_row_epoch_step_and_tweets(tiny_encoder, aligned, tmp_path):
    where, tweets = r"row D, seed 13, epoch 1, step \d+: ", r"\(ner .* and cls .*\); tweets \d{4}(, \d{4}){7}; lower"
    with pytest.raises(CrisisflowError, match=f"{where}the loss is not finite {tweets}"):
        train.run(**arguments(aligned, tiny_encoder, tmp_path, learning_rate=1e30, clip_norm=1e30))
    assert not (tmp_path / "history.csv").exists()


@pytest.mark.parametrize("where", ["tagging.cross_entropy", "predict.collate"])
def test_out_of_memory_says_the_shape_and_what_to_lower(tiny_encoder, aligned, tmp_path, monkeypatch, where):
    def exhausted(*arguments, **named):
        raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried")

    monkeypatch.setattr(f"crisisflow.training.{where}", exhausted)
    message = r"batch of 8 tweets x \d+ subwords; lower the study's batch_size or max_length"
    with pytest.raises(CrisisflowError, match=message):
        train.run(**arguments(aligned, tiny_encoder, tmp_path))


def test_a_class_without_training_tweets_is_named(tiny_encoder, aligned, tmp_path):
    table = read_parquet(aligned, ALIGNED)
    keep = [
        label != 4 or split != "train"
        for label, split in zip(*map(list, (table["class_id"].to_pylist(), table["split"].to_pylist())), strict=True)
    ]
    write_parquet(tmp_path / "aligned.parquet", table.filter(keep), table.schema)
    own = arguments(tmp_path / "aligned.parquet", tiny_encoder, tmp_path)
    with pytest.raises(CrisisflowError, match=f"humaid_ner.rows.D: no training tweet is of class {CLASSES[4]}"):
        train.run(**own)


@pytest.mark.parametrize(
    ("made", "asked", "message"),
    [
        (
            {"encoder": "other"},
            {},
            r"subwords of other; needed are tweets in at most 64 .* bio --encoder=/\S+ --params",
        ),
        ({"max_length": 32}, {}, r"in at most 32 .* needed .* in at most 64 .*bio .*'{\"max_length\": 64}'"),
        ({"event": "flood"}, {}, r"has tweets without flood .* needed are tweets in .*bio [^,]*$"),
        (
            {},
            {"without_event": "flood"},
            r"needed are tweets without flood .*, then crisisflow \w+ hold_out --event=flood ",
        ),
        ({"event": "fire"}, {"without_event": "flood"}, "has tweets without fire .* needed are tweets without flood"),
        ({"study": "gnom"}, {}, "is of the study gnom, not of humaid_ner"),
    ],
)
def test_tweets_that_are_aligned_otherwise_than_the_row_are_refused(
    tiny_encoder, aligned, tmp_path, made, asked, message
):
    of = {"study": STUDY, "encoder": tiny_encoder.name, "max_length": 64} | made
    table = read_parquet(aligned, ALIGNED)
    write_parquet(tmp_path / "aligned.parquet", table, identified(ALIGNED, Alignment(**of)))
    with pytest.raises(CrisisflowError, match=message) as refused:
        train.run(**arguments(tmp_path / "aligned.parquet", tiny_encoder, tmp_path) | asked)
    assert "\n" not in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["aligned.parquet"]


def test_the_longest_sequence_must_fit_the_encoder(tiny_encoder, aligned, tmp_path):
    long = arguments(aligned, tiny_encoder, tmp_path) | {"alignment": AlignmentParams(max_length=513)}
    with pytest.raises(CrisisflowError, match=r"alignment\.max_length is 513 but .* takes 512"):
        train.run(**long)


def test_only_checkpoints_are_discarded_and_what_else_lies_there_spoils_nothing(tmp_path):
    from crisisflow.training import checkpoint

    (tmp_path / "epoch0001-batch0000000.json").write_text("{}")
    (tmp_path / "mine.txt").write_text("keep")
    checkpoint.discard(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("tasks", ["ner", "cls"])
def test_a_task_left_out_has_no_loss_no_s_and_no_prediction(tiny_encoder, aligned, tmp_path, tasks):
    other = {"ner": "cls", "cls": "ner"}[tasks]
    train.run(**arguments(aligned, tiny_encoder, tmp_path, row={"tasks": tasks}))
    for line in history(tmp_path):
        assert line[f"{tasks}_loss"] > 0
        assert line[f"s_{tasks}"] != 0
        assert line[f"{other}_loss"] is line[f"s_{other}"] is line[f"{other}_weight"] is None
        assert line["combined_score"] is None
    table = read_parquet(tmp_path / "p.parquet", PREDICTIONS)
    columns = {"ner": ["predicted_labels"], "cls": ["predicted_class_id", "class_probabilities"]}
    assert all(table[column].null_count == table.num_rows for column in columns[other])
    assert all(table[column].null_count == 0 for column in columns[tasks])
    lines = (tmp_path / "scores.csv").read_text().splitlines()[1:]
    assert {line.split(",")[4] for line in lines} == {tasks}


@pytest.mark.parametrize(
    ("row", "training"),
    [
        ({"weighting": "dwa"}, {}),
        ({"weighting": "gradnorm"}, {"gradient_cosine_every": 4}),
        ({"weighting": "pcgrad", "frozen_dropout": False}, {}),
    ],
)
def test_every_state_goes_on_within_an_epoch(tiny_encoder, aligned, tmp_path, monkeypatch, row, training):
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    train.run(**arguments(aligned, tiny_encoder, whole, row=row, **training))
    for epoch, batches in ((2, 6), (4, 11)):
        interrupted(monkeypatch, epoch, batches, **arguments(aligned, tiny_encoder, parted, row=row, **training))
    train.run(**arguments(aligned, tiny_encoder, parted, row=row, **training))
    assert content(whole) == content(parted)
    epochs = history(whole)
    assert epochs[-1]["ner_loss"] < epochs[0]["ner_loss"]
    last = epochs[-1]["ner_weight"], epochs[-1]["cls_weight"]
    assert sum(last) == pytest.approx(2)
    assert (last == (1, 1)) == (row["weighting"] == "pcgrad")


def test_gradnorms_weights_have_their_own_constant_rate(tiny_encoder, aligned, tmp_path):
    train.run(**arguments(aligned, tiny_encoder, tmp_path, row={"weighting": "gradnorm"}))
    assert {line["weighting_learning_rate"] for line in history(tmp_path)} == {0.025}


def test_a_checkpoint_of_other_weights_is_not_taken_up(tiny_encoder, aligned, tmp_path, monkeypatch, capsys):
    encoder = tmp_path / "encoder"
    shutil.copytree(tiny_encoder, encoder)
    interrupted(monkeypatch, 2, **arguments(aligned, encoder, tmp_path))
    tensors = load_file(encoder / "model.safetensors")
    save_file({name: tensor + 0.1 for name, tensor in tensors.items()}, encoder / "model.safetensors", {"format": "pt"})
    train.run(**arguments(aligned, encoder, tmp_path))
    said = capsys.readouterr().err
    assert "is of other parameters, weights, data or code: it is not taken up" in said
    assert "going on" not in said


def test_the_cosines_of_the_gradients_are_recorded_and_change_nothing(finished, tiny_encoder, aligned, tmp_path):
    train.run(**arguments(aligned, tiny_encoder, tmp_path, gradient_cosine_every=5))
    head, *lines = (text.split(",", 3)[3] for text in (tmp_path / "gradients.csv").read_text().splitlines())
    assert head == "epoch,step,part,cosine,ner_norm,cls_norm"
    cells = [line.split(",") for line in lines]
    assert {cell[2] for cell in cells if cell[0] == "1"} == {"embeddings", *(f"layer {k}" for k in range(1, 5))}
    assert {cell[2] for cell in cells if cell[0] == "3"} == {"layer 4"}
    assert {cell[1] for cell in cells} == {"0", "5", "10"}
    assert all(-1 <= float(cell[3]) <= 1 and float(cell[4]) > 0 < float(cell[5]) for cell in cells)
    unchanged = content(tmp_path) | {"gradients.csv": b""}
    assert unchanged == content(finished) | {"gradients.csv": b""}


def test_the_kept_output_of_frozen_layers_gives_what_running_them_gives(tiny_encoder, aligned, tmp_path, monkeypatch):
    row = {"frozen_dropout": False}
    kept, anew = tmp_path / "kept", tmp_path / "anew"
    train.run(**arguments(aligned, tiny_encoder, kept, row=row))
    train.run(**arguments(aligned, tiny_encoder, anew, row=row, frozen_cache_gb=0))
    for one, other in zip(history(kept), history(anew), strict=True):
        assert one == pytest.approx(other, rel=1e-4)
    assert [line.split(",")[0] for line in (kept / "speed.csv").read_text().splitlines()[1:]] == ["1", "2", "3", "4"]
    passed = []
    real = BertLayer.forward
    monkeypatch.setattr(BertLayer, "forward", lambda self, *a, **k: passed.append(self) or real(self, *a, **k))
    interrupted(monkeypatch, 3, **arguments(aligned, tiny_encoder, tmp_path / "parted", row=row))
    monkeypatch.setattr(BertLayer, "forward", lambda self, *a, **k: passed.append(self) or real(self, *a, **k))
    passed.clear()
    train.run(**arguments(aligned, tiny_encoder, tmp_path / "parted", row=row))
    assert content(tmp_path / "parted") == content(kept)
    runs = Counter(map(id, passed))
    # 15 batches in each of two epochs and the validations for the upper layer; a few large batches for the lower ones
    assert sorted(runs.values())[-1] >= 30 > 3 * sorted(runs.values())[0]


def test_what_mpnet_shares_between_its_layers_is_trained_so_nothing_is_kept(aligned, tiny_encoder, tmp_path, capsys):
    from transformers import MPNetConfig, MPNetModel

    encoder = tmp_path / "encoder"
    sizes = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 64}
    MPNetModel(MPNetConfig(vocab_size=30_522, **sizes), add_pooling_layer=False).save_pretrained(encoder)
    for file in tiny_encoder.glob("*token*"):
        shutil.copy(file, encoder)
    row = {"freeze_layers": 2, "frozen_dropout": False}
    train.run(**arguments(aligned, encoder, tmp_path, row=row))
    assert "what the frozen layers use is partly trained, so their output is not kept" in capsys.readouterr().err
    assert history(tmp_path)[-1]["ner_loss"] < history(tmp_path)[0]["ner_loss"]


def test_a_disk_too_small_for_the_kept_output_is_one_line(tiny_encoder, aligned, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(CrisisflowError, match=r"cannot keep the output of the frozen layers in .*No space left"):
        train.run(**arguments(aligned, tiny_encoder, tmp_path, row={"frozen_dropout": False}))


@pytest.fixture(scope="module")
def quiet_encoder(tiny_encoder, tmp_path_factory):
    """Without dropout: each process draws its own."""
    folder = tmp_path_factory.mktemp("quiet") / "encoder"
    shutil.copytree(tiny_encoder, folder)
    config = read_json(folder / "config.json")
    write_json(folder / "config.json", config | {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0})
    return folder


@pytest.mark.parametrize(
    ("launcher", "weighting", "batch_size"),
    [("crisisflow", "kendall", 8), ("crisisflow", "gradnorm", 7), ("torchrun", "kendall", 8)],
)
def test_two_processes_have_the_losses_of_one(quiet_encoder, aligned, tmp_path, launcher, weighting, batch_size):
    """Up to the order of floating-point sums. Of 120 tweets the last batch of seven holds one, for one of the two."""
    row, still = {"weighting": weighting}, {"model": ModelParams(dropout=0.0)}
    one, two = (
        arguments(aligned, quiet_encoder, tmp_path / str(n), row, batch_size=batch_size, processes=n) | still
        for n in (1, 2)
    )
    train.run(**one)
    line = command(**two)
    if launcher == "torchrun":
        line[1:2] = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m"]
    done = subprocess.run(line, check=True, capture_output=True, text=True)
    said = [line for line in done.stderr.splitlines() if line.startswith("row D")]
    assert len(said) == 4  # one for each epoch: rank 0 alone speaks
    for ours, theirs in zip(history(tmp_path / "1"), history(tmp_path / "2"), strict=True):
        assert [name for name in ours if ours[name] is None] == [name for name in theirs if theirs[name] is None]
        assert [ours[name] or 0 for name in ours] == pytest.approx([theirs[name] or 0 for name in ours], rel=1e-5)


@pytest.mark.parametrize("terminal", [True, False])
def test_rank_0_alone_speaks(tiny_encoder, aligned, tmp_path, monkeypatch, capsys, terminal):
    own = arguments(aligned, tiny_encoder, tmp_path, row={"frozen_dropout": False})
    interrupted(monkeypatch, 3, 6, **own)
    for file in (tmp_path / "checkpoint").glob("*.json"):
        file.write_text("{}")
    monkeypatch.setattr("crisisflow.progress.LOG_SECONDS", 0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    for writes in (False, True):
        capsys.readouterr()
        monkeypatch.setattr(Device, "writes", writes)
        train.run(**own)
        said = capsys.readouterr().err
        for told in ("is damaged", "output of the frozen layers: ", "epoch 4: "):
            assert (told in said) == writes


def still_there(folder: Path) -> list[psutil.Process]:
    """Processes with the folder in their command: those of its run."""
    return [own for own in psutil.process_iter(["cmdline"]) if str(folder) in " ".join(own.info["cmdline"] or [])]


ENOUGH = "raise CrisisflowError('rank 1 has enough; lower it')"
KILLED = "crisisflow: training process 2 of 2 was ended by SIGKILL; run again to go on, and if memory ran out, lower "


@pytest.mark.parametrize(
    ("place", "fault", "code", "first", "last"),
    [
        # before it meets rank 0, which waits for it; or later, so that rank 0 misses it and fails too
        ("train.open_device", ENOUGH, 2, "crisisflow: rank 1 has enough", "; lower it"),
        ("loop.Trainer._step", ENOUGH, 2, "crisisflow: rank 1 has enough", "; lower it"),
        ("loop.Trainer._step", "os.kill(os.getpid(), 9)", 2, KILLED, "batch_size or compute.processes"),
        ("loop.Trainer._step", "assert False, 'bug'", 1, "Traceback (most recent call last):", "AssertionError: bug"),
    ],
)
def test_what_ends_one_process_ends_all_and_is_told_once(
    tiny_encoder, aligned, tmp_path, place, fault, code, first, last
):
    (tmp_path / "sitecustomize.py").write_text(
        "import os\n"
        "if os.environ.get('RANK') == '1':\n"
        "    from crisisflow.errors import CrisisflowError\n"
        "    from crisisflow.studies.humaid_ner import train\n"
        "    from crisisflow.training import loop\n"
        "    def fail(*arguments):\n"
        f"        {fault}\n"
        f"    {place} = fail\n"
    )
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    line = command(**arguments(aligned, tiny_encoder, tmp_path, processes=2))
    done = subprocess.run(line, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (code, "")
    lines = done.stderr.splitlines()
    assert lines[0].startswith(first)
    assert lines[-1].endswith(last)
    assert len(lines) == 1 or code == 1
    assert sum("Traceback" in line for line in lines) == (code == 1)
    assert still_there(tmp_path) == []


def test_what_all_processes_refuse_is_told_once(tiny_encoder, aligned, tmp_path):
    line = command(**arguments(aligned, tiny_encoder, tmp_path, processes=2, tweets=121))
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    told = "crisisflow: the study's training.tweets is 121 but the train split has 120; lower it, or say all\n"
    assert (done.returncode, done.stderr) == (2, told)


@pytest.mark.parametrize(
    ("number", "code", "told"),
    [
        (signal.SIGINT, 130, ["crisisflow: interrupted; run again to go on\n"]),
        (signal.SIGTERM, 128 + signal.SIGTERM, []),
        (signal.SIGKILL, -signal.SIGKILL, []),
    ],
)
def test_a_signal_ends_all_processes(tiny_encoder, aligned, tmp_path, number, code, told):
    stages = {"stage1": {"epochs": 1, "warmup_steps": 5}, "stage2": {"epochs": 500, "warmup_steps": 2}}
    line = command(**arguments(aligned, tiny_encoder, tmp_path, processes=2, two_stage=stages))
    # A job in the background is started with Ctrl-C ignored, and the tests may run in one.
    with subprocess.Popen(["env", "--default-signal=INT", *line], stderr=subprocess.PIPE, text=True) as process:
        while not list((tmp_path / "checkpoint").glob("*.json")):
            assert process.poll() is None
            time.sleep(0.05)
        for child in psutil.Process(process.pid).children():
            child.send_signal(signal.SIGINT)  # as a terminal sends Ctrl-C to all: they leave it to the launcher
        time.sleep(1)
        assert len(still_there(tmp_path)) == 3
        process.send_signal(number)
        assert process.wait() == code
        if number == signal.SIGKILL:  # then the others notice by themselves
            psutil.wait_procs(still_there(tmp_path), timeout=10)
        assert still_there(tmp_path) == []
        assert [line for line in process.stderr if "epoch" not in line] == told


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
    assert [tuple(stage) for stage in train.stages_of(RowParams.model_validate({**ROW, "encoder": "x"}), training)] == [
        (2, 5, 0, False, True),
        (2, 2, 3, True, True),
    ]
    single = {**ROW, "encoder": "x", "schedule": "single", "freeze_layers": 0, "freeze_embeddings": False}
    assert [tuple(stage) for stage in train.stages_of(RowParams.model_validate(single), training)] == [
        (3, 5, 0, False, True)
    ]


SHAPES = Shapes(multiple=8, longest=128, filled=False)


@given(st.lists(st.integers(3, 128), min_size=1, max_size=300), st.integers(1, 9), st.integers(0, 5))
def test_every_example_is_in_one_batch_and_orders_depend_on_the_seed_only(lengths, size, seed):
    batches = training_order(lengths, size, [seed, 1])
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    assert max(map(len, batches)) <= size
    assert training_order(lengths, size, [seed, 1]) == batches


@given(st.lists(st.integers(3, 128), min_size=1, max_size=300), st.integers(1, 2000))
def test_evaluation_takes_every_example_once_within_the_budget(lengths, subwords):
    batches = evaluation_order(lengths, subwords, SHAPES)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * SHAPES.length(max(lengths[at] for at in batch)) <= subwords


def test_batches_hold_tweets_of_similar_length():
    lengths = [5 + at % 60 for at in range(2000)]
    padded = sum(len(batch) * max(lengths[at] for at in batch) for batch in training_order(lengths, 8, [1, 1]))
    assert padded < 1.1 * sum(lengths)


EXAMPLES = Examples(["1", "2"], [[5, 6, 7], [5]], {"labels": [[-100, 2, 3], [-100]], "class_id": [4, 9]})


def test_padding_carries_no_label_and_no_attention():
    batch = collate(EXAMPLES, [1, 0], 1, SHAPES, rows=32)
    assert batch.input_ids.tolist() == [[5, 1, 1, 1, 1, 1, 1, 1], [5, 6, 7, 1, 1, 1, 1, 1]]
    assert batch.mask.tolist() == [[1] + [0] * 7, [1] * 3 + [0] * 5]
    targets = joint_task(LABELS).targets(EXAMPLES, [1, 0], batch)
    assert targets["ner.labels"].tolist() == [[-100] * 8, [-100, 2, 3] + [-100] * 5]
    assert targets["cls.class_ids"].tolist() == [9, 4]
    assert (targets["ner.count"].tolist(), targets["cls.count"].tolist()) == ([2], [2])


def test_a_share_of_a_batch_counts_the_whole_and_a_filled_one_is_as_high_as_all():
    task = joint_task(LABELS)
    share = collate(EXAMPLES, [1, 0], 1, SHAPES, rows=32, share=slice(1, None, 2))
    assert share.indices == [0]
    targets = task.targets(EXAMPLES, [1, 0], share)
    assert targets["cls.class_ids"].tolist() == [4]
    assert (targets["ner.count"].tolist(), targets["cls.count"].tolist()) == ([2], [2])
    filled = collate(EXAMPLES, [1], 1, Shapes(multiple=32, longest=128, filled=True), rows=4)
    assert filled.input_ids.shape == (4, 32)
    targets = task.targets(EXAMPLES, [1], filled)
    assert targets["cls.class_ids"].tolist() == [9, -100, -100, -100]
    assert (targets["ner.count"].tolist(), targets["cls.count"].tolist()) == ([1], [1])


if __name__ == "__main__":  # the process that a test kills
    from crisisflow.training import loop

    loop.CHECKPOINT_SECONDS, loop.CHECK_EVERY = 0, 5
    train.run(**arguments(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))
