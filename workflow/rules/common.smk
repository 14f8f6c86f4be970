import sys
from pathlib import Path

# The package of this very checkout: a DVC experiment runs in a copy, which the installed package knows nothing of.
sys.path.insert(0, f"{workflow.basedir}/src")
shell.prefix(f"export PYTHONPATH={workflow.basedir}/src; ")

from crisisflow.sources import sources
from crisisflow.versioning.rules import (
    every_run,
    lexicons,
    load_params,
    refuse_config_overrides,
    section,
)

PARAMS = load_params()


wildcard_constraints:
    row="|".join(PARAMS["rows"]),
    seed="|".join(map(str, PARAMS["seeds"])),
