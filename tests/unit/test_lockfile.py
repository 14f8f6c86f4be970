"""dvc.lock is whole after a commit that fails, is interrupted or is killed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import chdir, nullcontext
from pathlib import Path

import pytest
import yaml

from crisisflow.errors import CrisisflowError
from crisisflow.versioning import lockfile, record, unlock
from crisisflow.versioning.lockfile import COPY, LOCK, kept, put_back

ROOT = Path(__file__).parents[2]
STAGES = ("first", "second", "third")

# The real commit of DVC, with nothing of Snakemake around it. Within the write of dvc.lock it stops.
COMMIT = """
import sys, time
from contextlib import nullcontext
from io import StringIO
from pathlib import Path
from unittest.mock import Mock
from dvc.repo import Repo
from dvc.utils.serialize import _yaml
from crisisflow.versioning import dvcyaml, record

share, end = float(sys.argv[1]), sys.argv[2]
dump = _yaml._dump

def stop_halfway(data, stream):
    text = StringIO()
    dump(data, text)
    stream.write(text.getvalue()[: int(share * len(text.getvalue()))])
    stream.flush()
    Path("halfway").touch()
    if end == "full":
        raise OSError("no space left")
    time.sleep(60)

_yaml._dump = stop_halfway
record.nothing_to_do = record.made_here = Mock(return_value=True)
record.opened = lambda: nullcontext(Mock(rules=[]))
record.refuse_leftovers = dvcyaml.check = Mock()
with Repo() as repo:
    record._record(repo, None)
