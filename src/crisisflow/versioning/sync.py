"""Sync: Snakemake accepts exactly the artifacts that DVC vouches for.

After a checkout, a pull or an experiment from the run cache, DVC knows which parameters, code and inputs made a file,
and Snakemake's notes (.snakemake/metadata) are of other files or are not there. Here they are written anew, by
Snakemake's own means, as if it had run each vouched job itself.
"""

from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

from crisisflow.errors import CrisisflowError
from crisisflow.progress import say
from crisisflow.versioning import dvcyaml
from crisisflow.versioning.axes import lasting
from crisisflow.versioning.record import Sources, made_here, opened_repo
from crisisflow.versioning.snakefile import opened

if TYPE_CHECKING:
    from dvc.output import Output
    from dvc.repo import Repo
    from snakemake.jobs import Job
    from snakemake.workflow import Workflow


class Artifacts(NamedTuple):
    """The files that DVC vouches for, and what is the matter with each of the other files and folders."""

    vouched: set[str]
    doubtful: dict[str, str]
    damaged: set[str]  # the doubtful ones that DVC takes for unchanged, and so may Snakemake


def _changes(reasons: list[Any]) -> tuple[dict[str, str], list[str]]:
    """What `dvc status` says of one stage: the state of its outputs, and what else of it is another than recorded."""
    outputs: dict[str, str] = {}
    others: list[str] = []
    for reason in reasons:
        if isinstance(reason, str):
            others.append("command")
            continue
        outputs |= reason.get("changed outs", {})
        for path, state in reason.get("changed deps", {}).items():
            # of params.yaml DVC names the sections
            others += sorted(state) if isinstance(state, dict) else [path]
    return outputs, others


def _damage(out: "Output") -> dict[str, str]:
    """The files of an output that are damaged although DVC takes it for unchanged, and what is the matter with each.

    DVC believes an object of its cache, and a file that it has copied from there, without reading them again.
    """
    from dvc_data.hashfile.hash import file_md5

    found = {}
    if out.hash_info.isdir and out.get_obj() is None:
        found[str(out)] = "is a folder whose list of files DVC's cache has not; fetch it with dvc pull"
    for path, recorded in _recorded(out):
        if file_md5(path, out.fs) == recorded:
            continue
        found[path] = "is damaged; delete it before dvc checkout, which else believes it"
        if out.use_cache:
            cached = out.cache.oid_to_path(recorded)
            if out.cache.fs.exists(cached) and file_md5(cached, out.cache.fs) != recorded:
                found[path] = f"is damaged, and so is its object in DVC's cache; delete both, the object is {cached}"
    return found


def _recorded(out: "Output") -> Iterator[tuple[str, str]]:
    """The files of an output, which may be a folder, and the MD5 that DVC has recorded of each."""
    if not out.hash_info.isdir:
        yield str(out), out.hash_info.value
        return
    for key, _, recorded in out.get_obj() or ():
        yield str(PurePath(str(out), *key)), recorded.value


def inspect(repo: "Repo") -> Artifacts:
    """What DVC says of every output; the content of those that it takes for unchanged is read and compared."""
    found = Artifacts(set(), {}, set())
    status = repo.status()
    for stage in repo.index.stages:
        outputs, others = _changes(status.get(stage.addressing, []))
        for out in stage.outs:
            path = str(out)
            if state := outputs.get(path):
                found.doubtful[path] = "is not here" if state == "deleted" else f"is {state}"
            elif others:
                found.doubtful[path] = f"was made with another {', '.join(others)}"
            else:
                damage = _damage(out)
                found.doubtful.update(damage)
                found.damaged.update(damage)
                found.vouched.update({path for path, _ in _recorded(out)} - damage.keys())
    return found


async def _update_records(workflow: "Workflow", found: Artifacts) -> set[str]:
    """Make Snakemake's records agree with DVC's; returns the artifacts that are accepted now."""
    jobs = [job for job in workflow.dag.jobs if job.output]
    accepted = {job for job in jobs if (kept := lasting(job.output)) and found.vouched.issuperset(kept)}
    for job in jobs:
        if job in accepted or _serves_only(workflow, job, accepted):
            await workflow.persistence.finished(job)
        elif not found.damaged.isdisjoint(job.output) or not all(map(made_here, lasting(job.output))):
            # Not made by a job that ended: Snakemake would go by its time, and run what comes after it only.
            workflow.persistence.started(job)
    return {str(path) for job in accepted for path in lasting(job.output)}


def _serves_only(workflow: "Workflow", job: "Job", accepted: set["Job"]) -> bool:
    """Whether a job made temporary files, gone by now, for accepted jobs alone."""
    return not lasting(job.output) and accepted.issuperset(workflow.dag.depending[job])


def run(shards: int | None = None) -> None:
    """Make Snakemake accept the artifacts that DVC vouches for, and no others.

    A file for which DVC does not vouch, and which Snakemake did not make here itself, will be made again.

    Raises:
        CrisisflowError: no checkout with DVC; dvc.yaml does not fit the Snakefile; another run is at work; DVC fails;
            parameters or code were edited meanwhile; some artifacts are not as DVC recorded them, which are named (the
            others are accepted before).
    """
    from snakemake.exceptions import LockException

    with opened_repo() as repo, opened(["--set-scatter", f"shards={shards}"] if shards else []) as workflow:
        if repo is None:
            raise CrisisflowError("this is no git checkout with DVC (dvc init), so there is nothing to go by")
        sources = Sources(repo)
        dvcyaml.check(workflow.rules)
        workflow._prepare_dag(forceall=False, ignore_incomplete=True, lock_warn_only=False)
        workflow._build_dag()
        try:
            with workflow.persistence.lock():
                found = inspect(repo)
                accepted = workflow.async_run(_update_records(workflow, found))
                if sources.edited():
                    for job in workflow.dag.jobs:
                        workflow.persistence.started(job)
                    raise CrisisflowError(
                        "parameters or code were edited meanwhile, so nothing is accepted; sync again"
                    )
        except LockException:
            raise CrisisflowError(
                "another run is at work in this folder (wait for it), or a killed one left its lock: crisisflow unlock"
            ) from None
    say(f"sync: Snakemake accepts {len(accepted)} artifacts as DVC recorded them")
    for path, matter in sorted(found.doubtful.items()):
        say(f"sync: not accepted: {path} {matter}")
    if siblings := found.vouched - accepted:
        say(f"sync: nor {len(siblings)} that are made together with these")
    if found.doubtful:
        raise CrisisflowError(
            f"{len(found.doubtful)} artifacts are not as DVC recorded them; fetch those with dvc pull, or dvc checkout "
            "--force (which discards edits), and sync again, or make them: snakemake --cores all"
        )
