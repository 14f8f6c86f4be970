"""The XLA device on the CPU: it computes what the CPU path computes, and compiles only what is new.

Run by `make test-xla`, in the environment of torch_xla.
"""

import json
import shutil
from itertools import pairwise

import pytest
import torch
from torch_xla.debug import metrics

from crisisflow.artifacts import ALIGNED, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.identity import Alignment, identified
from crisisflow.model.joint import JointModel
from crisisflow.pretrained import load_encoder
from crisisflow.studies.humaid_ner import STUDY, train
from crisisflow.studies.humaid_ner.params import ModelParams
from crisisflow.taxonomy import LABELS
from crisisflow.training import loop
from crisisflow.training.device import XlaDevice, open_device
from tests.conftest import aligned_rows
from tests.studies.humaid_ner.test_train import arguments, content, history

TWEETS = 100  # 75 to train on: nine batches of eight and one of three, which is filled up
SHAPES = 2
# Two layers, as each is compiled; one of them frozen in stage 2.
ROW = {"layers": 2, "freeze_layers": 1}
# While s warms up its rate meets the weight decay: an equal number, which XLA must not take for the same one.
RATES = {"learning_rate": 2e-3, "log_variance_learning_rate": 1e-2, "weight_decay": 1e-2}


@pytest.fixture(scope="module")
def tweets(tiny_encoder, tmp_path_factory):
    """Aligned tweets of 7 to 40 subwords: two padded lengths."""
    rows = aligned_rows(TWEETS)
    for row in rows[::3]:
        for column in ("input_ids", "labels"):
            first, *inner, last = row[column]
            row[column] = [first, *inner, *inner, last]
    path = tmp_path_factory.mktemp("aligned") / "tweets.parquet"
    write_parquet(path, rows, identified(ALIGNED, Alignment(STUDY, tiny_encoder.name, 64)))
    return path


@pytest.fixture(scope="module")
def still_encoder(tiny_encoder, tmp_path_factory):
    """The tiny encoder without dropout, whose random numbers are of each device's own."""
    folder = tmp_path_factory.mktemp("still") / "encoder"
    shutil.copytree(tiny_encoder, folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def compilations() -> int:
    return metrics.counter_value("UncachedCompile") or 0


@pytest.fixture(scope="module")
def runs(tweets, still_encoder, tmp_path_factory):
    """Two epochs of each of row D's stages on both devices: their folder, and what each epoch on XLA compiled."""
    folder = tmp_path_factory.mktemp("runs")
    marks = [compilations()]
    real = loop.Trainer._epoch

    def epoch(self, *arguments):
        real(self, *arguments)
        marks.append(compilations())

    for device in ("xla", "cpu"):  # in this order: autograd counts the devices when it is first used
        (folder / device).mkdir()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loop.Trainer, "_epoch", epoch)
            train.run(
                **arguments(tweets, still_encoder, folder / device, ROW, device=device, **RATES)
                | {"model": ModelParams(dropout=0.0)}
            )
    return folder, [after - before for before, after in pairwise(marks)][:4]


def test_what_is_computed_is_what_the_cpu_computes(runs):
    """To 1 part in 1,000 after 40 steps: sums are in another order, and AdamW divides by small numbers."""
    folder, _ = runs
    for here, there in zip(history(folder / "xla"), history(folder / "cpu"), strict=True):
        for name in ("ner_loss", "cls_loss", "s_ner", "s_cls", "ner_weight", "cls_weight", "learning_rate"):
            assert here[name] == pytest.approx(there[name], rel=1e-3, abs=1e-4), name
        assert here["trainable_parameters"] == there["trainable_parameters"]


def test_only_the_first_epoch_of_a_stage_compiles(runs):
    """Of training one graph for each shape, and one more for the first step, where the optimizer is empty."""
    _, (first, second, third, fourth) = runs
    assert second == fourth == 0
    assert 0 < third <= SHAPES + 1 < first


def test_a_batch_without_padding_is_no_new_graph(still_encoder):
    device = XlaDevice()
    model = JointModel(load_encoder(str(still_encoder), 1), LABELS, 0.0)
    device.prepare(model)
    device.place(model).eval()

    def class_logits(mask: torch.Tensor) -> torch.Tensor:
        ids = torch.arange(64).reshape(2, 32) + 2000
        logits = model(device.place(ids), device.place(mask)).classes
        device.sync()
        return device.to_host(logits)

    padded = torch.ones(2, 32, dtype=torch.long)
    padded[0, 20:] = 0
    first = class_logits(padded)
    before = compilations()
    second = class_logits(torch.ones(2, 32, dtype=torch.long))
    assert compilations() == before
    assert not torch.equal(first[0], second[0])
    assert torch.allclose(first[1], second[1], atol=1e-6)


def test_dropout_depends_on_the_seed_alone_and_a_new_seed_is_no_new_graph():
    device = XlaDevice()

    def dropped(seed: int) -> torch.Tensor:
        device.seed(seed)
        values = torch.nn.functional.dropout(device.place(torch.ones(4, 64)), 0.5)
        device.sync()
        return device.to_host(values)

    first = dropped(7)
    before = compilations()
    others = [dropped(seed) for seed in (0, 1, 8, 1 << 62)]
    assert torch.equal(dropped(7), first)
    assert compilations() == before
    assert not any(torch.equal(first, other) for other in others)


def test_a_run_that_was_stopped_in_stage_2_ends_with_the_same_bytes(tweets, tiny_encoder, tmp_path, monkeypatch):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    whole.mkdir()
    stopped.mkdir()
    train.run(**arguments(tweets, tiny_encoder, whole, ROW, device="xla"))
    real = loop.Trainer._epoch

    def stop(self, running, start, *rest):
        if start.epoch == 4:
            raise KeyboardInterrupt
        real(self, running, start, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(loop.Trainer, "_epoch", stop)
        with pytest.raises(KeyboardInterrupt):
            train.run(**arguments(tweets, tiny_encoder, stopped, ROW, device="xla"))
    train.run(**arguments(tweets, tiny_encoder, stopped, ROW, device="xla"))
    assert content(stopped) == content(whole)


def test_more_than_one_process_is_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "8")
    with pytest.raises(CrisisflowError, match=r"compute\.processes is 8"):
        open_device("xla", 1, 8)
