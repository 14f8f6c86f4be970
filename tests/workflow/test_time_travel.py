"""Checkouts, edits and damage: Snakemake accepts exactly what DVC vouches for, and nothing else is recorded."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import yaml

from tests.workflow.conftest import ONE_ROW, Study, last


def test_time_travel(history, tmp_path):
    study = history.copied(tmp_path / "study")
    study.run("git", "checkout", "-q", "first")
    study.run("dvc", "checkout")
    # Snakemake's notes are those of the second commit
    assert study.planned()["train"] == 1
    done = study.run("crisisflow", "sync")
    assert re.search(r"sync: Snakemake accepts \d+ artifacts as DVC recorded them", done.stderr)
    assert study.planned() == {}
    # where Snakemake has no notes at all, it would not see a changed value
    shutil.rmtree(study.folder / ".snakemake")
    study.run("crisisflow", "sync")
    assert study.planned() == {}
    study.vary("humaid_ner.rows.D.weighting", "fixed")
    assert study.planned() == ONE_ROW
    refused = study.run("crisisflow", "sync", check=False)
    assert refused.returncode == 2
    assert "not accepted: results/humaid_ner/rows/D was made with another humaid_ner.rows.D" in refused.stderr
    assert study.planned()["train"] == 1


def test_a_reproduced_run_leaves_the_tree_clean(history, tmp_path):
    """What differs from run to run is no output of DVC's."""
    study = history.copied(tmp_path / "study")
    before = study.digests(["results/humaid_ner/provenance.html"])
    study.run("snakemake", "--cores", "2", "--forcerun", "tables", "report")
    assert study.digests(["results/humaid_ner/provenance.html"]) != before
    assert study.run("git", "status", "--porcelain").stdout == ""
    assert "up to date" in study.run("dvc", "status").stdout
    study.run("git", "checkout", "-q", "first")
    study.run("dvc", "checkout")
    study.run("crisisflow", "sync")
    assert study.planned() == {}


def test_what_dvc_does_not_vouch_for_is_named_and_made_again(history, tmp_path):
    study = history.copied(tmp_path / "study")
    edited = study.folder / "data" / "annotations" / "regex.parquet"
    edited.write_bytes(edited.read_bytes()[:-100])
    (study.folder / "data" / "annotations" / "conflicts.parquet").unlink()
    assert "regex_stage" not in study.planned()
    refused = study.run("crisisflow", "sync", check=False)
    assert refused.returncode == 2
    assert "not accepted: data/annotations/regex.parquet is modified" in refused.stderr
    assert "not accepted: data/annotations/conflicts.parquet is not here" in refused.stderr
    assert re.search(r"^crisisflow: \d+ artifacts are not as DVC recorded them; .*dvc checkout", refused.stderr, re.M)
    assert {"regex_stage", "resolve"} <= set(study.planned())
    study.run("dvc", "checkout", "--force")
    study.run("crisisflow", "sync")
    assert study.planned() == {}


def test_the_hook_follows_each_checkout(history, tmp_path):
    study = history.copied(tmp_path / "study")
    study.run("crisisflow", "install_hook")
    # one that an earlier version wrote, which called the command so, is written anew
    hook = study.folder / ".git" / "hooks" / "post-checkout"
    hook.write_text(hook.read_text().replace("install_hook", "install-hook"))
    study.run("crisisflow", "install_hook")
    assert "install_hook" in hook.read_text()
    layers = {}
    for tag in ("first", "second"):
        study.run("git", "checkout", "-q", tag)
        assert study.planned() == {}
        layers[tag] = json.loads(
            (study.folder / "results" / "humaid_ner" / "rows" / "A" / "seed13" / "config.json").read_text()
        )
    assert layers["first"] != layers["second"]
    # a run at work is not disturbed
    locks = study.folder / ".snakemake" / "locks"
    locks.mkdir(exist_ok=True)
    (locks / "0.output.lock").write_text("data/raw/tweets.parquet\n")
    kept_by_dvc = ["results/humaid_ner/rows/A/seed13/config.json", "results/humaid_ner/tables/table3.md"]
    before = study.digests(kept_by_dvc)
    left = study.run("git", "checkout", "-q", "first")
    assert "a run is at work here, so data and results stay" in left.stderr
    (locks / "0.output.lock").unlink()
    assert before == study.digests(kept_by_dvc)
    # hooks that other repositories share are not ours to change
    study.run("git", "config", "core.hooksPath", str(tmp_path / "hooks"))
    refused = study.run("crisisflow", "install_hook", check=False)
    assert refused.returncode == 2
    assert "core.hooksPath" in refused.stderr
    assert not (tmp_path / "hooks").exists()
    study.run("git", "config", "--unset", "core.hooksPath")
    hook.write_text("#!/bin/sh\n")
    refused = study.run("crisisflow", "install_hook", check=False)
    assert refused.returncode == 2
    assert "post-checkout is there and not ours" in refused.stderr
    assert hook.read_text() == "#!/bin/sh\n"


