"""The whole study by the real commands: run, killed and continued, recorded, reproduced, varied."""

import json
import re
import subprocess
import sys

import pandas as pd
import pytest
import yaml

from crisisflow.spans import read_spans
from crisisflow.taxonomy import ENTITY_TYPES
from tests.workflow.conftest import AFTER_ROWS, Study, last, tiny_params


def test_a_killed_run_goes_on_and_then_has_nothing_to_do(snakemade):
    assert "going on in epoch 2 after 0 of its batches" in (snakemade.folder / "logs" / "train-D-13.log").read_text()
    assert snakemade.planned() == {}
    assert "Nothing to be done" in snakemade.run("snakemake", "--cores", "all", "-n").stdout


def test_the_run_is_recorded_in_dvc(snakemade):
    assert "up to date" in snakemade.run("dvc", "status").stdout
    assert "didn't change, skipping" in snakemade.run("dvc", "repro").stdout
    assert snakemade.planned() == {}


def test_dvc_repro_from_a_clean_clone_makes_the_same_bytes(snakemade, reproduced):
    locks = [study.recorded() for study in (snakemade, reproduced)]
    for stage, facts in locks[0].items():
        assert facts.get("outs") == locks[1][stage].get("outs"), stage
    assert locks[0] == locks[1]
    assert "Nothing to be done" in reproduced.run("snakemake", "-n").stdout


def test_metrics_tables_and_report(snakemade):
    results = snakemade.folder / "results" / "humaid_ner"
    metrics = json.loads((results / "metrics.json").read_text())
    assert set(metrics["rows"]) == {"A", "D", "floor"}
    assert all(0 <= value <= 1 for row in metrics["rows"].values() for value in row.values())
    assert metrics["dataset"]["total"]["tweets"] == 200
    assert metrics["dataset"]["total"]["spans"] > 200
    table = (results / "tables" / "table3.md").read_text()
    assert f"| {metrics['chosen_row']} (chosen)" in table
    assert f"{metrics['rows']['A']['cls_macro_f1']:.3f}" in table
    page = " ".join((results / "report.html").read_text().split())
    assert "Its scores mean nothing about real tweets" in page
    assert "Differences between the rows" in page
    assert not re.search(r'(?:src|srcset|data)="(?!data:)|<link|<script|@import|url\(', page)
    assert "ner_micro_f1" in snakemade.run("dvc", "metrics", "show", "--md").stdout


def test_a_job_that_fails_leaves_what_git_keeps_and_runs_again(snakemade, tmp_path):
    study = snakemade.copied(tmp_path / "study")
    kept, reference = (study.folder / "results/annotation/quality.json", study.folder / "data/reference/spans.csv")
    before, whole = kept.read_bytes(), reference.read_bytes()
    reference.write_text("broken\n")
    failed = study.run("snakemake", "--cores", "1", str(kept.relative_to(study.folder)), check=False)
    assert failed.returncode != 0
    assert kept.read_bytes() == before
    reference.write_bytes(whole)
    assert study.planned("results/annotation/quality.json") == {"quality": 1}


QUALITY = {"quality": 1, "source_report": 1}
LAST = {"tables": 1, "headline": 1, "confident_errors": 1, "cards": 1, "report": 1}
COMPARED = dict.fromkeys(AFTER_ROWS, 1)
# The stages that watch all sections of the study and the shared ones, and those that watch its rows.
READ_ALL = {"tables", "cards", "report"}
READ_ROWS = {"bootstrap", "against_gold", "confident_errors", "figures", *READ_ALL}


@pytest.mark.parametrize(
    ("path", "value", "jobs", "stages"),
    [
        (
            "humaid_ner.rows.D.weighting",
            "fixed",
            {"train": 1, "evaluate": 1, **COMPARED},
            {"train@D", *READ_ROWS},
        ),
        (
            "humaid_ner.rows.D.freeze_layers",
            0,
            {"train": 1, "evaluate": 1, **COMPARED},
            {"train@D", *READ_ROWS},
        ),
        (
            "annotation.regex.lexicons",
            ["casualties"],
            {"regex_stage": 1, "resolve": 1, **QUALITY, "bio": 2, "train": 2, "evaluate": 2, **COMPARED},
            {"regex_stage", "against_gold", *QUALITY, *READ_ALL},
        ),
        ("preset", "renamed", LAST, READ_ALL),
    ],
)
def test_a_changed_parameter_reruns_what_depends_on_it(snakemade, path, value, jobs, stages):
    try:
        snakemade.vary(path, value)
        assert snakemade.planned() == jobs
        assert set(json.loads(snakemade.run("dvc", "status", "--json").stdout)) == {"humaid_ner", *stages}
        recorded = (snakemade.folder / "dvc.lock").read_bytes()
        refused = snakemade.run("crisisflow", "record")
        assert "not everything is up to date" in refused.stderr
        assert (snakemade.folder / "dvc.lock").read_bytes() == recorded
    finally:
        snakemade.set_params(tiny_params())
    assert snakemade.planned() == {}


