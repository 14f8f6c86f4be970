"""params.yaml: every key required, no other accepted, the offending one named; presets and schema in step."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from crisisflow.errors import CrisisflowError
from crisisflow.params import Params, read_params, write_preset

ROOT = Path(__file__).parents[2]
PRESETS = ROOT / "presets"


def changed(tmp_path, path, value="remove"):
    """The sample preset with the key at `path` set, or removed."""
    plain = yaml.safe_load((PRESETS / "sample.yaml").read_text())
    *parents, key = path.split(".")
    place = plain
    for parent in parents:
        place = place[parent]
    if value == "remove":
        del place[key]
    else:
        place[key] = value
    file = tmp_path / "params.yaml"
    file.write_text(yaml.safe_dump(plain))
    return file


@pytest.mark.parametrize("name", ["sample", "laptop", "paper"])
def test_each_preset_is_whole_and_is_written_as_it_stands(name, tmp_path):
    write_preset(name, PRESETS, tmp_path / "params.yaml")
    assert (tmp_path / "params.yaml").read_bytes() == (PRESETS / f"{name}.yaml").read_bytes()
    params, _ = read_params(tmp_path / "params.yaml")
    assert params.preset == name
    assert list(params.rows) == ["A", "B", "C", "D"]


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize("folder", [".", "a folder"])
def test_a_preset_does_not_overwrite_edits_that_are_in_no_commit(tmp_path, monkeypatch, folder):
    monkeypatch.chdir(tmp_path)
    out = Path(folder) / "params.yaml"
    for name in ("sample", "laptop", "sample"):  # a preset is no edit
        write_preset(name, PRESETS, out)
    edited = out.read_text().replace("seeds: [13]", "seeds: [17]")
    out.write_text(edited)
    with pytest.raises(
        CrisisflowError, match=r"params\.yaml was edited and is in no commit, .*keep a copy: mv "
    ) as error:
        write_preset("laptop", PRESETS, out)
    assert "\n" not in str(error.value)
    assert out.read_text() == edited
    git(tmp_path, "init", "-q")
    with pytest.raises(CrisisflowError, match="was edited"):  # no commit yet
        write_preset("laptop", PRESETS, out)
    git(tmp_path, "add", "-A")
    with pytest.raises(CrisisflowError, match="was edited"):
        write_preset("laptop", PRESETS, out)
    git(tmp_path, "commit", "-qm", "mine")
    write_preset("laptop", PRESETS, out)
    assert out.read_bytes() == (PRESETS / "laptop.yaml").read_bytes()
    out.write_text(edited + "# one more\n")
    with pytest.raises(CrisisflowError, match="was edited"):
        write_preset("paper", PRESETS, out)
    monkeypatch.setenv("PATH", "")  # without git
    with pytest.raises(CrisisflowError, match="was edited"):
        write_preset("paper", PRESETS, out)


def test_the_committed_params_are_the_sample():
    assert (ROOT / "params.yaml").read_bytes() == (PRESETS / "sample.yaml").read_bytes()


def test_the_paper_preset_holds_the_paper_s_values():
    params, _ = read_params(PRESETS / "paper.yaml")
    assert params.corpus.size == 60_000
    assert params.corpus.split.model_dump() == {"train": 0.72, "validation": 0.14, "test": 0.14}
    assert params.annotation.spacy.model == "en_core_web_trf==3.8.0"
    assert params.alignment.max_length == 128
    assert params.model.dropout == 0.1
    training = params.training
    assert training.single.model_dump() == {"epochs": 15, "warmup_steps": 1125}
    assert training.two_stage.stage1.model_dump() == {"epochs": 7, "warmup_steps": 1125}
    assert training.two_stage.stage2.model_dump() == {"epochs": 8, "warmup_steps": 450}
    assert (training.batch_size, training.learning_rate, training.weight_decay) == (8, 2e-5, 0.01)
    assert (training.betas, training.clip_norm, training.device) == ((0.9, 0.999), 1.0, "xla")
    rows = params.rows
    assert "bert-large" in rows["A"].encoder
    assert all("roberta-large" in rows[name].encoder for name in "BCD")
    assert [rows[name].weighting for name in "ABCD"] == ["fixed", "fixed", "kendall", "kendall"]
    assert [rows[name].schedule for name in "ABCD"] == ["single", "single", "single", "two_stage"]
    assert rows["D"].freeze_layers == 18


def test_the_committed_schema_is_the_one_the_code_makes():
    committed = json.loads((ROOT / "workflow" / "schemas" / "params.schema.json").read_text())
    assert committed == Params.model_json_schema(), (
        "write it with: crisisflow schema --out workflow/schemas/params.schema.json"
    )


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("corpus.seed", "remove", "corpus.seed: field required"),
        ("corpus.sede", 13, "corpus.sede: is not a known key"),
        ("corpus.size", -5, "corpus.size"),
        ("corpus.split.train", 0.7, "corpus.split: train, validation and test must sum to 1"),
        ("annotation.spacy.types", {"GPE": "PLACE"}, "annotation.spacy.types.GPE: input should be 'LOCATION'"),
        (
            "annotation.resolve.priority",
            ["spacy", "ruler"],
            "annotation.resolve: name each of spacy, ruler and regex once",
        ),
        ("training.batch_size", 0, "training.batch_size: input should be greater than or equal to 1"),
        ("training.learning_rate", "fast", "training.learning_rate: input should be a valid number"),
        ("rows.D.weighting", "magic", "rows.D.weighting: input should be 'fixed', 'kendall'"),
        ("rows.A.freeze_layers", 2, "rows.A: freeze_layers, freeze_embeddings and frozen_dropout act in stage 2"),
        ("rows.A.layers", 0, "rows.A.layers: input should be greater than or equal to 1"),
        ("rows.D.layers", 3, "rows.D: freeze_layers is 4 but layers keeps 3"),
        ("rows", {}, "rows: dictionary should have at least 1 item"),
        ("seeds", [], "seeds: list should have at least 1 item"),
        ("seeds", [13, 13], "params.yaml: seeds: each may stand there once"),
        (
            "rows.floor",
            yaml.safe_load((PRESETS / "sample.yaml").read_text())["rows"]["A"],
            "params.yaml: rows.floor: the tables have a floor of their own",
        ),
        ("evaluation.learning_curve.rows", ["X"], "params.yaml: evaluation.learning_curve.rows: no row is called X"),
        (
            "evaluation.learning_curve.tweets",
            [600, 600],
            "evaluation.learning_curve: tweets: each may stand there once",
        ),
        ("evaluation.leave_one_event_out.events", ["a/b"], "evaluation.leave_one_event_out.events.0"),
    ],
)
def test_the_offending_key_is_named_in_one_line(tmp_path, path, value, message):
    with pytest.raises(CrisisflowError) as error:
        read_params(changed(tmp_path, path, value))
    assert message.split(":")[0] in str(error.value)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_all_faults_are_listed_each_with_what_may_have_been_meant(tmp_path):
    plain = yaml.safe_load((PRESETS / "sample.yaml").read_text())
    plain["training"]["batchsize"] = plain["training"].pop("batch_size")
    plain["rows"]["B"]["weigthing"] = plain["rows"]["B"].pop("weighting")
    plain["corpus"]["zzz"] = 1
    plain["corpus"]["size"] = -5
    plain["seeds"] = [13, 1.0]
    plain["rows"]["../A"] = plain["rows"]["A"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(plain))
    with pytest.raises(CrisisflowError) as error:
        read_params(tmp_path / "params.yaml")
    _, _, faults = str(error.value).partition("params.yaml: ")
    assert faults.split("; ") == [
        "corpus.zzz: is not a known key (there are: source, events, sample, repair, size, split, seed)",
        "training.batchsize: is not a known key (did you mean batch_size?)",
        "rows.B.weigthing: is not a known key (did you mean weighting?)",
        "corpus.size: input should be greater than or equal to 1 or input should be 'all'",
        "rows.../A: string should match pattern '^[A-Za-z0-9][A-Za-z0-9_-]*$'",
        "seeds.1: input should be a valid integer",
    ]


def test_all_that_does_not_fit_together_is_listed(tmp_path):
    plain = yaml.safe_load((PRESETS / "sample.yaml").read_text())
    plain["seeds"] = [13, 13]
    plain["training"]["tweets"] = 500
    plain["evaluation"]["learning_curve"] = {"rows": ["X", "B", "Y"], "tweets": [200, 600, 700]}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(plain))
    with pytest.raises(CrisisflowError) as error:
        read_params(tmp_path / "params.yaml")
    _, _, faults = str(error.value).partition("params.yaml: ")
    assert faults == (
        "seeds: each may stand there once; "
        "evaluation.learning_curve.rows: no row is called X; there are: A, B, C, D; "
        "evaluation.learning_curve.rows: no row is called Y; there are: A, B, C, D; "
        "evaluation.learning_curve.tweets: 600 is not below training.tweets, which is 500; "
        "evaluation.learning_curve.tweets: 700 is not below training.tweets, which is 500"
    )


def test_a_key_that_stands_there_beside_the_right_one_is_compared_with_all_keys(tmp_path):
    with pytest.raises(
        CrisisflowError, match=r"training\.batchsize: is not a known key \(did you mean batch_size\?\)$"
    ):
        read_params(changed(tmp_path, "training.batchsize", 8))


def leaves(value, path=()):
    """The paths and values of the scalars below a value of params.yaml."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if pairs is None:
        yield path, value
    else:
        for key, inside in pairs:
            yield from leaves(inside, (*path, key))


