"""The command line: what is wrong is one line on stderr and exit code 2."""

import subprocess
import sys

import pytest


def crisisflow(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "crisisflow", *arguments], capture_output=True, text=True, check=False)


SUBSET = ["subset", "--repaired=a", "--seed=1", "--out=b", "--statistics=c"]
SPLIT = "--split={train: 0.72, validation: 0.14, test: 0.14}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["repair"], "Missing option '--raw'"),
        ([*SUBSET, "--size=some", SPLIT], "Invalid value for '--size'"),
        (
            [*SUBSET, "--size=all", "--split={train: 2}"],
            "Invalid value for '--split': train: input should be less than 1",
        ),
        ([*SUBSET, "--size=all", "--split={train"], "Invalid value for '--split': is not valid YAML"),
        ([*SUBSET, "--size=all", SPLIT], "a does not exist; run the step that makes it first"),
        (["preset", "huge"], "no preset 'huge' in presets/; there are:"),
        (
            ["fetch", "--source=no/archive", "--sample={tweets: 200, seed: 1}", "--out=a", "--gold=b", "--manifest=c"],
            "no/ar",
        ),
    ],
)
def test_one_line_and_exit_code_2(arguments, message):
    done = crisisflow(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("crisisflow: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_ctrl_c_is_one_line():
    code = (
        "import sys; sys.argv = ['crisisflow', 'preset', 'sample']\n"
        "from crisisflow import cli, params\n"
        "def interrupt(*arguments): raise KeyboardInterrupt\n"
        "params.write_preset = interrupt\n"
        "cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "crisisflow: interrupted; run again to go on\n")


def test_debug_shows_the_traceback():
    done = crisisflow("--debug", "preset", "huge")
    assert done.returncode not in (0, 2)
    assert "Traceback" in done.stderr


def test_every_command_explains_itself_without_loading_heavy_libraries():
    code = (
        "import sys; sys.argv = ['crisisflow', '--help']\n"
        "from crisisflow.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "print([name for name in ('torch', 'spacy', 'pandas', 'transformers', 'snakemake') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    for step in ("fetch", "spacy_stage", "train", "dvcyaml"):
        assert step in done.stdout
        assert crisisflow(step, "--help").returncode == 0
