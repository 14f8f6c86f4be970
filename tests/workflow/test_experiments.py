"""Experiments, comparisons and time travel: what lies there is always what its parameters make."""

import getpass
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.workflow.conftest import Study

ROW_D = ["train@D-13", "evaluate@D-13"]
METRICS_OF_D = "results/rows/D/seed13/metrics.json"
REST = ["bootstrap", "tables", "figures", "report"]
ONE_ROW = {"train": 1, "evaluate": 1, **dict.fromkeys(REST, 1)}


@pytest.fixture(scope="module")
def history(snakemade, tmp_path_factory) -> Study:
    """Two commits of one study: `first` made by Snakemake, `second` by an experiment in which row A has two layers."""
    study = snakemade.copied(tmp_path_factory.mktemp("history") / "study")
    study.commit("first")
    done = study.run("dvc", "exp", "run", "--name", "deeper", "-S", "rows.A.layers=2")
    assert ran(done) == ["params", "train@A-13", "evaluate@A-13", *REST]
    study.commit("second")
    return study


def ran(done: subprocess.CompletedProcess) -> list[str]:
    """The stages that DVC ran; those restored from its run cache are not among them."""
    return re.findall(r"^Running stage '(.+)':", done.stdout, re.MULTILINE)


def digests(study: Study, paths: Iterable[str]) -> dict[str, str]:
    """The sha256 of files as they lie in the checkout."""
    return {path: hashlib.sha256((study.folder / path).read_bytes()).hexdigest() for path in paths}


def artifacts(study: Study) -> dict[str, str]:
    """The same of every file that dvc.lock names."""
    stages = yaml.safe_load((study.folder / "dvc.lock").read_text())["stages"].values()
    paths = [out["path"] for stage in stages for out in stage.get("outs", [])]
    assert len(paths) > 50
    return digests(study, paths)


def test_an_experiment_makes_what_editing_and_snakemake_make(history, tmp_path):
    study = history.copied(tmp_path / "study")
    study.run("git", "checkout", "-q", "first")
    study.run("dvc", "checkout")
    study.run("crisisflow", "sync")
    study.vary("rows.A.layers", 2)
    assert study.planned() == ONE_ROW
    study.run("snakemake", "--cores", "2")
    assert artifacts(study) == artifacts(history)
    assert "up to date" in study.run("dvc", "status").stdout
    assert ran(study.run("dvc", "repro")) == []


def test_values_tried_before_come_from_the_run_cache(history, tmp_path):
    study = history.copied(tmp_path / "study")
    back = study.run("dvc", "exp", "run", "-S", "rows.A.layers=1")
    assert "Stage 'train@A-13' is cached - skipping run, checking out outputs" in back.stdout
    assert not {"train@A-13", "evaluate@A-13"} & set(ran(back))
    first = yaml.safe_load(study.run("git", "show", "first:dvc.lock").stdout)["stages"]
    now = yaml.safe_load((study.folder / "dvc.lock").read_text())["stages"]
    assert {name: stage.get("outs") for name, stage in now.items()} == {
        name: stage.get("outs") for name, stage in first.items()
    }
    study.run("crisisflow", "sync")
    assert study.planned() == {}


def test_a_queued_grid_with_two_workers_and_a_temporary_one_make_what_clean_runs_make(history, tmp_path):
    """The published pattern of Snakemake under DVC records old artifacts under new parameters: this is its test."""
    study = history.copied(tmp_path / "study")
    before = artifacts(study)
    study.run("dvc", "exp", "run", "--queue", "-S", "rows.D.weighting=fixed,gradnorm")
    study.run("dvc", "queue", "start", "--jobs", "2")
    # `dvc exp run --run-all`, which would wait itself, sometimes hangs when all is done (a race in DVC's workers)
    while re.search("Queued|Running", status := study.run("dvc", "queue", "status").stdout):
        pass
    study.run("dvc", "queue", "stop", "--kill")
    assert status.count("Success") == 2, status
    aside = study.run("dvc", "exp", "run", "--temp", "--name", "thawed", "-S", "rows.D.freeze_layers=0")
    assert ran(aside) == ["params", *ROW_D, *REST]
    # all three ran beside the checkout
    assert artifacts(study) == before
    assert study.run("git", "status", "--porcelain").stdout == ""
    shown = json.loads(study.run("dvc", "exp", "show", "--json").stdout)
    names = {}
    for experiment in shown[1]["experiments"]:
        (revision,) = experiment["revs"]
        row = revision["data"]["params"]["params.yaml"]["data"]["rows"]["D"]
        names[row["weighting"], row["freeze_layers"]] = experiment["name"]
    assert set(names) == {("fixed", 1), ("gradnorm", 1), ("kendall", 0)}
    assert names["kendall", 0] == "thawed"
    for (weighting, freeze_layers), name in names.items():
        study.run("dvc", "exp", "apply", name)
        study.run("crisisflow", "sync")
        assert study.planned() == {}
        if weighting == "gradnorm":
            # the whole study, without any past
            other = Study(tmp_path / name)
            other.vary("rows.A.layers", 2)
            target = []
        else:
            # row D alone, where Snakemake has made another one
            other = history.copied(tmp_path / name)
            other.run("crisisflow", "sync")
            target = [METRICS_OF_D]
        other.vary("rows.D.weighting", weighting)
        other.vary("rows.D.freeze_layers", freeze_layers)
        other.run("snakemake", "--cores", "2", *target)
        of_d = [path for path in artifacts(study) if not target or path.startswith("results/rows/D/")]
        assert METRICS_OF_D in of_d
        assert digests(study, of_d) == digests(other, of_d), name


