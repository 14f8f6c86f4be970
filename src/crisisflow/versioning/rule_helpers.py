"""What the Snakefile's rules need: values of params.yaml, the code of a step, and the lexicons of a stage.

Each helper keeps the name of what it stands for, so that dvc.yaml can be made from the very same rules
(crisisflow.versioning.dvcyaml).
"""

import atexit
import json
import os
import re
import shlex
import signal
import sys
from collections.abc import Callable, Iterable
from functools import cache, reduce
from operator import getitem
from pathlib import Path
from threading import current_thread, main_thread
from types import FrameType
from typing import Any, NoReturn

from crisisflow.errors import CrisisflowError
from crisisflow.sources import PACKAGE, digest, relative, sources
from crisisflow.studies import read_params
from crisisflow.versioning.named import check_named

PARAMS_FILE = Path("params.yaml")


def end_run(message: str) -> NoReturn:
    """End Snakemake with one line; it would show an exception with its own words and exit code 1."""
    print(f"crisisflow: {message}", file=sys.stderr)
    sys.exit(2)


def report_interruption() -> None:
    """Let one line be the last of a Snakemake that Ctrl-C ends: its own read as if the workflow had failed."""
    if Path(sys.argv[0]).name not in ("snakemake", "__main__.py") or current_thread() is not main_thread():
        return  # a command of ours reads the Snakefile, and tells for itself
    interrupted = False
    handler = signal.getsignal(signal.SIGINT)

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True
        if callable(handler):
            handler(number, frame)

    def tell() -> None:
        if interrupted:
            print("crisisflow: interrupted; the same command goes on", file=sys.stderr)

    signal.signal(signal.SIGINT, note)
    atexit.register(tell)


def refuse_another_package(expected: str) -> None:
    """Stop when this package is not that of the checkout: the digests of the code would be of other code.

    Nor would the steps find that of a checkout whose path holds a colon, which parts the folders of PYTHONPATH, and
    Snakemake ends in a traceback where it takes a brace of the path for a wildcard without a name.
    """
    from snakemake.io import regex_from_filepattern

    try:
        re.compile(regex_from_filepattern(expected))
    except re.error:
        end_run(f"Snakemake takes the braces in the path of this checkout ({expected}) for wildcards; rename it")
    if os.pathsep in expected:
        end_run(
            f"the path of this checkout ({expected}) holds a colon, which parts the folders of PYTHONPATH; rename it"
        )
    if PACKAGE.parent.resolve() != Path(expected).resolve():
        end_run(
            f"this crisisflow is of another checkout ({PACKAGE.parent}); use this one's: PYTHONPATH=src crisisflow …"
        )


@cache
def load_params() -> dict[str, Any]:
    """The plain form of params.yaml, read once a run.

    If it is not valid, or names what is not there, one line on stderr and exit code 2.
    """
    try:
        params, plain = read_params(PARAMS_FILE)
    except CrisisflowError as error:
        end_run(str(error))
    try:
        check_named(params)
    except CrisisflowError as error:
        end_run(f"{PARAMS_FILE}: {error}")
    return plain


def refuse_config_overrides(config: dict[str, Any]) -> None:
    """Stop when --config or --configfile gave a value: DVC would record another one than what ran.

    params.yaml is no `configfile` of the Snakefile, since Snakemake has a YAML reader of its own.
    """
    if config:
        end_run(
            "--config and --configfile are not accepted, since params.yaml must be exactly what ran; "
            "edit params.yaml, or use: dvc exp run -S NAME=VALUE"
        )


def refuse_touch(touch: bool) -> None:
    """Stop `snakemake --touch`: files of other parameters would pass for made by the present ones."""
    if touch:
        end_run("--touch is not accepted, since it makes nothing; after a checkout or pull use: crisisflow sync")


class Code(str):
    """The digest of a step's code, and the files behind it."""

    sources: list[str]


