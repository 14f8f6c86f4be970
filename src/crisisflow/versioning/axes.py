"""The axes of a rule: which part of params.yaml lists the values of its wildcards.

An axis is declared in the rule, as the parameter `axes=over(row="gnom.rows", seed="gnom.seeds")`. All else follows
from the rules: what a run makes, which benchmarks it leaves, and what may be in a folder that DVC takes as a whole.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from itertools import product
from operator import getitem
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from crisisflow.versioning.rule_helpers import PARAMS_FILE, end_run, load_params

if TYPE_CHECKING:
    from snakemake.rules import Rule

# A stage of DVC is a row. The other axes are folded: Snakemake runs all their values inside the stage of the row.
ROW = "row"


def over(**lists: str) -> Callable[[Any], str]:
    """A rule's parameter: the part of params.yaml (dots between keys) that lists the values of each wildcard.

    A part may depend on wildcards before it: `over(row="echo.rows", seed="echo.rows.{row}.seeds")`. A job with a value
    that is not listed ends the run with one line. To Snakemake the parameter is an empty text: that a list has grown
    changes no job.
    """

    def axes(wildcards: Any) -> str:
        own = {name: getattr(wildcards, name) for name in lists}
        for name, value in own.items():
            path = lists[name].format(**own)
            values = listed(path)
            if value not in values:
                end_run(f"{PARAMS_FILE} has no {path}.{value}; there are: {', '.join(values)}")
        return ""

    axes.lists = lists
    return axes


def listed(path: str) -> list[str]:
    """The values at a path of params.yaml: the items of a list, or the keys of a mapping."""
    return list(map(str, reduce(getitem, path.split("."), load_params())))


def axes_of(rule: "Rule") -> dict[str, str]:
    """The part of params.yaml that lists the values of each wildcard of a rule, in the order in which it names them."""
    declared = next((value.lists for value in rule.params if hasattr(value, "lists")), {})
    return {name: path for name, path in declared.items() if name in rule.wildcard_names}


def combinations(lists: dict[str, str]) -> Iterator[dict[str, str]]:
    """The values of the wildcards of each job, in the order of params.yaml."""
    found: list[dict[str, str]] = [{}]
    for name, path in lists.items():
        found = [{**values, name: value} for values in found for value in listed(path.format(**values))]
    yield from found


def every(file: Any, **instead: str) -> list[str]:
    """The files of all jobs of a rule, in the order of params.yaml.

    Args:
        file: one output of a rule, as in `every(rules.train.output.model)`.
        instead: other parts of params.yaml that list the values of a wildcard.
    """
    lists = {name: instead.get(name, path) for name, path in axes_of(file.rule).items()}
    return [filled(file, values) for values in combinations(lists)]


def every_named(files: Iterable[Any], name: str) -> list[str]:
    """Of these outputs of a rule the one whose file has this name, of all the rule's jobs."""
    return [path for file in files if Path(file).name == name for path in every(file)]


def filled(pattern: str, values: dict[str, str]) -> str:
    from snakemake.io import apply_wildcards

    return str(apply_wildcards(str(pattern), values))


def paths_of(files: Any) -> Iterator[str]:
    """The paths of inputs or outputs, also of those that a rule lists under one name."""
    for item in files:
        if isinstance(item, str):
            yield item
        else:
            yield from paths_of(item)


def lasting(files: Any) -> list[str]:
    """The outputs of a rule or job that are not temporary."""
    from snakemake.io import is_flagged

    return [path for path in paths_of(files) if not is_flagged(path, "temp")]


def study_of(path: str) -> str:
    """The name in data/<name>/… or results/<name>/…, which is a study's or that of a shared chapter; else ""."""
    top, *parts = PurePath(path).parts
    return parts[0] if top in ("data", "results") and len(parts) > 1 else ""


def named(rules: Iterable["Rule"], name: str) -> list[str]:
    """The outputs that their rules give this name, in the order of the rules; each rule has no wildcard."""
    return [str(path) for rule in rules for own, path in rule.output.items() if own == name]


def studies_of(rules: Iterable["Rule"]) -> list[str]:
    """The studies: target rules that have the name of a folder of data or results."""
    rules = list(rules)
    folders = {study_of(path) for rule in rules for path in lasting(rule.output)}
    return [rule.name for rule in rules if not rule.output and rule.name in folders]


def rules_of(rules: Iterable["Rule"], study: str) -> list["Rule"]:
    """The rules of a study and of the shared chapters."""
    rules = list(rules)
    others = {"", *studies_of(rules)} - {study}
    return [rule for rule in rules if rule.output and study_of(next(paths_of(rule.output))) not in others]


def expected(rules: Iterable["Rule"], study: str = "") -> list[str]:
    """All that the jobs of these rules make and keep, in the order of the rules.

    A rule with a wildcard for which its `over` names no list ends the run with one line.

    Args:
        study: only what is in the folders of this study.
    """
    found = []
    for rule in rules:
        for pattern in lasting(rule.output):
            if not study or study_of(pattern) == study:
                found += _files(rule, pattern)
    return found


def _files(rule: "Rule", pattern: str) -> list[str]:
    lists = axes_of(rule)
    if missing := sorted(rule.wildcard_names - lists.keys()):
        end_run(
            f"rule {rule.name} has the wildcard {missing[0]}, and params.yaml no list of its values that the rule "
            f"names; add to its params: axes=over({missing[0]}=…)"
        )
    return [filled(pattern, values) for values in combinations(lists)]


def benchmarks(rules: Iterable["Rule"], **others: Iterable[str]) -> list[str]:
    """Where the benchmark of each job of these rules lies, once the job has run, in their order.

    Args:
        others: values of wildcards that params.yaml does not list.
    """
    found = []
    for rule in rules:
        if rule.benchmark:
            asked = {name: list(map(str, values)) for name, values in others.items() if name in rule.wildcard_names}
            for values in combinations(axes_of(rule)):
                for further in product(*asked.values()):
                    found.append(filled(rule.benchmark, values | dict(zip(asked, further, strict=True))))
    return found


def folder_of(rule: "Rule", pattern: str) -> str | None:
    """The folder that is one output of a stage of DVC: of a row, or of all that a rule without rows makes.

    None for a rule without folded axes: each of its outputs is one of the stage.
    """
    if not rule.wildcard_names - {ROW}:
        return None
    parts = PurePath(pattern).parts
    end = next((at + 1 for at, part in enumerate(parts) if f"{{{ROW}" in part), None)
    if end is None:
        end = next(at for at, part in enumerate(parts) if "{" in part)
    return str(PurePath(*parts[:end]))


def refuse_leftovers(rules: Iterable["Rule"]) -> None:
    """Stop where a file of a row, seed or other value that params.yaml does not have is in a folder of a stage.

    DVC takes such a folder, and the folder of all rows, as a whole.
    """
    kept: set[Path] = set()
    roots: set[str] = set()
    for rule in rules:
        for pattern in lasting(rule.output):
            if folder := folder_of(rule, pattern):
                roots.add(folder.partition("{")[0].rstrip("/"))
                kept |= {Path(path).parent for path in _files(rule, pattern)}
    # DVC leaves empty folders behind, which count for nothing
    found = {path.parent for root in roots for path in Path(root).rglob("*") if path.is_file()}
    if left := " ".join(sorted(map(str, found - kept))):
        end_run(
            f"of nothing in {PARAMS_FILE}, and DVC would count it to the results: {left}; remove it "
            "(once recorded, git checkout and dvc checkout bring it back), then: crisisflow record"
        )