def test_dvc_compares_two_commits(history):
    params = json.loads(history.run("dvc", "params", "diff", "first", "second", "--json").stdout)
    assert params == {"params.yaml": {"rows.A.layers": {"old": 1, "new": 2, "diff": 1}}}
    metrics = json.loads(history.run("dvc", "metrics", "diff", "first", "second", "--json").stdout)
    assert set(metrics) == {"results/metrics.json"}
    changed = metrics["results/metrics.json"]
    assert any(name.startswith("rows.A.") and facts["diff"] for name, facts in changed.items())
    assert not any(name.startswith("rows.D.") for name in changed)
    assert (
        "results/rows/A/seed13/history.csv" in history.run("dvc", "plots", "diff", "first", "second", "--json").stdout
    )


def test_the_dataset_s_statistics_are_metrics_and_need_no_data(history, tmp_path):
    """A clone without any data answers what changed, in the dataset too."""
    study = history.copied(tmp_path / "study")
    study.vary("annotation.regex.lexicons", ["casualties"])
    study.vary("alignment.max_length", 24)
    study.run("snakemake", "--cores", "2", "--", *(f"data/aligned/{row}.json" for row in "AD"))
    study.run("git", "commit", "-qam", "third")
    clone = tmp_path / "clone"
    study.run("git", "clone", "-q", ".", str(clone))
    shown = study.run("dvc", "metrics", "diff", "second", "HEAD", "--json", cwd=clone).stdout
    changed = {f"{path}: {name}" for path, facts in json.loads(shown).items() for name in facts}
    for expected in (
        "data/annotations/statistics.json: per_stage_and_type.regex.RESCUE.found",
        "data/annotations/statistics.json: spans_per_type.RESCUE",
        "data/aligned/A.json: tweets_cut",
    ):
        assert expected in changed, sorted(changed)
    classes = json.loads((clone / "data" / "corpus" / "statistics.json").read_text())["tweets_per_class_and_split"]
    assert len(classes) == 10


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
    study.vary("rows.D.weighting", "fixed")
    assert study.planned() == ONE_ROW
    refused = study.run("crisisflow", "sync", check=False)
    assert refused.returncode == 2
    assert "not accepted: results/rows/D/seed13/model.safetensors was made with another rows.D" in refused.stderr
    assert study.planned()["train"] == 1


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
    study.run("crisisflow", "install-hook")
    study.run("crisisflow", "install-hook")
    layers = {}
    for tag in ("first", "second"):
        study.run("git", "checkout", "-q", tag)
        assert study.planned() == {}
        layers[tag] = json.loads((study.folder / "results" / "rows" / "A" / "seed13" / "config.json").read_text())
    assert layers["first"] != layers["second"]
    # a run at work is not disturbed
    locks = study.folder / ".snakemake" / "locks"
    locks.mkdir(exist_ok=True)
    (locks / "0.output.lock").write_text("data/raw/humaid.parquet\n")
    before = artifacts(study)
    left = study.run("git", "checkout", "-q", "first")
    assert "a run is at work here, so data and results stay" in left.stderr
    (locks / "0.output.lock").unlink()
    assert before == digests(study, before)
    # hooks that other repositories share are not ours to change
    study.run("git", "config", "core.hooksPath", str(tmp_path / "hooks"))
    refused = study.run("crisisflow", "install-hook", check=False)
    assert refused.returncode == 2
    assert "core.hooksPath" in refused.stderr
    assert not (tmp_path / "hooks").exists()
    study.run("git", "config", "--unset", "core.hooksPath")
    hook = study.folder / ".git" / "hooks" / "post-checkout"
    hook.write_text("#!/bin/sh\n")
    refused = study.run("crisisflow", "install-hook", check=False)
    assert refused.returncode == 2
    assert "post-checkout is there and not ours" in refused.stderr
    assert hook.read_text() == "#!/bin/sh\n"


