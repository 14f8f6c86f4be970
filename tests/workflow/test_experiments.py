"""Experiments and comparisons: what lies there is always what its parameters make."""

import json
import re
import time

from tests.workflow.conftest import ONE_ROW, ran

ROW_D = "train@D"


def test_an_experiment_makes_what_editing_and_snakemake_make(history, tmp_path):
    study = history.copied(tmp_path / "study")
    study.run("git", "checkout", "-q", "first")
    study.run("dvc", "checkout")
    study.run("crisisflow", "sync")
    study.vary("humaid_ner.rows.A.layers", 2)
    assert study.planned() == ONE_ROW
    study.run("snakemake", "--cores", "2")
    assert study.artifacts() == history.artifacts()
    assert "up to date" in study.run("dvc", "status").stdout
    assert ran(study.run("dvc", "repro")) == []


def test_values_tried_before_come_from_the_run_cache(history, tmp_path):
    study = history.copied(tmp_path / "study")
    back = study.run("dvc", "exp", "run", "-S", "humaid_ner.rows.A.layers=1")
    assert "Stage 'train@A' is cached - skipping run, checking out outputs" in back.stdout
    assert "train@A" not in ran(back)
    first, now = study.recorded("first"), study.recorded()
    assert {name: stage.get("outs") for name, stage in now.items()} == {
        name: stage.get("outs") for name, stage in first.items()
    }
    study.run("crisisflow", "sync")
    assert study.planned() == {}


def test_a_queued_grid_with_two_workers_and_a_temporary_one_make_what_clean_runs_make(history, tmp_path):
    """The published pattern of Snakemake under DVC records old artifacts under new parameters: this is its test.

    Row D's training alone; that the steps after it follow is seen where experiments are run whole.
    """
    study = history.copied(tmp_path / "study")
    before = study.artifacts()
    study.run("dvc", "exp", "run", "--queue", "-S", "humaid_ner.rows.D.weighting=fixed,gradnorm", ROW_D)
    study.run("dvc", "queue", "start", "--jobs", "2")
    # `dvc exp run --run-all`, which would wait itself, sometimes hangs when all is done (a race in DVC's workers)
    while re.search("Queued|Running", status := study.run("dvc", "queue", "status").stdout):
        time.sleep(5)  # to ask takes a core away from the workers
    study.run("dvc", "queue", "stop", "--kill")
    assert status.count("Success") == 2, status
    aside = study.run(
        "dvc", "exp", "run", "--temp", "--name", "thawed", "-S", "humaid_ner.rows.D.freeze_layers=0", ROW_D
    )
    assert ran(aside) == [ROW_D]
    # all three ran beside the checkout
    assert study.artifacts() == before
    assert study.run("git", "status", "--porcelain").stdout == ""
    shown = json.loads(study.run("dvc", "exp", "show", "--json").stdout)
    names = {}
    for experiment in shown[1]["experiments"]:
        (revision,) = experiment["revs"]
        row = revision["data"]["params"]["params.yaml"]["data"]["humaid_ner"]["rows"]["D"]
        names[row["weighting"], row["freeze_layers"]] = experiment["name"]
    assert set(names) == {("fixed", 1), ("gradnorm", 1), ("kendall", 0)}
    assert names["kendall", 0] == "thawed"
    other = history.copied(tmp_path / "other")
    other.run("crisisflow", "sync")
    of_d = [path for path in before if "/D/" in path]
    weights = "results/humaid_ner/rows/D/seed13/model.safetensors"
    assert weights in of_d
    made = set()
    for (weighting, freeze_layers), name in names.items():
        study.run("dvc", "exp", "apply", name)
        # row D alone, where Snakemake has made another one
        other.vary("humaid_ner.rows.D.weighting", weighting)
        other.vary("humaid_ner.rows.D.freeze_layers", freeze_layers)
        other.run("snakemake", "--cores", "2", "results/humaid_ner/rows/D/seed13/metrics.json", weights)
        assert study.digests(of_d) == other.digests(of_d), name
        made.add(study.digests([weights])[weights])
    assert len(made) == 3


