"""params.yaml: every key required, no other accepted, the offending one named; presets and schema in step."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from crisisflow.errors import CrisisflowError
from crisisflow.params import SharedParams, read_own
from crisisflow.presets import HEADER
from crisisflow.studies import STUDIES, Params, read_params, write_preset
from crisisflow.studies.humaid_ner.params import BESIDE_THE_ROWS
from tests.presets import read_preset

ROOT = Path(__file__).parents[2]
PRESETS = ROOT / "presets"


def joined(shared: str, study: str | None = None) -> bytes:
    """The bytes of params.yaml by presets: of all sections and, where it is another one, of the leading study."""
    parts = [PRESETS / shared / f"{section}.yaml" for section in ("shared", *STUDIES)]
    parts[1] = PRESETS / (study or shared) / "humaid_ner.yaml"
    return HEADER.encode() + b"".join(part.read_bytes() for part in parts)


def changed(tmp_path, path, value="remove"):
    """The sample preset with the key at `path` set, or removed."""
    plain = read_preset("sample", PRESETS)[1]
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
    assert (tmp_path / "params.yaml").read_bytes() == joined(name)
    params, _ = read_params(tmp_path / "params.yaml")
    assert params.preset == name
    assert list(params.humaid_ner.rows) == ["A", "B", "C", "D"]


@pytest.mark.parametrize("name", ["sample", "laptop", "paper"])
def test_each_preset_is_the_same_after_dvc_has_written_a_value(name, tmp_path):
    """DVC writes YAML 1.2 and drops quotes: a text such as "yes" would become what is refused."""
    from dvc.utils.serialize import modify_yaml

    path = tmp_path / "params.yaml"
    write_preset(name, PRESETS, path)
    before = read_params(path)[0]
    with modify_yaml(path) as plain:
        plain["humaid_ner"]["seeds"] = [7]
    after = read_params(path)[0]
    assert after.humaid_ner.seeds == [7]
    assert after.model_copy(update={"humaid_ner": before.humaid_ner}) == before


def test_the_row_with_negatives_of_the_laptop_is_row_b_and_a_whole_row(tmp_path):
    path = tmp_path / "params.yaml"
    write_preset("laptop", PRESETS, path)
    lines = path.read_text(encoding="utf-8").splitlines()
    begin = lines.index("    # B-negatives:")
    lines[begin : begin + 10] = [line.replace("# ", "", 1) for line in lines[begin : begin + 10]]
    path.write_text("\n".join(lines), encoding="utf-8")
    rows = read_params(path)[0].humaid_ner.rows
    assert rows["B-negatives"].negatives.band == "3sigma_upper"
    assert rows["B-negatives"].model_copy(update={"negatives": None}) == rows["B"]


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
    assert out.read_bytes() == joined("laptop")
    out.write_text(edited + "# one more\n")
    with pytest.raises(CrisisflowError, match="was edited"):
        write_preset("paper", PRESETS, out)
    monkeypatch.setenv("PATH", "")  # without git
    with pytest.raises(CrisisflowError, match="was edited"):
        write_preset("paper", PRESETS, out)


SHARED_EDIT = ("  seed: 13\nannotation:", "  seed: 17  # mine\n# of the annotation\nannotation:")


def test_the_preset_of_a_study_replaces_its_section_only(tmp_path):
    out = tmp_path / "params.yaml"
    write_preset("sample", PRESETS, out)
    write_preset("laptop", PRESETS, out, "humaid_ner")
    assert out.read_bytes() == joined("sample", "laptop")
    write_preset("paper", PRESETS, out)  # sections of several presets are no edit
    assert out.read_bytes() == joined("paper")


def test_the_preset_of_a_study_keeps_what_was_edited_elsewhere(tmp_path):
    out = tmp_path / "params.yaml"
    out.write_text(joined("sample").decode().replace(*SHARED_EDIT))
    write_preset("laptop", PRESETS, out, "humaid_ner")
    assert out.read_text() == joined("sample", "laptop").decode().replace(*SHARED_EDIT)
    out.write_text(out.read_text().replace("learning_rate: 1.0e-4", "learning_rate: 3.0e-4"))
    with pytest.raises(CrisisflowError, match="was edited and is in no commit"):
        write_preset("sample", PRESETS, out, "humaid_ner")


def test_the_comments_above_a_section_are_a_part_of_it(tmp_path):
    out = tmp_path / "params.yaml"
    text = joined("sample").decode()
    out.write_text(text.replace("humaid_ner:\n", "# mine\n\nhumaid_ner:\n"))
    with pytest.raises(CrisisflowError, match="was edited and is in no commit"):
        write_preset("laptop", PRESETS, out, "humaid_ner")
    study = PRESETS / "sample" / "humaid_ner.yaml"
    others = "\n# the other ones\n" + joined("sample").decode().removeprefix(HEADER).replace(study.read_text(), "")
    out.write_text(study.read_text() + others.rstrip("\n"))
    write_preset("laptop", PRESETS, out, "humaid_ner")
    expected = (PRESETS / "laptop" / "humaid_ner.yaml").read_text() + others
    assert out.read_text() == expected


def test_a_study_that_params_yaml_does_not_have_is_added(tmp_path):
    out = tmp_path / "params.yaml"
    own = (PRESETS / "sample" / "humaid_ner.yaml").read_text()
    others = joined("sample").decode().replace(own, "")
    out.write_text(others)
    write_preset("laptop", PRESETS, out, "humaid_ner")
    assert out.read_text() == others + (PRESETS / "laptop" / "humaid_ner.yaml").read_text()


@pytest.mark.parametrize(
    ("text", "study", "message"),
    [
        (None, "humaid_ner", "params.yaml does not exist; write it with: crisisflow preset sample"),
        (
            "preset: x\n",
            "echo",
            "no study 'echo'; there are: humaid_ner, .*, analytics, gnom$",
        ),
        ("preset: x\n", "humaid_ner", r"params\.yaml: corpus: field required"),
        (json.dumps(read_preset("sample", PRESETS)[1]), "humaid_ner", "the lines of the section humaid_ner cannot be"),
    ],
)
def test_a_section_that_cannot_be_replaced(tmp_path, text, study, message):
    out = tmp_path / "params.yaml"
    if text is not None:
        out.write_text(text)
    with pytest.raises(CrisisflowError, match=message):
        write_preset("laptop", PRESETS, out, study)
    assert (out.read_text() if out.exists() else None) == text


def test_the_shared_sections_are_read_without_those_of_the_studies(tmp_path):
    file = changed(tmp_path, "humaid_ner.rows", {})
    assert read_own(file, SharedParams).preset == "sample"
    with pytest.raises(CrisisflowError, match=r"params\.yaml: compute\.threads: field required"):
        read_own(changed(tmp_path, "compute.threads"), SharedParams)


def test_the_committed_params_are_the_sample():
    assert (ROOT / "params.yaml").read_bytes() == joined("sample")


def test_the_paper_preset_holds_the_paper_s_values():
    params, _ = read_preset("paper", PRESETS)
    assert params.corpus.size == 60_000
    assert params.corpus.split.model_dump() == {"train": 0.72, "validation": 0.14, "test": 0.14}
    assert params.annotation.spacy.model == "en_core_web_trf==3.8.0"
    study = params.humaid_ner
    assert study.alignment.max_length == 128
    assert study.model.dropout == 0.1
    training = study.training
    assert training.single.model_dump() == {"epochs": 15, "warmup_steps": 1125}
    assert training.two_stage.stage1.model_dump() == {"epochs": 7, "warmup_steps": 1125}
    assert training.two_stage.stage2.model_dump() == {"epochs": 8, "warmup_steps": 450}
    assert (training.batch_size, training.learning_rate, training.weight_decay) == (8, 2e-5, 0.01)
    assert (training.betas, training.clip_norm, params.compute.device) == ((0.9, 0.999), 1.0, "xla")
    rows = study.rows
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
        (
            "humaid_ner.training.batch_size",
            0,
            "humaid_ner.training.batch_size: input should be greater than",
        ),
        (
            "humaid_ner.training.learning_rate",
            "fast",
            "humaid_ner.training.learning_rate: input should be a",
        ),
        ("humaid_ner.rows.D.weighting", "magic", "humaid_ner.rows.D.weighting: input should be 'fixed', 'kendall'"),
        (
            "humaid_ner.rows.A.freeze_layers",
            2,
            "humaid_ner.rows.A: freeze_layers, freeze_embeddings and frozen_dropout act in stage 2",
        ),
        ("humaid_ner.rows.A.layers", 0, "humaid_ner.rows.A.layers: input should be greater than or equal to 1"),
        ("humaid_ner.rows.D.layers", 3, "humaid_ner.rows.D: freeze_layers is 4 but layers keeps 3"),
        ("humaid_ner.rows", {}, "humaid_ner.rows: dictionary should have at least 1 item"),
        ("humaid_ner.seeds", [], "humaid_ner.seeds: list should have at least 1 item"),
        ("humaid_ner.seeds", [13, 13], "params.yaml: humaid_ner.seeds: each may stand there once"),
        (
            "humaid_ner.rows.floor",
            read_preset("sample", PRESETS)[1]["humaid_ner"]["rows"]["A"],
            "params.yaml: humaid_ner.rows.floor: the tables have a floor of their own",
        ),
        *(
            (
                f"humaid_ner.rows.{name}",
                read_preset("sample", PRESETS)[1]["humaid_ner"]["rows"]["A"],
                f"params.yaml: humaid_ner.rows.{name}: results/humaid_ner/rows/{name} holds trainings beside the rows",
            )
            for name in ("fewer_tweets", "unseen_events")
        ),
        (
            "humaid_ner.evaluation.learning_curve.rows",
            ["X"],
            "params.yaml: humaid_ner.evaluation.learning_curve.rows: no row is called X",
        ),
        (
            "humaid_ner.evaluation.learning_curve.tweets",
            [600, 600],
            "humaid_ner.evaluation.learning_curve.tweets: each may stand there once",
        ),
        (
            "humaid_ner.evaluation.learning_curve.tweets",
            [],
            "humaid_ner.evaluation.learning_curve: one of its two lists is empty",
        ),
        (
            "humaid_ner.evaluation.leave_one_event_out.events",
            ["a/b"],
            "humaid_ner.evaluation.leave_one_event_out.events.0",
        ),
    ],
)
def test_the_offending_key_is_named_in_one_line(tmp_path, path, value, message):
    with pytest.raises(CrisisflowError) as error:
        read_params(changed(tmp_path, path, value))
    assert message.split(":")[0] in str(error.value)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_all_faults_are_listed_each_with_what_may_have_been_meant(tmp_path):
    plain = read_preset("sample", PRESETS)[1]
    plain["humaid_ner"]["training"]["batchsize"] = plain["humaid_ner"]["training"].pop("batch_size")
    plain["humaid_ner"]["rows"]["B"]["weigthing"] = plain["humaid_ner"]["rows"]["B"].pop("weighting")
    plain["corpus"]["zzz"] = 1
    plain["corpus"]["size"] = -5
    plain["humaid_ner"]["seeds"] = [13, 1.0]
    plain["humaid_ner"]["rows"]["../A"] = plain["humaid_ner"]["rows"]["A"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(plain))
    with pytest.raises(CrisisflowError) as error:
        read_params(tmp_path / "params.yaml")
    _, _, faults = str(error.value).partition("params.yaml: ")
    assert faults.split("; ") == [
        "corpus.zzz: is not a known key (there are: source, events, public_sets, sample, repair, size, split, seed)",
        "humaid_ner.training.batchsize: is not a known key (did you mean batch_size?)",
        "humaid_ner.rows.B.weigthing: is not a known key (did you mean weighting?)",
        "corpus.size: input should be greater than or equal to 1 or input should be 'all'",
        "humaid_ner.rows.../A: string should match pattern '^[A-Za-z0-9][A-Za-z0-9_-]*$'",
        "humaid_ner.seeds.1: input should be a valid integer",
    ]


def test_all_that_does_not_fit_together_is_listed(tmp_path):
    plain = read_preset("sample", PRESETS)[1]
    plain["humaid_ner"]["seeds"] = [13, 13]
    plain["humaid_ner"]["training"]["tweets"] = 500
    plain["humaid_ner"]["evaluation"]["learning_curve"] = {"rows": ["X", "B", "Y"], "tweets": [200, 600, 700]}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(plain))
    with pytest.raises(CrisisflowError) as error:
        read_params(tmp_path / "params.yaml")
    _, _, faults = str(error.value).partition("params.yaml: ")
    assert faults == (
        "humaid_ner.seeds: each may stand there once; "
        "humaid_ner.evaluation.learning_curve.rows: no row is called X, Y; there are: A, B, C, D; "
        "humaid_ner.evaluation.learning_curve.tweets: 600, 700 not below humaid_ner.training.tweets, which is 500"
    )


def test_a_key_that_stands_there_beside_the_right_one_is_compared_with_all_keys(tmp_path):
    with pytest.raises(
        CrisisflowError, match=r"humaid_ner\.training\.batchsize: is not a known key \(did you mean batch_size\?\)$"
    ):
        read_params(changed(tmp_path, "humaid_ner.training.batchsize", 8))


def leaves(value, path=()):
    """The paths and values of the scalars below a value of params.yaml."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if pairs is None:
        yield path, value
    else:
        for key, inside in pairs:
            yield from leaves(inside, (*path, key))


