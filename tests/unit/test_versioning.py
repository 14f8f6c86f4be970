"""The bond: what a rule depends on, and dvc.yaml made from the rules."""

import getpass
import json
import os
import shlex
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from snakemake.io import is_flagged

from crisisflow.errors import CrisisflowError
from crisisflow.sources import digest, sources
from crisisflow.studies import STUDIES
from crisisflow.versioning import axes, dvcyaml, record, rule_helpers, sync, unlock
from crisisflow.versioning.account import ensure_name, require_home
from crisisflow.versioning.axes import benchmarks, combinations, every, expected, over, refuse_leftovers, rules_of
from crisisflow.versioning.rule_helpers import code, option, options, section, sections
from crisisflow.versioning.snakefile import nothing_to_do, opened

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_sources_are_a_step_s_module_and_what_it_imports():
    train = sources("studies.humaid_ner.train")
    assert {f"src/crisisflow/{name}.py" for name in ("training/loop", "model/joint", "artifacts", "pretrained")} <= set(
        train
    )
    assert not any("annotation" in path or "params" in path or "cli" in path for path in train)
    assert sources("corpus.repair") == [f"src/crisisflow/{n}.py" for n in ("artifacts", "corpus/repair", "labels")]


def test_an_interrupted_job_leaves_what_git_keeps():
    with opened() as workflow:
        lasting = [rule for rule in workflow.rules if axes.lasting(rule.output)]
        found = {rule.name: rule.output for rule in lasting if dvcyaml.METRICS & {*rule.output.keys()}}
    assert {"repair", "subset", "resolve", "quality", "bio", "tables"} <= found.keys()
    for rule, outputs in found.items():
        kept = [path for path in axes.paths_of(outputs) if is_flagged(path, "update")]
        assert kept == [path for name, path in outputs.items() if name in dvcyaml.METRICS], rule
        # What Snakemake removes tells it that the job must run again.
        assert len(kept) < len([*axes.paths_of(outputs)]), rule


def test_a_section_is_text_as_it_stands_or_json_with_sorted_keys():
    assert section("corpus.source")({}) == "sample"
    assert section("corpus.events")({}) == "null"
    assert section("corpus.split")({}) == '{"test": 0.14, "train": 0.72, "validation": 0.14}'
    assert section("humaid_ner.rows.{row}.encoder")({"row": "B"}) == "embedded:minilm-l6"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
@example("a # b")
@example("a: b")
@example("17")
@example("-x")
@example("~/x")
@example("{x}")
@example('it\'s "$HOME" `x`')
@example("null")
def test_a_path_of_any_name_arrives_at_the_step(name):
    params = {"corpus": {"events": name, "source": name}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rule_helpers, "load_params", lambda: params)
        assert shlex.split(option("events", "corpus.events")({})) == [f"--events={name}"]
        assert section("corpus.source")({}) == name


def test_no_option_where_there_is_no_value():
    assert option("events", "corpus.events")({}) == ""
    assert option("events", "corpus.events").sections == ("corpus.events",)


def test_an_option_of_a_row_is_its_value_as_json():
    params = {"rows": {"A": {"own": None}, "B": {"own": {"tweets": 3, "band": "it's"}}}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rule_helpers, "load_params", lambda: params)
        found = option("own", "rows.{row}.own")
        assert found({"row": "A"}) == ""
        (text,) = shlex.split(found({"row": "B"}))
        assert json.loads(text.removeprefix("--own=")) == params["rows"]["B"]["own"]


CONDITIONAL = """
from crisisflow.versioning.rule_helpers import inputs_by_params

rule mined:
    output: "data/gnom/mined"
    shell: "touch {output}"

rule aligned:
    input: ["data/gnom/mined"] if THERE else []
    output: "data/gnom/aligned"
    params: inputs=inputs_by_params(THERE)
    shell: "touch {output}"
"""