@pytest.fixture
def local_remote(tmp_path) -> Iterator[dict[str, str]]:
    """The settings of a remote in a local folder."""
    yield {"url": str(tmp_path / "remote")}


@pytest.fixture
def ssh_remote(tmp_path) -> Iterator[dict[str, str]]:
    """The settings of a remote behind a real sshd, which runs on loopback for the test."""
    for name in ("host", "key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": tmp_path / "host",
        "AuthorizedKeysFile": tmp_path / "key.pub",
        "PasswordAuthentication": "no",
        "PermitRootLogin": "yes",
        "StrictModes": "no",
        "UsePAM": "no",
        "PidFile": "none",
        "Subsystem": "sftp internal-sftp",
    }
    (tmp_path / "sshd_config").write_text("".join(f"{name} {value}\n" for name, value in options.items()))
    if getpass.getuser() == "root":
        Path("/run/sshd").mkdir(exist_ok=True)
    command = [shutil.which("sshd", path="/usr/sbin:/usr/local/sbin"), "-D", "-e", "-f", tmp_path / "sshd_config"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as daemon:
        try:
            assert "Server listening" in daemon.stderr.readline()
            yield {
                "url": f"ssh://127.0.0.1:{port}{tmp_path / 'remote'}",
                "user": getpass.getuser(),
                "keyfile": str(tmp_path / "key"),
            }
        finally:
            daemon.kill()


def objects(folder: Path) -> int:
    """How many whole objects a cache or remote holds."""
    return sum(1 for path in folder.glob("files/md5/*/*") if re.fullmatch("[0-9a-f]{30}(.dir)?", path.name))


@pytest.mark.parametrize("remote", ["local_remote", "ssh_remote"])
def test_an_interrupted_push_and_pull_go_on_and_a_clone_has_nothing_to_do(history, tmp_path, request, remote):
    settings = request.getfixturevalue(remote)
    study = history.copied(tmp_path / "study")
    study.run("dvc", "remote", "add", "--default", "box", settings.pop("url"))
    for name, value in settings.items():
        study.run("dvc", "remote", "modify", "box", name, value)
    study.commit("remote")
    study.kill_when("../remote/files/md5/*/*", "dvc", "push", "--jobs", "1")
    half = objects(tmp_path / "remote")
    study.run("dvc", "push", "--jobs", "4")
    whole = objects(tmp_path / "remote")
    assert half < whole
    assert "Everything is up to date" in study.run("dvc", "push").stdout

    study.run("git", "clone", "-q", ".", str(tmp_path / "clone"))
    clone = Study.__new__(Study)
    clone.folder = tmp_path / "clone"
    clone.kill_when(".dvc/cache/files/md5/*/*", "dvc", "pull", "--jobs", "1")
    assert objects(clone.folder / ".dvc" / "cache") < whole
    clone.run("dvc", "pull")
    assert artifacts(clone) == artifacts(study)
    clone.run("crisisflow", "sync")
    assert clone.planned() == {}
    assert "up to date" in clone.run("dvc", "status").stdout
    clone.vary("rows.D.freeze_layers", 0)
    assert clone.planned() == ONE_ROW


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
    assert artifacts(study) == artifacts(history)


def last(done: subprocess.CompletedProcess) -> str:
    return done.stderr.strip().splitlines()[-1]


def test_a_name_that_the_schema_does_not_know_is_not_accepted(history, tmp_path):
    study = history.copied(tmp_path / "study")
    for name in ("typo=1", "rows.D.typo=1", "+typo=1", "+rows.D.typo=1"):
        done = study.run("dvc", "exp", "run", "-S", name, check=False)
        assert done.returncode != 0, name
        assert "typo" in done.stderr, name
        assert not ran(done) or ran(done) == ["params"], name
        study.run("git", "checkout", "-q", "params.yaml", "dvc.lock")
    assert artifacts(study) == artifacts(history)


def test_a_lock_held_by_another_run(history, tmp_path):
    study = history.copied(tmp_path / "study")
    locks = study.folder / ".snakemake" / "locks"
    locks.mkdir(exist_ok=True)
    (locks / "0.output.lock").write_text("data/raw/humaid.parquet\n")
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


def test_a_missing_remote_is_one_line(history, tmp_path):
    study = history.copied(tmp_path / "study")
    done = study.run("dvc", "push", check=False)
    assert done.returncode != 0
    assert "no remote specified" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_experiment_on_a_detached_head(history, tmp_path):
    study = history.copied(tmp_path / "study")
    study.run("git", "checkout", "-q", "--detach")
    assert ran(study.run("dvc", "exp", "run", "--name", "loose", "-S", "preset=renamed")) == [
        "params",
        "tables",
        "report",
    ]
    assert "loose" in study.run("dvc", "exp", "list").stdout


def test_a_cache_that_may_not_be_written(history, tmp_path):
    """Root may write anywhere, so the commands run without that right."""
    study = history.copied(tmp_path / "study")
    cache = study.folder / ".dvc" / "cache"
    for path in (cache, *cache.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222)
    powers = "-dac_override,-dac_read_search"
    limited = ["setpriv", f"--bounding-set={powers}", f"--inh-caps={powers}"] if getpass.getuser() == "root" else []
    for command in ("git checkout -q first", "dvc checkout", "crisisflow sync"):
        study.run(*limited, *command.split())
    assert study.planned() == {}
    study.vary("preset", "renamed")
    done = study.run(*limited, "snakemake", "--cores", "2", check=False)
    assert done.returncode != 0
    assert f"crisisflow: DVC may not write {cache}" in done.stderr
    assert "Traceback" not in done.stderr
    assert study.planned() == {}  # what was made is there
    for path in (cache, *cache.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)
    study.run("crisisflow", "record")
    assert "up to date" in study.run("dvc", "status").stdout


def test_a_crisisflow_of_another_checkout_is_refused(history):
    other = str(Path(__file__).parents[2] / "src")
    done = subprocess.run(
        ["crisisflow", "sync"],
        cwd=history.folder,
        env={**history.environment, "PYTHONPATH": other},
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
    assert study.planned() == {}
    refused = study.run("crisisflow", "sync", check=False)
    assert "not accepted: data/annotations/ruler.parquet is damaged; delete it before dvc checkout" in refused.stderr
    assert study.planned()["ruler_stage"] == 1
    path.unlink()
    study.run("dvc", "checkout")
    study.run("crisisflow", "sync")
    assert study.planned() == {}
    assert artifacts(study) == artifacts(history)


def test_a_row_s_leftovers_are_not_recorded(history, tmp_path):
    study = history.copied(tmp_path / "study")
    params = yaml.safe_load((study.folder / "params.yaml").read_text())
    del params["rows"]["D"]
    study.set_params(params)
    done = study.run("snakemake", "--cores", "2", check=False)
    line = "crisisflow: results/rows/D/seed13 is of no row and seed of params.yaml"
    assert line in done.stderr
    assert study.run("git", "status", "--porcelain", "dvc.lock").stdout == ""
    repeated = study.run("dvc", "repro", check=False)
    assert repeated.returncode != 0
    assert line in repeated.stderr
    shutil.rmtree(study.folder / "results" / "rows" / "D")
    study.run("crisisflow", "record")
    study.commit("third")
    clone = Study.__new__(Study)
    clone.folder = tmp_path / "clone"
    study.run("git", "clone", "-q", ".", str(clone.folder))
    clone.run("dvc", "cache", "dir", "--local", str(study.folder / ".dvc" / "cache"))
    clone.run("dvc", "checkout")
    clone.run("crisisflow", "sync")
    assert clone.planned() == {}


def test_a_comment_in_params_yaml_changes_nothing(history, tmp_path):
    study = history.copied(tmp_path / "study")
    path = study.folder / "params.yaml"
    path.write_text(f"# a thought\n{path.read_text()}")
    assert "up to date" in study.run("dvc", "status").stdout
    assert study.planned() == {}


def test_under_dvc_s_lock_nothing_is_recorded_or_accepted(history, tmp_path):
    from dvc.repo import Repo

    study = history.copied(tmp_path / "study")
    study.vary("preset", "renamed")
    study.run("snakemake", "--cores", "2", "results/report.html", "results/metrics.json")
    with Repo(str(study.folder)).lock:
        for command in ("record", "sync"):
            refused = study.run("crisisflow", command, check=False)
            assert refused.returncode == 2
            assert last(refused).startswith("crisisflow: DVC: Unable to acquire lock"), refused.stderr
    assert study.run("git", "status", "--porcelain", "dvc.lock").stdout == ""