ANOTHER_CHOICE = {("size", 1), ("tweets", 1), ("frozen_cache_gb", 8), ("learning_rate", 1.0)}
ANOTHER_CHOICE |= {("training_tweets", 1), ("unlabelled", 1)}


def test_a_value_of_another_type_is_never_taken_for_one_of_the_right_type():
    """An int where a number with a fraction may stand is one; text, truth values and 13.0 are not."""
    plain = read_preset("sample", PRESETS)[1]
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
            if (key, other) in ANOTHER_CHOICE and other is not True:
                continue  # such a value is another choice, or the same
            place[key] = other
            with pytest.raises(ValidationError):
                Params.model_validate(plain)
            tried += 1
        place[key] = value
    assert tried > 150
    Params.model_validate(plain)


@pytest.mark.parametrize("path", ["humaid_ner.seeds", "corpus.seed", "corpus.sample.seed"])
@pytest.mark.parametrize("value", [-1, 2**32, 1700000000000, 10**40])
def test_a_seed_that_a_library_would_refuse(tmp_path, path, value):
    with pytest.raises(CrisisflowError, match=rf"{path}.*: a seed is a whole number from 0 to 4294967295$"):
        read_params(changed(tmp_path, path, [value] if path == "humaid_ner.seeds" else value))


@pytest.mark.parametrize("value", [0, 2**32 - 1])
def test_the_ends_of_the_range_are_seeds(tmp_path, value):
    from crisisflow.corpus.stratify import draw
    from crisisflow.training import seeds

    assert read_params(changed(tmp_path, "humaid_ner.seeds", [value]))[0].humaid_ner.seeds == [value]
    assert len(draw([0, 1, 2, 3], "aabb", 2, value)[0]) == 2
    assert seeds.of_heads(value) >= 0


