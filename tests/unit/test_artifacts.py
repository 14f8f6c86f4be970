"""Artifacts: same rows same bytes, whole or not there, and readers that say what is wrong."""

import resource
import subprocess
import sys

import pytest

from crisisflow.artifacts import (
    ALIGNED,
    SPANS,
    TWEETS,
    atomic_path,
    read_json,
    read_parquet,
    write_json,
    write_parquet,
    write_text,
)
from crisisflow.errors import CrisisflowError
from crisisflow.taxonomy import BIO_LABELS, EVENT_CLASSES

SPAN = {"tweet_id": "1", "start": 0, "end": 2, "label": "NUMBER", "source": "regex", "rule": "x"}


def test_same_rows_same_bytes_in_any_process(tmp_path):
    code = (
        "import sys; from pathlib import Path; from crisisflow.artifacts import ALIGNED, write_parquet;"
        "write_parquet(Path(sys.argv[1]), [dict(tweet_id='1', split='train', input_ids=[1, 2], labels=[-100, 3],"
        " class_id=4, truncated_spans=0)] * 3, ALIGNED)"
    )
    for name, seed in (("one", "0"), ("other", "7")):
        subprocess.run([sys.executable, "-c", code, tmp_path / name], env={"PYTHONHASHSEED": seed}, check=True)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_aligned_files_load_with_datasets_as_class_labels(tmp_path):
    datasets = pytest.importorskip("datasets")
    row = {"tweet_id": "1" * 19, "split": "train", "input_ids": [101, 5], "labels": [-100, 3], "class_id": 4}
    write_parquet(tmp_path / "A.parquet", [{**row, "truncated_spans": 0}], ALIGNED)
    loaded = datasets.Dataset.from_parquet(str(tmp_path / "A.parquet"), cache_dir=str(tmp_path / "cache"))
    assert loaded[0] == {**row, "truncated_spans": 0}
    assert loaded.features["labels"].feature.names == list(BIO_LABELS)
    assert loaded.features["class_id"].names == list(EVENT_CLASSES)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), atomic_path(path) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "old"


def test_a_disk_that_fills_up_in_the_middle_of_a_write(tmp_path):
    """A real limit on the size of a file, as the kernel enforces it, on the real command."""
    command = [sys.executable, "-m", "crisisflow", "fetch", "--source", "sample", "--sample", "{tweets: 400, seed: 1}"]
    paths = [f"--{name}={tmp_path / name}" for name in ("out", "gold", "manifest")]
    limit = 4096
    done = subprocess.run(
        [*command, *paths],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(f"crisisflow: cannot write {tmp_path / 'out'}: ")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_weights_that_do_not_fit_are_said_and_not_left_half_written(tmp_path):
    code = (
        "import sys, torch; from pathlib import Path; from crisisflow.training.device import Device;"
        "Device('cpu').save({'x': torch.zeros(100_000)}, Path(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "model.safetensors"],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
    )
    assert f"CrisisflowError: cannot write {tmp_path / 'model.safetensors'}" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_readers_say_what_is_wrong(tmp_path):
    path = tmp_path / "spans.parquet"
    with pytest.raises(CrisisflowError, match="does not exist; run the step"):
        read_parquet(path, SPANS)
    path.write_bytes(b"PAR1 half")
    with pytest.raises(CrisisflowError, match="no readable Parquet"):
        read_parquet(path, SPANS)
    write_parquet(path, [SPAN], SPANS)
    assert read_parquet(path, SPANS).to_pylist() == [SPAN]
    with pytest.raises(CrisisflowError, match="it lacks text, class_label, event, split"):
        read_parquet(path, TWEETS)
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(CrisisflowError, match="no readable JSON"):
        read_json(tmp_path / "a.json")


def test_json_has_no_nan(tmp_path):
    with pytest.raises(ValueError, match=r"NaN|not JSON compliant"):
        write_json(tmp_path / "a.json", {"f1": float("nan")})
    assert list(tmp_path.iterdir()) == []
