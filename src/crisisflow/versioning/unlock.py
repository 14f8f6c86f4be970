"""Unlock: clear the lock that a killed Snakemake left, and put back a dvc.lock that a killed record left damaged."""

import os
import subprocess
import sys
from pathlib import Path

import psutil

from crisisflow.errors import CrisisflowError
from crisisflow.progress import say
from crisisflow.versioning.account import require_home
from crisisflow.versioning.lockfile import put_back

LOCKS = Path(".snakemake/locks")


def _running() -> int | None:
    """The process id of a Snakemake at work in this folder, if there is one."""
    here = Path.cwd()
    for process in psutil.process_iter():
        try:
            named = any(Path(word).name == "snakemake" for word in process.cmdline()[:3])
            if named and process.pid != os.getpid() and Path(process.cwd()) == here:
                return process.pid
        except psutil.Error:
            continue
    return None


def run() -> None:
    """Put back a damaged dvc.lock, and clear a stale lock.

    Raises:
        CrisisflowError: the lock is not stale: a run is at work here; or the user has no home folder.
    """
    require_home()
    put_back()
    if not LOCKS.is_dir() or not any(LOCKS.iterdir()):
        return
    process = _running()
    if process is not None:
        raise CrisisflowError(f"another run is at work in this folder (process {process}); wait for it or stop it")
    done = subprocess.run([sys.executable, "-m", "snakemake", "--unlock"], check=False, capture_output=True, text=True)
    if done.returncode:
        raise CrisisflowError(f"cannot unlock: {done.stderr.strip().splitlines()[-1]}")
    say("unlock: a killed run had left its lock; going on from what it finished")
