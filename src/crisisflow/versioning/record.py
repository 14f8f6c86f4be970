"""Record: after Snakemake has run, DVC takes what it made as the artifacts of the present parameters."""

import base64
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from crisisflow.errors import CrisisflowError
from crisisflow.progress import say
from crisisflow.studies import read_params
from crisisflow.versioning import dvcyaml
from crisisflow.versioning.account import require_home
from crisisflow.versioning.axes import refuse_leftovers, rules_of, studies_of
from crisisflow.versioning.lockfile import kept, put_back
from crisisflow.versioning.rule_helpers import PARAMS_FILE
from crisisflow.versioning.snakefile import nothing_to_do, opened
from crisisflow.versioning.unfinished import finished_files

if TYPE_CHECKING:
    from dvc.dvcfile import FileMixin
    from dvc.output import Output
    from dvc.repo import Repo
    from dvc.stage import Stage

METADATA = Path(".snakemake/metadata")


def made_here(output: str) -> bool:
    """Whether Snakemake itself made the file as it lies there: it notes the file's time when a job ends.

    A file that was checked out, pulled or edited has another time, or no note at all.
    """
    note = METADATA / base64.urlsafe_b64encode(output.encode()).decode()
    try:
        return json.loads(note.read_text(encoding="utf-8"))["endtime"] == Path(output).stat().st_mtime
    except (OSError, ValueError, KeyError):
        return False


def files_of(out: "Output") -> list[str]:
    """The files of an output of DVC, which may be a folder, as they are in the checkout.

    Not those that a killed write left, and that .dvcignore hides from DVC.
    """
    path = Path(str(out))
    if not path.is_dir():
        return [str(path)]
    return list(map(str, finished_files(path)))


@contextmanager
def opened_repo() -> Iterator["Repo | None"]:
    """DVC's view of this folder; None where it is no git checkout with DVC.

    A dvc.lock that a killed process left damaged is put back before.

    Raises:
        CrisisflowError: params.yaml is not valid, the user has no home folder, or DVC itself fails.
    """
    if not (Path(".dvc").is_dir() and Path(".git").exists()):
        yield None
        return
    require_home()
    read_params(PARAMS_FILE)  # DVC ends with a traceback of its YAML reader
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    put_back()
    try:
        with Repo() as repo:
            yield repo
    except DvcException as error:
        raise CrisisflowError(f"DVC: {error}") from error


def run(shards: int | None = None) -> None:
    """Commit to DVC what Snakemake made: all of it, or else each study that is up to date, with what it rests on.

    Does nothing outside a git checkout with DVC, or within a stage that DVC itself runs and records. Artifacts are
    never recorded under parameters or code that did not make them: not where Snakemake has anything left to do, and not
    where it takes a file for its own that it did not make (after a checkout its notes are of another commit).

    Raises:
        CrisisflowError: such a file is there, and is named; dvc.yaml does not fit the Snakefile; DVC fails.
    """
    if "DVC_STAGE" in os.environ:
        return
    with opened_repo() as repo:
        if repo is not None:
            _record(repo, shards)


class Sources:
    """params.yaml, dvc.yaml and every other file that no stage makes, such as code and lexicons, as they are now."""

    def __init__(self, repo: "Repo") -> None:
        made = {str(out) for stage in repo.index.stages for out in stage.outs}
        read = {str(dependency) for stage in repo.index.stages for dependency in stage.deps} - made
        self._paths = [Path(path) for path in sorted({*read, str(dvcyaml.DVC_FILE)})]
        self._content = self._read()

    def _read(self) -> list[bytes | None]:
        return [path.read_bytes() if path.is_file() else None for path in self._paths]

    def edited(self) -> bool:
        """Whether any of them has changed since."""
        return self._read() != self._content


def _is_made(stage: "Stage") -> bool:
    """Whether all outputs of a stage are there.

    To DVC a study that reads a folder rests on all stages that write into it. Snakemake makes only the files that the
    study reads: a stage with other files was not asked for.
    """
    return all(Path(str(out)).exists() for out in stage.outs)


def _commit(stages: Iterable["Stage"]) -> None:
    """What `dvc commit --force` does, for these stages: that command takes one target or all."""
    by_file: dict[FileMixin, list[Stage]] = {}
    for stage in stages:
        stage.save()
        stage.commit()
        by_file.setdefault(stage.dvcfile, []).append(stage)
    for file, own in by_file.items():
        file.dump_stages(own, update_pipeline=False)


def _record(repo: "Repo", shards: int | None) -> None:
    changed = repo.status()
    if not changed:
        return
    sources = Sources(repo)
    # Snakemake counts the shards as inputs: with another number of them than in the run it would have something to do.
    as_run = ["--set-scatter", f"shards={shards}"] if shards else []
    with opened() as workflow:
        rules = list(workflow.rules)
    done: list[str | None] = [None] if nothing_to_do(*as_run) else []  # None: all stages
    done = done or [study for study in studies_of(rules) if nothing_to_do(study, *as_run)]
    stages = {
        stage.addressing: stage
        for target in done
        for stage in repo.stage.collect(target, with_deps=True)
        if target is None or _is_made(stage)
    }
    if done and not stages.keys() & changed.keys():
        say(
            f"record: what is up to date, {', '.join(study or 'all' for study in done)}, is recorded already (dvc.lock)"
        )
        return
    if not done:
        say("record: not everything is up to date, so DVC records nothing; run: snakemake --cores all")
        return
    dvcyaml.check(rules)
    for study in done:
        refuse_leftovers(rules_of(rules, study) if study else rules)
    for name, stage in stages.items():
        for out in stage.outs if name in changed else ():
            for path in files_of(out):
                if not made_here(path):
                    raise CrisisflowError(
                        f"{path} was not made here by the present parameters and code, although Snakemake sees nothing "
                        "to do; run: dvc repro"
                    )
    from dvc.repo import lock_repo

    try:
        with lock_repo(repo), kept():
            _commit(stages.values())
            if sources.edited():
                raise CrisisflowError(
                    "parameters or code were edited meanwhile, so nothing was recorded; run: crisisflow record"
                )
    except PermissionError as error:
        raise CrisisflowError(
            f"DVC may not write {error.filename}, so nothing was recorded; get that right, or use a cache of your own "
            "(dvc cache dir --local FOLDER), then: crisisflow record"
        ) from error
    what = "this run" if done == [None] else f"what is up to date, {' and '.join(map(str, done))},"
    say(f"record: DVC has recorded {what} (dvc.lock)")
