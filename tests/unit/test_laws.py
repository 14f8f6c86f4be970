"""The laws of the house: rooms know no study, a study has one name, and no modules import each other in a circle."""

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "crisisflow"

STUDIES = "crisisflow.studies"
# They compose the parameters and commands of all studies, so they may import the list of studies, but no study.
COMPOSERS = ("crisisflow.steps", "crisisflow.cli", "crisisflow.commands", "crisisflow.versioning")
# Text by which a module of a study can be imported, as in a registry ("crisisflow.studies.gnom.graph:run").
MODULE_TEXT = re.compile(r"crisisflow\.studies(\.\S*)?")

SHARED_SECTIONS = {"preset", "corpus", "annotation", "compute"}  # of params.yaml


def modules(package: Path) -> dict[str, Path]:
    """The modules of a package by their full names; the module of a package is its __init__.py."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = [package.name, *path.relative_to(package).with_suffix("").parts]
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name: str, path: Path) -> Iterator[str]:
    """What a module imports: `a.b` of `import a.b`, `a.b.c` of `from a.b import c`, the text of import_module("a.b").

    Imports inside functions count, and so do those for type checkers: they too bind one module to another.
    """
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [node.module] if node.module else []
            if node.level:
                parents = package.split(".")
                base = [*parents[: len(parents) - node.level + 1], *base]
            yield from (".".join([*base, alias.name]) for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(text := node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__") and isinstance(text.value, str):
                yield text.value


def module_texts(path: Path) -> Iterator[str]:
    """Texts that name a module of a study, and the beginnings of f-strings that do."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and MODULE_TEXT.fullmatch(node.value):
            yield node.value.partition(":")[0]


def studies_of(package: Path) -> set[str]:
    """The studies that have code: a folder of modules, or one module."""
    root = package / "studies"
    return {path.relative_to(root).parts[0].removesuffix(".py") for path in root.rglob("*.py")} - {"__init__"}


def broken_laws(package: Path) -> list[str]:
    """Each import, by statement or as text, by which a room knows a study, or a study knows another."""
    studies = studies_of(package)

    def study_of(name: str) -> str | None:
        parts = name.split(".")
        return parts[2] if is_in(name, STUDIES) and parts[2:3] and parts[2] in studies else None

    found = set()
    for name, path in modules(package).items():
        own = study_of(name)
        for other in {*imports(name, path), *module_texts(path)}:
            if not is_in(other, STUDIES):
                continue
            if study := study_of(other):
                allowed = name == STUDIES or study == own
            else:  # the list of the studies, or a module that is only known when it runs
                allowed = is_in(name, *COMPOSERS) or name == STUDIES
            if not allowed:
                found.add(f"{name} imports {other}")
    return sorted(found)


