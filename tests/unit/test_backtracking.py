"""Backtracking: which expressions are linear, and which are not."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crisisflow.annotation.backtracking import backtracking, matches_nothing, parse


@pytest.mark.parametrize(
    ("expression", "power"),
    [
        ("abc", 0),
        ("a{1,3}b?", 0),
        ("a++b", 1),
        ("a++b++c", 1),
        (r"(?:\w++[.-])*+\w++", 1),
        ("a+", 1),
        ("a+?b", 1),
        ("(?:ab)*c", 1),
        ("(?:a++b)*c", 1),
        ("(?:a+|b*)c", 1),
        ("(?!a*b)c+d", 1),
        ("(?>a+)b+c", 1),
        ("(?<!a)(b+)c", 1),
        ("a*a*b", 2),
        ("a+(?!b*c)", 2),
        ("(?:ab++|c)*+", 2),
        ("(?>a+a+)b", 2),
        ("(?:a+){3}", 3),
        ("(a+b)?(?(1)d+|e)c", 2),
        ("(?:a|aa){0,3}b", 0),
        ("(?:ab|cd){0,60}b", 0),
        ("(?:a|aa){0,60}b", float("inf")),
        ("(a+)+b", float("inf")),
        ("(?:a|aa)*b", float("inf")),
        ("(?:a?b?)*c", float("inf")),
        ("(?:(?:ab|a)b{0,2})+c", float("inf")),
        ("(?:a+b)*+c", float("inf")),
    ],
)
def test_the_power_of_a_failing_match(expression: str, power: float) -> None:
    assert backtracking(parse(expression)) == power


@pytest.mark.parametrize("expression", ["", "a*", "a?b*", "(?=a)", r"\b", "(?:a|)", "(?<=a)(?!b)"])
def test_what_matches_nothing(expression: str) -> None:
    assert matches_nothing(parse(expression)) and re.search(expression, "a b") is not None


@pytest.mark.parametrize("expression", ["a", "a+", "a?b", "(?=a)a"])
def test_what_matches_something(expression: str) -> None:
    assert not matches_nothing(parse(expression))


loops = st.sampled_from(["*", "+", "?", "{0,2}", "{0,40}", "*+", "++", "*?", ""])
pieces = st.recursive(
    st.sampled_from(["a", "b", "[ab]"]),
    lambda inner: st.one_of(
        st.tuples(inner, loops).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
    ),
    max_leaves=6,
)


@settings(deadline=None, max_examples=200)
@given(pieces)
def test_what_passes_is_fast_on_what_nearly_matches(expression: str) -> None:
    parsed = parse(expression)
    if matches_nothing(parsed) or backtracking(parsed) > 1:
        return
    compiled = re.compile(f"(?:{expression})c")
    start = time.process_time()
    for text in ("a" * 2_000, "b" * 2_000, "ab" * 1_000, "aab" * 700):
        compiled.match(text)
    # An exponential pattern would not end; a cubic one would take minutes.
    assert time.process_time() - start < 2
