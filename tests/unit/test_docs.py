"""Every recipe of the README and docs: the commands and their options exist, and their values are valid parameters."""

import re
import shlex
from collections import deque
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
import typer
from typer.exceptions import TyperException

from crisisflow.cli import app
from crisisflow.sources import NEUTRAL
from crisisflow.strict_yaml import parse
from crisisflow.studies import Params, read_params
from crisisflow.versioning.snakefile import opened
from tests.presets import read_preset

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
BLOCK = re.compile(r"^```(sh|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
PARAMETER = re.compile(rf"(?:{'|'.join(Params.model_fields)})(?:\.[\w-]+)*: .+")
ENDS = {"&&", "||", ";", "|", "&", "(", ")"}
REDIRECTIONS = {"<", ">", ">>"}
BEFORE = {"time", "taskset", "-c", "0"}  # another command follows
# Commands that the shell or a system has, which are passed over; another one is a slip of the pen.
OTHERS = frozenset(("cd", "cp", "curl", "do", "docker", "done", "echo", "export", "for", "gcloud", "git", "kubectl"))
OTHERS |= {"cat", "kaggle", "label-studio", "pip", "pytest", "sed", "source", "sudo"}
TOOLS = ("crisisflow", "snakemake", "dvc", "make", "python")


def commands(text: str) -> Iterator[list[str]]:
    """The commands of a shell text, without comments; a quotation may go over lines."""
    held = ""
    for line in text.replace("\\\n", " ").splitlines():
        held = f"{held}\n{line}" if held else line
        lexer = shlex.shlex(held, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        try:
            words = list(lexer)
        except ValueError:  # no closing quotation yet
            continue
        held, command = "", []
        for before, word in pairwise(["", *words, ";"]):
            if word in REDIRECTIONS or before in REDIRECTIONS:
                continue
            if word not in ENDS:
                command.append(word)
            elif command:
                yield command
                command = []
    assert not held, held


def blocks(page: Path, language: str) -> list[str]:
    return [text for found, text in BLOCK.findall(page.read_text(encoding="utf-8")) if found == language]


def inline(page: Path) -> list[str]:
    return INLINE.findall(BLOCK.sub("", page.read_text(encoding="utf-8")))


def behind(command: list[str]) -> list[str]:
    """A command without assignments and the like."""
    words = deque(command)
    while words and ("=" in words[0] or words[0] in BEFORE):
        words.popleft()
    return list(words)


def tool(command: list[str]) -> tuple[str, list[str]]:
    """What a command runs of ours, and its arguments."""
    words = behind(command)
    return (words[0], words[1:]) if words and words[0] in TOOLS else ("", [])


@cache
def parser_of(name: str):
    if name == "snakemake":
        from snakemake.cli import get_argument_parser

        return get_argument_parser()
    from dvc.cli.parser import get_main_parser

    return get_main_parser()


@cache
def rules() -> list:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        with opened() as workflow:
            return list(workflow.rules)


def check_crisisflow(arguments: list[str]) -> None:
    group = typer.main.get_command(app)
    with group.make_context("crisisflow", list(arguments)) as context:
        name, command, rest = group.resolve_command(context, [*context._protected_args, *context.args])
        command.make_context(name, rest, parent=context).close()
    if name == "preset":
        assert (ROOT / "presets" / arguments[1] / "shared.yaml").is_file(), arguments


def check_snakemake(arguments: list[str]) -> None:
    given = parser_of("snakemake").parse_args(arguments)
    for target in given.targets:
        assert any(target == rule.name or rule.is_producer(target) for rule in rules()), target
    for profile in given.profile or []:
        assert (ROOT / profile).is_dir(), profile


def check_dvc(arguments: list[str], folder: Path) -> None:
    from dvc.utils.hydra import apply_overrides, get_hydra_sweeps

    given = parser_of("dvc").parse_args(arguments)
    overrides = getattr(given, "set_param", None) or []
    for sweep in get_hydra_sweeps({"params.yaml": overrides}) if overrides else []:
        path = folder / "params.yaml"
        path.write_bytes((ROOT / "params.yaml").read_bytes())
        apply_overrides(path, sweep["params.yaml"])
        read_params(path)


def check(command: list[str], folder: Path) -> None:
    """Refuse a command whose parts do not exist; commands of other tools are passed over."""
    name, arguments = tool(command)
    if name == "crisisflow" and arguments != ["--help"]:
        check_crisisflow(arguments)
    elif name == "snakemake":
        check_snakemake(arguments)
    elif name == "dvc":
        check_dvc(arguments, folder)
    elif name == "make":
        made = re.findall(r"^([\w.-][\w./-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert {word for word in arguments if "=" not in word} <= set(made), command
    elif name == "python" and arguments[0].endswith(".py"):
        text = (ROOT / arguments[0]).read_text()
        assert all(f'"{word}"' in text for word in arguments if word.startswith("--")), command


def in_the_text(page: Path) -> list[str]:
    """The commands between the lines that have an option; one without may be a name only, STEP stands for one."""
    return [text for text in inline(page) if text.split()[0] in TOOLS and " -" in text and "STEP" not in text]


def named(page: Path) -> list[str]:
    """The commands between the lines that have no option: a command's name is there, its arguments may be missing.

    Those of the study that a page makes up are passed over.
    """
    found = [text for text in inline(page) if re.fullmatch(r"(crisisflow|dvc|make) [a-z_]+( [a-z_]+)?", text)]
    return [text for text in found if "echo" not in text.split()]


NAMED = [pytest.param(text.split(), id=f"{page.stem}: {text}") for page in PAGES for text in dict.fromkeys(named(page))]
SHOWN = re.compile(r"^```\n\$ (crisisflow [^\n]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RECIPES = [
    pytest.param(command, id=f"{page.stem}: {' '.join(command)[:60]}")
    for page in PAGES
    for text in [*blocks(page, "sh"), *in_the_text(page)]
    for command in commands(text)
    if tool(command)[0]
]


@pytest.mark.parametrize("command", RECIPES)
def test_a_recipe_s_command_exists_with_its_options_and_values(command, tmp_path, capsys):
    try:
        check(command, tmp_path)
    except typer.Exit as end:  # --help
        assert end.exit_code == 0
    except (SystemExit, TyperException) as error:
        pytest.fail(f"{command}: {error} {capsys.readouterr().err}")


def check_name(words: list[str], folder: Path) -> None:
    """Refuse a command that does not exist; what else it needs may be missing."""
    if words[0] == "make":
        check(words, folder)
        return
    if words[0] == "dvc":
        with pytest.raises(SystemExit) as end:
            parser_of("dvc").parse_args([*words[1:], "--help"])
        assert end.value.code == 0, words
        return
    group = typer.main.get_command(app)
    with group.make_context("crisisflow", words[1:]) as context:
        _, own, rest = group.resolve_command(context, [*context._protected_args, *context.args])
        if rest and hasattr(own, "resolve_command"):  # a study, and one of its steps
            own.resolve_command(context, rest)


@pytest.mark.parametrize("words", NAMED)
def test_a_command_named_in_the_text_exists(words, tmp_path, capsys):
    try:
        check_name(words, tmp_path)
    except (SystemExit, TyperException) as error:
        pytest.fail(f"{words}: {error} {capsys.readouterr().err}")


def test_a_name_of_no_command_is_found(tmp_path):
    from dvc.cli import DvcParserError

    for text in ("crisisflow expalin", "crisisflow humaid_ner trian", "dvc chekcout", "make dashbord"):
        with pytest.raises((SystemExit, TyperException, DvcParserError, AssertionError)):
            check_name(text.split(), tmp_path)
    check_name(["crisisflow", "humaid_ner", "train"], tmp_path)


@pytest.mark.parametrize(
    ("command", "output"),
    [found for page in PAGES for found in SHOWN.findall(page.read_text(encoding="utf-8"))],
)
def test_what_a_page_shows_of_a_command_is_what_it_prints(command, output, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    app(shlex.split(command)[1:], standalone_mode=False)
    assert capsys.readouterr().out == output


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_recipe_has_no_command_that_nobody_has(page):
    found = {next(iter(behind(command)), "true") for text in blocks(page, "sh") for command in commands(text)}
    assert found <= {*TOOLS, *OTHERS, "true"}


def test_a_broken_recipe_is_found(tmp_path, capsys):
    for text in (
        "crisisflow expalin x",
        "crisisflow explain --no-such x",
        "crisisflow subset --size x",
        "crisisflow preset huge",
        "snakemake --cores all no_such_rule",
        "dvc exp runn",
        "dvc exp run -S training.no_such=1",
        "make no-such-target",
        "python no_such.py",
    ):
        [command] = commands(text)
        with pytest.raises((SystemExit, Exception)):
            check(command, tmp_path)
    capsys.readouterr()
    assert behind(next(commands("X=1 crisisflw predict < f"))) == ["crisisflw", "predict"]


def test_there_are_recipes():
    assert {tool(recipe.values[0])[0] for recipe in RECIPES} == set(TOOLS)
    assert len(RECIPES) > 40


def merged(plain: dict, changes: dict) -> dict:
    """The parameters with these changes, at any depth."""
    both = {key: merged(plain[key], value) if isinstance(value, dict) and isinstance(plain.get(key), dict) else value
            for key, value in changes.items()}  # fmt: skip
    return plain | both


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_changes_of_params_yaml_fit_the_preset_that_the_page_takes(page):
    named = re.findall(r"^crisisflow preset (\w+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    plain = read_preset(named[0] if named else "sample", ROOT / "presets")[1]
    for text in blocks(page, "yaml"):
        changes = parse(text)
        if changes.keys() <= Params.model_fields.keys():
            Params.model_validate(merged(plain, changes))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_value_of_params_yaml_in_the_text_is_one(page):
    plain = read_params(ROOT / "params.yaml")[1]
    for text in filter(PARAMETER.fullmatch, inline(page)):
        path, _, written = text.partition(": ")
        if re.fullmatch("[A-Z]+|[a-z]", written):  # stands for a value
            continue
        value = parse(written)
        for key in reversed(path.split(".")):
            value = {key: value}
        Params.model_validate(merged(plain, value))


def test_commands_are_parted_as_a_shell_parts_them():
    text = "a b && c 'd # e' # f\nX=1 g -c 'h\ni' | j \\\n  k <l >m n\n"
    assert list(commands(text)) == [["a", "b"], ["c", "d # e"], ["X=1", "g", "-c", "h\ni"], ["j", "k", "n"]]


def rules_by_file() -> dict[str, list[str]]:
    """The rules that make something, by their file in workflow/rules."""
    found: dict[str, list[str]] = {}
    for rule in rules():
        if rule.output:
            name = Path(rule.snakefile).resolve().relative_to(ROOT / "workflow" / "rules").as_posix()
            found.setdefault(name, []).append(rule.name)
    return found


def section_on_the_workflow() -> str:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    return text.partition("\n## The workflow\n")[2].partition("\n## ")[0]


def test_the_table_of_the_workflow_has_every_rule_in_its_file():
    lines = re.findall(r"^\| `([\w/]+\.smk)` \| (.+) \|$", section_on_the_workflow(), re.MULTILINE)
    assert {file: INLINE.findall(names) for file, names in lines} == rules_by_file()


def test_the_drawing_of_the_workflow_has_every_file_and_what_it_reads():
    from snakemake.io import strip_wildcard_constraints as plain

    drawing = section_on_the_workflow().partition("flowchart")[2].partition("```")[0]
    boxes = dict(re.findall(r"(\w+)\[([\w/]+\.smk)\]", drawing))
    drawn = {(boxes[one], boxes[other]) for one, other in re.findall(r"(\w+) --> (\w+)", drawing)}
    file_of = {rule: file for file, own in rules_by_file().items() for rule in own}
    makers = [rule for rule in rules() if rule.output]
    read = {
        (file_of[maker.name], file_of[rule.name])
        for rule in makers
        for path in rule.input
        for maker in makers
        if maker.is_producer(path) or plain(path) in map(plain, maker.output)
    }
    assert set(boxes.values()) == set(rules_by_file())
    assert drawn == {(one, other) for one, other in read if one != other}


def test_the_page_of_the_package_has_every_room_and_module():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    listed = text.partition("\n## The package\n")[2].partition("\n## ")[0]
    names = {name for line in re.findall(r"^\| (`.+?) \|", listed, re.MULTILINE) for name in INLINE.findall(line)}
    package = ROOT / "src" / "crisisflow"
    modules = {path.stem for path in package.glob("[!_]*.py")}
    rooms = {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    assert names == modules | rooms - {"studies/"} | {"studies/<study>/"}


PATH = re.compile(r"[\w<>.-]+(/[\w<>.-]+)*(/|\.(cff|css|html|jinja|js|json|md|py|smk|toml|txt|yaml))")


def not_there(cell: str, folder: Path) -> list[str]:
    """The paths of a cell that are in none of the root, this folder, and the folders of the paths before them."""
    folders, missing = [ROOT, folder], []
    for path in filter(PATH.fullmatch, INLINE.findall(cell)):
        found = [there for where in folders for there in where.glob(re.sub(r"<\w+>", "*", path))]
        folders += [there.parent for there in found]
        missing += [] if found else [path]
    return missing


def test_the_files_and_tests_that_contributing_names_are_there():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Where does")[2].partition("\n## ")[0]
    missing = []
    for section in text.split("\n### ")[1:]:
        heading, *lines = section.splitlines()
        rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
        of_files, of_tests = (ROOT.joinpath(*INLINE.findall(words)) for words in (heading, rows[0][2]))
        for _, files, *tests in rows[1:]:
            missing += [*not_there(files, of_files), *not_there(" ".join(tests), of_tests)]
    assert missing == []


def test_a_path_that_is_not_there_is_found():
    folder = ROOT / "src" / "crisisflow"
    assert not_there("`graph.py`, `corpus/none/`, `presets/<preset>/none.yaml`", folder) == [
        "graph.py",
        "corpus/none/",
        "presets/<preset>/none.yaml",
    ]
    assert not_there("`corpus/repair.py`, `subset.py`, `presets/<preset>/shared.yaml`, `crisisflow x`", folder) == []


def test_every_page_is_in_the_table_of_contents():
    contents = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    missing = [
        page.name for page in (ROOT / "docs").rglob("*.md") if f"({page.relative_to(ROOT / 'docs')})" not in contents
    ]
    assert missing == ["README.md"]  # itself


def broken_links(page: Path) -> list[str]:
    """The relative links and images of a page that lead to no file, or to no heading of one."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [
        link
        for link in map("".join, LINK.findall(INLINE.sub("", text)))
        if not re.match(r"[a-z]+:", link) and not leads_somewhere(page, link)
    ]


def leads_somewhere(page: Path, link: str) -> bool:
    path, _, heading = link.partition("#")
    target = page.parent / path if path else page
    return target.exists() and (not heading or heading in headings(target))


def headings(page: Path) -> set[str]:
    """The headings of a page as GitHub writes them in links."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_relative_link_leads_to_a_file(page):
    assert broken_links(page) == []


def test_a_broken_link_is_found(tmp_path):
    page = tmp_path / "page.md"
    (tmp_path / "there.md").write_text("# A heading, of words\n")
    page.write_text(
        "# Own\n[a](there.md) [b](there.md#a-heading-of-words) [c](#own) [d](https://example.org/x) ![e](no.png)\n"
        '[f](there.md#no) [g](#no) <img src="no.svg"> `[h](code.md)`\n```sh\n[i](block.md)\n```\n'
    )
    assert broken_links(page) == ["no.png", "there.md#no", "#no", "no.svg"]


def test_the_modules_that_nothing_watches_are_those_of_the_code():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    listed = text.partition("## What neither tool watches")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(\w+)\.py`", listed)) == NEUTRAL
