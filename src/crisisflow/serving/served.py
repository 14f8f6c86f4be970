"""What is served: a row of the results, found, checked and opened."""

import hashlib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import yaml

from crisisflow.artifacts import read_json
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.provenance import commit
from crisisflow.inference import Findings, TrainedRow, load
from crisisflow.params import AnnotationParams, read_params
from crisisflow.serving.predictor import Predictor
from crisisflow.serving.runtime import Runtime, open_runtime
from crisisflow.serving.schema import Version

FILES = ("model.safetensors", "config.json")  # of a row and seed


class Served(NamedTuple):
    """An opened row; `tasks` are ner and cls, or one of them."""

    predict: Callable[[list[str]], list[Findings]]
    tasks: tuple[str, ...]
    annotation: AnnotationParams
    version: Version


class Choice(NamedTuple):
    """A row and seed of a folder of results: None for the row that metrics.json chose, and for its first seed."""

    results: Path
    row: str | None = None
    seed: int | None = None


def folder_of(choice: Choice) -> Path:
    """The folder of the chosen row and seed.

    Raises:
        CrisisflowError: there is none; says what to run.
    """
    rows = choice.results / "rows"
    row = choice.row or read_json(choice.results / "metrics.json")["chosen_row"]
    if choice.seed is not None:
        folder = rows / row / f"seed{choice.seed}"
        if not (folder / "model.safetensors").is_file():
            raise CrisisflowError(f"{folder} has no model.safetensors; run: make reproduce, or name what is there")
        return folder
    seeds = sorted(
        (path.parent for path in rows.glob(f"{row}/seed*/model.safetensors")), key=lambda path: int(path.name[4:])
    )
    if not seeds:
        raise CrisisflowError(f"{rows / row} has no trained seed; run: make reproduce, or dvc checkout")
    return seeds[0]


def sha256(path: Path) -> str:
    """Of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def md5(path: Path) -> str:
    """Of a file's bytes, as DVC has it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def check_recorded(folder: Path, root: Path) -> bool:
    """Whether dvc.lock in `root` names the weights of a folder below it; they are as it says then.

    Only where DVC can record a run: in a copy without git, dvc.lock may be of another run than the results.

    Raises:
        CrisisflowError: weights or config.json are others than recorded.
    """
    lock = root / "dvc.lock"
    if not (lock.is_file() and (root / ".dvc").is_dir() and (root / ".git").exists()):
        return False
    try:
        # In C where PyYAML has it: the file has thousands of lines.
        stages = yaml.load(lock.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))["stages"]
        recorded = {out["path"]: out.get("md5") for stage in stages.values() for out in stage.get("outs", ())}
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        raise CrisisflowError(f"{lock} is not what DVC writes; run: git checkout dvc.lock") from None
    names = {name: (folder.absolute().relative_to(root) / name).as_posix() for name in FILES}
    if names[FILES[0]] not in recorded:
        return False
    for name, path in names.items():
        if recorded.get(path) != md5(folder / name):
            raise CrisisflowError(f"{path} is not the one in dvc.lock; run: dvc checkout, or crisisflow record")
    return True


def open_row(folder: Path, expected: str | None = None) -> tuple[TrainedRow, str]:
    """The row of a folder, and the sha256 of its weights.

    Raises:
        CrisisflowError: it is not readable, or its digest is not the `expected` one.
    """
    weights = folder / "model.safetensors"
    row = load(weights, folder / "config.json")
    digest = sha256(weights)
    if expected is not None and digest != expected.lower():
        raise CrisisflowError(f"{weights} is not the expected file: its sha256 is {digest}")
    return row, digest


def open_served(choice: Choice, params: Path, runtime: Runtime, threads: int, expected: str | None = None) -> Served:
    """Open the chosen row.

    Raises:
        CrisisflowError: it is not there, not readable, or not the expected or recorded one.
    """
    settings, _ = read_params(params)
    folder = folder_of(choice)
    root = choice.results.absolute().parent
    recorded = check_recorded(folder, root)
    row, digest = open_row(folder, expected)
    facts = Version(
        version=version("crisisflow"),
        commit=commit(root).sha,
        params=sha256(params),
        model=digest,
        recorded=recorded,
        preset=settings.preset,
        row=folder.parent.name,
        seed=folder.name.removeprefix("seed"),
        runtime=runtime,
    )
    predictor = Predictor(row, open_runtime(row, runtime, threads))
    return Served(predictor, row.model.tasks, settings.annotation, facts)
