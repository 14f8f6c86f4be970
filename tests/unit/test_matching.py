"""Matching without regard to case: in the lower-case text, as if the pattern ignored case."""

import re
import sys
from string import ascii_lowercase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crisisflow.annotation.backtracking import parse, regards_case
from crisisflow.annotation.first_letters import ASCII, never_first
from crisisflow.annotation.lexicon_files import REGEX, RULER
from crisisflow.annotation.matching import Patterns, lowered, search, starts
from crisisflow.annotation.needs import Needs
from crisisflow.annotation.numerals import AMOUNT, OTHER
from crisisflow.annotation.patterns import CURRENCIES, Rule, load_numerals, load_regex
from crisisflow.annotation.ruler_lexicon import load_forms

RULES = [
    *load_regex(sorted({path.stem for path in REGEX.glob("*.yaml")} - {"fragments", "numerals"})),
    *(rule for path in sorted(RULER.glob("*.yaml")) for rule in load_forms(path.stem)),
]
NUMBERS = load_numerals()
PIECES = st.sampled_from(
    [
        *sorted({need for pattern in (*RULES, *NUMBERS.others) for need in pattern.needs}),
        *(
            AMOUNT * 2,
            OTHER,
            "17",
            "1,200",
            "half a ",
            "Rs",
            "usd",
            " ",
            " ",
            "\n",
            ".",
            "-",
            "@",
            "#",
            "(",
            "İ",
            "ſ",
            "½",
        ),
        *("Acme ", "Fire Rescue", "Main St", "people ", "killed ", "May ", "to "),
    ]
)
TEXTS = st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=30)
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
        Rule("any", "RESCUE", ("usar",), False, re.compile("usar team"), frozenset()),
        Rule("own", "RESCUE", ("usar",), True, re.compile("USAR TEAM"), frozenset()),
    ]
    found = [
        (span.start, span.end, span.rule) for span in Patterns(rules).spans("İ USAR Team, USAR TEAM", "1", "regex")
    ]
    assert found == [(2, 11, "any"), (13, 22, "any"), (13, 22, "own")]


@pytest.mark.parametrize(
    ("expression", "first"),
    [
        ("flood|(?:fire|(?P<a>st)orm)", "fs"),
        ("(?:a|b)?c", "abc"),
        ("(?<!x)(?=\\S)(?!y)a*+b", "ab"),
        ("(?>p|q)++r", "pq"),
        ("[a-c\\d]x", "abc0123456789"),
        ("(?i:k)x", "kK"),
        ("½?a", "a"),
        ("[¼-¾]a", ""),
    ],
)
def test_the_first_letters_of_an_expression_are_read_from_its_structure(expression: str, first: str) -> None:
    assert never_first(parse(expression), ignoring_case=False) == ASCII - set(first)


EXPRESSIONS = [
    "[^a]",
    "[^a-c\\d]",
    "ſ|K",
    "[À-ſ]",
    "(?-i:s)|ı",
    r"[\[-k]",
    r"\W|s",
    "(a)?(?(1)b|c)",
    "(?:a?b?)c|.",
    r"\bX",
]


@pytest.mark.parametrize("expression", [*EXPRESSIONS, *(rule.regex.pattern for rule in RULES)])
@pytest.mark.parametrize("ignoring", [True, False])
def test_no_match_begins_with_a_letter_that_is_never_first(expression: str, ignoring: bool) -> None:
    compiled, never = re.compile(expression, re.IGNORECASE * ignoring), never_first(parse(expression), ignoring)
    for text in ("%s", "%sb", "%sc", "1%s"):
        for letter in ASCII:
            match = compiled.search(text % letter, text.index("%"))
            assert not match or match[0][:1] not in never


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_patterns_find_what_each_finds_alone_in_the_whole_text(text: str) -> None:
    found = [span[1:] for span in Patterns(RULES).spans(text, "1", "regex")]
    alone = []
    for rule in RULES:
        for match in rule.regex.finditer(text if rule.cased else lowered(text)):
            start, end = match.start(), match.start() + len(match[0].rstrip())
            alone.append((start, end, rule.label, "regex", rule.rule))
    assert found == [span for span in alone if span[0] < span[1]]


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_numbers_begin_where_they_are_looked_for(text: str) -> None:
    lower = lowered(text)
    behind = [match.end() for name in CURRENCIES for match in re.finditer(rf"{name}(?=\S)", lower)]
    for number, places in (
        *((own, starts(text)) for own in NUMBERS.others),
        (NUMBERS.amounts, sorted({*starts(text), *behind})),
    ):
        own = text if number.cased else lower
        assert [match.span() for match in search(number, own, places)] == [
            match.span() for match in number.regex.finditer(own)
        ]


STRINGS = ["a", "b c", " ab", "c ", "abc", "ß", "d", " d "]


@given(st.lists(st.sampled_from(["a", "b", "c", "d", "ß", " ", "  ", "\n", "x" * 60])).map("".join))
def test_what_a_text_holds_is_told_from_its_words(text: str) -> None:
    needs = Needs([[string] for string in STRINGS] + [["a", " d "]])
    padded = f" {' '.join(text.split())} "
    held = [string in (text if " " in string.strip() else padded) for string in STRINGS]
    assert needs.met(text) == [number for number, is_held in enumerate([*held, held[0] or held[-1]]) if is_held]


def test_matches_do_not_overlap() -> None:
    rule = Rule("any", "RESCUE", ("usar",), False, re.compile("usar team|team|up"), frozenset())
    assert [match.span() for match in search(rule, "usar team up", [0, 5, 10])] == [(0, 9), (10, 12)]