def damage(path: Path) -> None:
    """Change one byte, leaving size, times and rights, as a failing disk does."""
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(status.st_mode)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_a_damaged_object_of_the_cache_is_named(history, tmp_path):
    study = history.copied(tmp_path / "study")
    stages = yaml.safe_load((study.folder / "dvc.lock").read_text())["stages"]
    (md5,) = [out["md5"] for out in stages["ruler_stage"]["outs"]]
    cached = study.folder / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]
    damage(cached)
    path = study.folder / "data" / "annotations" / "ruler.parquet"
    path.unlink()
    study.run("dvc", "checkout")  # DVC believes its cache
    refused = study.run("crisisflow", "sync", check=False)
    assert refused.returncode == 2
    assert "data/annotations/ruler.parquet is damaged, and so is its object in DVC's cache" in refused.stderr
    assert str(cached) in refused.stderr
    assert study.planned()["ruler_stage"] == 1
    cached.unlink()
    path.unlink()
    study.run("dvc", "repro")
    assert study.artifacts() == history.artifacts()


def test_a_lock_held_by_another_run(history, tmp_path):
    study = history.copied(tmp_path / "study")
    locks = study.folder / ".snakemake" / "locks"
    locks.mkdir(exist_ok=True)
    (locks / "0.output.lock").write_text("data/raw/tweets.parquet\n")
    refused = study.run("crisisflow", "sync", check=False)
    assert refused.returncode == 2
    assert last(refused).startswith("crisisflow: another run is at work in this folder (wait for it)")
    study.run("crisisflow", "unlock")
    study.run("crisisflow", "sync")


def test_without_dvc_there_is_nothing_to_go_by(tmp_path):
    study = Study(tmp_path)
    shutil.rmtree(tmp_path / ".dvc")
    refused = study.run("crisisflow", "sync", check=False)
    assert refused.returncode == 2
    assert last(refused).startswith("crisisflow: this is no git checkout with DVC")