def is_in(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def import_graph(package: Path) -> dict[str, set[str]]:
    """The modules of the package that each of them imports.

    `from a import b` imports a.b where that is a module, else a. That Python runs the __init__.py of every package
    above counts for nothing, since each module would be in a circle with a package that imports it.
    """
    known = modules(package)

    def module_of(imported: str) -> str:
        while imported and imported not in known:
            imported = imported.rpartition(".")[0]
        return imported

    return {name: {module_of(other) for other in imports(name, path)} - {""} for name, path in known.items()}


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The modules of one circle, in order, or none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def plant(package: Path, **files: str) -> Path:
    """A small package; of a file's name `__` stands for a slash."""
    for name, text in files.items():
        path = package.joinpath(*name.split("__")).with_suffix(".py")
        for folder in (package, *(package / parent for parent in path.relative_to(package).parents)):
            folder.mkdir(exist_ok=True, parents=True)
            (folder / "__init__.py").touch()
        path.write_text(text)
    return package


# Law 1


def test_a_room_imports_no_study_and_a_study_imports_no_other():
    assert broken_laws(PACKAGE) == []


@pytest.mark.parametrize(
    "text",
    [
        "import crisisflow.studies.gnom.graph",
        "from crisisflow.studies import gnom",
        "from crisisflow.studies.gnom import graph",
        "from crisisflow.studies.gnom.graph import run",
        "def run():\n    from crisisflow.studies.gnom import graph",
        "from importlib import import_module\nimport_module('crisisflow.studies.gnom')",
        "STEPS = {'graph': ('crisisflow.studies.gnom.graph:run', 'the graph')}",
        "name = 'graph'\nmodule = f'crisisflow.studies.gnom.{name}'",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from crisisflow.studies.gnom import graph",
    ],
)
def test_a_planted_import_of_a_study_is_found(tmp_path, text):
    package = plant(
        tmp_path / "crisisflow", studies__gnom__graph="", evaluation__metrics=text, cli=text, studies__analytics=text
    )
    broken = broken_laws(package)
    for name in ("evaluation.metrics", "cli", "studies.analytics"):
        assert any(line.startswith(f"crisisflow.{name} imports crisisflow.studies.gnom") for line in broken), name
    # the study itself and the list of the studies may
    (package / "studies" / "__init__.py").write_text(text)
    plant(package, evaluation__metrics="", cli="", studies__analytics="", studies__gnom__tables=text)
    assert broken_laws(package) == []


@pytest.mark.parametrize(
    "text",
    [
        "from ..gnom import graph",
        "from ..gnom.graph import run",
        "from .. import gnom",
        "from ... import studies",
        "from crisisflow.studies import STUDIES",
        "study = 'gnom'\nmodule = f'crisisflow.studies.{study}'",
    ],
)
def test_a_study_that_reaches_another_by_a_relative_name_or_by_the_list_is_found(tmp_path, text):
    package = plant(tmp_path / "crisisflow", studies__gnom__graph="", studies__analytics__tables=text)
    assert len(broken_laws(package)) == 1


def test_only_who_composes_the_studies_imports_their_list(tmp_path):
    text = "from crisisflow.studies import STUDIES"
    package = plant(tmp_path / "crisisflow", studies__gnom="", cli=text, versioning__record=text, corpus__fetch=text)
    assert broken_laws(package) == ["crisisflow.corpus.fetch imports crisisflow.studies.STUDIES"]


def test_a_study_is_in_a_docstring_without_being_imported(tmp_path):
    text = '"""The word graph of crisisflow.studies.gnom is made elsewhere."""\nfrom crisisflow.corpus import fetch'
    assert broken_laws(plant(tmp_path / "crisisflow", studies__gnom="", corpus__repair=text)) == []


# Nor does a room name a study: the one that is meant comes from the list of the studies, or by an option. A docstring
# or a comment may speak of one.


# Where a study is named outside of its own folders and files, and why.
NAMED = {
    "Makefile": (r"^LEADING := \w+$", "make reproduce runs it where STUDY names none; it is LEADING of the list"),
    "Snakefile": (r'^include: "workflow/rules/\w+/\w+\.smk"$', "the rules of all studies are one workflow"),
    "src/crisisflow/annotation/lexicons/ruler/bodies.yaml": (r"^.*\bverisk analytics,", "the name of a company"),
}
TEXTS = ("Makefile", "Snakefile", "workflow/rules/*.smk", "profiles/**/*", "src/crisisflow/**/*")


def docstrings(tree: ast.AST) -> set[ast.AST]:
    """The texts that begin a module, class or function."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, kinds)]
    return {body[0].value for body in bodies if body and isinstance(body[0], ast.Expr)}


def words_of(path: Path) -> Iterator[str]:
    """What a Python module says outside of docstrings and comments: its texts, names, attributes and keywords."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    spoken = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in spoken:
            yield node.value
        yield from (
            own
            for field in ("id", "attr", "arg", "name", "asname", "module")
            if isinstance(own := getattr(node, field, None), str)
        )


def named_studies(root: Path) -> list[str]:
    """Each place where a room, the Makefile, a profile or a shared rule names a study without leave."""
    package = root / "src" / "crisisflow"
    name = re.compile(rf"(?<![A-Za-z0-9])({'|'.join(sorted(studies_of(package)))})(?![A-Za-z0-9])")
    found = set()
    for path in sorted({path for pattern in TEXTS for path in root.glob(pattern) if path.is_file()}):
        place = path.relative_to(root)
        if "__pycache__" in place.parts or path.is_relative_to(package / "studies"):
            continue
        lines = words_of(path) if path.suffix == ".py" else path.read_text(encoding="utf-8").splitlines()
        allowed = NAMED.get(str(place), ("$^",))[0]
        found |= {f"{place}: {line}" for line in lines if name.search(line) and not re.match(allowed, line)}
    return sorted(found)


def test_no_room_names_a_study():
    assert named_studies(ROOT) == []


def test_every_exception_is_of_a_study_that_is_named_there():
    for place, (allowed, _) in NAMED.items():
        assert re.search(allowed, (ROOT / place).read_text(encoding="utf-8"), re.MULTILINE), place


def test_the_makefile_and_the_list_of_the_studies_have_the_same_leading_study():
    from crisisflow.studies import LEADING

    assert f"\nLEADING := {LEADING}\n" in (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("src/crisisflow/serving/settings.py", "from pathlib import Path\nresults = Path('results/gnom')"),
        ("src/crisisflow/serving/settings.py", "def of(params):\n    return params.gnom.rows"),
        ("src/crisisflow/serving/settings.py", "def of(read):\n    return read(gnom=1)"),
        ("src/crisisflow/serving/settings.py", "def of(study):\n    return f'data/gnom/{study}'"),
        ("src/crisisflow/serving/settings.py", "def gnom():\n    pass"),
        ("src/crisisflow/serving/page/app.js", "fetch('results/gnom/report.html')"),
        ("workflow/rules/common.smk", 'code("studies.gnom.graph")'),
        ("Makefile", "\t@crisisflow $(if $(filter gnom,$(STUDY)),summary,studies)"),
        ("profiles/plan.py", "FIRST = 'results/gnom'"),
    ],
)
def test_a_planted_name_of_a_study_is_found(tmp_path, place, text):
    spoken = '"""As gnom does."""\n# gnom\n'
    files = {
        "src/crisisflow/studies/gnom/graph.py": "STUDY = 'gnom'",
        "src/crisisflow/corpus/fetch.py": f"{spoken}def run():\n    {spoken}",
        "Makefile": "LEADING := gnom",
        "Snakefile": 'include: "workflow/rules/gnom/graph.smk"',
        "workflow/rules/gnom/graph.smk": 'code("studies.gnom.graph")',
    }
    for path, content in (files | {place: text}).items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    (found,) = named_studies(tmp_path)
    assert found.startswith(f"{place}: ")
    (tmp_path / place).write_text("")
    assert named_studies(tmp_path) == []