def test_a_run_with_an_input_that_dvc_yaml_does_not_know_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def rules(there: bool) -> list:
        Path("Snakefile").write_text(CONDITIONAL.replace("THERE", str(there)))
        with opened() as workflow:
            return list(workflow.rules)

    Path("dvc.yaml").write_text(dvcyaml.dvc_yaml(rules(False)))
    dvcyaml.refuse_old_stages(rules(False))
    with pytest.raises(SystemExit) as end:
        dvcyaml.refuse_old_stages(rules(True))
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("crisisflow: params.yaml has a rule read what dvc.yaml does not know")
    Path("dvc.yaml").write_text(dvcyaml.dvc_yaml(rules(True)))
    dvcyaml.refuse_old_stages(rules(True))
    assert yaml.safe_load(Path("dvc.yaml").read_text())["stages"]["aligned"]["deps"] == ["data/gnom/mined"]


def test_a_run_of_the_workflow_looks_for_such_inputs(monkeypatch):
    monkeypatch.chdir(ROOT)
    with opened() as workflow:
        assert "refuse_old_stages" in workflow._onstart.__code__.co_names


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch, tmp_path):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    require_home()
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    with pytest.raises(CrisisflowError, match="set one: export HOME="):
        require_home()
    monkeypatch.setattr(Path, "home", Mock(side_effect=RuntimeError("Could not determine home directory.")))
    for command in (lambda: dvcyaml.run(only_check=True), record.run, unlock.run, sync.run, nothing_to_do):
        with pytest.raises(CrisisflowError, match="set one: export HOME="):
            command()


def test_a_user_without_a_name_gets_one(monkeypatch):
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("pwd.getpwuid", Mock(side_effect=KeyError("uid not found")))
    ensure_name()
    assert getpass.getuser() == str(os.getuid())
    os.environ.pop("LOGNAME")  # monkeypatch would put back what it deletes, and later tests would be of that user


@pytest.mark.parametrize("folder", ["{0}", "nl{wildcards.row}", "{x,[}"])
def test_braces_in_the_path_of_the_checkout_that_snakemake_cannot_read_are_refused(folder, capsys):
    with pytest.raises(SystemExit) as end:
        rule_helpers.refuse_another_package(f"/{folder}/src")
    assert end.value.code == 2
    assert "Snakemake takes the braces" in capsys.readouterr().err


def test_a_colon_in_the_path_of_the_checkout_is_refused(capsys):
    with pytest.raises(SystemExit) as end:
        rule_helpers.refuse_another_package("/a:b/src")
    assert end.value.code == 2
    assert "holds a colon" in capsys.readouterr().err


def test_a_section_with_another_value_in_the_place_of_its_own():
    plain = json.loads(section("corpus.sample")({}))
    assert json.loads(section("corpus.sample", tweets="{tweets}")({"tweets": "700"})) == {**plain, "tweets": 700}


def test_sections_are_a_mapping():
    plain = yaml.safe_load((ROOT / "params.yaml").read_text())
    assert json.loads(sections("preset", "compute")({})) == {name: plain[name] for name in ("preset", "compute")}


def test_files_as_options_also_where_there_are_none():
    assert options(seen=["a", "b"], unseen=[]) == "--seen a --seen b"


def test_a_row_that_is_not_there_ends_the_run_with_one_line(capsys):
    with pytest.raises(SystemExit) as end:
        section("humaid_ner.rows.{row}")({"row": "Z"})
    assert end.value.code == 2
    assert capsys.readouterr().err == "crisisflow: params.yaml has no humaid_ner.rows.Z; there are: A, B, C, D\n"


def test_the_code_of_a_step_is_its_sources_digest():
    assert code("corpus.repair") == digest("corpus.repair") != digest("corpus.subset")
    assert code("corpus.repair").sources == sources("corpus.repair")


