"""Data parallel on one machine: `crisisflow train` starts itself once for each process, and speaks for all of them.

What goes wrong in one process is told once and ends the others: torchrun, which does the same and is still needed for
several machines, prints pages around it. Nothing here needs torch, so that the process that only waits stays small.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import Any, NamedTuple

from crisisflow.errors import CrisisflowError

LOOK_SECONDS = 0.1


class _Process(NamedTuple):
    """A started process, and the socket that is its standard input: it reports by it, and ends when it is closed."""

    process: subprocess.Popen
    channel: socket.socket


def needed(processes: int) -> bool:
    """Whether this process has to start others, and is not one that was started itself: by `run` or by torchrun."""
    return processes > 1 and "RANK" not in os.environ


def run(processes: int) -> None:
    """Run this command in so many processes, until all have ended or one has failed.

    Raises:
        CrisisflowError: one of them failed; its own line, or the signal that ended it.
    """
    started: list[_Process] = []
    # Else this process would be gone before it could end the others.
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        _start(started, processes)
        while not any(codes := [own.process.poll() for own in started]) and None in codes:
            time.sleep(LOOK_SECONDS)
    finally:
        for own in started:
            own.process.kill()  # at any time: a checkpoint is whole, or not there
            own.process.wait()
        signal.signal(signal.SIGTERM, before)
    reports = [_read(own.channel) for own in started]
    if any(codes):
        _raise_cause(codes, [report for report in reports if report])


def _start(started: list[_Process], processes: int) -> None:
    """Start the processes, and add each to `started` at once."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    everywhere = {"WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    command = [sys.executable, "-m", "crisisflow.training.worker", *sys.argv[1:]]
    # A process inherits what is blocked: Ctrl-C, which a terminal sends to all, is answered here alone.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        for rank in map(str, range(processes)):
            ours, theirs = socket.socketpair()
            with theirs:
                environment = {**os.environ, **everywhere, "RANK": rank, "LOCAL_RANK": rank}
                started.append(_Process(subprocess.Popen(command, env=environment, stdin=theirs), ours))
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _read(channel: socket.socket) -> dict[str, Any] | None:
    """What an ended process reported, if anything."""
    with channel, channel.makefile("rb") as stream:
        try:
            return json.loads(stream.read())
        except (OSError, ValueError):
            return None


def _raise_cause(codes: list[int | None], reports: list[dict[str, Any]]) -> None:
    """Raise the error of the process that failed first; the others may have failed only because it was gone.

    Args:
        codes: how the processes ended of themselves; None for those that were still at work.

    Raises:
        CrisisflowError: always, but for a fault of the program, whose traceback is shown.
    """
    cause = min(reports, key=lambda report: report["at"], default=None)
    if cause and cause["expected"]:
        raise CrisisflowError(cause["text"])
    for rank, code in enumerate(codes):
        if code and code < 0:
            raise CrisisflowError(
                f"training process {rank + 1} of {len(codes)} was ended by {signal.Signals(-code).name}; run again to "
                "go on, and if memory ran out, lower the study's batch_size or compute.processes"
            )
    if cause is None:
        raise CrisisflowError(f"a training process ended with exit code {max(filter(None, codes))} and said no more")
    print(cause["text"], end="", file=sys.stderr)
    sys.exit(1)