# Circles


def test_no_modules_import_each_other_in_a_circle():
    assert circle(import_graph(PACKAGE)) == []


@pytest.mark.parametrize(
    "back",
    ["from crisisflow.b import c", "from . import c", "from .c import x", "def run():\n    import crisisflow.b.c"],
)
def test_a_planted_circle_is_found(tmp_path, back):
    package = plant(tmp_path / "crisisflow", a="from crisisflow.b.d import x", b__c="from ..a import x", b__d=back)
    assert set(circle(import_graph(package))) == {"crisisflow.a", "crisisflow.b.c", "crisisflow.b.d"}
    plant(package, b__d="import json")
    assert circle(import_graph(package)) == []


# Labels are a value


# The labels of the leading study: a room takes them as a value. The vocabulary of the annotation is its entity types,
# and the shared corpus is HumAID, whose classes they are.
STUDY_LABELS = {f"crisisflow.taxonomy.{name}" for name in ("ENTITY_TYPES", "BIO_LABELS", "CLASSES", "LABELS")}
KNOW_LABELS = ("taxonomy", "annotation", "corpus.fetch", "corpus.sample", "corpus.subset", "studies")


def bound_to_labels(package: Path) -> set[str]:
    """The modules that import the labels of the leading study, or the whole of taxonomy, without leave."""
    return {
        name.removeprefix("crisisflow.")
        for name, path in modules(package).items()
        if (STUDY_LABELS | {"crisisflow.taxonomy", "crisisflow.taxonomy.*"}) & {*imports(name, path)}
        if not is_in(name, *(f"crisisflow.{known}" for known in KNOW_LABELS))
    }


def test_no_room_knows_the_labels_of_a_study():
    assert bound_to_labels(PACKAGE) == set()


@pytest.mark.parametrize(
    "text",
    [
        "from crisisflow.taxonomy import EntityType, CLASSES",
        "from crisisflow import taxonomy",
        "import crisisflow.taxonomy as known",
        "def run():\n    from ..taxonomy import LABELS",
    ],
)
def test_a_planted_import_of_labels_is_found(tmp_path, text):
    package = plant(tmp_path / "crisisflow", taxonomy="", evaluation__metrics=text, annotation__gold=text)
    assert bound_to_labels(package) == {"evaluation.metrics"}
    plant(package, evaluation__metrics="from crisisflow.taxonomy import EntityType")
    assert bound_to_labels(package) == set()


# An artifact says who it is


PARENT = re.compile(r"\.parent(s\[\d\])?\.(parent|name|stem)\b|\.parts\b")


def test_no_step_reads_from_a_path_s_parents_what_a_file_is():
    found = {
        f"{path.relative_to(PACKAGE)}: {line.strip()}"
        for room in ("studies", "evaluation", "reporting", "training")
        for path in (PACKAGE / room).rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if PARENT.search(line)
    }
    assert found == set()


# Law 2. (Its last place, the tab of the page, is for the tests of the page.)


def folders(pattern: str, root: Path) -> set[str]:
    return {path.name for path in root.glob(pattern) if path.is_dir()}


def stems(pattern: str, root: Path) -> set[str]:
    return {path.stem for path in root.glob(pattern)}