def test_a_value_of_another_type_is_never_taken_for_one_of_the_right_type():
    """An int where a number with a fraction may stand is one; text, truth values and 13.0 are not."""
    plain = yaml.safe_load((PRESETS / "sample.yaml").read_text())
    tried = 0
    for (*parents, key), value in list(leaves(plain)):
        others = {
            bool: lambda value: [int(value), str(value).lower()],
            int: lambda value: [float(value), value == 1, str(value)],
            float: lambda value: [str(value), True],
            str: lambda value: [1, True, 1.0],
            type(None): lambda value: [True, 1.0],
        }
        place = plain
        for parent in parents:
            place = place[parent]
        for other in others[type(value)](value):
            if (key, other) in {("size", 1), ("tweets", 1), ("frozen_cache_gb", 8)} and other is not True:
                continue  # such a value is another choice, or the same
            place[key] = other
            with pytest.raises(ValidationError):
                Params.model_validate(plain)
            tried += 1
        place[key] = value
    assert tried > 150
    Params.model_validate(plain)


@pytest.mark.parametrize("path", ["seeds", "corpus.seed", "corpus.sample.seed"])
@pytest.mark.parametrize("value", [-1, 2**32, 1700000000000, 10**40])
def test_a_seed_that_a_library_would_refuse(tmp_path, path, value):
    with pytest.raises(CrisisflowError, match=rf"{path}.*: a seed is a whole number from 0 to 4294967295$"):
        read_params(changed(tmp_path, path, [value] if path == "seeds" else value))


