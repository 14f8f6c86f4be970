"""YAML of which there is one reading: what PyYAML and DVC's reader read differently is refused, in one line."""

import io
import json
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from crisisflow.errors import CrisisflowError
from crisisflow.strict_yaml import YamlFault, parse, parse_quickly, parse_value, read_yaml, yaml_line
from crisisflow.studies import read_params
from crisisflow.versioning import rule_helpers

ROOT = Path(__file__).parents[2]


def typed(value):
    """A value with the types of all that is in it; a NaN equals itself."""
    if isinstance(value, dict):
        return {key: typed(inside) for key, inside in value.items()}
    if isinstance(value, list):
        return [typed(inside) for inside in value]
    return type(value), repr(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 13", 13),
        ("a: 1_000", 1000),
        ("a: 0x1F", 31),
        ("a: .5", 0.5),
        ("a: 2.0e-4", 0.0002),
        ("a: 'off'", "off"),
        ("a: true", True),
        ("a: False", False),
        ("a: ~", None),
        ("a:", None),
        ("a: null", None),
        ("a: y", "y"),
        ("a: !!str 013", "013"),
        ("b: &x [1]\na: *x", [1]),
        ("b: &x {c: 1}\na: {<<: *x, d: 2}", {"c": 1, "d": 2}),
        ('a: "x # y: z"', "x # y: z"),
        ("\ufeffa: 1", 1),
    ],
)
def test_what_both_read_alike_is_read(text, value):
    assert typed(parse(text)["a"]) == typed(value)


@pytest.mark.parametrize(
    "value",
    ["013", "08", "0o13", "1e1", "1E-4", "12e03", "1.0e1", "1:30", "190:20:30.15", "yes", "No", "on", "OFF"],
)
@pytest.mark.parametrize("around", ["{}", "[{}]", "{{b: {}}}"])
def test_what_they_read_differently_is_refused_with_its_line(value, around):
    with pytest.raises(YamlFault, match=r"YAML 1\.2, which DVC reads") as fault:
        parse(f"x: 1\n\na: {around.format(value)}\n")
    assert fault.value.line == 3


@pytest.mark.parametrize(
    "text",
    [
        "%YAML 1.1\n---\na: off",
        "a: 1\na: 2",
        "a: {b: 1, b: 2}",
        "a:\t1",
        "a: {b:1}",
        "a: 1\n---\nb: 1",
        "a: !!python/object/apply:os.system ['true']",
        "a: !x 1",
        "a: =",
        "a: !!omap [b: 1]",
        "a: !!binary x",
        "a: !!timestamp 2018-02-30",
        "a: *b",
        "on: 1",
        "~: 1",
        "2018-01-01: 1",
        "a: \x01",
        '"\\ud83d": 1',
    ],
)
def test_what_is_no_such_yaml_is_one_fault_of_one_line(text):
    with pytest.raises(YamlFault) as fault:
        parse(text)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize("text", ["a: off", "a: 1\n\na: 2", "a: [", "1: a", "b:\n- c\na: 2018-02-30", "[" * 100_000])
def test_what_is_refused_when_read_quickly_is_the_same_fault(text):
    with pytest.raises(YamlFault) as fault:
        parse(text)
    with pytest.raises(YamlFault) as quick:
        parse_quickly(text)
    assert str(quick.value) == str(fault.value) and quick.value.line == fault.value.line


@given(st.floats())
def test_a_number_that_dvc_writes_is_read(number):
    written = io.StringIO()
    YAML().dump({"a": number}, written)
    assert typed(parse(written.getvalue())["a"]) == typed(number)


DVC_FORM = re.compile(r"[0-9]e[-+][0-9]")
SCALARS = st.text(st.sampled_from("0123456789_+-.:eExXobinfaltruysOFNn~ #'\"\\&*!{}[],<=?|>%@`\t\u2028é"), max_size=12)


@given(SCALARS)
@example("0b_")
@example("0x_")
@example("2018-02-30")
@example("1" * 5000)
def test_any_scalar_is_refused_in_one_line_or_is_the_same_to_both(text):
    document = f"a: {text}"
    try:
        found = parse(document)
    except YamlFault as fault:
        assert "\n" not in str(fault)
    else:
        assert typed(found) == typed(YAML(typ="safe").load(document))
        assert typed(found) == typed(yaml.safe_load(document)) or DVC_FORM.search(text)