def targets(root: Path, studies: set[str]) -> set[str]:
    """The studies that are a stage of dvc.yaml, which is made from the rules of Snakemake."""
    return studies & set(yaml.safe_load((root / "dvc.yaml").read_text())["stages"])


def owners(folder: str, root: Path, studies: set[str]) -> set[str]:
    """The studies with an output in `folder`/<study>/."""
    stages = yaml.safe_load((root / "dvc.yaml").read_text())["stages"]
    entries = [entry for stage in stages.values() for kind in ("outs", "metrics") for entry in stage.get(kind, [])]
    outputs = [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]
    return {study for study in studies if any(path.startswith(f"{folder}/{study}/") for path in outputs)}


# Where the name of a study is: the names that are there, and what is missing until the law holds there (then "").
# Stages and outputs are also of others, so only those of studies count.
PLACES = {
    "params.yaml": (
        lambda root, studies: set(yaml.safe_load((root / "params.yaml").read_text())) - SHARED_SECTIONS,
        "",
    ),
    "targets": (targets, ""),
    "rules": (lambda root, studies: folders("workflow/rules/*", root), ""),
    "report texts": (lambda root, studies: folders("workflow/report/*", root), ""),
    "data": (lambda root, studies: owners("data", root, studies), ""),
    "results": (lambda root, studies: owners("results", root, studies), ""),
    # Further pages of a study begin with its name.
    "docs": (
        lambda root, studies: {
            stem
            for stem in stems("docs/studies/*.md", root)
            if stem in studies or not stem.startswith(tuple(f"{study}_" for study in studies))
        },
        "",
    ),
    "tests": (lambda root, studies: folders("tests/studies/[!_.]*", root), ""),
}
for preset in ("sample", "laptop", "paper"):
    PLACES[f"preset {preset}"] = (
        lambda root, studies, preset=preset: stems(f"presets/{preset}/*.yaml", root) - {"shared"},
        "",
    )


def misnamed(place: str, root: Path) -> set[str]:
    """The studies that are missing at a place, and the names there that are of no study."""
    studies = studies_of(root / "src" / "crisisflow")
    assert studies, "no study has its code in src/crisisflow/studies"
    names, _ = PLACES[place]
    return names(root, studies) ^ studies


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(
            place, marks=pytest.mark.xfail(strict=True, raises=AssertionError, reason=missing) if missing else ()
        )
        for place, (_, missing) in PLACES.items()
    ],
)
def test_a_study_has_the_same_name_everywhere(place):
    assert misnamed(place, ROOT) == set()


HOUSE = {
    "params.yaml": "corpus: {}\nannotation: {}\ngnom: {}\n",
    "dvc.yaml": "stages:\n  graph: {outs: [data/gnom/graph.npz, data/corpus/tweets.parquet]}\n"
    "  tables: {metrics: [{results/gnom/metrics.json: {cache: false}}]}\n  gnom: {cmd: snakemake gnom}\n",
    **dict.fromkeys(
        (
            "src/crisisflow/studies/gnom/graph.py",
            "workflow/rules/corpus.smk",
            "workflow/rules/gnom/graph.smk",
            "workflow/report/gnom/graph.rst",
            "docs/studies/gnom.md",
            "tests/studies/gnom/test_graph.py",
            *(
                f"presets/{preset}/{name}.yaml"
                for preset in ("sample", "laptop", "paper")
                for name in ("shared", "gnom")
            ),
        ),
        "",
    ),
}


@pytest.mark.parametrize(
    ("written", "instead", "places"),
    [
        ("\ngnom: {}", "\nword_graph: {}", {"params.yaml"}),
        ("  gnom: {cmd", "  word_graph: {cmd", {"targets"}),
        ("data/gnom", "data/word_graph", {"data"}),
        ("results/gnom", "results/word_graph", {"results"}),
        ("rules/gnom", "rules/word_graph", {"rules"}),
        ("report/gnom", "report/word_graph", {"report texts"}),
        ("docs/studies/gnom", "docs/studies/word_graph", {"docs"}),
        ("tests/studies/gnom", "tests/studies/word_graph", {"tests"}),
        ("paper/gnom", "paper/word_graph", {"preset paper"}),
        ("crisisflow/studies/gnom", "crisisflow/studies/word_graph", set(PLACES)),
        ("nothing of it", "", set()),
    ],
)
def test_another_name_for_a_study_is_found(tmp_path, written, instead, places):
    for path, text in HOUSE.items():
        file = tmp_path / path.replace(written, instead)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace(written, instead))
    assert {place for place in PLACES if misnamed(place, tmp_path)} == places
