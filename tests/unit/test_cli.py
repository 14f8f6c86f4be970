"""The command line: what is wrong is one line on stderr and exit code 2."""

import json
import os
import re
import subprocess
import sys
from contextlib import redirect_stdout
from importlib.metadata import version
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest
import typer
import yaml

from crisisflow import cli
from crisisflow.artifacts import read_json
from crisisflow.errors import CrisisflowError
from crisisflow.studies import STUDIES
from tests.cheap import check_told_cheaply


def crisisflow(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "crisisflow", *arguments], capture_output=True, text=True, check=False)


FETCH = ["fetch", "--source=absent", "--sample={tweets: 200, seed: 1}", "--out=a", "--gold=b", "--manifest=c"]
SUBSET = ["subset", "--repaired=a", "--seed=1", "--out=b", "--statistics=c"]
SPLIT = "--split={train: 0.72, validation: 0.14, test: 0.14}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["repair"], "Missing option '--raw'"),
        ([*SUBSET, "--size=some", SPLIT], "Invalid value for '--size'"),
        (
            [*SUBSET, "--size=all", "--split={train: 2}"],
            "Invalid value for '--split': train: input should be less than 1",
        ),
        ([*SUBSET, "--size=all", "--split={train"], "Invalid value for '--split': is not valid YAML"),
        ([*SUBSET, "--size=all", SPLIT], "a does not exist; run the step that makes it first"),
        (["preset", "huge"], "no preset 'huge' in presets/; there are:"),
    ],
)
def test_one_line_and_exit_code_2(arguments, message):
    done = crisisflow(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("crisisflow: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_ctrl_c_is_one_line():
    code = (
        "import sys; sys.argv = ['crisisflow', 'preset', 'sample']\n"
        "from crisisflow import cli, studies\n"
        "def interrupt(*arguments): raise KeyboardInterrupt\n"
        "studies.write_preset = interrupt\n"
        "cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "crisisflow: interrupted; run again to go on\n")


def test_debug_shows_the_traceback():
    done = crisisflow("--debug", "preset", "huge")
    assert done.returncode not in (0, 2)
    assert "Traceback" in done.stderr


# A file that each command reads.
INPUTS = {
    "repair": "--raw",
    "subset": "--repaired",
    "spacy_shard": "--tweets",
    "spacy_stage": "--shards",
    "ruler_stage": "--tweets",
    "regex_stage": "--tweets",
    "resolve": "--stages",
    "quality": "--generated",
    "source_report": "--conflicts",
    "bio": "--resolved",
    "train": "--aligned",
    "evaluate": "--config",
    "floor": "--tweets",
    "bootstrap": "--predictions",
    "hold_out": "--aligned",
    "predict_event": "--weights",
    "learning_curve": "--metrics",
    "leave_one_event_out": "--unseen",
    "against_gold": "--weights",
    "confident_errors": "--predictions",
    "tables": "--histories",
    "figures": "--gradients",
    "report": "--ledger",
    "cards": "--differences",
    "export": "--quality",
    "summary": "--manifest",
    "sample_for_review": "--tweets",
}


SAMPLE = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())
for other in {*STUDIES} - {"humaid_ner"}:
    del SAMPLE[other]  # the leading study's steps take no other section
STUDY = SAMPLE["humaid_ner"]
SECTIONS = {
    "repair": SAMPLE["corpus"]["repair"],
    "spacy_shard": SAMPLE["annotation"]["spacy"],
    "ruler_stage": SAMPLE["annotation"]["ruler"],
    "regex_stage": SAMPLE["annotation"]["regex"],
    "resolve": SAMPLE["annotation"]["resolve"],
    "quality": SAMPLE["annotation"],
    "bio": STUDY["alignment"],
}
VALUES = {**SAMPLE, **STUDY, **SAMPLE["corpus"], **SAMPLE["annotation"], "row": STUDY["rows"]["A"]}


def whole(name: str, **instead: str) -> list[str]:
    """A command with all that it asks for: values of the sample, and for paths a file that is there."""
    top = typer.main.get_command(cli.app)
    # Of a step whose name several studies have, the leading one's.
    found = [name] if top.get_command(None, name) else ["humaid_ner", name]
    command = top if found == [name] else top.get_command(None, found[0])
    for option in command.get_command(None, name).params:
        if option.param_type_name == "option" and (option.required or option.opts[0] in instead):
            given = __file__
            if option.metavar == "VALUE":
                given = json.dumps(SECTIONS.get(name, SAMPLE) if option.name == "params" else VALUES[option.name])
            elif option.name == "seed":
                given = "1"
            elif option.name == "reference":
                given = os.curdir
            found += [option.opts[0], instead.get(option.opts[0], given)]
    return found


def test_a_wrong_input_is_told_before_anything_heavy_is_imported(tmp_path):
    cases = {
        f"{name}.x does not exist; run the step": whole(name, **{option: f"{name}.x"})
        for name, option in INPUTS.items()
    }
    cases |= {f"{tmp_path} is a folder": whole("evaluate", **{"--predictions": str(tmp_path)})}
    cases |= {"absent does not exist yet": ["show_errors", "--errors=absent"]}
    cases |= {"agreement.json does not exist; name what Label Studio": ["agreement", "agreement.json"]}
    cases |= {"nowhere does not exist": whole("quality", **{"--reference": "nowhere"})}
    cases |= {f"{__file__} is no folder": whole("quality", **{"--reference": __file__})}
    cases |= {"corpus.source: absent does not exist": FETCH}
    cases |= {"metrics.json does not exist": ["summary", f"--results={tmp_path}", f"--manifest={__file__}"]}
    check_told_cheaply(cases)


@pytest.mark.parametrize("arguments", [["predict"], ["evaluate", f"--config={__file__}", "--out=a", "--predictions"]])
def test_a_file_that_may_not_be_read_is_told(arguments, tmp_path):
    path = tmp_path / "tweets"
    path.touch(0o000)
    tmp_path.chmod(0o755)
    code = (
        "import os, sys\n"
        "from crisisflow import cli, progress, text_input\n"
        "os.chdir(sys.argv.pop())\n"
        "if os.geteuid() == 0: os.setresuid(65534, 65534, 65534)  # root may read every file\n"
        "cli.main()"
    )
    command = [sys.executable, "-c", code, *arguments, path.name, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert re.search("cannot read|not readable", done.stderr)


@pytest.mark.parametrize("content", ["[]", "{}", "null", "5", "", "{", "\xff", "[" * 100_000])
def test_json_of_another_shape_is_one_line(content, tmp_path):
    path = tmp_path / "metrics.json"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(CrisisflowError, match=f"^{path} [^\n]*$"):
        read_json(path, "chosen_row")


@pytest.fixture
def ended(monkeypatch):
    """Runs a function as a command in this process; returns its exit code, output and errors as bytes."""

    def run(function, encoding="utf-8"):
        streams = [TextIOWrapper(BytesIO(), encoding=encoding) for _ in range(2)]
        monkeypatch.setattr("sys.argv", ["crisisflow", "preset", "sample"])
        monkeypatch.setattr("sys.stdout", streams[0])
        monkeypatch.setattr("sys.stderr", streams[1])
        monkeypatch.setattr("crisisflow.studies.write_preset", function)
        with pytest.raises(SystemExit) as end:
            cli.main()
        for stream in streams:
            stream.flush()
        return end.value.code or 0, *(stream.buffer.getvalue() for stream in streams)

    return run


def test_what_nobody_foresaw_is_one_line_too(ended):
    def fail(*_):
        return {}["a\nb @somebody"]

    code, _, errors = ended(fail)
    assert code == 2
    assert errors.decode().startswith("crisisflow: unexpected KeyError ('a\\nb •••••••••') in test_cli.py, line ")
    assert errors.count(b"\n") == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_any_terminal_shows_what_it_can(encoding, ended):
    """A text that its encoding lacks must not end a command: of output and of errors."""
    text = "Füße 🔥 \udcff"

    def fail(*_):
        raise CrisisflowError(text)

    shown = f"{text}\n".encode(encoding, "backslashreplace")
    assert ended(lambda *_: print(text), encoding) == (0, shown, b"")
    assert ended(fail, encoding) == (2, b"", b"crisisflow: " + shown)


def help_of(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "crisisflow", *arguments, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "80"},
    ).stdout


def test_commands_are_listed_by_group_in_one_style_and_uncut():
    groups: dict[str, list[str]] = {}
    for line in help_of().splitlines():
        if line.endswith(":") and not line.startswith(" "):
            groups[line] = []
        elif found := re.match(r"  ([a-z]\S*)  +\S", line):
            groups[[*groups][-1]].append(found[1])
    listed = {name: group for group, names in groups.items() for name in names}
    assert listed["predict"] == listed["serve"] == "Use:"
    assert listed["show_errors"] == listed["summary"] == "Look at a run:"
    assert listed["export"] == listed["record"] == "Share and version:"
    assert {listed[name] for name in RULES} == {"Steps of the workflow, which Snakemake runs:"}
    assert not {"tables", "figures", "report"} & listed.keys()
    assert len(listed) == sum(map(len, groups.values()))
    assert not [name for name in listed if "-" in name]
    assert "..." not in help_of().partition("Use:")[2]


# Rules that are one command of their name. Several studies have tables, figures and a report.
RULES = [
    "fetch",
    "repair",
    "subset",
    "spacy_stage",
    "ruler_stage",
    "regex_stage",
    "resolve",
    "quality",
    "source_report",
]
RULES += ["bio", "train", "evaluate", "floor", "bootstrap", "hold_out", "predict_event", "learning_curve"]
RULES += ["leave_one_event_out", "against_gold", "confident_errors", "cards"]


@pytest.mark.parametrize("name", ["spacy-stage", "spacy_stage", "show-errors", "show_errors", "final-test"])
def test_a_hyphen_is_as_good_as_an_underscore(name, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["crisisflow", name, "--help"])
    with pytest.raises(SystemExit):
        cli.main()
    assert f" {name} [OPTIONS]" in capsys.readouterr().out


def test_the_version():
    done = crisisflow("--version")
    assert (done.returncode, done.stdout) == (0, f"crisisflow {version('crisisflow')}\n")


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}])
def test_an_argument_is_utf8_in_every_locale(locale):
    code = "import sys; from crisisflow.text_input import text_of; print(ascii(text_of(sys.argv[1], 9)))"
    own = {**os.environ, **locale}
    done = subprocess.run([sys.executable, "-c", code, "Füße 🔥"], capture_output=True, text=True, check=False, env=own)
    assert done.stdout == ascii("Füße 🔥") + "\n"


