"""dvc.yaml from the Snakefile: one stage per rule, so that the two faces of the DAG cannot drift apart.

A stage forces its one rule (`--force --allowed-rules`): DVC decides whether a step runs, Snakemake how. A rule of
temporary files (a shard) is no stage of its own: it is allowed, and watched, in the stage that reads them. Wildcards
become a matrix over the keys of params.yaml, and the files of all rows become the folder that holds them, so dvc.yaml
does not change with the values of params.yaml.

Snakemake also watches the text of a rule's command, which DVC does not see: its digest stands behind each command.

One stage is no rule: `params` reads params.yaml whole. Other stages watch their own sections only, so a name that no
section knows (`dvc exp run -S +typo=1`) would change nothing, run nothing and pass.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import yaml

from crisisflow.artifacts import write_text
from crisisflow.errors import CrisisflowError
from crisisflow.versioning.rule_helpers import PARAMS_FILE, Code, lists_of
from crisisflow.versioning.snakefile import opened

if TYPE_CHECKING:
    from snakemake.rules import Rule

DVC_FILE = Path("dvc.yaml")
HEADER = "# Made from the Snakefile by `crisisflow dvcyaml`; edit the rules, not this file.\n"
# Outputs with these names are numbers that people compare across commits (`dvc metrics diff`); they are kept in git and
# not in the cache, so that it works on a clone that has no data.
METRICS = {"counts", "metrics", "statistics"}
# What `dvc plots` draws of the outputs with these names.
PLOTS = {"history": {"x": "epoch", "y": "combined_score"}}
# Any command of Snakemake refuses a bad params.yaml; this one does nothing else.
PARAMS_STAGE = {"cmd": "snakemake --list-rules > /dev/null", "params": [{str(PARAMS_FILE): None}]}
WILDCARD = re.compile(r"\{(\w+)(?:,[^}]*)?\}")


def _flat(items: Any) -> Iterator[str]:
    for item in items:
        if isinstance(item, str):
            yield item
        else:
            yield from _flat(item)


def lasting(paths: Any) -> list[str]:
    """The outputs of a rule or job that are not temporary."""
    from snakemake.io import is_flagged

    return [path for path in _flat(paths) if not is_flagged(path, "temp")]


def _as_item(path: str) -> str:
    """`results/{row}` or `results/{row,A|B}` as DVC writes it: `results/${item.row}`."""
    return WILDCARD.sub(r"${item.\1}", path)


def _folder(path: str, patterns: Iterable[str]) -> str:
    """The path, or, for one of the files of all rows, the folder above the first wildcard of the rule that makes it."""
    for pattern in patterns:
        # split gives literal parts at even places, wildcard names at odd ones
        as_regex = "".join(
            re.escape(part) if at % 2 == 0 else "[^/]+" for at, part in enumerate(WILDCARD.split(pattern))
        )
        if re.fullmatch(as_regex, path):
            return str(PurePath(pattern.partition("{")[0] + "_").parent)
    return path


def _makes(rule: "Rule", path: str) -> bool:
    """Whether a rule makes a file, or the files of a pattern."""
    return _as_item(path) in map(_as_item, _flat(rule.output)) or rule.is_producer(path)


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(sorted(texts)).encode()).hexdigest()[:12]


def stage_of(rule: "Rule", temporary: list["Rule"], patterns: list[str]) -> dict[str, Any]:
    """One DVC stage; `temporary` rules make temporary files, `patterns` are the lasting outputs that have wildcards."""
    together = [rule]
    for member in together:  # grows until the makers of all temporary inputs are there
        read = list(_flat(member.input))
        together += [
            maker for maker in temporary if maker not in together and any(_makes(maker, path) for path in read)
        ]
    paths = {str(path) for member in together for path in _flat(member.input)}
    paths = {path for path in paths if not any(_makes(maker, path) for maker in together[1:])}
    params = [value for member in together for value in member.params]
    allowed = " ".join(sorted(member.name for member in together))
    outputs = list(map(str, lasting(rule.output)))
    inputs = [_as_item(path) if "{" in path else _folder(path, patterns) for path in paths]
    inputs += [path for value in params if isinstance(value, Code) for path in value.sources]
    named = {path: name for name, path in rule.output.items() if isinstance(path, str)}
    metrics = [path for path in outputs if named.get(path) in METRICS]
    plots = {path: PLOTS[named[path]] for path in outputs if named.get(path) in PLOTS}
    stage: dict[str, Any] = {}
    if rule.wildcard_names:
        stage["matrix"] = {name: f"${{{path}}}" for name, path in lists_of(rule.wildcard_names).items()}
    stage["cmd"] = (
        f"snakemake --cores all --force --allowed-rules {allowed} -- {_as_item(outputs[0])}"
        f"  # commands: {_digest(member.shellcmd for member in together)}"
    )
    stage["deps"] = sorted(set(inputs))
    sections = sorted({_as_item(name) for value in params for name in getattr(value, "sections", ())})
    if sections:
        stage["params"] = sections
    stage["outs"] = sorted(_as_item(path) for path in outputs if path not in metrics and path not in plots)
    if plots:
        stage["plots"] = [{_as_item(path): axes} for path, axes in plots.items()]
    if metrics:
        stage["metrics"] = [{_as_item(path): {"cache": False}} for path in metrics]
    return stage


def dvc_yaml(rules: Iterable["Rule"]) -> str:
    """The text of dvc.yaml: a stage for each rule but the target rule, in the rules' order."""
    rules = [rule for rule in rules if rule.name != "all"]
    temporary = [rule for rule in rules if not lasting(rule.output)]
    kept = [rule for rule in rules if rule not in temporary]
    patterns = [str(path) for rule in kept for path in lasting(rule.output) if "{" in path]
    stages = {"params": PARAMS_STAGE} | {rule.name: stage_of(rule, temporary, patterns) for rule in kept}
    return HEADER + yaml.safe_dump({"stages": stages}, sort_keys=False, width=120)


def check(rules: Iterable["Rule"]) -> None:
    """Refuse a dvc.yaml that does not fit the rules: DVC would not see all that they depend on.

    Raises:
        CrisisflowError: dvc.yaml is not what the rules make.
    """
    if not DVC_FILE.exists() or DVC_FILE.read_text(encoding="utf-8") != dvc_yaml(rules):
        raise CrisisflowError(f"{DVC_FILE} is not what the Snakefile makes; write it with: crisisflow dvcyaml")


def run(only_check: bool) -> None:
    """Write dvc.yaml, or only `check` it."""
    with opened() as workflow:
        if only_check:
            check(workflow.rules)
        else:
            write_text(DVC_FILE, dvc_yaml(workflow.rules))
