"""Provenance: what a run was made by, and what it cost.

This is what differs from run to run: it records its run. It goes into provenance.html beside a study's report and
nowhere else. That is no artifact; all artifacts keep the contract of the same bytes for the same input. It holds no
name of the machine or its user, and no path.
"""

import os
import platform
import re
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import requires, version
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import psutil

from crisisflow.errors import CrisisflowError
from crisisflow.reporting.exhibits import Table
from crisisflow.reporting.over_seeds import NOTHING

# What the workflow itself writes into git: it follows from the rest.
MADE = ("dvc.lock", "results", "data/*.json")


class Step(NamedTuple):
    """The cost of a rule's jobs, as far as their benchmarks are there."""

    rule: str
    jobs: int
    timed: int  # jobs that have a benchmark
    wall: float  # seconds, summed over the timed jobs, which may have run side by side
    cpu: float  # seconds
    memory: float  # MB, the most of one job (resident set)
    slowest: str
    slowest_wall: float  # seconds


def steps(benchmarks: Iterable[Path]) -> list[Step]:
    """The cost of each rule, from Snakemake's benchmark files named <rule>[-<wildcards>].tsv, in their order.

    A job without such a file did not run here: its artifacts came from DVC's cache.
    """
    files: dict[str, list[Path]] = {}
    for path in benchmarks:
        files.setdefault(path.stem.partition("-")[0], []).append(path)
    return [_step(rule, paths) for rule, paths in files.items()]


def _benchmark(path: Path) -> pd.Series:
    """The last line of Snakemake's benchmark of a job: seconds, processor time, memory.

    Raises:
        CrisisflowError: it is no such file.
    """
    try:
        return pd.read_csv(path, sep="\t")[["s", "cpu_time", "max_rss"]].iloc[-1]
    except (ValueError, KeyError, IndexError):
        raise CrisisflowError(f"{path} is no benchmark that Snakemake wrote; delete it") from None


def _step(rule: str, paths: Sequence[Path]) -> Step:
    there = [path for path in paths if path.exists() and path.stat().st_size]
    if not there:
        return Step(rule, len(paths), 0, 0, 0, 0, "", 0)
    # a job that was over at once has no memory or processor time measured
    found = pd.DataFrame(map(_benchmark, there), index=there).apply(pd.to_numeric, errors="coerce")
    slowest = found["s"].idxmax()
    return Step(
        rule,
        len(paths),
        len(there),
        found["s"].sum(),
        found["cpu_time"].sum(),
        found["max_rss"].fillna(0).max(),
        slowest.stem.partition("-")[2],
        found["s"].max(),
    )


def duration(seconds: float) -> str:
    """Seconds in the two largest units that they fill."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def costs(found: Sequence[Step]) -> Table:
    """The cost of each rule, and of all together."""
    rows = []
    for step in found:
        jobs = str(step.jobs) if step.timed == step.jobs else f"{step.jobs}, of which {step.timed} ran here"
        if step.timed:
            slowest = f"{step.slowest}: {duration(step.slowest_wall)}" if step.jobs > 1 else NOTHING
            rows.append([step.rule, jobs, duration(step.wall), duration(step.cpu), f"{step.memory:,.0f} MB", slowest])
        else:
            rows.append([step.rule, jobs, *[NOTHING] * 4])
    wall, cpu = (sum(values) for values in zip(*((step.wall, step.cpu) for step in found), strict=True))
    memory = max(step.memory for step in found)
    total = ["All together", str(sum(step.jobs for step in found)), duration(wall), duration(cpu), f"{memory:,.0f} MB"]
    return Table(
        "What each step cost, when it last ran here. Wall and processor time are summed over the jobs of a step, which "
        "may have run side by side; memory is the most that one job held. A job that did not run here has no times: "
        "its results came from DVC's cache. The report is not among the steps.",
        ["Step", "Jobs", "Wall time", "Processor time", "Peak memory", "Slowest job"],
        [*rows, [*total, NOTHING]],
    )


class Commit(NamedTuple):
    """The commit of a checkout, None outside one, and the files that differ from it."""

    sha: str | None
    changed: list[str]


def commit(folder: Path) -> Commit:
    """The commit of the checkout at `folder`; changes of what the workflow makes do not count."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout

    if not (folder / ".git").exists():
        return Commit(None, [])
    try:
        sha = git("rev-parse", "HEAD").strip()
        left_out = [f":(exclude){path}" for path in MADE]
        lines = git("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", ".", *left_out)
    except (OSError, subprocess.CalledProcessError):  # no git, no commit yet, or a checkout of another user
        return Commit(None, [])
    return Commit(sha, [line[3:] for line in lines.split("\0") if line])


def versions() -> dict[str, str]:
    """Python and the packages that crisisflow asks for itself, each with its version."""
    asked = [re.match(r"[\w.-]+", line)[0] for line in requires("crisisflow") or [] if "extra ==" not in line]
    return {"Python": platform.python_version(), **{name: version(name) for name in sorted(asked, key=str.lower)}}


def machine() -> dict[str, str]:
    """Processor, cores, memory and system of this machine."""
    try:
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        system = platform.system()
    return {
        "Processor": _processor(),
        "Cores": f"{len(os.sched_getaffinity(0))} of {psutil.cpu_count()}",
        "Memory": f"{psutil.virtual_memory().total / 2**30:.1f} GiB",
        "System": f"{system}, {platform.machine()}",
    }


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


class Provenance(NamedTuple):
    """All that is told of how a run was made."""

    written: str
    commit: Commit
    versions: dict[str, str]
    machine: dict[str, str]
    steps: list[Step]


def provenance(benchmarks: Iterable[Path], folder: Path) -> Provenance:
    """What is known of the run in the checkout at `folder`."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return Provenance(now, commit(folder), versions(), machine(), steps(benchmarks))
