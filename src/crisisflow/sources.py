"""Which files of the package a step's result depends on.

Snakemake's own code trigger sees a rule's text but not the package behind its command.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

from crisisflow.errors import CrisisflowError

PACKAGE = Path(__file__).parent
# Modules that hand values over or speak: a new knob, command or message must not rerun hours of training. So does the
# params.py of a study. The values themselves are watched; who mends how one is handed over reruns the step by hand
# (snakemake --forcerun RULE).
NEUTRAL = {"params", "validation", "cli", "errors", "progress", "sources", "inputs"}


@cache
def sources(step: str) -> list[str]:
    """The files of a step's module and of all modules of the package that it imports, directly or not.

    Raises:
        CrisisflowError: there is no such step.
    """
    own = _module_file(f"crisisflow.{step}")
    if own is None or own.name == "__init__.py":
        raise CrisisflowError(f"there is no step {step}: no module crisisflow.{step} whose code can change a result")
    waiting, found = [f"crisisflow.{step}"], set()
    while waiting:
        path = _module_file(waiting.pop())
        if path is not None and path not in found:
            found.add(path)
            waiting.extend(_imports(path))
    return sorted(map(relative, found))


def relative(path: Path) -> str:
    """A file of the package as seen from the root of the checkout."""
    return str(path.relative_to(PACKAGE.parents[1]))


def digest(step: str) -> str:
    """The sha256 of all that `sources` names.

    Raises:
        CrisisflowError: there is no such step.
    """
    whole = hashlib.sha256()
    for path in sources(step):
        whole.update((PACKAGE.parents[1] / path).read_bytes())
    return whole.hexdigest()


def _module_file(name: str) -> Path | None:
    """The file of a module whose code can change a result; None for other packages' and for names in a module."""
    package, *parts = name.split(".")
    if package != "crisisflow" or not parts or parts[0] in NEUTRAL or parts[-1] == "params":
        return None
    there = (PACKAGE.joinpath(*parts).with_suffix(".py"), PACKAGE.joinpath(*parts, "__init__.py"))
    return next((path for path in there if path.is_file()), None)


@cache
def _imports(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            # A dot is the package of the module, each further one the package above.
            above = ["crisisflow", *path.relative_to(PACKAGE).parts[: -node.level]] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            names += [module, *(f"{module}.{alias.name}" for alias in node.names)]
    return names