@pytest.mark.parametrize("value", [0, 2**32 - 1])
def test_the_ends_of_the_range_are_seeds(tmp_path, value):
    from crisisflow.corpus.stratify import draw
    from crisisflow.training import seeds

    assert read_params(changed(tmp_path, "seeds", [value]))[0].seeds == [value]
    assert len(draw([0, 1, 2, 3], "aabb", 2, value)[0]) == 2
    assert seeds.of_heads(value) >= 0


def test_no_count_is_larger_than_a_library_takes():
    plain = yaml.safe_load((PRESETS / "sample.yaml").read_text())
    counts = [path for path, value in leaves(plain) if type(value) is int]
    counts += [("corpus", "size"), ("training", "tweets")]
    assert len(counts) > 20
    for *parents, key in counts:
        place = plain
        for parent in parents:
            place = place[parent]
        before, place[key] = place[key], 2**63
        if key not in ("frozen_cache_gb", "weight_decay"):  # these are no counts
            with pytest.raises(ValidationError):
                Params.model_validate(plain)
        place[key] = before


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_a_number_is_finite(tmp_path, value):
    with pytest.raises(CrisisflowError, match=r"learning_rate: input should be a finite number"):
        read_params(changed(tmp_path, "training.learning_rate", value))


@pytest.mark.parametrize("value", ["a\0b", "a\nb", "a\u2028b", "\x1b[31m", ""])
@pytest.mark.parametrize("path", ["corpus.source", "corpus.events", "annotation.quality.idrisi", "rows.A.encoder"])
def test_a_path_is_one_line_without_control_characters(tmp_path, path, value):
    with pytest.raises(CrisisflowError, match=path.replace(".", r"\.")):
        read_params(changed(tmp_path, path, value))