RULES = """
rule bio:
    output: "data/gnom/aligned/{row}.txt"
    params: axes=over(row="rows")
    shell: "echo > {output}"
rule train:
    input: rules.bio.output
    output: model="results/gnom/rows/{row}/seed{seed}/model", config=temp("results/gnom/rows/{row}/seed{seed}/config")
    params: axes=over(row="rows", seed="seeds")
    benchmark: "logs/train-{row}-{seed}.tsv"
    shell: "echo > {output}"
rule evaluate:
    input: rules.train.output.model
    output: "results/gnom/rows/{row}/seed{seed}/score"
    params: axes=rules.train.params.axes
    shell: "echo > {output}"
rule floor:
    output: "results/gnom/floor/seed{seed}/score"
    params: axes=over(seed="seeds")
    shell: "echo > {output}"
rule tables:
    input: every(rules.evaluate.output[0])
    output: metrics="results/gnom/metrics.json"
    benchmark: "logs/tables.tsv"
    shell: "echo > {output}"
rule gnom:
    input: expected(workflow.rules, "gnom")
rule index:
    output: "results/index.html"
    shell: "echo > {output}"
"""


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Opens a Snakefile with the rules of a small study, of rows A and B and seeds 1 and 2, and further ones."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(axes, "load_params", lambda: {"rows": {"A": 0, "B": 0}, "seeds": [1, 2], "one": ["B"]})

    @contextmanager
    def opened_small(further=""):
        names = "every, expected, over"
        Path("Snakefile").write_text(f"from crisisflow.versioning.axes import {names}\n{RULES}{further}")
        with opened() as workflow:
            yield list(workflow.rules)

    return opened_small


def test_every_file_of_a_rule_in_the_order_of_params_yaml(small):
    with small() as rules:
        (score,) = rules[2].output
        runs = [f"{row}/seed{seed}" for row in "AB" for seed in (1, 2)]
        assert every(score) == [f"results/gnom/rows/{run}/score" for run in runs]
        assert every(score, row="one") == [f"results/gnom/rows/B/seed{seed}/score" for seed in (1, 2)]


def test_what_a_study_makes_follows_from_its_rules(small):
    with small() as rules:
        made = expected(rules)
        assert "results/index.html" in made
        assert expected(rules, "gnom") == [path for path in made if path != "results/index.html"]
        assert len(made) == len(set(made)) == 2 + 4 + 4 + 2 + 1 + 1
        assert not any("config" in path for path in made)  # is temporary
        assert expected(rules, "another") == []
        assert benchmarks(rules_of(rules, "gnom")) == [
            *(f"logs/train-{row}-{seed}.tsv" for row in "AB" for seed in (1, 2)),
            "logs/tables.tsv",
        ]
        assert rules_of(rules, "another") == []


def test_a_wildcard_without_a_list_is_named(small, capsys):
    further = 'rule more:\n    output: "results/gnom/{fold}.txt"\n    shell: "echo > {output}"\n'
    with small(further) as rules, pytest.raises(SystemExit):
        expected(rules)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("crisisflow: rule more has the wildcard fold, and")
    assert line.endswith("add to its params: axes=over(fold=…)")


def test_a_value_that_is_not_listed_ends_the_run_with_one_line(capsys):
    declared = over(row="humaid_ner.rows", seed="humaid_ner.seeds")
    assert declared(SimpleNamespace(row="B", seed="13")) == ""
    for wildcards, line in (
        (SimpleNamespace(row="Z", seed="13"), "params.yaml has no humaid_ner.rows.Z; there are: A, B, C, D"),
        (SimpleNamespace(row="B", seed="1"), "params.yaml has no humaid_ner.seeds.1; there are: 13"),
    ):
        with pytest.raises(SystemExit) as end:
            declared(wildcards)
        assert end.value.code == 2
        assert capsys.readouterr().err == f"crisisflow: {line}\n"


def test_an_axis_may_depend_on_one_before_it(monkeypatch, capsys):
    plain = {"rows": {"A": {"shares": [100, 10]}, "B": {"shares": [100]}}}
    monkeypatch.setattr("crisisflow.versioning.axes.load_params", lambda: plain)
    lists = {"row": "rows", "share": "rows.{row}.shares"}
    found = [tuple(values.values()) for values in combinations(lists)]
    assert found == [("A", "100"), ("A", "10"), ("B", "100")]
    declared = over(**lists)
    assert declared(SimpleNamespace(row="A", share="10")) == ""
    with pytest.raises(SystemExit):
        declared(SimpleNamespace(row="B", share="10"))
    assert capsys.readouterr().err == "crisisflow: params.yaml has no rows.B.shares.10; there are: 100\n"