def test_the_studies_beside_the_rows_leave_their_predictions_and_scores(snakemade, tmp_path):
    study = snakemade.copied(tmp_path / "study")
    study.vary("humaid_ner.evaluation.learning_curve", {"rows": ["A"], "tweets": [120]})
    study.vary("humaid_ner.evaluation.leave_one_event_out", {"rows": ["A"], "events": ["hurricane_irma_2017"]})
    asked = {
        "train_fewer": 1,
        "hold_out": 1,
        "train_without": 1,
        "predict_event": 1,
        "learning_curve": 1,
        "leave_one_event_out": 1,
    }
    targets = ["results/humaid_ner/learning_curve.csv", "results/humaid_ner/leave_one_event_out.csv"]
    assert study.planned(*targets) == asked
    study.run("snakemake", "--cores", "2", *targets)
    assert study.planned(*targets) == {}
    curve = pd.read_csv(study.folder / targets[0]).set_index(["row", "tweets"])
    assert set(curve.index) == {("A", 120), ("A", 144), ("floor", 120), ("floor", 144)}
    events = pd.read_csv(study.folder / targets[1]).set_index("score")
    assert set(events.index) == {"ner_micro_f1", "cls_macro_f1"}
    assert set(events["event"]) == {"hurricane_irma_2017"}
    rows = study.folder / "results" / "humaid_ner" / "rows"
    for beside in ("fewer_tweets/A/seed13/tweets-120", "unseen_events/A/seed13/without-hurricane_irma_2017"):
        assert [path.name for path in (rows / beside).iterdir()] == ["predictions.parquet"]
    assert not any((study.folder / "data" / "humaid_ner" / "held_out").rglob("*.parquet"))
    # taken off the list again, its predictions would count to the results
    study.vary("humaid_ner.evaluation.learning_curve", {"rows": [], "tweets": []})
    done = study.run("dvc", "repro", "learning_curve", check=False)
    left = "results/humaid_ner/rows/fewer_tweets/A/seed13/tweets-120"
    assert f"of nothing in params.yaml, and DVC would count it to the results: {left}; remove it" in done.stderr


def test_the_test_split_is_opened_once_per_commit_and_that_is_recorded(snakemade, tmp_path):
    study = snakemade.copied(tmp_path / "study")
    refused = study.run("crisisflow", "final_test", check=False)
    assert refused.returncode == 2
    assert "is not committed; the test is of a commit" in last(refused)
    study.commit("tested")
    done = study.run("crisisflow", "final_test")
    assert "it was opened 0 times before" in done.stderr
    (entry,) = json.loads((study.folder / "results" / "humaid_ner" / "final_test.json").read_text())
    assert entry["commit"] == study.run("git", "rev-parse", "HEAD").stdout.strip()
    assert (
        entry["row"] == json.loads((study.folder / "results" / "humaid_ner" / "metrics.json").read_text())["chosen_row"]
    )
    assert entry["test_tweets"] == 28
    assert all(0 <= own["mean"] <= 1 for own in entry["scores"].values())
    again = study.run("crisisflow", "final_test", check=False)
    assert again.returncode == 2
    assert "was opened for" in last(again)
    study.commit("recorded")
    study.vary("humaid_ner.rows.D.freeze_layers", 0)
    study.commit("not_run")
    stale = study.run("crisisflow", "final_test", check=False)
    assert "the results are not those of this commit" in last(stale)
    assert len(json.loads((study.folder / "results" / "humaid_ner" / "final_test.json").read_text())) == 1


