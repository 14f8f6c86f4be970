"""Where the code is long or wide, and how many places a change touches: for orientation, not as limits.

    python tools/code_sizes.py

The places are counted on an example that is there: the lines that name it, by file.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
SHOWN = 8  # lines of each list
# Written by commands: crisisflow dvcyaml, preset and schema.
GENERATED = {"dvc.yaml", "params.yaml", "workflow/schemas/params.schema.json"}
STUDY = "src/crisisflow/studies/humaid_ner"


class Example(NamedTuple):
    """Something that was added once: the pattern of its names, and the files and folders that may name it.

    Args:
        within: of a file of rules, the rule to look at; "" for the whole file.
    """

    pattern: str
    paths: tuple[str, ...]
    within: str = ""


EXAMPLES = {
    "an input of the step tables": Example(
        r"\bmanifest\b", ("workflow/rules/humaid_ner/evaluation.smk", f"{STUDY}/tables.py"), "tables"
    ),
    # Another study may have a table of the same number.
    "a table": Example(r"\btable_?5\b", (STUDY, "workflow/rules/humaid_ner", "workflow/report/humaid_ner", "dvc.yaml")),
    "a knob": Example(r"\blog_variance_learning_rate\b", ("src", "workflow", "presets", "dvc.yaml", "params.yaml")),
}


class Function(NamedTuple):
    """A function or method: where it is, how many lines it has, and how many parameters."""

    name: str
    lines: int
    parameters: int


def functions(source: str, module: str) -> Iterator[Function]:
    """All functions of a module, also those in classes and in functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            own = node.args
            parameters = [*own.posonlyargs, *own.args, *own.kwonlyargs]
            number = sum(each.arg not in ("self", "cls") for each in parameters)
            yield Function(f"{module}: {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1, number)


def rule_of(text: str, name: str) -> str:
    """The lines of one rule of Snakemake."""
    return next(
        block for block in re.split(r"^(?=rule )", text, flags=re.MULTILINE) if block.startswith(f"rule {name}:")
    )


def edits(root: Path, example: Example) -> dict[str, int]:
    """How many lines of each file name the example."""
    found = {}
    for name in example.paths:
        path = root / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.suffix in (".py", ".smk", ".yaml", ".json", ".jinja", ".rst"):
                text = file.read_text(encoding="utf-8")
                if example.within and file.suffix == ".smk":
                    text = rule_of(text, example.within)
                if number := sum(bool(re.search(example.pattern, line)) for line in text.splitlines()):
                    found[str(file.relative_to(root))] = number
    return found


def _listed(title: str, numbers: Iterable[tuple[int, str]]) -> Iterator[str]:
    yield title
    yield from (f"{number:6}  {name}" for number, name in sorted(numbers, key=lambda own: (-own[0], own[1]))[:SHOWN])
    yield ""


def report(root: Path, examples: Mapping[str, Example]) -> Iterator[str]:
    """The lines to show."""
    package = root / "src" / "crisisflow"
    texts = {str(path.relative_to(package)): path.read_text(encoding="utf-8") for path in package.rglob("*.py")}
    found = [own for module, text in texts.items() for own in functions(text, module)]
    yield from _listed("Longest modules (lines)", ((len(text.splitlines()), name) for name, text in texts.items()))
    yield from _listed("Longest functions (lines)", ((own.lines, own.name) for own in found))
    yield from _listed("Widest signatures (parameters)", ((own.parameters, own.name) for own in found))
    yield "Places to edit (lines that name an example)"
    for title, example in examples.items():
        lines = edits(root, example)
        by_hand = {name: number for name, number in lines.items() if name not in GENERATED}
        generated = f", and {len(lines) - len(by_hand)} generated" if len(lines) > len(by_hand) else ""
        yield f"{sum(by_hand.values()):6}  {title}: in {len(by_hand)} files{generated}"
        yield from (f"{number:10}  {name}" for name, number in by_hand.items())


if __name__ == "__main__":
    print("\n".join(report(ROOT, EXAMPLES)))