def test_a_stage_is_a_row_and_runs_all_else_inside(small):
    with small() as rules:
        stages = yaml.safe_load(dvcyaml.dvc_yaml(rules))["stages"]
        assert list(stages) == ["bio", "train", "floor", "tables", "gnom", "index"]
        train = stages["train"]
        assert train["matrix"] == {"row": "${rows}"}
        target = "every_train@${item.row}"
        assert f"--forceall --allowed-rules evaluate {target} train -- {target} " in train["cmd"]
        assert train["deps"] == ["data/gnom/aligned/${item.row}.txt"]
        assert train["params"] == ["seeds"]
        assert train["outs"] == ["results/gnom/rows/${item.row}"]
        assert "matrix" not in stages["floor"]
        assert stages["floor"]["outs"] == ["results/gnom/floor"]
        assert stages["bio"]["outs"] == ["data/gnom/aligned/${item.row}.txt"]
        assert stages["tables"]["deps"] == ["results/gnom/rows"]
        found = dvcyaml.stage_targets(rules)
        assert list(found) == ["every_train@A", "every_train@B", "every_floor"]
        assert sorted(found["every_train@B"]) == [
            f"results/gnom/rows/B/seed{seed}/{name}" for seed in (1, 2) for name in ("model", "score")
        ]


def test_what_a_row_reads_of_a_folded_axis_is_the_folder_and_the_section_of_all_its_values(small):
    further = """
rule split:
    output: "data/gnom/splits/{seed}/texts"
    params: axes=over(seed="seeds"), seed=section("seeds.{seed}")
    shell: "echo > {output}"
rule tune:
    input: "data/gnom/splits/{seed}/texts"
    output: "results/gnom/tuned/{row}/seed{seed}/model"
    params: axes=over(row="rows", seed="seeds"), row=section("rows.{row}")
    shell: "echo > {output}"
"""
    with small(f"from crisisflow.versioning.rule_helpers import section\n{further}") as rules:
        stages = yaml.safe_load(dvcyaml.dvc_yaml(rules))["stages"]
    assert stages["split"]["params"] == ["seeds"]
    assert stages["tune"]["deps"] == stages["split"]["outs"] == ["data/gnom/splits"]
    assert stages["tune"]["params"] == ["rows.${item.row}", "seeds"]


def test_the_target_of_a_study_depends_on_all_of_it_and_reads_all_parameters(small):
    with small() as rules:
        stages = yaml.safe_load(dvcyaml.dvc_yaml(rules))["stages"]
    assert stages["gnom"] == {
        "cmd": "snakemake --cores all --force --allowed-rules gnom -- gnom",
        "deps": ["data/gnom/aligned", "results/gnom/floor", "results/gnom/metrics.json", "results/gnom/rows"],
        "params": [{"params.yaml": None}],
    }


def test_what_may_be_in_a_folder_of_a_stage_follows_from_the_rules(small, capsys):
    with small() as rules:
        for path in expected(rules):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).touch()
        Path("results/gnom/tables.old").touch()  # no folder of a stage
        Path("results/gnom/rows/C/seed1").mkdir(parents=True)  # empty
        refuse_leftovers(rules)
        for left in ("results/gnom/rows/C/seed1", "results/gnom/floor/seed3"):
            Path(left).mkdir(parents=True, exist_ok=True)
            Path(left, "score").touch()
        with pytest.raises(SystemExit) as end:
            refuse_leftovers(rules)
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "count it to the results: results/gnom/floor/seed3 results/gnom/rows/C/seed1; remove it" in line


