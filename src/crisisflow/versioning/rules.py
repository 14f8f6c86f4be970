"""What the Snakefile's rules need: values of params.yaml, the lexicons of a stage, and the rows' files.

Each helper keeps the name of what it stands for, so that dvc.yaml can be made from the very same rules
(crisisflow.versioning.dvcyaml).
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crisisflow.errors import CrisisflowError
from crisisflow.params import read_params
from crisisflow.sources import PACKAGE, relative

PARAMS_FILE = Path("params.yaml")


def load_params() -> dict[str, Any]:
    """The plain form of params.yaml; if it is not valid, one line on stderr and exit code 2."""
    try:
        return read_params(PARAMS_FILE)[1]
    except CrisisflowError as error:
        print(f"crisisflow: {error}", file=sys.stderr)
        sys.exit(2)


def refuse_config_overrides(config: dict[str, Any], params: dict[str, Any]) -> None:
    """Stop when --config or --configfile changed a value: DVC would record another one than what ran."""
    if config != params:
        print(
            "crisisflow: --config and --configfile are not accepted, since params.yaml must be exactly what ran; "
            "edit params.yaml, or use: dvc exp run -S NAME=VALUE",
            file=sys.stderr,
        )
        sys.exit(2)


def section(path: str) -> Callable[[Any], str]:
    """A rule's parameter: the value at `path` of params.yaml (dots between keys, wildcards in braces).

    Text stays as it is, all else becomes JSON.
    """

    def value(wildcards: Any) -> str:
        found: Any = load_params()
        for key in path.format(**dict(wildcards)).split("."):
            found = found[key]
        return found if isinstance(found, str) else json.dumps(found, sort_keys=True)

    value.section = path
    return value


def every_run(pattern: str) -> list[str]:
    """The files of all rows and seeds, in the order of params.yaml."""
    params = load_params()
    return [pattern.format(row=row, seed=seed) for row in params["rows"] for seed in params["seeds"]]


def lexicons(stage: str) -> list[str]:
    """The lexicon files of an annotation stage."""
    return sorted(relative(path) for path in (PACKAGE / "annotation" / "lexicons" / stage).glob("*.yaml"))