def test_a_crisisflow_of_another_checkout_is_refused(history):
    other = str(Path(__file__).parents[2] / "src")
    done = subprocess.run(
        ["crisisflow", "sync"],
        cwd=history.folder,
        env={**history.environment(), "PYTHONPATH": other},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert last(done).startswith("crisisflow: this crisisflow is of another checkout")


def test_a_rule_s_command_counts_for_dvc_as_for_snakemake(history, tmp_path):
    study = history.copied(tmp_path / "study")
    rules = study.folder / "workflow" / "rules" / "annotation.smk"
    rules.write_text(rules.read_text().replace('"crisisflow resolve ', '"true; crisisflow resolve '))
    planned = study.planned()
    assert planned["resolve"] == 1
    for command in ("sync", "record"):
        refused = study.run("crisisflow", command, check=False)
        assert command == "record" or last(refused).startswith("crisisflow: dvc.yaml is not what the Snakefile makes")
    study.run("crisisflow", "dvcyaml")
    refused = study.run("crisisflow", "sync", check=False)
    assert "not accepted: data/annotations/resolved.parquet was made with another command" in refused.stderr
    assert study.planned() == planned


def test_a_lexicon_that_dvc_yaml_does_not_know_is_not_passed_over(history, tmp_path):
    study = history.copied(tmp_path / "study")
    lexicons = study.folder / "src" / "crisisflow" / "annotation" / "lexicons" / "regex"
    shutil.copy(lexicons / "numbers.yaml", lexicons / "mine.yaml")
    planned = study.planned()
    assert planned["regex_stage"] == 1
    refused = study.run("crisisflow", "sync", check=False)
    assert last(refused).startswith("crisisflow: dvc.yaml is not what the Snakefile makes")
    assert study.planned() == planned


def test_touch_makes_nothing_and_is_refused(history, tmp_path):
    study = history.copied(tmp_path / "study")
    study.vary("preset", "renamed")
    planned = study.planned()
    refused = study.run("snakemake", "--cores", "1", "--touch", check=False)
    assert refused.returncode != 0
    assert "crisisflow: --touch is not accepted" in refused.stderr
    assert study.planned() == planned
    assert study.run("git", "status", "--porcelain").stdout == " M params.yaml\n"


def test_damage_in_place_is_made_good(history, tmp_path):
    study = history.copied(tmp_path / "study")
    path = study.folder / "data" / "annotations" / "ruler.parquet"
    study.run("dvc", "status")  # DVC has noted the file's time
    damage(path)
    assert "up to date" in study.run("dvc", "status").stdout
    assert "ruler_stage" not in study.planned()
    refused = study.run("crisisflow", "sync", check=False)
    assert "not accepted: data/annotations/ruler.parquet is damaged; delete it before dvc checkout" in refused.stderr
    assert study.planned()["ruler_stage"] == 1
    path.unlink()
    study.run("dvc", "checkout")
    study.run("crisisflow", "sync")
    assert study.planned() == {}
    assert study.artifacts() == history.artifacts()


def test_a_row_s_leftovers_are_not_recorded(history, tmp_path):
    study = history.copied(tmp_path / "study")
    params = yaml.safe_load((study.folder / "params.yaml").read_text())
    del params["humaid_ner"]["rows"]["D"]
    study.set_params(params)
    done = study.run("snakemake", "--cores", "2", check=False)
    folders = [f"results/humaid_ner/{kind}/D" for kind in ("histories", "rows")]
    left = " ".join(f"{folder}/seed13" for folder in folders)
    line = f"crisisflow: of nothing in params.yaml, and DVC would count it to the results: {left}; remove it"
    assert line in done.stderr
    assert study.run("git", "status", "--porcelain", "dvc.lock").stdout == ""
    repeated = study.run("dvc", "repro", check=False)
    assert repeated.returncode != 0
    assert line in repeated.stderr
    for folder in folders:
        shutil.rmtree(study.folder / folder)
    (study.folder / "results" / "humaid_ner" / "rows" / "D" / "seed13").mkdir(parents=True)  # as DVC leaves it behind
    # What DVC removed before its first stage was refused is made again, and recorded.
    study.run("snakemake", "--cores", "2")
    study.commit("third")
    clone = Study.at(tmp_path / "clone")
    study.run("git", "clone", "-q", ".", str(clone.folder))
    clone.run("dvc", "cache", "dir", "--local", str(study.folder / ".dvc" / "cache"))
    clone.run("dvc", "checkout")
    clone.run("crisisflow", "sync")
    assert clone.planned() == {}


def test_under_dvc_s_lock_nothing_is_recorded_or_accepted(history, tmp_path):
    from dvc.repo import Repo

    study = history.copied(tmp_path / "study")
    study.vary("preset", "renamed")
    before = study.digests(["dvc.lock"])
    with Repo(str(study.folder)).lock:
        done = study.run("snakemake", "--cores", "2", check=False)
        assert done.returncode != 0
        assert "crisisflow: DVC: Unable to acquire lock" in done.stderr
        refused = study.run("crisisflow", "sync", check=False)
        assert refused.returncode == 2
        assert last(refused).startswith("crisisflow: DVC: Unable to acquire lock")
    assert study.digests(["dvc.lock"]) == before
    study.run("crisisflow", "record")
    assert "up to date" in study.run("dvc", "status").stdout
