"""Matching without regard to case: in the lower-case text, as if the pattern ignored case."""

import re
import sys
from string import ascii_lowercase

import pytest

from crisisflow.annotation.backtracking import parse, regards_case
from crisisflow.annotation.lexicon import Rule
from crisisflow.annotation.matching import lowered, matches

ALL = [chr(code) for code in range(sys.maxunicode + 1)]


@pytest.mark.parametrize(
    ("expression", "regards"),
    [
        (r"flood(?:s|ed)?\b\S\W\D", False),
        (r"(?P<Name>[a-z¼-¾]++)(?<!x)(?!y)(?>z)", False),
        (r"[^a-z]\u00e9\u2019", False),
        ("(?:a|(?:b|C))", True),
        ("[x-zQ]", True),
        ("[¼-⅞]", True),
        ("[^A]", True),
        ("(?-i:us)", True),
        ("x(?=Y)", True),
        ("x(?<!Y)", True),
        ("(?:x|É){0,3}", True),
        ("(x)?(?(1)y|Z)", True),
    ],
)
def test_capitals_and_flags_are_seen_wherever_they_stand(expression: str, regards: bool) -> None:
    assert regards_case(parse(expression)) is regards


def test_the_lower_case_text_is_as_long_as_the_text_and_keeps_kinds_of_characters() -> None:
    assert [char for char in ALL if len(lowered(char)) != 1] == []
    assert lowered("İXΣ") == "ixς"
    for kind in (r"\w", r"\s", r"\d"):
        held = re.compile(kind)
        assert [char for char in ALL if bool(held.match(char)) != bool(held.match(lowered(char)))] == []


def test_it_finds_what_ignoring_case_would_find_but_for_two_foreign_letters() -> None:
    """A dotless i is no i, and a long s no s, which `re` takes for them."""
    ignoring = re.compile(f"[{ascii_lowercase}]", re.IGNORECASE)
    regarding = re.compile(f"[{ascii_lowercase}]")
    assert [char for char in ALL if bool(ignoring.match(char)) != bool(regarding.match(lowered(char)))] == ["ı", "ſ"]


def test_a_pattern_with_capitals_reads_the_text_and_another_its_lower_case_form() -> None:
    rules = [
        Rule("any", "RESCUE", ("usar",), False, re.compile("usar team")),
        Rule("own", "RESCUE", ("usar",), True, re.compile("USAR TEAM")),
    ]
    found = [(span.start, span.end, span.rule) for span in matches(rules, "İ USAR Team, USAR TEAM", "1", "regex")]
    assert found == [(2, 11, "any"), (13, 22, "any"), (13, 22, "own")]
