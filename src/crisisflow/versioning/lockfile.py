"""Keep dvc.lock whole: a copy is put back when DVC fails, is interrupted or is killed while it writes.

DVC empties dvc.lock and then writes it anew. A process that ends in between leaves the file empty or cut off.
"""

import fcntl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from crisisflow.artifacts import write_text
from crisisflow.progress import say

LOCK = Path("dvc.lock")
COPY = Path(".dvc/tmp/dvc.lock.before")  # in a folder that git ignores


@contextmanager
def kept() -> Iterator[None]:
    """Put dvc.lock back as it was if the block raises anything; if the process is killed, `put_back` does so later.

    The caller holds DVC's lock, so that nobody else writes dvc.lock or makes a copy.
    """
    before = LOCK.read_bytes() if LOCK.exists() else b""
    COPY.parent.mkdir(parents=True, exist_ok=True)
    partial = COPY.with_name(f"{COPY.name}.partial")
    with partial.open("wb") as copy:
        fcntl.flock(copy, fcntl.LOCK_EX)  # until this process ends, however it ends
        copy.write(before)
        copy.flush()
        partial.replace(COPY)
        try:
            yield
        except BaseException:
            _write(before)  # if this is interrupted too, the copy stays for `put_back`
            COPY.unlink()
            raise
        COPY.unlink()


def put_back() -> None:
    """Put back the copy that a killed process left, if dvc.lock is damaged.

    Does nothing while the process that made the copy is alive. A dvc.lock that is whole stays: it was written later.
    """
    try:
        copy = COPY.open("r+b")
    except FileNotFoundError:
        return
    with copy:
        try:
            fcntl.flock(copy, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        before = copy.read()
        if _damaged(before):
            _write(before)
            say(f"a killed process had left {LOCK} damaged; it is again as before that process")
        COPY.unlink(missing_ok=True)


def _write(before: bytes) -> None:
    if before:
        write_text(LOCK, before.decode())
    else:
        LOCK.unlink(missing_ok=True)


def _damaged(before: bytes) -> bool:
    """Whether dvc.lock is empty, cut off, or lacks a stage of the copy although it is not as committed to git."""
    if not LOCK.exists():
        return False  # DVC empties the file and does not remove it: git has, or a user
    now = LOCK.read_bytes()
    stages = _stages(now)
    if stages is None or not now.endswith(b"\n"):
        return True
    if stages >= (_stages(before) or set()):
        return False
    committed = subprocess.run(["git", "show", f"HEAD:./{LOCK}"], capture_output=True, check=False)
    return committed.stdout != now


def _stages(content: bytes) -> set[str] | None:
    """The names of the stages; None where this is no dvc.lock."""
    try:
        return set(yaml.safe_load(content)["stages"])
    except (yaml.YAMLError, TypeError, KeyError):
        return None