@settings(max_examples=50)
@given(st.one_of(st.text(max_size=60), SCALARS, st.binary(max_size=40)))
@example("? [a, b]")
@example("[" * 5000)
@example("{" * 1000)
@example("- " * 1000)
@example("a: &a [*a]")
@example("preset: 2018-02-30")
@example("!!set a")
def test_any_file_as_params_yaml_is_one_line(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "params.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    with pytest.raises(CrisisflowError) as error:
        read_params(path)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("text", ["preset: 2018-02-30", "seed: 0b_", "? [a, b]", "[" * 5000])
def test_snakemake_ends_with_one_line_and_exit_code_2(tmp_path, monkeypatch, capsys, text):
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(text)
    rule_helpers.load_params.cache_clear()
    with pytest.raises(SystemExit) as end:
        rule_helpers.load_params()
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("crisisflow: params.yaml")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("override", "key", "value"),
    [
        ("preset=off", "preset", None),
        ("preset=yes", "preset", None),
        ("humaid_ner.seeds=[1e1]", "humaid_ner.seeds", None),
        ("humaid_ner.seeds=[true]", "humaid_ner.seeds", None),
        ("humaid_ner.seeds=[13.0]", "humaid_ner.seeds", None),
        ("preset=short", "preset", "short"),
        ("humaid_ner.seeds=[13,17]", "humaid_ner.seeds", [13, 17]),
        ("humaid_ner.training.learning_rate=1e-5", "humaid_ner.training.learning_rate", 1e-5),
        ("corpus.events='a # b: c'", "corpus.events", "a # b: c"),
        ("corpus.events='17'", "corpus.events", "17"),
        ("corpus.events=null", "corpus.events", None),
    ],
)
def test_what_dvc_writes_for_an_experiment_is_that_value_or_refused(tmp_path, override, key, value):
    from dvc.utils.hydra import apply_overrides

    path = tmp_path / "params.yaml"
    path.write_bytes((ROOT / "params.yaml").read_bytes())
    apply_overrides(path, [override])
    if value is None and key != "corpus.events":
        with pytest.raises(CrisisflowError, match=key):
            read_params(path)
        return
    found = read_params(path)[1]
    for part in key.split("."):
        found = found[part]
    assert typed(found) == typed(value)


def test_every_yaml_file_of_the_repository_is_read_alike_by_both():
    files = [*ROOT.glob("src/**/*.yaml"), *ROOT.glob("presets/*/*.yaml"), ROOT / "params.yaml", ROOT / "CITATION.cff"]
    assert len(files) > 15
    for path in files:
        plain = typed(yaml.safe_load(path.read_text()))
        assert typed(read_yaml(path)) == plain == typed(read_yaml(path, parse_quickly)), path


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=8,
)


@given(VALUES)
@example(1e-05)
@example("\U0001f30a # a: b\u2028")
def test_a_value_that_the_rules_hand_over_arrives_as_it_is(value):
    assert typed(parse_value(json.dumps(value, sort_keys=True))) == typed(value)


def test_a_value_may_be_typed_as_yaml_too():
    assert parse_value("{tweets: 400, seed: 1}") == {"tweets": 400, "seed": 1}
    assert parse_value("all") == "all"
    with pytest.raises(YamlFault):
        parse_value("[013]")


def test_a_number_that_dvc_wrote_is_no_override_of_snakemake(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "params.yaml").read_text().replace("learning_rate: 2.0e-4", "learning_rate: 2e-05", 1)
    Path("params.yaml").write_text(text)
    rule_helpers.load_params.cache_clear()
    assert rule_helpers.load_params()["humaid_ner"]["training"]["learning_rate"] == 2e-05
    rule_helpers.load_params.cache_clear()
    rule_helpers.refuse_config_overrides({})
    for config in (yaml.safe_load(text), {"seeds": [1]}):
        with pytest.raises(SystemExit):
            rule_helpers.refuse_config_overrides(config)


def test_the_line_of_an_entry(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("a:\n  - b: 1\n  - c: 2\n")
    assert [yaml_line(path, keys) for keys in (("a",), ("a", 1), ("a", 1, "c"), ("a", 7), ("z",))] == [1, 3, 3, 1, 1]