def test_what_a_killed_write_left_is_no_file_of_an_output(monkeypatch, tmp_path):
    """Neither to `record`, nor to DVC, nor to the server."""
    from dvc.repo import Repo

    from crisisflow.serving.choice import folder_md5

    monkeypatch.chdir(tmp_path)
    Path(".dvcignore").write_text((ROOT / ".dvcignore").read_text())
    (tmp_path / "rows" / "A").mkdir(parents=True)
    for name in ("A/model", "B", ".tmp5VPsi7", "A/model.partial"):
        (tmp_path / "rows" / name).write_text(name)
    with Repo.init(no_scm=True) as repo:
        (stage,) = repo.add("rows")
        assert stage.outs[0].hash_info.value == folder_md5(Path("rows"))
    assert record.files_of("rows") == ["rows/A/model", "rows/B"]


def test_dvc_yaml_is_what_the_snakefile_makes():
    dvcyaml.run(only_check=True)


def test_an_edited_dvc_yaml_is_found_out(monkeypatch, tmp_path):
    edited = tmp_path / "dvc.yaml"
    edited.write_text((ROOT / "dvc.yaml").read_text().replace("corpus.seed", "corpus.sede"))
    monkeypatch.setattr(dvcyaml, "DVC_FILE", edited)
    with pytest.raises(CrisisflowError, match="crisisflow dvcyaml"):
        dvcyaml.run(only_check=True)


def test_dvc_yaml_holds_no_value_of_params_yaml():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert stages["train"]["matrix"] == {"row": "${humaid_ner.rows}"}
    assert "humaid_ner.rows.${item.row}" in stages["train"]["params"]
    assert {"results/humaid_ner/rows", "results/humaid_ner/floor"} <= set(stages["tables"]["deps"])
    assert stages["floor"]["params"] == ["humaid_ner.seeds", "humaid_ner.training.tweets"]
    assert not any("seed13" in str(stage) for stage in stages.values())
    assert stages["tables"]["metrics"] == [{"results/humaid_ner/metrics.json": {"cache": False}}]


def test_a_stage_that_reads_the_folded_files_of_its_own_row_depends_on_the_folder_of_the_row():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert "data/analytics/models/${item.row}" in stages["analytics_labels"]["deps"]
    assert "data/analytics/coherence/${item.row}" in stages["analytics_choose_k"]["deps"]
    assert stages["analytics_lda"]["outs"] == ["data/analytics/models/${item.row}"]


def test_a_stage_names_no_temporary_file_and_watches_what_makes_those_that_it_reads():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert not {"hold_out", "train_without"} & set(stages)
    without = stages["predict_event"]
    assert "--allowed-rules every_predict_event@${item.row} hold_out predict_event train_without --" in without["cmd"]
    assert {"data/corpus/tweets.parquet", "src/crisisflow/studies/humaid_ner/hold_out.py"} <= set(without["deps"])
    assert not any("held_out" in path for path in without["deps"])
    # of all that training writes, a training beside the rows keeps the predictions
    assert without["outs"] == ["results/humaid_ner/rows/unseen_events/${item.row}"]
    assert without["matrix"] == {"row": "${humaid_ner.evaluation.leave_one_event_out.rows}"}
    assert {"humaid_ner.evaluation.leave_one_event_out.events", "humaid_ner.seeds"} <= set(without["params"])
    assert stages["train_fewer"]["matrix"] == {"row": "${humaid_ner.evaluation.learning_curve.rows}"}
    assert "humaid_ner.evaluation.learning_curve.tweets" in stages["train_fewer"]["params"]


def test_no_stage_but_that_of_a_study_watches_params_yaml_whole():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert stages["tables"]["params"] == ["annotation", "compute", "corpus", "humaid_ner", "preset"]
    whole = [name for name, stage in stages.items() if {"params.yaml": None} in stage.get("params", [])]
    assert whole == list(STUDIES)


