"""The export of agreed labels by the real command: ids and labels, a card, and never a text."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from crisisflow.artifacts import write_json, write_parquet
from crisisflow.studies.actionable_help.agree import AGREED
from tests.presets import read_preset
from tests.studies.actionable_help.artifacts import params as sample
from tests.studies.actionable_help.artifacts import write_labels

PRESETS = Path(__file__).parents[3] / "presets"
SET = {"path": "x", "labels": {}}
SETS = {
    "open_set": {"reader": "need_offer", "columns": None, "encoding": None, "terms": "open", **SET},
    "hidden": {"reader": "neq", "columns": None, "encoding": None, "terms": "confidential", **SET},
}


@pytest.fixture
def folder(tmp_path):
    """A pool of generated tweets, of an open set and of a confidential one, with labels that are agreed or not."""
    plain = read_preset("sample", PRESETS)[1]
    plain["actionable_help"]["sets"] = SETS
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(plain))
    data = tmp_path / "data" / "actionable_help"
    rows = [
        {"set": name, "tweet_id": f"{at}", "label": label, "agreed": label is not None, "votes": 4 if label else 2}
        for name in ("generated", "open_set", "hidden")
        for at, label in enumerate(("request", None, "irrelevant"))
    ]
    write_parquet(data / "agreed.parquet", rows, AGREED)
    agreement, scores = write_labels(tmp_path / "made", sample())
    agreement.rename(data / "agreement.json")
    (tmp_path / "results" / "actionable_help").mkdir(parents=True)
    scores.rename(tmp_path / "results" / "actionable_help" / "label_scores.json")
    return tmp_path


def help_export(folder, *options):
    command = [sys.executable, "-m", "crisisflow", "help_export", "--out", "out", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_ids_and_agreed_labels_are_written_with_a_card(folder):
    done = help_export(folder, "--set", "open_set", "--set", "generated")
    assert done.returncode == 0, done.stderr
    header, *lines = csv.reader((folder / "out" / "labels.csv").open())
    assert header == ["set", "tweet_id", "label", "votes"]
    assert lines == [
        [name, at, label, "4"]
        for name in ("generated", "open_set")
        for at, label in (("0", "request"), ("2", "irrelevant"))
    ]
    card = (folder / "out" / "README.md").read_text()
    assert "| open_set | 3 | 2 | 1 | 0 | 0 | 1 | MIT |" in card
    assert "| rules | rules |" in card
    assert "hidden" not in card
    assert "These tweets are generated" not in card  # one of the sets is not
    assert "kappa of the agreed label" in card
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["README.md", "labels.csv"]


def test_generated_labels_are_said_to_be_and_scores_may_be_absent(folder):
    (folder / "results" / "actionable_help" / "label_scores.json").unlink()
    assert help_export(folder, "--set", "generated").returncode == 0
    card = (folder / "out" / "README.md").read_text()
    assert "These tweets are generated" in card
    assert "It was not compared with labels by people." in card


def test_a_confidential_set_is_refused_in_one_line_and_nothing_is_written(folder):
    for options in ((), ("--set", "hidden")):
        done = help_export(folder, *options)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == (
            "crisisflow: the set hidden is confidential and is not exported; name the other sets with --set\n"
        )
    assert not (folder / "out").exists()


def test_a_set_is_confidential_by_its_reader_whatever_params_calls_it(folder):
    plain = yaml.safe_load((folder / "params.yaml").read_text())
    plain["actionable_help"]["sets"]["hidden"]["terms"] = "open"
    (folder / "params.yaml").write_text(yaml.safe_dump(plain))
    done = help_export(folder, "--set", "hidden")
    assert (done.returncode, done.stderr.split(" and ")[0]) == (2, "crisisflow: the set hidden is confidential")
    assert not (folder / "out").exists()


def test_what_is_wrong_is_one_line(folder):
    def told(*options):
        done = help_export(folder, *options)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
        return done.stderr

    assert "--set other has no tweet in" in told("--set", "other")
    (folder / "out").mkdir()
    assert "out is there already; name another folder" in told("--set", "generated")
    (folder / "out").rmdir()
    write_parquet(folder / "data" / "actionable_help" / "agreed.parquet", [], AGREED)
    assert "has no agreed label" in told()
    write_json(folder / "data" / "actionable_help" / "agreement.json", {})
    (folder / "data" / "actionable_help" / "agreed.parquet").unlink()
    assert "agreed.parquet does not exist" in told()
