"""What is served, a row or a shipped model: found and checked before anything is loaded that takes seconds."""

import hashlib
import json
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import yaml

from crisisflow.artifacts import read_json
from crisisflow.checksums import file_sha256
from crisisflow.errors import CrisisflowError
from crisisflow.params import SharedParams, read_own
from crisisflow.serving.shipped import GRAPH, Shipped
from crisisflow.serving.shipped import read as read_shipped
from crisisflow.versioning.unfinished import finished_files

WEIGHTS = "model.safetensors"
FILES = (WEIGHTS, "config.json")  # of a row and seed


GENERATED = "sample"  # corpus.source of the generated tweets


class Choice(NamedTuple):
    """A row and seed of a folder of results: None for the row that metrics.json chose, and for its first seed.

    With `model` it is the shipped model in that folder instead.
    """

    results: Path
    row: str | None = None
    seed: int | None = None
    model: Path | None = None


def by_default(results: Path, shipped: Path, params: Path) -> Choice:
    """What is meant where nothing is named: the shipped model, unless a row of the results learnt from real tweets.

    Without the shipped model, the row that the results chose.

    Args:
        results: folder of the results. shipped: folder of the shipped model. params: the params.yaml that was run.

    Raises:
        CrisisflowError: params.yaml is not readable.
    """
    own = Choice(results)
    if not shipped.is_dir():
        return own
    if read_own(params, SharedParams).corpus.source != GENERATED:
        try:
            folder_of(own)
        except CrisisflowError:
            from crisisflow.progress import say

            say(f"{results} has no trained row; taking the model {shipped}")
        else:
            return own
    return Choice(results, model=shipped)


def folder_of(choice: Choice) -> Path:
    """The folder of the chosen row and seed.

    Raises:
        CrisisflowError: there is none; says what to run.
    """
    rows = choice.results / "rows"
    row = choice.row or str(read_json(choice.results / "metrics.json", "chosen_row")["chosen_row"])
    if choice.seed is not None:
        folder = rows / row / f"seed{choice.seed}"
        if not (folder / WEIGHTS).is_file():
            raise CrisisflowError(f"{folder} has no {WEIGHTS}; run: make reproduce{_there(rows / row, 'seed*')}")
        return folder
    seeds = sorted(
        (path.parent for path in rows.glob(f"{row}/seed*/{WEIGHTS}") if path.parent.name[4:].isdecimal()),
        key=lambda path: int(path.name[4:]),
    )
    if not seeds:
        hint = _there(rows, "*/seed*")
        raise CrisisflowError(f"{rows / row} has no trained seed; run: make reproduce, or dvc checkout{hint}")
    return seeds[0]


def _there(folder: Path, pattern: str) -> str:
    """Which rows, or seeds, lie in a folder with their weights."""
    found = {path.relative_to(folder).parts[0] for path in folder.glob(f"{pattern}/{WEIGHTS}")}
    return f"; there are: {', '.join(sorted(found))}" if found else ""


def _checkout_of(results: Path) -> Path:
    """The folder with the dvc.yaml by which the results were made, or, without one, the folder above `results/`."""
    above = results.absolute().parents
    return next((folder for folder in above if (folder / "dvc.yaml").is_file()), above[1])


def md5(path: Path) -> str:
    """Of a file's bytes, as DVC has it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def folder_md5(folder: Path) -> str:
    """Of a folder, as DVC has it: of the list of its files, each with its MD5; .dvcignore leaves out some."""
    listed = [{"md5": md5(path), "relpath": path.relative_to(folder).as_posix()} for path in finished_files(folder)]
    text = json.dumps(sorted(listed, key=itemgetter("relpath")), sort_keys=True)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() + ".dir"


def check_recorded(folder: Path, root: Path) -> bool:
    """Whether dvc.lock in `root` names the row of which `folder` is a part; its files are as it says then.

    Only where DVC can record a run: in a copy without git, dvc.lock may be of another run than the results.

    Raises:
        CrisisflowError: a file of the row is another one than recorded.
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
    above = [part.as_posix() for part in folder.absolute().relative_to(root).parents]
    row = next((part for part in above if part in recorded), None)
    if row is None:
        return False
    if recorded[row] != folder_md5(root / row):
        raise CrisisflowError(f"{row} is not the one in dvc.lock; run: dvc checkout, or crisisflow record")
    return True


class Chosen(NamedTuple):
    """A row and seed, or a shipped model, that is there and is what it should be; its weights are not loaded yet.

    Args:
        folder: with its files. root: the checkout.
        digest: sha256 of the weights. recorded: whether dvc.lock names these weights.
    """

    folder: Path
    root: Path
    digest: str
    recorded: bool
    settings: SharedParams
    params: Path
    shipped: Shipped | None = None


def choose(choice: Choice, params: Path, expected: str | None = None) -> Chosen:
    """Find and check the choice.

    Args:
        params: the params.yaml that was run. expected: sha256 that the weights must have; None for any.

    Raises:
        CrisisflowError: it is not there, or not the expected or recorded one.
    """
    settings = read_own(params, SharedParams)
    if not params.is_file():  # its digest is told with each answer, and a pipe is read once
        raise CrisisflowError(f"{params} is no plain file; name the params.yaml that was run")
    if choice.model is not None:
        shipped = read_shipped(choice.model)
        chosen = Chosen(choice.model, params.absolute().parent, shipped.digest, False, settings, params, shipped)
    else:
        folder = folder_of(choice)
        root = _checkout_of(choice.results)
        recorded = check_recorded(folder, root)
        chosen = Chosen(folder, root, file_sha256(folder / WEIGHTS), recorded, settings, params)
    if expected is not None and chosen.digest != expected.lower():
        weights = chosen.folder / (GRAPH if chosen.shipped else WEIGHTS)
        raise CrisisflowError(f"{weights} is not the expected file: its sha256 is {chosen.digest}")
    return chosen