def test_no_count_is_larger_than_a_library_takes():
    plain = read_preset("sample", PRESETS)[1]
    counts = [path for path, value in leaves(plain) if type(value) is int]
    counts += [("corpus", "size"), ("humaid_ner", "training", "tweets")]
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
        read_params(changed(tmp_path, "humaid_ner.training.learning_rate", value))


@pytest.mark.parametrize("value", ["a\0b", "a\nb", "a\u2028b", "\x1b[31m", ""])
@pytest.mark.parametrize(
    "path", ["corpus.source", "corpus.events", "annotation.quality.idrisi", "humaid_ner.rows.A.encoder"]
)
def test_a_path_is_one_line_without_control_characters(tmp_path, path, value):
    with pytest.raises(CrisisflowError, match=path.replace(".", r"\.")):
        read_params(changed(tmp_path, path, value))


def test_a_learning_curve_ends_below_the_rows_own_tweets(tmp_path):
    file = changed(tmp_path, "humaid_ner.training.tweets", 600)
    with pytest.raises(CrisisflowError, match=r"learning_curve\.tweets: 600 not below humaid_ner\.training\.tweets"):
        read_params(file)


def test_xla_takes_one_process(tmp_path):
    plain = read_preset("paper", PRESETS)[1]
    plain["compute"]["processes"] = 8
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(plain))
    with pytest.raises(CrisisflowError, match=r"compute: device xla is one process on one core, and processes is 8"):
        read_params(tmp_path / "params.yaml")


