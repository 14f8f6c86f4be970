"""dvc.yaml from the Snakefile, so that the two faces of the DAG cannot drift apart.

A stage forces its rules (`--force --allowed-rules`): DVC decides whether a step runs, Snakemake how. A rule of
temporary files (a shard) is no stage of its own: it is allowed, and watched, in the stage that reads them.

The grain of a stage is a row. The wildcard `row` becomes a matrix over the keys of params.yaml. The other axes of a
rule are folded: the stage of a row makes all of them, side by side, by one target rule of Snakemake (`stage_targets`),
and its output is the folder of the row. Rules that write into the same folder are one stage. To who reads them, the
files of all rows are the folder that holds them, so dvc.yaml does not change with the values of params.yaml. There are
two exceptions: where params.yaml names a confidential set, what holds its texts is `push: false` (`confidential`); and
an input that is there for some values only (`rule_helpers.inputs_by_params`).

Snakemake also watches the text of a rule's command, which DVC does not see: its digest stands behind each command.

The target rule of a study becomes a group stage: it depends on all that the study makes, and reads params.yaml whole.
Other stages watch their own sections only, so a name that no section knows (`dvc exp run humaid_ner -S +typo=1`) would
change nothing, run nothing and pass.
"""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import yaml

from crisisflow.artifacts import write_text
from crisisflow.errors import CrisisflowError
from crisisflow.versioning.axes import (
    ROW,
    axes_of,
    combinations,
    filled,
    folder_of,
    lasting,
    listed,
    paths_of,
    studies_of,
    study_of,
)
from crisisflow.versioning.confidential import is_confidential
from crisisflow.versioning.rule_helpers import PARAMS_FILE, Code, end_run
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
WILDCARD = re.compile(r"\{(\w+)(?:,[^}]*)?\}")


def _as_item(path: str) -> str:
    """`results/{row}` or `results/{row,A|B}` as DVC writes it: `results/${item.row}`."""
    return WILDCARD.sub(r"${item.\1}", path)


def _read(path: str, patterns: Iterable[str]) -> str:
    """An input as DVC writes it: a path without values of params.yaml.

    One of the files of all rows is the folder above the first wildcard of the rule that makes it. One of the files of
    the reader's own row, which holds {row}, is the folder of this row.
    """
    made = path if path in patterns else next((own for own in patterns if _is_of(own, path)), path)
    if "{" in path:
        return _as_item(_unfolded(made, "/"))
    return path if made == path else str(PurePath(made.partition("{")[0] + "_").parent)


def _is_of(pattern: str, path: str) -> bool:
    """Whether a path is the pattern with values in the place of its wildcards, or of some."""
    # split gives literal parts at even places, wildcard names at odd ones
    as_regex = "".join(re.escape(part) if at % 2 == 0 else "[^/]+" for at, part in enumerate(WILDCARD.split(pattern)))
    return re.fullmatch(as_regex, path) is not None


def _unfolded(pattern: str, separator: str) -> str:
    """The pattern up to the part that holds a wildcard other than the row: such a wildcard is folded in a stage."""
    parts = pattern.split(separator)
    folded = (at for at, part in enumerate(parts) if set(WILDCARD.findall(part)) - {ROW})
    return separator.join(parts[: next(folded, len(parts))])


def _makes(rule: "Rule", path: str) -> bool:
    """Whether a rule makes a file, or the files of a pattern."""
    return _as_item(path) in map(_as_item, paths_of(rule.output)) or rule.is_producer(path)


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(sorted(texts)).encode()).hexdigest()[:12]


def _outermost(paths: Iterable[str]) -> list[str]:
    """The paths in order, without those inside a folder that is among them too."""
    known = set(paths)
    return sorted(path for path in known if known.isdisjoint(map(str, PurePath(path).parents)))


def groups(rules: Iterable["Rule"]) -> list[list["Rule"]]:
    """The rules of each stage, the one that names it first: rules with lasting outputs, joined where they share a
    folder (`axes.folder_of`)."""
    found: list[tuple[set[str], list[Rule]]] = []
    for rule in rules:
        outputs = lasting(rule.output)
        folders = {folder for path in outputs if (folder := folder_of(rule, path))}
        same = next((members for known, members in found if known & folders), None)
        if same is not None:
            same.append(rule)
        elif outputs:
            found.append((folders, [rule]))
    return [members for _, members in found]


def stage_targets(rules: Iterable["Rule"]) -> dict[str, list[str]]:
    """For each stage with folded axes the names of target rules, `every_<stage>` or one a row, `every_<stage>@<row>`,
    and the files that each asks for."""
    found: dict[str, list[str]] = {}
    for members in groups(rules):
        if folder_of(members[0], lasting(members[0].output)[0]):
            lists = axes_of(members[0])
            for row in listed(lists[ROW]) if ROW in lists else [None]:
                files = [path for rule in members for path in _of_row(rule, row)]
                found[f"every_{members[0].name}" + (f"@{row}" if row else "")] = files
    return found


def _of_row(rule: "Rule", row: str | None) -> list[str]:
    return [
        filled(pattern, values)
        for pattern in lasting(rule.output)
        for values in combinations(axes_of(rule))
        if values.get(ROW) == row
    ]


