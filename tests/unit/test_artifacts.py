"""Artifacts: same rows same bytes, whole or not there, and readers that say what is wrong."""

import resource
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow import artifacts
from crisisflow.artifacts import (
    SPANS,
    TWEETS,
    aligned_schema,
    atomic_path,
    parquet_writer,
    read_in_parts,
    read_json,
    read_parquet,
    table_of,
    write_json,
    write_parquet,
    write_text,
)
from crisisflow.errors import CrisisflowError
from crisisflow.taxonomy import BIO_LABELS, CLASSES, LABELS

SPAN = {"tweet_id": "1", "start": 0, "end": 2, "label": "NUMBER", "source": "regex", "rule": "x"}


def test_same_rows_same_bytes_in_any_process(tmp_path):
    code = (
        "import sys; from pathlib import Path; from crisisflow.artifacts import aligned_schema, write_parquet;"
        "from crisisflow.taxonomy import LABELS;"
        "write_parquet(Path(sys.argv[1]), [dict(tweet_id='1', split='train', input_ids=[1, 2], labels=[-100, 3],"
        " class_id=4, truncated_spans=0)] * 3, aligned_schema(LABELS))"
    )
    for name, seed in (("one", "0"), ("other", "7")):
        subprocess.run([sys.executable, "-c", code, tmp_path / name], env={"PYTHONHASHSEED": seed}, check=True)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


@given(st.lists(st.text(max_size=9), max_size=60), st.lists(st.integers(0, 60), max_size=8))
def test_the_portions_in_which_rows_come_do_not_change_the_bytes(tmp_path_factory, texts, cuts):
    folder = tmp_path_factory.mktemp("portions")
    table = table_of([(text, text, text, None, "train") for text in texts], TWEETS)
    borders = [0, *sorted(min(cut, len(texts)) for cut in cuts), len(texts)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(artifacts, "ROW_GROUP", 7)
        write_parquet(folder / "whole", table, TWEETS)
        with parquet_writer(folder / "portions", TWEETS) as append:
            for start, end in pairwise(borders):
                append(table.slice(start, end - start))
    assert (folder / "portions").read_bytes() == (folder / "whole").read_bytes()
    assert read_parquet(folder / "whole", TWEETS) == table
    assert [part.num_rows for part in read_in_parts(folder / "whole", TWEETS)] == [
        min(7, len(texts) - start) for start in range(0, len(texts), 7)
    ]
    for start, end in pairwise(borders):
        parts = list(read_in_parts(folder / "portions", TWEETS, range(start, end)))
        assert pa.concat_tables([TWEETS.empty_table(), *parts]) == table.slice(start, end - start)


def test_columns_larger_than_a_page_have_the_same_bytes_too(tmp_path):
    """Where a dictionary or a page is full depends on how much is written at once, if one lets it."""
    table = table_of([(str(at), str(at) * 60, "", None, "train") for at in range(25_000)], TWEETS)
    write_parquet(tmp_path / "whole", table, TWEETS)
    with parquet_writer(tmp_path / "portions", TWEETS) as append:
        for start in range(0, 25_000, 777):
            append(table.slice(start, 777))
    assert (tmp_path / "portions").read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_writer_that_is_interrupted_leaves_nothing(tmp_path):
    table = table_of([tuple(SPAN.values())] * 20_000, SPANS)
    with pytest.raises(RuntimeError), parquet_writer(tmp_path / "spans", SPANS) as append:
        append(table)
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_aligned_files_load_with_datasets_as_class_labels(tmp_path):
    datasets = pytest.importorskip("datasets")
    row = {"tweet_id": "1" * 19, "split": "train", "input_ids": [101, 5], "labels": [-100, 3], "class_id": 4}
    write_parquet(tmp_path / "A.parquet", [{**row, "truncated_spans": 0}], aligned_schema(LABELS))
    loaded = datasets.Dataset.from_parquet(str(tmp_path / "A.parquet"), cache_dir=str(tmp_path / "cache"))
    assert loaded[0] == {**row, "truncated_spans": 0}
    assert loaded.features["labels"].feature.names == list(BIO_LABELS)
    assert loaded.features["class_id"].names == list(CLASSES)


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
    # tweets and their gold spans are written side by side
    assert done.stderr.startswith(tuple(f"crisisflow: cannot write {tmp_path / name}: " for name in ("out", "gold")))
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


@pytest.mark.parametrize("absolute", [False, True])
def test_of_an_artifact_that_is_not_there_the_command_that_makes_it_is_said(tmp_path, monkeypatch, absolute):
    monkeypatch.chdir(tmp_path)
    for path in ("data/corpus/tweets.parquet", "results/humaid_ner/rows/A/seed13/predictions.parquet"):
        given = tmp_path / path if absolute else Path(path)
        with pytest.raises(CrisisflowError) as error:
            read_parquet(given, TWEETS)
        assert str(error.value) == (f"{given} does not exist; run the step that makes it: snakemake --cores all {path}")
    for path in ("data/reference/tweets.csv", "../data/x", "x.json"):  # no rule makes these
        with pytest.raises(CrisisflowError, match=r"run the step that makes it first$"):
            read_json(Path(path))


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
    with pytest.raises(CrisisflowError, match="it lacks text, class_label, event, split"):
        next(read_in_parts(path, TWEETS))
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + bytes(len(whole) // 3) + whole[4 + len(whole) // 3 :])
    with pytest.raises(CrisisflowError, match="no readable Parquet"):
        list(read_in_parts(path, SPANS))
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(CrisisflowError, match="no readable JSON"):
        read_json(tmp_path / "a.json")


def test_json_has_no_nan(tmp_path):
    with pytest.raises(ValueError, match=r"NaN|not JSON compliant"):
        write_json(tmp_path / "a.json", {"f1": float("nan")})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("read", [read_json, lambda path: read_parquet(path, TWEETS)])
def test_only_what_the_workflow_made_may_be_deleted(tmp_path, monkeypatch, read):
    monkeypatch.chdir(tmp_path)
    for name, advice in (
        ("results/a/x", "delete it and run again"),
        ("data/x", "delete it and run again"),
        ("data/reference/x", "give a sound one"),
        ("mine/data/x", "give a sound one"),
        ("x", "give a sound one"),
    ):
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{")
        for place in (path, path.absolute()):
            with pytest.raises(CrisisflowError, match=f"{advice}$"):
                read(place)
