"""`crisisflow explain`, through its command."""

import subprocess
import sys

import pytest

from crisisflow.annotation.explain import _counted


def explain(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "crisisflow", "explain", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)


def test_stages_rivals_reasons_and_result_are_told() -> None:
    said = explain("At least 17 people killed as Hurricane Florence nears Wilmington").stdout
    assert "[regex: people-harmed]" in said.partition("stage 3, regex")[2].partition("competed")[0]
    assert "[ruler: known-storm]" in said.partition("stage 2, ruler")[2].partition("stage 3")[0]
    rivals = said.partition("competed")[2].partition("resolved")[0]
    assert "lost to 'At least 17 people killed' CASUALTY [regex: people-harmed], longer: 25 characters" in rivals
    result = said.partition("resolved: ")[2]
    assert "CASUALTY      'At least 17 people killed'" in result
    assert "DISASTER_TYPE 'Hurricane Florence'" in result
    assert "LOCATION      'Wilmington'" in result


def test_at_equal_length_the_order_of_the_stages_is_told_without_torch() -> None:
    code = (
        "import atexit, sys; from crisisflow.cli import main\n"
        "atexit.register(lambda: print({'torch', 'transformers', 'pandas', 'sklearn'} & {*sys.modules}))\n"
        "main()"
    )
    command = [sys.executable, "-c", code, "explain", "Floods in Nepal today"]
    *said, imported = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert any("as long, and ruler goes before spacy (ruler, spacy, regex)" in line for line in said)
    assert imported == "set()"


@pytest.mark.parametrize("arguments", [["-"], ["Floods \x1b[31min\x07 Nepal"]])
def test_what_steers_a_terminal_is_not_printed(arguments: list[str]) -> None:
    done = explain(*arguments, stdin="Floods \x1b[31min\x07 Nepal")
    assert done.returncode == 0
    assert "Nepal" in done.stdout
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout


def test_an_empty_text_is_the_users_error() -> None:
    done = explain(" ")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("crisisflow: there is no text to explain; give one, or - to read it from standard input\n")


def test_one_span_is_no_plural() -> None:
    assert [_counted([None] * number) for number in range(3)] == ["0 spans", "1 span", "2 spans"]
