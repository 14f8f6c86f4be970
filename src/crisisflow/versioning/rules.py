"""What the Snakefile's rules need: values of params.yaml, the sources of a step, and the rows' files.

Each helper keeps the name of what it stands for, so that dvc.yaml can be made from the very same rules
(crisisflow.versioning.dvcyaml).
"""

import ast
import json
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from crisisflow.errors import CrisisflowError
from crisisflow.params import read_params

PARAMS_FILE = Path("params.yaml")
PACKAGE = Path(__file__).parents[1]
# Modules that carry no step's result: a change in them (a new knob, a message, a command) must not rerun a study.
# What they hand over reaches a step as explicit values, which are watched.
NEUTRAL = {"params", "cli", "errors", "progress"}


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
    return sorted(_relative(path) for path in (PACKAGE / "annotation" / "lexicons" / stage).glob("*.yaml"))


@cache
def sources(step: str) -> list[str]:
    """The files of a step's module and of all modules of the package that it imports, directly or not."""
    waiting, found = [f"crisisflow.{step}"], set()
    while waiting:
        path = _module_file(waiting.pop())
        if path is not None and path not in found:
            found.add(path)
            waiting.extend(_imports(path))
    return sorted(map(_relative, found))


def _relative(path: Path) -> str:
    return str(path.relative_to(PACKAGE.parents[1]))


def _module_file(name: str) -> Path | None:
    """The file of a module whose code can change a result; None for other packages' and for names in a module."""
    package, *parts = name.split(".")
    if package != "crisisflow" or not parts or parts[0] in NEUTRAL:
        return None
    path = PACKAGE.joinpath(*parts).with_suffix(".py")
    return path if path.is_file() else None


def _imports(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names