def stage_of(members: list["Rule"], temporary: list["Rule"], patterns: list[str]) -> dict[str, Any]:
    """One DVC stage, named by the first of its rules.

    Args:
        temporary: the rules that make temporary files. patterns: the lasting outputs that have wildcards.
    """
    first = members[0]
    together = [*members]
    for member in together:  # grows until the makers of all temporary inputs are there
        read = list(paths_of(member.input))
        together += [
            maker for maker in temporary if maker not in together and any(_makes(maker, path) for path in read)
        ]
    paths = {str(path) for member in together for path in paths_of(member.input)}
    paths = {path for path in paths if not any(_makes(maker, path) for maker in together)}
    params = [value for member in together for value in member.params]
    names = [member.name for member in together]
    inputs = [_read(path, patterns) for path in paths]
    outputs: dict[str, str] = {}  # and under which name the rule has them
    for member in members:
        named = {path: name for name, path in member.output.items() if isinstance(path, str)}
        for path in lasting(member.output):
            name, folder = named.get(path, ""), folder_of(member, path)
            outputs[folder or str(path)] = name if name in PLOTS or not folder else ""
    # the stage's own rules say which values there are, not those of temporary files that they read
    lists = {name: path for member in reversed(together) for name, path in axes_of(member).items()}
    stage: dict[str, Any] = {}
    if ROW in lists:
        stage["matrix"] = {ROW: f"${{{lists[ROW]}}}"}
    if folder_of(first, lasting(first.output)[0]):
        target = f"every_{first.name}" + ("@${item.row}" if ROW in lists else "")
        names.append(target)
        force = "--forceall"
    else:
        target, force = _as_item(lasting(first.output)[0]), "--force"
    stage["cmd"] = (
        f"snakemake --cores all {force} --allowed-rules {' '.join(sorted(names))} -- {target}"
        f"  # commands: {_digest(member.shellcmd for member in together)}"
    )
    inputs += [path for value in params if isinstance(value, Code) for path in value.sources]
    stage["deps"] = _outermost(inputs)
    sections = {_as_item(_unfolded(name, ".")) for value in params for name in getattr(value, "sections", ())}
    sections |= {_as_item(path) for name, path in lists.items() if name != ROW}  # what is folded is of the stage
    if sections:
        stage["params"] = sorted(sections)
    metrics = [path for path, name in outputs.items() if name in METRICS]
    plots = {path: PLOTS[name] for path, name in outputs.items() if name in PLOTS}
    outs = sorted(_as_item(path) for path in outputs if path not in metrics and path not in plots)
    stage["outs"] = [{path: {"push": False}} for path in outs] if any(map(is_confidential, together)) else outs
    if plots:
        stage["plots"] = [{_as_item(path): axes} for path, axes in plots.items()]
    if metrics:
        stage["metrics"] = [{_as_item(path): {"cache": False}} for path in metrics]
    return stage


def group_stage(rule: "Rule", made: Iterable[str]) -> dict[str, Any]:
    """The stage of a study: it makes nothing, depends on all that the study makes, and reads params.yaml whole."""
    return {
        "cmd": f"snakemake --cores all --force --allowed-rules {rule.name} -- {rule.name}",
        "deps": _outermost(path.partition("/${item")[0] for path in made if study_of(path) == rule.name),
        "params": [{str(PARAMS_FILE): None}],
    }


def dvc_yaml(rules: Iterable["Rule"]) -> str:
    """The text of dvc.yaml: the stages of the rules in their order, that of a study's target rule behind its rules."""
    rules = list(rules)
    temporary = [rule for rule in rules if rule.output and not lasting(rule.output)]
    members = {own[0].name: own for own in groups(rules)}
    patterns = [str(path) for own in members.values() for rule in own for path in lasting(rule.output) if "{" in path]
    stages: dict[str, Any] = {}
    studies = studies_of(rules)
    for rule in rules:
        if rule.name in members:
            stages[rule.name] = stage_of(members[rule.name], temporary, patterns)
        elif rule.name in studies:
            stages[rule.name] = group_stage(rule, _outputs(stages))
    return HEADER + yaml.safe_dump({"stages": stages}, sort_keys=False, width=120)


def _outputs(stages: dict[str, Any]) -> list[str]:
    entries = [
        entry for stage in stages.values() for kind in ("outs", "plots", "metrics") for entry in stage.get(kind, [])
    ]
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


def check(rules: Iterable["Rule"]) -> None:
    """Refuse a dvc.yaml that does not fit the rules: DVC would not see all that they depend on.

    Raises:
        CrisisflowError: dvc.yaml is not what the rules make.
    """
    if not DVC_FILE.exists() or DVC_FILE.read_text(encoding="utf-8") != dvc_yaml(rules):
        raise CrisisflowError(f"{DVC_FILE} is not what the Snakefile makes; write it with: crisisflow dvcyaml")


def refuse_sharing(rules: Iterable["Rule"]) -> None:
    """Stop a run after which DVC would push texts that may not be passed on."""
    rules = list(rules)
    if any(map(is_confidential, rules)):
        try:
            check(rules)
        except CrisisflowError:
            end_run(f"{PARAMS_FILE} names a confidential set; so that DVC does not push its texts: crisisflow dvcyaml")


def refuse_old_stages(rules: Iterable["Rule"]) -> None:
    """Stop a run with inputs that dvc.yaml does not know: DVC would not make them first, nor see them change."""
    rules = list(rules)
    if any(getattr(value, "inputs_by_params", False) for rule in rules for value in rule.params):
        try:
            check(rules)
        except CrisisflowError:
            end_run(f"{PARAMS_FILE} has a rule read what {DVC_FILE} does not know; write it with: crisisflow dvcyaml")


def run(only_check: bool) -> None:
    """Write dvc.yaml, or only `check` it."""
    with opened() as workflow:
        if only_check:
            check(workflow.rules)
        else:
            write_text(DVC_FILE, dvc_yaml(workflow.rules))