def test_a_full_disk_is_one_line():
    with Path("/dev/full").open("w") as full:
        code = "from crisisflow import cli, studies; studies.write_preset = lambda *a: print('a'); cli.main()"
        command = [sys.executable, "-c", f"import sys; sys.argv = ['crisisflow', 'preset', 'sample']; {code}"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "crisisflow: [Errno 28] No space left on device\n")


def test_a_reader_that_has_seen_enough_is_no_error():
    """As `crisisflow … | head` is."""
    reading, writing = os.pipe()
    os.close(reading)
    code = "from crisisflow import cli, studies; studies.write_preset = lambda *a: print('a'); cli.main()"
    command = [sys.executable, "-c", f"import sys; sys.argv = ['crisisflow', 'preset', 'sample']; {code}"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_every_command_explains_itself_without_loading_heavy_libraries():
    code = (
        "import sys; sys.argv = ['crisisflow', '--help']\n"
        "from crisisflow.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "print([name for name in ('torch', 'spacy', 'pandas', 'transformers', 'snakemake') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    for step in ("fetch", "spacy_stage", "train", "dvcyaml"):
        assert step in done.stdout
        assert crisisflow(step, "--help").returncode == 0


def test_a_reader_that_waits_for_standard_input_hinders_no_end():
    code = (
        "import queue, sys, threading\n"
        "from crisisflow.text_input import lines_of, open_input\n"
        "found = queue.Queue()\n"
        "def read():\n"
        "    for line in lines_of(open_input('-', 'a file'), 'standard input'): found.put(line)\n"
        "threading.Thread(target=read, daemon=True).start()\n"
        "print(found.get(), end='')"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(b"flood\n")
        process.stdin.flush()
        assert process.stdout.read() == b"flood\n"
        assert process.wait() == 0


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-"])
def test_a_stream_that_is_closed_ends_no_command_in_a_traceback(closed, tmp_path):
    command = f"{sys.executable} -m crisisflow explain - {closed}"
    done = subprocess.run(["sh", "-c", command], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == (closed != "2>&-")


def test_a_caller_in_this_process_may_catch_what_is_printed(monkeypatch):
    monkeypatch.setattr("sys.argv", ["crisisflow", "--version"])
    out = StringIO()
    with redirect_stdout(out), pytest.raises(SystemExit):
        cli.main()
    assert out.getvalue().startswith("crisisflow ")
