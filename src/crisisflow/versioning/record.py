"""Record: after Snakemake has run, DVC takes what it made as the artifacts of the present parameters."""

import os
import subprocess
import sys
from pathlib import Path

from crisisflow.errors import CrisisflowError
from crisisflow.progress import say


def _run(*command: str) -> str:
    """The standard output of a module of this environment; a failure is one line."""
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise CrisisflowError(f"{' '.join(command)} failed: {last}")
    return done.stdout + done.stderr


def run() -> None:
    """Commit all artifacts to DVC, if all of them are up to date.

    Does nothing where DVC is not initialised, or within a stage that DVC itself runs and records. Artifacts are never
    recorded under parameters that did not make them: while Snakemake has anything left to do, nothing is recorded.
    """
    if not Path(".dvc").is_dir() or "DVC_STAGE" in os.environ:
        return
    if "Nothing to be done" not in _run("snakemake", "--dry-run"):
        say("record: not everything is up to date, so DVC records nothing; run: snakemake --cores all")
        return
    _run("dvc", "commit", "--force", "--quiet")
    say("record: DVC has recorded this run (dvc.lock)")
