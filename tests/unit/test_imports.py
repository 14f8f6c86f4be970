"""Modules that are left out while others are imported."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from crisisflow.artifacts import SPANS, TWEETS, write_parquet
from crisisflow.imports import left_out

UNUSED = "this"  # a module of Python's that nobody imports, as it prints


def test_a_module_is_left_out_and_can_be_imported_afterwards(capsys) -> None:
    sys.modules.pop(UNUSED, None)
    finders = list(sys.meta_path)
    with pytest.raises(ModuleNotFoundError, match=UNUSED), left_out(UNUSED):
        importlib.import_module(UNUSED)
    assert sys.meta_path == finders
    assert importlib.import_module(UNUSED)
    with left_out(UNUSED):
        assert importlib.import_module(UNUSED), "it was imported before"


@pytest.mark.parametrize("step", ["ruler_stage", "spacy_shard", "spacy_stage"])
def test_a_stage_imports_neither_torch_nor_pandas(tmp_path: Path, step: str) -> None:
    params = {
        "ruler_stage": {"lexicons": ["hazards"]},
        "spacy_shard": {"model": "embedded:en_core_web_sm", "types": {"GPE": "LOCATION"}, "lexicon": "names"},
    }
    tweet = {
        "tweet_id": "1",
        "text": "A flood in Kerala",
        "class_label": "not_humanitarian",
        "event": "x",
        "split": "train",
    }
    write_parquet(tmp_path / "tweets", [tweet], TWEETS)
    write_parquet(tmp_path / "spans", [], SPANS)
    given = ["--shards", "spans"]
    if step in params:
        given = ["--tweets", "tweets", "--params", json.dumps(params[step])]
    code = (
        "import atexit, sys; from crisisflow.cli import main\n"
        "atexit.register(lambda: print({'torch', 'pandas'} & {*sys.modules}))\n"
        "main()"
    )
    command = [sys.executable, "-c", code, step, *given, "--out", "out"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
    assert (tmp_path / "out").is_file()