def code(step: str) -> Code:
    """A rule's parameter: the code of a step.

    A parameter and no input, since Snakemake takes the checksum of an input when a job ends: code that was edited while
    it ran would count as what made the result. A step that does not exist ends the run with one line.
    """
    try:
        found = Code(digest(step))
        found.sources = sources(step)
    except CrisisflowError as error:
        end_run(f"code({step!r}) in a rule: {error}")
    return found


def _found(path: str, wildcards: Any) -> Any:
    """The value at a path of params.yaml; a key that is not there ends the run."""
    whole = path.format(**dict(wildcards))
    found: Any = load_params()
    for key in whole.split("."):
        if key not in found:
            end_run(f"{PARAMS_FILE} has no {whole}; there are: {', '.join(found)}")
        found = found[key]
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def section(path: str, **instead: str) -> Callable[[Any], str]:
    """A rule's parameter: the value at `path` of params.yaml (dots between keys, wildcards in braces).

    Text stays as it is, all else becomes JSON. A target whose row is not in params.yaml ends the run.

    Args:
        instead: JSON values, also with wildcards in braces, that stand in the place of the section's own.
    """

    def value(wildcards: Any) -> str:
        found = _found(path, wildcards)
        if instead:
            found = {**found, **{key: json.loads(text.format(**dict(wildcards))) for key, text in instead.items()}}
        return _text(found)

    value.sections = (path,)
    return value


def sections(*names: str, of: str = "") -> Callable[[Any], str]:
    """A rule's parameter: these sections of params.yaml, as the JSON of a mapping; wildcards stand in braces.

    Args:
        of: the section (dots between keys) that they are keys of; "" for the whole of params.yaml.
    """

    def value(wildcards: Any) -> str:
        found = reduce(getitem, filter(None, of.split(".")), load_params())
        asked = [name.format(**dict(wildcards)) for name in names]
        return json.dumps({name: found[name] for name in asked}, sort_keys=True)

    value.sections = tuple(f"{of}.{name}".lstrip(".") for name in names)
    return value


def picked(path: str, names: str) -> Callable[[Any], str]:
    """A rule's parameter: of the section at `path` the keys that the value at `names` lists, as JSON in their order."""

    def value(wildcards: Any) -> str:
        known = _found(path, wildcards)
        return json.dumps({name: known[name] for name in _found(names, wildcards)})

    value.sections = (path, names)
    return value


def follows(found: Callable[[Any], Any], path: str) -> Callable[[Any], str]:
    """A rule's parameter: what a function finds in the value at `path` of params.yaml, as JSON."""

    def value(wildcards: Any) -> str:
        return json.dumps(found(_found(path, wildcards)), sort_keys=True)

    value.sections = (path,)
    return value


def option(name: str, path: str) -> Callable[[Any], str]:
    """A rule's parameter: the option --NAME with the value at `path` of params.yaml, as `section` has it and quoted for
    the shell; nothing where that is null."""

    def value(wildcards: Any) -> str:
        found = _found(path, wildcards)
        return "" if found is None else f"--{name}={shlex.quote(_text(found))}"

    value.sections = (path,)
    return value


def inputs_by_params(there: bool) -> Callable[[Any], str]:
    """A rule's parameter: it has inputs that depend on values of params.yaml, and whether they are there now.

    dvc.yaml does not change with these values by itself (dvcyaml.refuse_old_stages). To Snakemake the parameter is an
    empty text.
    """

    def nothing(wildcards: Any) -> str:
        return ""

    nothing.inputs_by_params = there
    return nothing


def options(**files: Iterable[str]) -> str:
    """Files as the options of a command, each under its name; also where there are none."""
    return " ".join(f"--{name} {path}" for name, paths in files.items() for path in paths)


def lexicons(stage: str, *names: str) -> list[str]:
    """The lexicon files of an annotation stage: those of these names, or all."""
    folder = PACKAGE / "annotation" / "lexicons" / stage
    return sorted(relative(path) for path in folder.glob("*.yaml") if not names or path.stem in names)
