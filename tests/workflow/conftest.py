"""Copies of this project in which the real commands run the whole study at a tiny size."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PREFORKED = Path(__file__).parent / "preforked"

# The stages that compare the rows, and what Snakemake runs when one row is changed.
AFTER_ROWS = [
    "bootstrap",
    "against_gold",
    "tables",
    "headline",
    "confident_errors",
    "learning_curve",
    "leave_one_event_out",
    "figures",
]
AFTER_ROWS += ["cards", "report"]
ONE_ROW = {"train": 1, "evaluate": 1, **dict.fromkeys(AFTER_ROWS, 1)}


def ran(done: subprocess.CompletedProcess) -> list[str]:
    """The stages that a command of DVC ran; those restored from its run cache are not among them."""
    return re.findall(r"^Running stage '(.+)':", done.stdout, re.MULTILINE)


def last(done: subprocess.CompletedProcess) -> str:
    """The last line of a command's errors."""
    return done.stderr.strip().splitlines()[-1]


class Study:
    """A checkout of its own, with the environment that runs the tests."""

    # Where commands are looked for first, unless real processes are asked for: to be killed, or to have other rights.
    preforked = BIN

    def __init__(self, folder: Path, *studies: str) -> None:
        """Make a checkout with the rules of the leading study and of these others."""
        self.folder = folder
        # git names the files as they stand in the working tree, so that an uncommitted change is tested too.
        listed = self.run("git", "ls-files", "-co", "--exclude-standard", "-z", cwd=ROOT).stdout
        for name in filter(None, listed.split("\0")):
            made = name.startswith(("data/", "results/")) and not name.startswith("data/reference/")
            if (ROOT / name).is_file() and name != "dvc.lock" and not made:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes((ROOT / name).read_bytes())
        leave_out_other_studies(folder, {"humaid_ner", *studies})
        (folder / ".dvc").mkdir(exist_ok=True)
        (folder / "results" / "humaid_ner").mkdir(parents=True)
        (folder / "results" / "humaid_ner" / "final_test.json").write_text("[]\n")
        self.set_params(tiny_params())
        for command in (
            "init -q",
            "config user.name t",
            "config user.email t@example.org",
            "add -A",
            "commit -qm tiny",
        ):
            self.run("git", *command.split())

    @classmethod
    def at(cls, folder: Path) -> "Study":
        """A checkout that is there."""
        study = cls.__new__(cls)
        study.folder = folder
        return study

    def copied(self, folder: Path) -> "Study":
        """The same checkout in another folder, with all that was made in it."""
        shutil.copytree(self.folder, folder)
        return Study.at(folder)

    def commit(self, tag: str) -> None:
        """Commit all, under this tag."""
        self.run("git", "add", "-A")
        self.run("git", "commit", "-qm", tag)
        self.run("git", "tag", tag)

    def vary(self, path: str, value: object) -> None:
        """Edit one value of params.yaml."""
        params = yaml.safe_load((self.folder / "params.yaml").read_text())
        *parents, key = path.split(".")
        section = params
        for parent in parents:
            section = section[parent]
        section[key] = value
        self.set_params(params)

    def set_params(self, params: dict) -> None:
        (self.folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))

    def environment(self, real: bool = False) -> dict[str, str]:
        return {
            **os.environ,
            "PATH": f"{BIN if real else self.preforked}:{BIN}:{os.environ['PATH']}",
            "PYTHONPATH": str(self.folder / "src"),
            "HF_HUB_OFFLINE": "1",
        }

    def run(
        self, *command: str, check: bool = True, cwd: Path | None = None, real: bool = False
    ) -> subprocess.CompletedProcess:
        done = subprocess.run(
            command, cwd=cwd or self.folder, env=self.environment(real), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 or not check, f"{command}\n{done.stdout}\n{done.stderr}"
        return done

    def kill_when(self, path: str, *command: str) -> None:
        """Start a command and SIGKILL it with all it started as soon as a file fits the pattern `path`."""
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment(real=True),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while not any(self.folder.glob(path)):
            assert process.poll() is None, f"{command} ended before {path} was there"
            time.sleep(0.002)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def digests(self, paths: Iterable[str]) -> dict[str, str]:
        """The sha256 of files as they lie in the checkout."""
        return {path: hashlib.sha256((self.folder / path).read_bytes()).hexdigest() for path in paths}

    def recorded(self, revision: str | None = None) -> dict[str, dict]:
        """The stages of dvc.lock, as it stands or as of a commit."""
        path = self.folder / "dvc.lock"
        text = self.run("git", "show", f"{revision}:dvc.lock").stdout if revision else path.read_text()
        return yaml.safe_load(text)["stages"]

    def artifacts(self) -> dict[str, str]:
        """The same of every file that dvc.lock names, or that is in a folder that it names."""
        outs = [self.folder / out["path"] for stage in self.recorded().values() for out in stage.get("outs", [])]
        files = [file for out in outs for file in ([out] if out.is_file() else out.rglob("*")) if file.is_file()]
        assert len(files) > 50
        return self.digests(str(file.relative_to(self.folder)) for file in files)

    def planned(self, *targets: str) -> dict[str, int]:
        """How many jobs of each rule Snakemake would run now (its own table of job counts), without target rules."""
        text = self.run("snakemake", "--dry-run", "--cores", "1", *targets).stdout
        _, found, after = text.partition("Job stats:")
        rows = [line.split() for line in after.split("\n\n")[0].splitlines()] if found else []
        return {
            row[0]: int(row[1])
            for row in rows
            if len(row) == 2 and row[1].isdigit() and row[0] not in ("all", "humaid_ner", "total")
        }


def leave_out_other_studies(folder: Path, kept: set[str]) -> None:
    """Take the rules and stages of all but these studies out of a checkout.

    What binds Snakemake and DVC is the same for all studies, and each has tests of its own: here they would only take
    time.
    """
    others = {path.name for path in (folder / "workflow" / "rules").iterdir() if path.is_dir()} - kept
    snakefile, stages_file = folder / "Snakefile", folder / "dvc.yaml"
    lines = [
        line
        for line in snakefile.read_text().splitlines(keepends=True)
        if not any(f'"workflow/rules/{study}/' in line for study in others)
    ]
    snakefile.write_text("".join(lines))
    header, _, text = stages_file.read_text().partition("\n")
    stages = yaml.safe_load(text)["stages"]
    own = {
        name: stage
        for name, stage in stages.items()
        if name not in others and not any(is_of(study, stage) for study in others)
    }
    assert (len(own) < len(stages)) == bool(others)
    stages_file.write_text(f"{header}\n" + yaml.safe_dump({"stages": own}, sort_keys=False, width=120))


def is_of(study: str, stage: dict) -> bool:
    """Whether a stage of dvc.yaml makes something in the folders of a study."""
    outputs = [output for kind in ("outs", "plots", "metrics") for output in stage.get(kind, [])]
    return any(f"/{study}/" in (path if isinstance(path, str) else next(iter(path))) for path in outputs)


def tiny_params() -> dict:
    """The sample preset, shrunk: 200 tweets, rows A and D, one encoder layer or two, an epoch a stage."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    study = params["humaid_ner"]
    params["preset"] = "tiny"
    params["corpus"]["sample"]["tweets"] = 200
    study["training"]["single"].update(epochs=1, warmup_steps=2)
    for stage in study["training"]["two_stage"].values():
        stage["warmup_steps"] = 2
    study["rows"] = {name: study["rows"][name] for name in ("A", "D")}
    study["rows"]["A"]["layers"] = 1
    study["rows"]["D"].update(layers=2, freeze_layers=1)
    study["evaluation"]["learning_curve"] = {"rows": [], "tweets": []}
    study["evaluation"]["leave_one_event_out"] = {"rows": [], "events": []}
    return params


@pytest.fixture(scope="session", autouse=True)
def preforked(tmp_path_factory) -> Iterator[None]:
    """The commands of all studies, run by forks of a Python that has imported their libraries."""
    folder = tmp_path_factory.mktemp("preforked")
    path = folder / "socket"
    (folder / "where").write_text(f"{path}\n{BIN}\n")
    for name in ("crisisflow", "dvc", "snakemake"):
        script = folder / name
        script.write_text(f"#!{sys.executable} -IS\n{(PREFORKED / 'client.py').read_text()}")
        script.chmod(0o755)
    server = [sys.executable, PREFORKED / "server.py", path]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    with subprocess.Popen(server, stdout=subprocess.PIPE, env=environment) as process:
        try:
            assert process.stdout.readline() == b"ready\n"
            Study.preforked = folder
            yield
        finally:
            process.kill()


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Study:
    """A study that takes minutes: the first test process that needs it makes it, each works on a copy of its own."""
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # each process has a folder of its own in there
    with FileLock(shared / f"{name}.lock"):
        if not (shared / name).exists():
            make(shared / f"{name}.partial")
            (shared / f"{name}.partial").rename(shared / name)
    return Study.at(shared / name).copied(factory.mktemp(name) / "study")


@pytest.fixture(scope="session")
def snakemade(tmp_path_factory) -> Study:
    """Run by Snakemake, killed in the middle of row D, and run again."""

    def make(folder: Path) -> None:
        study = Study(folder)
        study.kill_when(
            "results/humaid_ner/checkpoints/D/seed13/epoch0002-batch0000000.json", "snakemake", "--cores", "2"
        )
        locked = study.run("snakemake", "--cores", "1", check=False)
        assert "LockException" in locked.stderr
        study.run("crisisflow", "unlock")
        study.run("snakemake", "--cores", "2")

    return made_once(tmp_path_factory, "snakemade", make)


@pytest.fixture(scope="session")
def reproduced(tmp_path_factory) -> Study:
    """Run by `dvc repro` from a clean clone, by real processes: each with hash and random seeds of its own."""
    study = Study(tmp_path_factory.mktemp("reproduced"))
    study.run("dvc", "repro", real=True)
    return study


@pytest.fixture(scope="session")
def history(tmp_path_factory, snakemade) -> Study:
    """Two commits of one study: `first` made by Snakemake, `second` by an experiment in which row A has two layers."""

    def make(folder: Path) -> None:
        study = snakemade.copied(folder)
        study.commit("first")
        done = study.run("dvc", "exp", "run", "--name", "deeper", "-S", "humaid_ner.rows.A.layers=2")
        assert ran(done) == ["train@A", *AFTER_ROWS, "humaid_ner"]
        study.commit("second")

    return made_once(tmp_path_factory, "history", make)
