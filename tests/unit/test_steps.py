"""Steps as commands: the options are the parameters of the function, which is not imported before it runs."""

import inspect
import json
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer

from crisisflow import cli
from crisisflow.commands import develop, look, share, use
from crisisflow.signatures import read_function
from crisisflow.steps import BY_NAME, STEPS, command, steps_by_name
from crisisflow.studies import STUDIES

ROOT = Path(__file__).parents[2]
# By the words of its command: a study's step is had by its study, whatever other studies call theirs.
EVERY = {(name,): step for name, step in STEPS.items()} | {
    (study, name): step for study, own in STUDIES.items() for name, step in own.steps.items()
}
HEAVY = {"torch", "transformers", "spacy", "pandas", "sklearn", "matplotlib", "onnxruntime", "snakemake", "dvc"}


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_a_signature_that_is_read_is_that_of_the_function(words):
    target, line = EVERY[words]
    module, function = target.split(":")
    known = read_function(target)
    assert known.signature.parameters == inspect.signature(getattr(import_module(module), function)).parameters
    assert set(known.help) <= set(known.signature.parameters)
    assert known.prose
    assert "Args:" not in known.prose
    assert "Raises:" not in known.prose
    assert line.endswith(".")


def test_a_step_is_named_as_its_module():
    assert {words: target.split(".")[-1] for words, (target, _) in EVERY.items()} == {
        words: f"{words[-1]}:run" for words in EVERY
    }


# The commands that Snakemake would run


UNASKED = "results/difficult_negatives/grid.csv"  # of the one rule that no target asks for
PREFIXES = {
    "actionable_help": "help_",
    "analytics": "analytics_",
    "difficult_negatives": "negatives_",
    "gnom": "gnom_",
}


def planned() -> list[tuple[str, list[str]]]:
    """The rule, for which the log is named, and the arguments of each job, as a dry run prints them."""
    words = [str(Path(sys.executable).parent / "snakemake"), "--dry-run", "--printshellcmds", "--forceall", "--cores=1"]
    words += ["--nolock", "all", UNASKED]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    jobs = re.findall(r"crisisflow (.*) 2>&1 \| tee logs/(\w+)", done.stdout + done.stderr)
    return [(rule, shlex.split(re.sub(r"\$\(printf -- '([^']*)' ([^)]*)\)", repeated, line))) for line, rule in jobs]


def repeated(printf: re.Match) -> str:
    """What the shell's printf makes of a format and its arguments."""
    return "".join(printf[1].replace("%s", word) for word in printf[2].split())


def test_each_rule_gives_the_command_of_its_name_all_that_it_asks_for_and_nothing_else():
    jobs = planned()
    group = typer.main.get_command(cli.app)
    found = set()
    for rule, words in jobs:
        command, name = group, []
        while isinstance(command, cli.Steps):
            name.append(words.pop(0))
            command = command.get_command(None, name[-1])
        # A rule that takes over another one's command is named for it. Those of two studies begin with a word.
        named = rule.removeprefix(PREFIXES.get(name[0], ""))
        assert named == name[-1] or named.startswith(f"{name[-1]}_"), rule
        command.make_context(name[-1], words).close()
        found.add(tuple(name))
    assert {*EVERY} - found == {("actionable_help", "read_set")}  # the sample names no set that it would read


# The options


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """Returns the command of a step, by the text of its module, in a process that has not imported it."""
    monkeypatch.syspath_prepend(tmp_path)

    def plant(text: str):
        (tmp_path / "planted.py").write_text(text)
        monkeypatch.delitem(sys.modules, "planted", raising=False)
        return command("planted", "planted:run", "Plant.")

    return plant


STEP = '''
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from crisisflow.inputs import InputFile, InputFolder
from crisisflow.params import Positive, SampleParams, Seed


def run(
    read: InputFile,
    several: Sequence[InputFile],
    where: InputFolder,
    name: str,
    seed: Seed,
    size: Positive | Literal["all"],
    sample: SampleParams,
    seeds: list[Seed],
    maybe: str | None,
    out: Path,
    more: Sequence[Path] = (),
    part: str = "1-of-1",
) -> None:
    """Do it.

    It is done.

    Args:
        read, out: a file
        several: files that are read, in an order that is told
            over two lines; repeat

    Raises:
        CrisisflowError: never.
    """
    assert isinstance(sample, SampleParams)
    out.write_text(json.dumps(dict(several=[path.name for path in several], where=where.name, name=name, seed=seed,
        size=size, tweets=sample.tweets, seeds=seeds, maybe=maybe, more=[*map(str, more)], part=part)))
'''