def test_a_learning_curve_ends_below_the_rows_own_tweets(tmp_path):
    file = changed(tmp_path, "training.tweets", 600)
    with pytest.raises(CrisisflowError, match=r"learning_curve\.tweets: 600 is not below training\.tweets"):
        read_params(file)


def test_xla_takes_one_process(tmp_path):
    plain = yaml.safe_load((PRESETS / "paper.yaml").read_text())
    plain["training"]["processes"] = 8
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(plain))
    with pytest.raises(CrisisflowError, match=r"training: device xla is one process on one core, and processes is 8"):
        read_params(tmp_path / "params.yaml")


def test_a_misspelt_key_is_named_rather_than_the_one_it_was_meant_to_be(tmp_path):
    plain = yaml.safe_load((PRESETS / "sample.yaml").read_text())
    plain["training"]["clipnorm"] = plain["training"].pop("clip_norm")
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(plain))
    with pytest.raises(CrisisflowError, match=r"training\.clipnorm: is not a known key \(did you mean clip_norm\?\)$"):
        read_params(tmp_path / "params.yaml")


def test_a_row_s_name_is_no_path(tmp_path):
    plain = yaml.safe_load((PRESETS / "sample.yaml").read_text())
    plain["rows"]["../A"] = plain["rows"]["A"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(plain))
    with pytest.raises(CrisisflowError, match=r"rows\.\.\./A"):
        read_params(tmp_path / "params.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "does not exist; write it with: crisisflow preset sample"),
        ("rows: [A\nseeds: 1", "line 2: not valid YAML"),
        ("- a\n- b\n", "holds no mapping"),
        ("seeds: [1]\nrows: {}\nseeds: [2]\n", "line 3: not valid YAML: seeds stands there twice"),
        ("", "holds no mapping"),
        ("preset: 2018-02-30\n", r"params\.yaml, line 1: not valid YAML: 2018-02-30 \(day is out of range"),
        ("a: 1\nseed: 0b_\n", r"line 2: not valid YAML: 0b_ \(invalid literal"),
        ("? [a, b]\n", "line 1: not valid YAML: a key must be text, and a sequence is none"),
        ("? {a: b}\n: 1\n", "a key must be text, and a mapping is none"),
        ("rows: {1: {}}\n", "line 1: not valid YAML: a key must be text, and 1 is none"),
        ("a: " + "[" * 5000, "nested too deeply"),
        ("[" * 400 + "]" * 400, "holds no mapping|nested too deeply"),
        ("a: " + "9" * 5000, "line 1: not valid YAML: 9{5000}"),
        ("a: \0", "not valid YAML: .*unacceptable character|not valid YAML: .*special characters"),
        ("seeds: &a [*a]\n", "seeds"),
        (
            "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 80)),
            "a79: is not a known",
        ),
        ("!!python/object/apply:os.system ['true']", "not valid YAML"),
    ],
)
def test_a_file_that_is_no_params_file(tmp_path, text, message):
    if text is not None:
        (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(CrisisflowError, match=message) as error:
        read_params(tmp_path / "params.yaml")
    assert "\n" not in str(error.value)
