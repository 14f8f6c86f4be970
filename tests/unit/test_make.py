"""The Makefile: which build of torch it takes, and how `make reproduce` ends."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CPU_ONLY = {"torch": "2.13.0+cpu", "sympy": "1.14.0", "MarkupSafe": "3.0.4"}
PLAIN = {"torch": "2.13.0", "filelock": "3.1", "typing_extensions": "4.16.0"}  # as for a Mac, or Linux on ARM once
CUDA = {"torch": "2.13.0", "nvidia-cublas-cu12": "12.9", "nvidia_nvshmem_cu12": "3.4", "triton": "3.5"}
NEWER = {"torch": "2.13.0", "cuda-bindings": "13.0", "filelock": "3.1"}
TAGGED = {"torch": "2.13.0+cu130"}
THERE: dict[str, str] = {}  # torch is installed already

# What stands for pip: tells what it is asked, and answers a dry run with a report.
PIP = """#!/bin/sh
echo "$*" >> "$ASKED"
case "$*" in *--dry-run*) cat "$REPORT" ;; esac
"""


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def asked_of_pip(folder: Path, packages: dict[str, str], *arguments: str, pip: str = PIP) -> tuple[list[str], str]:
    """What `make .venv/installed` asks of a pip that would install these packages; and what make says."""
    for name in ("Makefile", "constraints.txt", "pyproject.toml", "tools/torch_index.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    report = {"version": "1", "pip_version": "23.2.1"}
    report["install"] = [{"metadata": {"name": name, "version": own}} for name, own in packages.items()]
    (folder / "report.json").write_text(json.dumps(report))
    script(folder / ".venv" / "bin" / "pip", pip)
    python = shutil.which("python3.11") or shutil.which("python3")
    script(folder / "python", f'#!/bin/sh\ncase "$*" in *venv*) ;; *) exec {python} "$@" ;; esac\n')
    own = {"ASKED": str(folder / "asked"), "REPORT": str(folder / "report.json"), "PATH": os.environ["PATH"]}
    command = ["make", "-s", f"PYTHON={folder}/python", *arguments, ".venv/installed"]
    done = subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, check=False)
    assert (folder / ".venv" / "installed").exists() == (done.returncode == 0), done.stderr
    return (folder / "asked").read_text().splitlines(), done.stdout + done.stderr


@pytest.mark.parametrize("packages", [CPU_ONLY, PLAIN, THERE])
def test_where_pip_takes_the_cpu_build_nothing_changes(packages, tmp_path):
    dry, install = asked_of_pip(tmp_path, packages)[0]
    assert "--dry-run" in dry
    assert install.endswith("-e . -c constraints.txt")
    assert "index" not in install


@pytest.mark.parametrize("packages", [CUDA, NEWER, TAGGED])
def test_where_pip_takes_nvidias_packages_the_cpu_build_comes_from_torchs_index(packages, tmp_path):
    (_, torch, install), said = asked_of_pip(tmp_path, packages)
    assert "--no-deps --index-url https://download.pytorch.org/whl/cpu torch -c constraints.txt" in torch
    assert install.endswith("-e . -c constraints.txt")
    assert "make TORCH_INDEX= .venv/installed" in said


def test_the_index_may_be_another_one(tmp_path):
    assert (
        "--index-url https://mirror.invalid/cpu"
        in asked_of_pip(tmp_path, CUDA, "TORCH_INDEX=https://mirror.invalid/cpu")[0][1]
    )


def test_without_an_index_pip_takes_what_it_takes(tmp_path):
    (install,) = asked_of_pip(tmp_path, CUDA, "TORCH_INDEX=")[0]
    assert install.endswith("-e . -c constraints.txt")


def test_what_pip_cannot_do_ends_the_installation(tmp_path):
    asked, said = asked_of_pip(tmp_path, CUDA, pip=PIP.replace("cat", "false") + "echo ERROR: no network >&2; exit 1\n")
    assert len(asked) == 1
    assert "ERROR: no network" in said
    assert "Traceback" not in said


RUNS = """#!/bin/sh
echo "$0 $*" | sed "s|.*/||" >> "$ASKED"
"""
WAITS = """#!/usr/bin/env python3
import signal, sys, time
def end(*_):
    print("interrupted", file=sys.stderr)
    sys.exit(1)
signal.signal(signal.SIGINT, end)
print("at work", flush=True)
time.sleep(60)
"""


def reproducing(folder: Path, snakemake: str, *options: str) -> subprocess.Popen:
    """`make reproduce`, as a shell starts it, with scripts in the place of the commands."""
    shutil.copy(ROOT / "Makefile", folder / "Makefile")
    for name in ("pyproject.toml", "constraints.txt", ".venv/installed"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    script(folder / ".venv" / "bin" / "crisisflow", RUNS)
    script(folder / ".venv" / "bin" / "snakemake", snakemake)
    own = {**os.environ, "ASKED": str(folder / "asked")}
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(["make", "reproduce", *options], cwd=folder, env=own, start_new_session=True, **pipe)


def test_reproduce_ends_with_the_summary(tmp_path):
    with reproducing(tmp_path, RUNS) as process:
        assert process.wait() == 0
    asked = (tmp_path / "asked").read_text().splitlines()
    assert [line.split()[:2] for line in asked] == [
        ["crisisflow", "unlock"],
        ["snakemake", "--cores"],
        ["crisisflow", "record"],
        ["crisisflow", "summary"],
    ]


@pytest.mark.parametrize(("study", "last"), [("humaid_ner", "summary"), ("gnom", "studies"), ("all", "studies")])
def test_reproduce_runs_the_study_that_is_asked_for(study, last, tmp_path):
    with reproducing(tmp_path, RUNS, f"STUDY={study}") as process:
        assert process.wait() == 0
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked[1] == f"snakemake --cores all --quiet host reason -- {study}"
    assert asked[-1] == f"crisisflow {last}"


def test_a_failed_run_fails(tmp_path):
    with reproducing(tmp_path, "#!/bin/sh\nexit 3\n") as process:
        assert "Error 3" in process.stderr.read()
    assert process.returncode == 2
    assert (tmp_path / "asked").read_text() == "crisisflow unlock\n"


def test_ctrl_c_ends_with_the_line_of_the_run(tmp_path):
    with reproducing(tmp_path, WAITS) as process:
        while "at work" not in process.stdout.readline():
            pass
        os.killpg(process.pid, signal.SIGINT)
        assert process.stderr.read() == "interrupted\n"
    assert process.returncode == -signal.SIGINT
    assert (tmp_path / "asked").read_text() == "crisisflow unlock\n"
