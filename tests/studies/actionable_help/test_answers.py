"""What the study answers without a run of the workflow, through the real command. All texts are invented."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LINES = [
    {"id": "1", "text": "We urgently need tents and water, call 0917 555 0100 or ask @somebody"},
    {"id": "2", "text": "We can offer free rooms to families, message us"},
    {"id": "3", "text": "Praying for everyone tonight"},
    {"id": "4", "text": "", "more": 1},
    {"id": "5", "text": "Necesitamos agua y comida para las familias, por favor ayuda"},
    {"id": "6", "text": " \ufeff "},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder without results."""
    found = tmp_path_factory.mktemp("answers")
    shutil.copy(ROOT / "presets" / "sample" / "actionable_help.yaml", found / "params.yaml")
    return found


def help_predict(folder, *options, text):
    return subprocess.run(
        [sys.executable, "-m", "crisisflow", "help_predict", "-", *options],
        cwd=folder,
        input=text,
        capture_output=True,
        text=True,
    )


def test_without_a_run_the_lexicon_answers_and_says_so(folder):
    done = help_predict(folder, text="".join(json.dumps(line) + "\n" for line in LINES))
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [own["label"] for own in found] == ["request", "offer", "irrelevant", None, None, None]
    assert [(own["language"], own["judged"]) for own in found[2:5]] == [("en", True), (None, False), ("es", False)]
    assert [own["resources"] for own in found[3:5]] == [None, None]
    assert found[0]["resources"] == ["shelter", "water"]
    assert found[3]["more"] == 1
    assert "make reproduce STUDY=actionable_help" in done.stderr


def test_masked_lines_have_no_handle_and_no_number(folder):
    done = help_predict(folder, "--mask", text=json.dumps(LINES[0]) + "\n")
    assert "somebody" not in done.stdout
    assert "0100" not in done.stdout
    assert json.loads(done.stdout)["label"] == "request"


def test_a_line_that_is_no_record_is_one_line_and_exit_code_2(folder):
    done = help_predict(folder, text='{"text": "Help us"}\nno JSON\n')
    assert done.returncode == 2
    assert 'standard input, line 2: is no JSON object with a string "text"' in done.stderr
    assert len(done.stdout.splitlines()) == 1