def test_dvc_compares_two_commits(history):
    params = json.loads(history.run("dvc", "params", "diff", "first", "second", "--json").stdout)
    assert params == {"params.yaml": {"humaid_ner.rows.A.layers": {"old": 1, "new": 2, "diff": 1}}}
    metrics = json.loads(history.run("dvc", "metrics", "diff", "first", "second", "--json").stdout)
    assert set(metrics) == {"results/humaid_ner/metrics.json"}
    changed = metrics["results/humaid_ner/metrics.json"]
    assert any(name.startswith("rows.A.") and facts["diff"] for name, facts in changed.items())
    assert not any(name.startswith("rows.D.") for name in changed)
    assert (
        "results/humaid_ner/histories/A/seed13/history.csv"
        in history.run("dvc", "plots", "diff", "first", "second", "--json").stdout
    )


def test_the_dataset_s_statistics_are_metrics_and_need_no_data(history, tmp_path):
    """A clone without any data answers what changed, in the dataset too."""
    study = history.copied(tmp_path / "study")
    study.vary("annotation.regex.lexicons", ["casualties"])
    study.vary("humaid_ner.alignment.max_length", 24)
    study.run("snakemake", "--cores", "2", "--", *(f"data/humaid_ner/aligned/{row}.json" for row in "AD"))
    study.run("git", "commit", "-qam", "third")
    clone = tmp_path / "clone"
    study.run("git", "clone", "-q", ".", str(clone))
    shown = study.run("dvc", "metrics", "diff", "second", "HEAD", "--json", cwd=clone).stdout
    changed = {f"{path}: {name}" for path, facts in json.loads(shown).items() for name in facts}
    for expected in (
        "data/annotations/statistics.json: per_stage_and_type.regex.RESCUE.found",
        "data/annotations/statistics.json: spans_per_type.RESCUE",
        "data/humaid_ner/aligned/A.json: tweets_cut",
    ):
        assert expected in changed, sorted(changed)
    classes = json.loads((clone / "data" / "corpus" / "statistics.json").read_text())["tweets_per_class_and_split"]
    assert len(classes) == 10


def test_a_name_that_the_schema_does_not_know_is_not_accepted(history, tmp_path):
    study = history.copied(tmp_path / "study")
    for name in ("typo=1", "+typo=1", "+humaid_ner.rows.D.typo=1"):
        done = study.run("dvc", "exp", "run", "-S", name, check=False)
        assert done.returncode != 0, name
        assert "typo" in done.stderr, name
        # DVC removes what a stage made before Snakemake refuses to make it again
        assert ran(done) in ([], ["humaid_ner"], ["train@D"]), name
        study.run("git", "checkout", "-q", "params.yaml", "dvc.lock")
        study.run("dvc", "checkout")
    assert study.artifacts() == history.artifacts()


def test_an_unknown_name_is_refused_with_a_target_too(history, tmp_path):
    study = history.copied(tmp_path / "study")
    done = study.run("dvc", "exp", "run", "humaid_ner", "-S", "+rowz=3", check=False)
    assert done.returncode != 0
    assert "rowz" in done.stderr


def test_a_comment_in_params_yaml_changes_nothing(history, tmp_path):
    study = history.copied(tmp_path / "study")
    path = study.folder / "params.yaml"
    path.write_text(f"# a thought\n{path.read_text()}")
    assert "up to date" in study.run("dvc", "status").stdout
    assert study.planned() == {}


def test_an_experiment_on_a_detached_head(history, tmp_path):
    study = history.copied(tmp_path / "study")
    study.run("git", "checkout", "-q", "--detach")
    assert ran(study.run("dvc", "exp", "run", "--name", "loose", "-S", "preset=renamed")) == [
        "tables",
        "cards",
        "report",
        "humaid_ner",
    ]
    assert "loose" in study.run("dvc", "exp", "list").stdout