def test_a_misspelt_key_is_named_rather_than_the_one_it_was_meant_to_be(tmp_path):
    plain = read_preset("sample", PRESETS)[1]
    plain["humaid_ner"]["training"]["clipnorm"] = plain["humaid_ner"]["training"].pop("clip_norm")
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(plain))
    with pytest.raises(CrisisflowError, match=r"training\.clipnorm: is not a known key \(did you mean clip_norm\?\)$"):
        read_params(tmp_path / "params.yaml")


def test_a_row_s_name_is_no_path(tmp_path):
    plain = read_preset("sample", PRESETS)[1]
    plain["humaid_ner"]["rows"]["../A"] = plain["humaid_ner"]["rows"]["A"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(plain))
    with pytest.raises(CrisisflowError, match=r"humaid_ner\.rows\.\.\./A"):
        read_params(tmp_path / "params.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "does not exist; write it with: crisisflow preset sample"),
        ("rows: [A\nseeds: 1", "line 2: not valid YAML"),
        ("- a\n- b\n", "holds no mapping"),
        ("seeds: [1]\nrows: {}\nseeds: [2]\n", "line 3: not valid YAML: seeds stands there twice"),
        ("", "holds no mapping"),
        (
            "preset: 2018-02-30\n",
            r"params\.yaml, line 1: not valid YAML: 2018-02-30 is no timestamp \(day is out of range",
        ),
        ("a: 1\nseed: 0b_\n", r"line 2: not valid YAML: 0b_ is no int \(invalid literal"),
        ("preset: !!timestamp x\n", r"line 1: not valid YAML: x is no timestamp$"),
        ("preset: !!set [a]\n", r"not valid YAML: a value is not of the type that its tag says$"),
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


def test_no_row_is_called_as_a_folder_of_the_rules():
    rules = "".join(path.read_text() for path in (PRESETS.parent / "workflow/rules/humaid_ner").glob("*.smk"))
    assert {*re.findall(r"results/humaid_ner/rows/(\w+)/", rules)} == {*BESIDE_THE_ROWS}
    # No row is called so, and none of their checkpoints is in the folder of a row.
    assert {*re.findall(r"results/humaid_ner/checkpoints/([^/\"]+)/", rules)} == {*BESIDE_THE_ROWS, "{wildcards.row}"}


def test_no_two_rows_and_events_share_a_log_of_the_study():
    """Names may have dashes: `{row}-{event}` would be the same of row A-b with event c, and of row A with event b-c."""
    rules = "".join(path.read_text() for path in (ROOT / "workflow" / "rules" / "humaid_ner").glob("*.smk"))
    logs = re.findall(r"\"logs/(.*\{event\}.*)\"", rules)
    assert logs
    assert [log for log in logs if "{row}.{event}" not in log] == []