"""


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _make_outputs(text: str) -> None:
    for name in STAGES:
        Path(f"{name}.txt").write_text(f"{name} {text}\n")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A small checkout in which all three artifacts were made anew since they were recorded."""
    folder = tmp_path_factory.mktemp("lockfile") / "checkout"
    folder.mkdir()
    with chdir(folder):
        _run("git", "init", "-q")
        _run(sys.executable, "-m", "dvc", "init", "-q")
        stages = {name: {"cmd": f"make {name}", "outs": [f"{name}.txt"]} for name in STAGES}
        Path("dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
        _make_outputs("once")
        _run(sys.executable, "-m", "dvc", "commit", "-f")
        _make_outputs("twice")
    return folder


@pytest.fixture
def before(checkout, monkeypatch, tmp_path) -> bytes:
    """The dvc.lock of a copy of that checkout, which is the working folder."""
    shutil.copytree(checkout, tmp_path / "checkout")
    monkeypatch.chdir(tmp_path / "checkout")
    return LOCK.read_bytes()


def _halfway(share: float = 0.5, end: str = "wait") -> subprocess.Popen:
    """A commit that has emptied dvc.lock and written this share of it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", COMMIT, str(share), end]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not Path("halfway").exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


def _end(process: subprocess.Popen, number: signal.Signals | None = None) -> str:
    """End a process by a signal, or wait until it ends by itself; what it said."""
    if number is not None:
        process.send_signal(number)
    said = process.communicate(timeout=60)[1]
    assert process.returncode != 0
    return said


def _open_repo() -> None:
    with record.opened_repo():
        pass


def _start_snakemake() -> None:
    """Of a Snakefile that includes the first file of rules, as the real one does."""
    Path("src").symlink_to(ROOT / "src")
    Path("params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    Path("Snakefile").write_text(f'include: "{ROOT}/workflow/rules/common.smk"\nrule all:\n')
    _run(sys.executable, "-m", "snakemake", "--dry-run")


@pytest.mark.parametrize("share", [0, 0.5])
@pytest.mark.parametrize("start", [_open_repo, unlock.run, _start_snakemake])
def test_the_next_command_after_a_kill_puts_dvc_lock_back(before, monkeypatch, share, start):
    monkeypatch.setattr(record, "read_params", lambda path: None)
    process = _halfway(share)
    damaged = LOCK.read_bytes()
    assert len(damaged) < len(before)
    start()
    assert LOCK.read_bytes() == damaged, "the copy of a process that is alive was taken for stale"
    for path in ("src", "params.yaml", "Snakefile"):
        Path(path).unlink(missing_ok=True)
    _end(process, signal.SIGKILL)
    assert LOCK.read_bytes() == damaged, "the kill came too late to test anything"
    start()
    assert LOCK.read_bytes() == before
    assert not COPY.exists()


def test_a_first_record_that_is_killed_leaves_no_dvc_lock(before):
    LOCK.unlink()
    _end(_halfway(), signal.SIGKILL)
    assert LOCK.exists()
    put_back()
    assert not LOCK.exists()


def test_ctrl_c_puts_dvc_lock_back_at_once(before):
    said = _end(_halfway(), signal.SIGINT)
    assert "KeyboardInterrupt" in said
    assert LOCK.read_bytes() == before
    assert not COPY.exists()


def test_a_dvc_that_fails_leaves_dvc_lock_as_it_was(before):
    assert "no space left" in _end(_halfway(end="full"))
    assert LOCK.read_bytes() == before
    assert not COPY.exists()


def test_edits_during_the_commit_undo_it(before, monkeypatch):
    from dvc.repo import Repo

    monkeypatch.setattr(record, "nothing_to_do", lambda: True)
    monkeypatch.setattr(record, "made_here", lambda path: True)
    monkeypatch.setattr(record, "opened", lambda: nullcontext(type("Workflow", (), {"rules": []})))
    monkeypatch.setattr(record, "refuse_leftovers", lambda rules: None)
    monkeypatch.setattr(record.dvcyaml, "check", lambda found: None)
    with monkeypatch.context() as patch, Repo() as repo:
        patch.setattr(record.Sources, "edited", lambda self: True)
        with pytest.raises(CrisisflowError, match="edited meanwhile"):
            record._record(repo, None)
    assert LOCK.read_bytes() == before
    with Repo() as repo:
        record._record(repo, None)
    assert LOCK.read_bytes() != before
    assert not COPY.exists()


def _left(before: bytes) -> None:
    """A copy whose process is gone."""
    COPY.parent.mkdir(parents=True, exist_ok=True)
    COPY.write_bytes(before)


def test_a_dvc_lock_that_is_whole_stays(before):
    _left(before)
    _run(sys.executable, "-m", "dvc", "commit", "-f")
    later = LOCK.read_bytes()
    put_back()
    assert LOCK.read_bytes() == later != before
    assert not COPY.exists()


def test_a_dvc_lock_that_git_brought_back_stays_and_one_cut_off_between_two_stages_does_not(before):
    stages = yaml.safe_load(before)
    del stages["stages"]["third"]
    fewer = yaml.safe_dump(stages).encode()
    LOCK.write_bytes(fewer)
    _left(before)
    put_back()
    assert LOCK.read_bytes() == before
    LOCK.write_bytes(fewer)
    _run("git", "add", "dvc.lock")
    _run("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "fewer", "dvc.lock")
    _left(before)
    put_back()
    assert LOCK.read_bytes() == fewer


def test_a_dvc_lock_that_was_removed_since_stays_away(before):
    _left(before)
    LOCK.unlink()
    put_back()
    assert not LOCK.exists()


def test_an_interruption_while_it_is_put_back_leaves_the_copy_for_the_next_command(before, monkeypatch):
    def interrupted(content: bytes) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt), kept():
        LOCK.write_bytes(b"")
        patch.setattr(lockfile, "_write", interrupted)
        raise ValueError
    put_back()
    assert LOCK.read_bytes() == before


def test_the_copy_is_in_no_commit(before):
    _left(before)
    listed = subprocess.run(["git", "status", "--porcelain", "-uall"], capture_output=True, text=True, check=True)
    assert str(COPY) not in listed.stdout
