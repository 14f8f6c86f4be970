"""A Slurm cluster of one node on loopback, and the tiny study with Snakemake's plugin for Slurm."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import psutil
import pytest

from tests.workflow.conftest import ROOT, Study

# The plugin takes Slurm's variables away from the steps of a job, so that only the file where Debian's package has it
# is found everywhere. It is replaced when it has this first line.
CONFIG = Path("/etc/slurm/slurm.conf")
MARK = "# Written by crisisflow's tests, and gone when they have ended.\n"
T = TypeVar("T")
PATIENCE = 600.0  # seconds, for what takes one or two minutes when the machine has nothing else to do


def wait_until(what: Callable[[], T], told: str) -> T:
    """What this gives, as soon as it is true."""
    end = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < end, f"waited {PATIENCE:g} s in vain: {told}"
        time.sleep(0.1)
    return found


class Job(NamedTuple):
    """What Slurm knows of a job; `rule` is the rule or group, with its wildcards."""

    id: str
    rule: str
    state: str
    partition: str
    cpus: str
    memory: str
    limit: str


class Cluster:
    """munge, the controller and one node; more CPUs and memory than the machine has, so that no request is refused."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: dict[str, subprocess.Popen] = {}

    def start(self) -> None:
        (self.folder / "state").mkdir()
        (self.folder / "munge.key").write_bytes(os.urandom(128))
        (self.folder / "munge.key").chmod(0o400)
        CONFIG.write_text(self._config())
        options = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
        files = [f"--{name}={self.folder / 'munge'}.{suffix}" for name, suffix in options.items()]
        self._launch("munged", "--foreground", "--force", *files)
        wait_until((self.folder / "munge.socket").exists, "munged makes its socket")
        self.start_controller()
        self._launch("slurmd", "-D")
        wait_until(lambda: self._ask("sinfo", "--noheader", "--format=%T") == "idle", "the node is idle")

    def start_controller(self) -> None:
        self._launch("slurmctld", "-D")
        wait_until(lambda: self._ask("scontrol", "ping").endswith("UP"), "the controller answers")

    def crash_controller(self) -> None:
        self.started["slurmctld"].kill()
        self.started["slurmctld"].wait()

    def stop(self) -> None:
        """End the jobs that are still there, then the daemons."""
        try:
            self.run("scancel", "--user=root")
            wait_until(lambda: not self.active(), "the cancelled jobs end")
        finally:
            for process in reversed(self.started.values()):
                process.terminate()
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()
            CONFIG.unlink(missing_ok=True)

    def active(self) -> list[Job]:
        """The jobs that wait, run or end just now."""
        return [job for job in self.jobs() if job.state in ("PENDING", "RUNNING", "COMPLETING")]

    def jobs(self) -> list[Job]:
        """All jobs that ever were, in the order of their submission."""
        text = self.run("squeue", "--noheader", "--states=all", "--sort=i", "--format=%i|%k|%T|%P|%C|%m|%l")
        return [Job(*line.split("|")) for line in text.splitlines()]

    def times_out(self, job: Job) -> bool:
        """Let a job's time end now; False in the second in which it starts, as Slurm refuses that time."""
        command = ["scontrol", "update", f"JobId={job.id}", "EndTime=now"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def run(self, *command: str) -> str:
        """What a command of Slurm's says."""
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout.strip()

    def _ask(self, *command: str) -> str:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    def _launch(self, name: str, *arguments: str) -> None:
        """Start a daemon as a child, which does not outlive a killed pytest either."""
        command = ["setpriv", "--pdeathsig", "KILL", name, *arguments]
        with (self.folder / f"{name}.out").open("ab") as out:
            self.started[name] = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)

    def _config(self) -> str:
        ports = []
        for _ in range(2):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                ports.append(free.getsockname()[1])
        host, here = socket.gethostname().partition(".")[0], self.folder
        return MARK + "\n".join(
            [
                "ClusterName=tests",
                f"SlurmctldHost={host}(127.0.0.1)",
                f"NodeName={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=100000",
                "SlurmdParameters=config_overrides",
                "PartitionName=short Nodes=ALL Default=YES MaxTime=600",
                "PartitionName=long Nodes=ALL MaxTime=UNLIMITED",
                f"SlurmctldPort={ports[0]}",
                f"SlurmdPort={ports[1]}",
                "CommunicationParameters=NoInAddrAny,NoCtldInAddrAny",
                "SlurmUser=root",
                f"AuthInfo=socket={here / 'munge.socket'}",
                f"StateSaveLocation={here / 'state'}",
                f"SlurmdSpoolDir={here / 'spool'}",
                f"SlurmctldPidFile={here / 'slurmctld.pid'}",
                f"SlurmdPidFile={here / 'slurmd.pid'}",
                # Without cgroups, as in a container.
                "ProctrackType=proctrack/linuxproc",
                "TaskPlugin=task/none",
                "SelectType=select/cons_tres",
                "SelectTypeParameters=CR_Core_Memory",
                "MpiDefault=none",
                # No accounting: squeue has to know jobs that have ended.
                "MinJobAge=86400",
                "KillWait=1",
                "ReturnToService=2",
                "",
            ]
        )


@pytest.fixture(scope="session")
def cluster(tmp_path_factory) -> Iterator[Cluster]:
    missing = [name for name in ("munged", "slurmctld", "slurmd", "sbatch") if shutil.which(name) is None]
    assert not missing, f"not installed: {', '.join(missing)}; run tests/install-slurm.sh"
    assert not CONFIG.exists() or CONFIG.read_text().startswith(MARK), f"{CONFIG} is of another Slurm; it is left alone"
    cluster = Cluster(tmp_path_factory.mktemp("slurm"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def begin(study: Study, *command: str) -> subprocess.Popen:
    """Start a command in a study, and do not wait; what it says goes to run.log."""
    with (study.folder / "run.log").open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=study.folder,
            env=study.environment(real=True),
            stdout=log,
            stderr=log,
            start_new_session=True,
            # a pytest in the background of a script ignores Ctrl-C, and what it starts would as well
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )


class OnSlurm(Study):
    """The tiny study, and the cluster that runs it."""

    partitions = "profiles/slurm/partitions.yaml"

    def environment(self, real: bool = True) -> dict[str, str]:
        own = super().environment(real)
        return {
            **own,
            "PYTHONPATH": f"{own['PYTHONPATH']}:{ROOT / '.slurm-plugin'}",
            "SNAKEMAKE_SLURM_PARTITIONS": self.partitions,
        }

    def begin(self, *targets: str) -> subprocess.Popen:
        """Start Snakemake on the cluster."""
        (self.folder / self.partitions).write_text(
            "partitions:\n  short: {max_runtime: 600}\n  long: {max_runtime: 10080}\n"
        )
        command = ["snakemake", "--profile", "profiles/slurm", "--set-scatter", "shards=3"]
        # The profile's own values are for jobs of minutes and a file system on a network.
        command += ["--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "1"]
        return begin(self, *command, "--", *targets)

    def froze(self, *words: str) -> bool:
        """Whether a step with these words in its command runs; it is stopped where it is, and only a signal ends it."""
        found = [
            process
            for process in psutil.process_iter(["cmdline", "cwd"])
            if process.info["cwd"] == str(self.folder) and {"crisisflow", *words} <= _words(process.info["cmdline"])
        ]
        for process in found:
            process.send_signal(signal.SIGSTOP)
        return bool(found)


def _words(command: list[str] | None) -> set[str]:
    return {Path(word).name for word in command or []}