def test_dvc_yaml_says_what_can_be_compared():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    kept_in_git = {path for stage in stages.values() for entry in stage.get("metrics", []) for path in entry}
    assert kept_in_git == {
        "data/actionable_help/agreement.json",
        "data/actionable_help/minis/corpus.json",
        "data/actionable_help/pool.json",
        "data/corpus/repair.json",
        "data/analytics/corpora/${item.row}/normalise.json",
        "data/analytics/corpora/${item.row}/terms.json",
        "data/difficult_negatives/collection.json",
        "data/difficult_negatives/datasets.json",
        "data/difficult_negatives/pool.json",
        "data/corpus/statistics.json",
        "data/annotations/statistics.json",
        "data/humaid_ner/aligned/${item.row}.json",
        "results/actionable_help/joint/metrics.json",
        "results/actionable_help/matching.json",
        "results/actionable_help/metrics.json",
        "results/actionable_help/minis/${item.row}/metrics.json",
        "results/annotation/quality.json",
        "results/analytics/metrics.json",
        "results/difficult_negatives/metrics.json",
        "results/gnom/metrics.json",
        "results/humaid_ner/metrics.json",
    }
    for path in kept_in_git:
        ignored = subprocess.run(["git", "check-ignore", "-q", path.replace("${item.row}", "A")], check=False)
        assert ignored.returncode == 1, path
    (curve,) = stages["train"]["plots"]
    assert curve == {"results/humaid_ner/histories/${item.row}": {"x": "epoch", "y": "combined_score"}}


@pytest.mark.parametrize("name", ["snakemake", "/somewhere/snakemake/__main__.py", "crisisflow"])
@pytest.mark.parametrize("interrupted", [True, False])
def test_a_run_that_ctrl_c_ends_says_so_last(name, interrupted):
    code = (
        f"import os, signal, sys; sys.argv[0] = {name!r}\n"
        "from crisisflow.versioning.rule_helpers import report_interruption\n"
        "report_interruption()\n"
        "try:\n"
        f"    if {interrupted}: os.kill(os.getpid(), signal.SIGINT)\n"
        "except KeyboardInterrupt: pass\n"
        "sys.exit('WorkflowError: of Snakemake')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    said = ["WorkflowError: of Snakemake"]
    if interrupted and name != "crisisflow":
        said.append("crisisflow: interrupted; the same command goes on")
    assert (done.returncode, done.stderr.splitlines()) == (1, said)


@pytest.mark.parametrize("step", ["no.such.step", "training", "params", "training.train.run", ""])
def test_a_step_that_does_not_exist_has_no_code(capsys, step):
    for function in (sources, digest):
        with pytest.raises(CrisisflowError, match=f"there is no step {step}"):
            function(step)
    with pytest.raises(SystemExit) as end:
        code(step)
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"crisisflow: code({step!r}) in a rule: there is no step {step}")


@pytest.mark.parametrize(
    ("text", "also"),
    [
        ("from .graph import build", "graph"),
        ("from . import graph", "graph"),
        ("from ..gnom.graph import build", "graph"),
        ("from ... import labels", "../../labels"),
        ("from crisisflow.studies.gnom import ALPHA", "__init__"),
        ("from crisisflow.studies import gnom", "__init__"),
        ("import crisisflow.studies.gnom", "__init__"),
        ("def run():\n    from .graph import build", "graph"),
    ],
)
def test_whatever_way_a_module_is_imported_its_code_counts(tmp_path, monkeypatch, text, also):
    package = tmp_path / "src" / "crisisflow"
    folder = package / "studies" / "gnom"
    folder.mkdir(parents=True)
    for path in (package / "labels.py", package / "studies" / "__init__.py", folder / "graph.py"):
        path.write_text("")
    (folder / "__init__.py").write_text("ALPHA = 1\n")
    (folder / "train.py").write_text(text + "\n")
    monkeypatch.setattr("crisisflow.sources.PACKAGE", package)
    sources.cache_clear()
    try:
        found = sources("studies.gnom.train")
    finally:
        sources.cache_clear()
    assert relative_to(package, (folder / f"{also}.py").resolve()) in found


def relative_to(package, path):
    return str(path.relative_to(package.parents[1]))