def test_the_function_gets_what_the_options_say(planted, tmp_path):
    (tmp_path / "a").touch()
    (tmp_path / "b").touch()
    given = {"read": tmp_path / "a", "where": tmp_path, "name": "null", "seed": "3", "size": "all", "seeds": "[1, 2]"}
    given |= {"sample": "{tweets: 300, seed: 1}", "out": tmp_path / "out"}
    words = [f"--{name}={value}" for name, value in given.items()]
    words += [f"--several={tmp_path / name}" for name in ("b", "a")]
    step = planted(STEP)

    def run(*more: str) -> dict:
        step.main([*words, *more], standalone_mode=False)
        return json.loads((tmp_path / "out").read_text())

    expected = {"several": ["b", "a"], "where": tmp_path.name, "name": "null", "seed": 3, "size": "all", "tweets": 300}
    expected |= {"seeds": [1, 2], "maybe": None, "more": [], "part": "1-of-1"}
    assert run() == expected
    more = ("--maybe=so", "--more=c", "--more=d", "--part=2-of-3", "--size=9")
    assert run(*more) == {**expected, "maybe": "so", "more": ["c", "d"], "part": "2-of-3", "size": 9}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def run(out: print('x')) -> None: ...", r"print\('x'\) is more than a step's parameter may say"),
        ("def run(out: int = 1 + 1) -> None: ...", "is more than"),
        ("def run(*, out: int) -> None: ...", "is no function whose parameters"),
        ("def other() -> None: ...", "planted:run is no function"),
    ],
)
def test_a_signature_is_read_and_never_run(planted, text, said):
    with pytest.raises(ValueError, match=said):
        planted(text)


def test_the_docstring_is_the_help(planted):
    step = planted(STEP)
    assert step.help.startswith("Plant.\n\nDo it.\n\nIt is done.")
    assert "Args" not in step.help
    texts = {option.name: option.help for option in step.params if option.name in ("read", "out", "several", "where")}
    several = "files that are read, in an order that is told over two lines; repeat"
    assert texts == {"read": "a file", "out": "a file", "several": several, "where": None}


def test_a_step_is_not_imported_before_its_inputs_are_there(planted):
    step = planted("from pathlib import Path\nfrom crisisflow.inputs import InputFile\nimport nowhere\n\n\n"
        "def run(read: InputFile, out: Path) -> None:\n    pass\n")  # fmt: skip
    with pytest.raises(Exception, match="absent does not exist"):
        step.main(["--read=absent", "--out=b"], standalone_mode=False)
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        step.main([f"--read={__file__}", "--out=b"], standalone_mode=False)


def test_help_imports_nothing_heavy():
    names = [[], *([name] for name in BY_NAME), *map(list, EVERY)]
    code = (
        "import json, sys\n"
        "from crisisflow.cli import main\n"
        "for words in json.loads(sys.argv.pop()):\n"
        "    sys.argv[1:] = [*words, '--help']\n"
        "    try: main()\n"
        "    except SystemExit as end: assert not end.code, words\n"
        "print(json.dumps([*sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code, json.dumps(names)], capture_output=True, text=True, check=True)
    assert not HEAVY & set(json.loads(done.stdout.splitlines()[-1]))
    assert done.stdout.count("Usage: ") == len(names)


# Names


def test_a_step_of_two_has_its_name_in_its_study_only():
    own, others = ("a.train:run", "Train."), ("b.train:run", "Train too.")
    assert steps_by_name(
        {"fetch": own}, {"a": {"train": own, "floor": own}, "b": {"train": others, "graph": others}}
    ) == {
        "fetch": own,
        "floor": own,
        "graph": others,
    }
    assert steps_by_name({"fetch": own}, {"a": {"fetch": others}}) == {"fetch": own}


def test_no_command_of_all_is_hidden_by_a_step_or_by_another_command():
    apps = [use.app, look.app, share.app, develop.app]
    apps += [import_module(study.commands).app for study in STUDIES.values() if study.commands]
    names = [command.name for app in apps for command in app.registered_commands] + list(STUDIES)
    assert len(names) == len(set(names))
    assert not set(names) & {name for (name,) in (words for words in EVERY if len(words) == 1)}


def test_a_step_that_another_command_is_named_like_is_had_by_its_study(monkeypatch):
    group = typer.main.get_command(cli.app)
    before = group.get_command(None, "predict")
    monkeypatch.setitem(group.registry, "predict", EVERY["humaid_ner", "train"])
    assert group.get_command(None, "predict") is before


def test_a_step_is_also_a_command_of_its_study():
    group = typer.main.get_command(cli.app)
    for name, study in STUDIES.items():
        listed = group.get_command(None, name).list_commands(None)
        assert listed[: len(study.steps)] == list(study.steps)
        others = [*STEPS, *(step for other in STUDIES if other != name for step in STUDIES[other].steps)]
        assert {*study.steps} - {*others} <= {*BY_NAME}
    assert "summary" in group.get_command(None, "humaid_ner").list_commands(None)
    words = ["humaid_ner", "hold-out", "--tweets=absent", "--aligned=absent", "--event=flood", "--out=b"]
    done = subprocess.run([sys.executable, "-m", "crisisflow", *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "crisisflow: absent does not exist; run the step that makes it first\n"