def test_a_changed_module_reruns_the_steps_that_import_it(snakemade):
    path = snakemade.folder / "src" / "crisisflow" / "annotation" / "resolve.py"
    before = path.read_text()
    try:
        path.write_text(before + "\n# changed\n")
        assert snakemade.planned() == {
            "resolve": 1,
            **QUALITY,
            "bio": 2,
            "train": 2,
            "evaluate": 2,
            **COMPARED,
        }
        status = json.loads(snakemade.run("dvc", "status", "--json").stdout)
        assert set(status) == {"resolve", "quality", "against_gold"}
    finally:
        path.write_text(before)
    assert snakemade.planned() == {}


def test_the_stages_find_most_of_what_the_generator_put_in(snakemade):
    """The embedded corpus knows its spans: a stage that fails silently, or shifted offsets, would show here."""
    data = snakemade.folder / "data"
    gold = {span[1:4] + span[:1] for span in read_spans(data / "raw" / "gold.parquet")}
    found = {span[1:4] + span[:1] for span in read_spans(data / "annotations" / "resolved.parquet")}
    assert 2 * len(gold & found) / (len(gold) + len(found)) > 0.6
    for label in ENTITY_TYPES:
        assert any(span[2] == label for span in gold & found), label


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "params.yaml does not exist; write it with: crisisflow preset sample"),
        ("rows: [", "params.yaml, line 1: not valid YAML"),
        ("typo", "corpus.sede: is not a known key"),
        ("row", "humaid_ner.rows.Z.encoder: field required"),
    ],
)
def test_bad_params_stop_before_anything_runs(tmp_path, text, message):
    study = Study(tmp_path)
    params = tiny_params()
    if text == "typo":
        params["corpus"]["sede"] = 1
    if text == "row":
        params["humaid_ner"]["rows"]["Z"] = {"weighting": "fixed"}
    (tmp_path / "params.yaml").unlink()
    if text is not None:
        (tmp_path / "params.yaml").write_text(text if text.startswith("rows") else yaml.safe_dump(params))
    done = study.run("snakemake", "--cores", "1", check=False)
    assert done.returncode == 2
    lines = [line for line in done.stderr.splitlines() if not line.startswith("Using workflow specific profile")]
    assert len(lines) == 1
    assert lines[0].startswith("crisisflow: ")
    assert message in lines[0]
    assert not (tmp_path / "data" / "raw").exists()


def test_what_the_yaml_reader_throws_is_one_line_of_every_command(tmp_path):
    study = Study(tmp_path)
    commands = [
        ("snakemake", "-n"),
        *(("crisisflow", name) for name in ("dvcyaml", "record", "sync", "final_test")),
        ("crisisflow", "serve", "--allow-root"),
        ("crisisflow", "explain", "flood"),
        ("crisisflow", "predict", "params.yaml"),
    ]
    for text in ("preset: 2018-02-30\n", "[" * 5000):
        (tmp_path / "params.yaml").write_text(text)
        for command in commands:
            done = study.run(*command, check=False)
            lines = [
                line for line in done.stderr.splitlines() if not line.startswith("Using workflow specific profile")
            ]
            assert done.returncode == 2, command
            assert len(lines) == 1, command
            assert lines[0].startswith("crisisflow: params.yaml"), command


def test_a_missing_artifact_is_never_passed_over(snakemade):
    """Also where nothing newer needs it: an old report must not pass for a run that failed at its first step."""
    for path in (
        "data/raw/tweets.parquet",
        "data/annotations/conflicts.parquet",
        "results/humaid_ner/rows/A/seed13/config.json",
    ):
        (snakemade.folder / path).unlink()
        assert snakemade.planned() != {}, path
        snakemade.run("dvc", "checkout")
        assert snakemade.planned() == {}, path


def test_the_last_job_does_not_list_its_inputs(snakemade):
    """As `make reproduce` runs it, where other lines say what is done."""
    said = snakemade.run("snakemake", "--cores", "1", "--force", "--dry-run", "--quiet", "host", "reason").stdout
    assert "Job 0: Everything is made" in said
    assert "results/" not in said


