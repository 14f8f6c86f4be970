import os
import shlex
import sys
import time
from pathlib import Path

# The package of this very checkout: a DVC experiment runs in a copy, which the installed package knows nothing of.
SOURCES = f"{workflow.basedir}/src"
sys.path.insert(0, SOURCES)
# A prefix replaces Snakemake's own strict mode, so it is said again: a failing step must not hide behind `tee`.
# Snakemake formats it, so a brace of the path is said twice.
shell.prefix(
    "set -euo pipefail; export PYTHONPATH="
    + shlex.quote(SOURCES).replace("{", "{{").replace("}", "}}")
    + "; "
)

from crisisflow.versioning.account import ensure_name
from crisisflow.versioning.axes import (
    benchmarks,
    every,
    every_named,
    expected,
    named,
    over,
    refuse_leftovers,
    rules_of,
)
from crisisflow.versioning.confidential import texts_of
from crisisflow.versioning.dvcyaml import (
    refuse_old_stages,
    refuse_sharing,
    stage_targets,
)
from crisisflow.versioning.lockfile import put_back
from crisisflow.versioning.rule_helpers import (
    code,
    follows,
    inputs_by_params,
    lexicons,
    load_params,
    option,
    options,
    picked,
    refuse_another_package,
    refuse_config_overrides,
    refuse_touch,
    section,
    sections,
    report_interruption,
)

# An output that git keeps. Snakemake would remove it before its job begins, and an interruption would leave the checkout
# without it. Its other outputs are removed, so that the job runs again.
committed = update

STARTED = time.time()


def ran_here(benchmarks):
    """Those that a job of this run has written."""
    return [
        path
        for path in map(Path, benchmarks)
        if path.exists() and path.stat().st_mtime >= STARTED
    ]


def index_is_old(headlines):
    """Whether a study is newer than the list of all studies."""
    index = Path("results/index.html")
    made = [path.stat().st_mtime for path in map(Path, headlines) if path.exists()]
    return bool(made) and (not index.exists() or index.stat().st_mtime < max(made))


report_interruption()
ensure_name()
refuse_another_package(SOURCES)
put_back()
PARAMS = load_params()


# Which values there are is declared in the rules, by over(...).
wildcard_constraints:
    row="[A-Za-z0-9_-]+",
    event="[A-Za-z0-9_-]+",
    tweets="[0-9]+",
    task="[A-Za-z0-9_-]+",
    seed="[0-9]+",
    batch_size="[0-9]+",
    setting="[A-Za-z0-9_]+",
    training="[A-Za-z0-9_]+",
    share="[0-9]+",
