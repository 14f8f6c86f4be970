"""What the Snakefile's rules need: values of params.yaml, the lexicons of a stage, and the rows' files.

Each helper keeps the name of what it stands for, so that dvc.yaml can be made from the very same rules
(crisisflow.versioning.dvcyaml).
"""

import atexit
import json
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterable
from functools import cache, reduce
from itertools import product
from operator import getitem
from pathlib import Path
from threading import current_thread, main_thread
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from crisisflow.errors import CrisisflowError
from crisisflow.sources import PACKAGE, digest, relative, sources
from crisisflow.studies import read_params
from crisisflow.versioning.named import check_named

if TYPE_CHECKING:
    from snakemake.rules import Rule

PARAMS_FILE = Path("params.yaml")
FLOOR = "floor"  # the row that is always there
# Which part of params.yaml lists the values of a wildcard, in the order of a stage's name.
MATRIX = {
    "row": "humaid_ner.rows",
    "tweets": "humaid_ner.evaluation.learning_curve.tweets",
    "event": "humaid_ner.evaluation.leave_one_event_out.events",
    "seed": "humaid_ner.seeds",
}


def _stop(message: str) -> NoReturn:
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

    Nor would the steps find that of a checkout whose path holds a colon, which parts the folders of PYTHONPATH.
    """
    if os.pathsep in expected:
        _stop(f"the path of this checkout ({expected}) holds a colon, which parts the folders of PYTHONPATH; rename it")
    if PACKAGE.parent.resolve() != Path(expected).resolve():
        _stop(f"this crisisflow is of another checkout ({PACKAGE.parent}); use this one's: PYTHONPATH=src crisisflow …")


@cache
def load_params() -> dict[str, Any]:
    """The plain form of params.yaml, read once a run.

    If it is not valid, or names what is not there, one line on stderr and exit code 2.
    """
    try:
        params, plain = read_params(PARAMS_FILE)
    except CrisisflowError as error:
        _stop(str(error))
    try:
        check_named(params)
    except CrisisflowError as error:
        _stop(f"{PARAMS_FILE}: {error}")
    return plain


def refuse_config_overrides(config: dict[str, Any]) -> None:
    """Stop when --config or --configfile gave a value: DVC would record another one than what ran.

    params.yaml is no `configfile` of the Snakefile, since Snakemake has a YAML reader of its own.
    """
    if config:
        _stop(
            "--config and --configfile are not accepted, since params.yaml must be exactly what ran; "
            "edit params.yaml, or use: dvc exp run -S NAME=VALUE"
        )


def refuse_touch(touch: bool) -> None:
    """Stop `snakemake --touch`: files of other parameters would pass for made by the present ones."""
    if touch:
        _stop("--touch is not accepted, since it makes nothing; after a checkout or pull use: crisisflow sync")


def refuse_leftovers() -> None:
    """Stop where results lie of a row, seed or training beside a row that params.yaml does not have.

    DVC takes a folder as a whole.
    """
    params = load_params()["humaid_ner"]
    rows = Path("results/rows")
    kept = {rows.with_name(FLOOR) / f"seed{seed}" for seed in params["seeds"]}
    kept |= {rows / row / f"seed{seed}" for row in params["rows"] for seed in params["seeds"]}
    for study, prefix, values in (("learning_curve", "tweets", "tweets"), ("leave_one_event_out", "without", "events")):
        own = params["evaluation"][study]
        beside = [f"{prefix}-{value}" for value in own[values]]
        kept |= {
            rows / row / f"seed{seed}" / name for row in own["rows"] for seed in params["seeds"] for name in beside
        }
    found = [*rows.glob("*/seed*"), *rows.glob("*/seed*/*/"), *rows.with_name(FLOOR).glob("seed*")]
    for folder in sorted(found):
        # DVC leaves empty folders behind, which count for nothing
        if folder not in kept and any(path.is_file() for path in folder.rglob("*")):
            _stop(
                f"{folder} is of nothing in {PARAMS_FILE}, and DVC would count it to the results; remove it "
                "(once recorded, git checkout and dvc checkout bring it back), then: crisisflow record"
            )


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
        _stop(f"code({step!r}) in a rule: {error}")
    return found


def section(path: str, **instead: str) -> Callable[[Any], str]:
    """A rule's parameter: the value at `path` of params.yaml (dots between keys, wildcards in braces).

    Text stays as it is, all else becomes JSON. A target whose row is not in params.yaml ends the run.

    Args:
        instead: JSON values, also with wildcards in braces, that stand in the place of the section's own.
    """

    def value(wildcards: Any) -> str:
        found: Any = load_params()
        for key in path.format(**dict(wildcards)).split("."):
            if key not in found:
                _stop(f"{PARAMS_FILE} has no {path.format(**dict(wildcards))}; there are: {', '.join(found)}")
            found = found[key]
        if instead:
            found = {**found, **{key: json.loads(text.format(**dict(wildcards))) for key, text in instead.items()}}
        return found if isinstance(found, str) else json.dumps(found, sort_keys=True)

    value.sections = (path,)
    return value


def sections(*names: str) -> Callable[[Any], str]:
    """A rule's parameter: these sections of params.yaml, as the JSON of a mapping."""

    def value(wildcards: Any) -> str:
        return json.dumps({name: load_params()[name] for name in names}, sort_keys=True)

    value.sections = names
    return value


def option(name: str, path: str) -> Callable[[Any], str]:
    """A rule's parameter: the option --NAME with the text at `path` of params.yaml, quoted for the shell; nothing where
    that is null."""

    def value(wildcards: Any) -> str:
        found = reduce(getitem, path.split("."), load_params())
        return "" if found is None else f"--{name}={shlex.quote(found)}"

    value.sections = (path,)
    return value


def every_run(pattern: str) -> list[str]:
    """The files of all rows and seeds, in the order of params.yaml."""
    params = load_params()["humaid_ner"]
    return [pattern.format(row=row, seed=seed) for row in params["rows"] for seed in params["seeds"]]


def lists_of(wildcards: Iterable[str]) -> dict[str, str]:
    """The part of params.yaml that lists the values of each wildcard; a study's rows stand beside its other values."""
    lists = {name: MATRIX[name] for name in MATRIX if name in wildcards}
    for name in ("tweets", "event"):
        if name in lists and "row" in lists:
            lists["row"] = f"{lists[name].rpartition('.')[0]}.rows"
    return lists


def benchmarks(rules: Iterable["Rule"], **others: Iterable[str]) -> list[str]:
    """Where the benchmark of each job of these rules lies, once the job has run, in their order.

    Args:
        others: values of wildcards that params.yaml does not list.
    """
    from snakemake.io import apply_wildcards

    params = load_params()
    found = []
    for rule in rules:
        if rule.benchmark:
            known = lists_of(rule.wildcard_names)
            lists = {name: reduce(getitem, path.split("."), params) for name, path in known.items()}
            lists |= {name: values for name, values in others.items() if name in rule.wildcard_names}
            for values in product(*lists.values()):
                found.append(apply_wildcards(rule.benchmark, dict(zip(lists, map(str, values), strict=True))))
    return found


def options(**files: Iterable[str]) -> str:
    """Files as the options of a command, each under its name; also where there are none."""
    return " ".join(f"--{name} {path}" for name, paths in files.items() for path in paths)


def lexicons(stage: str, *names: str) -> list[str]:
    """The lexicon files of an annotation stage: those of these names, or all."""
    folder = PACKAGE / "annotation" / "lexicons" / stage
    return sorted(relative(path) for path in folder.glob("*.yaml") if not names or path.stem in names)