def test_an_unknown_row_is_one_line(snakemade):
    done = snakemade.run("snakemake", "-n", "results/humaid_ner/rows/Z/seed13/metrics.json", check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "crisisflow: params.yaml has no humaid_ner.rows.Z; there are: A, D"


def test_a_step_that_fails_after_its_writes_fails_the_run(tmp_path):
    study = Study(tmp_path)
    module = tmp_path / "src" / "crisisflow" / "corpus" / "fetch.py"
    module.write_text(module.read_text() + "    raise OSError('late')\n")
    done = study.run("snakemake", "--cores", "1", "data/raw/tweets.parquet", check=False)
    assert done.returncode != 0
    assert "crisisflow: late" in done.stderr
    assert not (tmp_path / "data" / "raw" / "humaid.parquet").exists()


def test_what_snakemake_did_not_make_is_never_recorded(snakemade, tmp_path):
    """An experiment leaves Snakemake's notes behind; after a checkout they vouch for files that they do not fit."""
    study = snakemade.copied(tmp_path / "study")
    study.vary("humaid_ner.rows.D.weighting", "fixed")
    recorded = (study.folder / "dvc.lock").read_bytes()
    study.run("snakemake", "--cores", "1", "results/humaid_ner/rows/D/seed13/metrics.json")
    (study.folder / "dvc.lock").write_bytes(recorded)
    study.run("dvc", "checkout", "--force")
    study.run("snakemake", "--cores", "1", check=False)  # makes tables of the old row D under the new name
    refused = study.run("crisisflow", "record", check=False)
    assert refused.returncode == 2, refused.stderr
    assert "was not made here by the present parameters and code" in refused.stderr
    assert (study.folder / "dvc.lock").read_bytes() == recorded
    # and DVC makes it good
    study.run("dvc", "repro", "train@D")
    assert study.planned("results/humaid_ner/rows/D/seed13/model.safetensors") == {}


def test_values_from_the_command_line_are_refused(snakemade):
    done = snakemade.run("snakemake", "-n", "--config", "preset=other", check=False)
    assert done.returncode == 2
    assert "params.yaml must be exactly what ran" in done.stderr


def test_a_bad_source_is_one_line_in_the_run_and_leaves_nothing(tmp_path):
    study = Study(tmp_path)
    params = tiny_params()
    params["corpus"]["source"] = "no/such/archive.tar.gz"
    study.set_params(params)
    done = study.run("snakemake", "--cores", "1", check=False)
    assert done.returncode != 0
    assert "crisisflow: corpus.source: no/such/archive.tar.gz does not exist" in done.stderr
    assert "Traceback" not in done.stderr
    assert "MissingOutputException" not in done.stderr
    assert not list((tmp_path / "data").rglob("*.parquet"))


def test_any_path_of_the_checkout_and_of_its_sources_survives(tmp_path):
    """Snakemake formats a shell prefix and the shell reads a command; neither may take a path for anything else."""
    folder = tmp_path / "br{x}ace $HOME `a` 'b' \"c\" # 100% é ~"
    folder.mkdir()
    study = Study(folder)
    source = folder / "- {wildcards} # a: b's"
    source.mkdir()
    lines = ["tweet_id\ttweet_text\tclass_label", "1\tRain in Springfield\tsympathy_and_support"]
    for split in ("train", "dev", "test"):
        (source / f"all_{split}.tsv").write_text(f"{lines[0]}\n{len(split)}{lines[1]}\n")
    (folder / "17").write_text("tweet_id\tevent\n51\tflood\n31\tflood\n")
    params = tiny_params()
    params["corpus"].update(source=source.name, events="17")
    study.set_params(params)
    study.run("snakemake", "--cores", "1", "data/corpus/repaired.parquet")
    assert json.loads((folder / "data" / "raw" / "manifest.json").read_text())["source"] == source.name
    assert "3 tweets from - {wildcards} # a: b's, 2 of a named event" in (folder / "logs" / "fetch.log").read_text()


def test_unlock_refuses_while_a_run_is_at_work(tmp_path):
    study = Study(tmp_path)
    locks = tmp_path / ".snakemake" / "locks"
    locks.mkdir(parents=True)
    (locks / "0.input.lock").write_text("data/raw/tweets.parquet\n")
    script = tmp_path / "snakemake"
    script.write_text("import sys; sys.stdin.read()")
    with subprocess.Popen([sys.executable, script], cwd=tmp_path, stdin=subprocess.PIPE) as process:
        done = study.run("crisisflow", "unlock", check=False)
        assert done.returncode == 2
        assert f"another run is at work in this folder (process {process.pid})" in done.stderr
        assert any(locks.iterdir())
        process.stdin.close()
    study.run("crisisflow", "unlock")
    assert not locks.exists() or not any(locks.iterdir())
