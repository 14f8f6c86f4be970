"""The Snakefile as Snakemake reads it: its workflow in this process, and whether anything of it is to be done."""

import contextlib
import io
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from crisisflow.errors import CrisisflowError
from crisisflow.versioning.account import require_home

if TYPE_CHECKING:
    from snakemake.workflow import Workflow

SNAKEFILE = Path("Snakefile")


@contextmanager
def opened(arguments: list[str] | None = None) -> Iterator["Workflow"]:
    """The workflow of the Snakefile here, with its graph of jobs not yet built.

    Profiles count as in a run, and `arguments` are further ones of Snakemake's command line: the number of shards is
    part of a job's inputs.

    Raises:
        CrisisflowError: there is no Snakefile here, or the user has no home folder.
    """
    require_home()
    from snakemake.api import SnakemakeApi
    from snakemake.cli import parse_args
    from snakemake.settings.enums import Quietness
    from snakemake.settings.types import (
        DAGSettings,
        ExecutionSettings,
        GroupSettings,
        OutputSettings,
        RemoteExecutionSettings,
        ResourceSettings,
        SchedulingSettings,
    )

    if not SNAKEFILE.exists():
        raise CrisisflowError(f"there is no {SNAKEFILE} in {Path.cwd()}; go to the root of the checkout")
    with contextlib.redirect_stderr(io.StringIO()):  # it says which profile it uses
        _, given = parse_args(arguments or [])
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        resources = ResourceSettings(cores=1, overwrite_scatter=given.set_scatter)
        described = api.workflow(resource_settings=resources, snakefile=SNAKEFILE)
        described.dag(DAGSettings(max_checksum_file_size=given.max_checksum_file_size))
        workflow = described._workflow
        workflow.execution_settings = ExecutionSettings()
        workflow.remote_execution_settings = RemoteExecutionSettings()
        workflow.scheduling_settings = SchedulingSettings()
        workflow.group_settings = GroupSettings()
        yield workflow


def nothing_to_do(*arguments: str) -> bool:
    """Whether Snakemake, asked with these arguments, finds every artifact up to date."""
    require_home()
    command = [sys.executable, "-m", "snakemake", "--dry-run", *arguments]
    plan = subprocess.run(command, capture_output=True, text=True, check=False)
    return "Nothing to be done" in plan.stdout + plan.stderr
