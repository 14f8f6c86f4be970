"""The profiles for clusters, as far as they can be looked at without one (tests/slurm has one)."""

import re
from pathlib import Path

import pytest
import yaml

from tests.workflow.conftest import ROOT, Study

RULE = re.compile(r"^(?:use rule \w+ as|rule) (\w+)", re.MULTILINE)
POD = ("profiles/kubernetes", "--cores", "4", "--resources", "mem_mb=16000")


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    return Study(tmp_path_factory.mktemp("profiles"))


def plan(study: Study) -> dict[str, list[str]]:
    """The columns of each rule, as `profiles/plan.py` prints them."""
    lines = study.run("python", "profiles/plan.py", *POD).stdout.splitlines()
    return {rule: columns for rule, *columns in map(str.split, lines[2:])}


@pytest.mark.parametrize("profile", ["slurm", "kubernetes"])
def test_a_profile_names_rules_that_there_are(profile):
    """Snakemake says nothing when it does not know one."""
    settings = yaml.safe_load((ROOT / "profiles" / profile / "config.yaml").read_text())
    named = {*settings["set-resources"], *settings.get("groups", {})}
    rules = "\n".join(path.read_text() for path in Path(ROOT / "workflow" / "rules").rglob("*.smk"))
    assert named <= set(RULE.findall(rules))


def test_a_pod_plans_every_job_with_its_memory(study):
    planned = plan(study)
    assert {rule: int(columns[0]) for rule, columns in planned.items()} == study.planned()
    assert planned["train"] == ["2", "1", "4000"]
    assert planned["resolve"] == ["1", "1", "2000"]


def test_a_plan_names_the_plugin_that_its_profile_lacks(study):
    (study.folder / "elsewhere").mkdir()
    (study.folder / "elsewhere" / "config.yaml").write_text("executor: elsewhere\n")
    refused = study.run("python", "profiles/plan.py", "elsewhere", check=False)
    assert refused.returncode == 2
    assert "elsewhere needs snakemake-executor-plugin-elsewhere, which is not installed" in refused.stderr


def test_a_training_asks_for_as_many_gpus_as_it_has_processes(study):
    study.vary("compute.device", "cuda")
    study.vary("compute.processes", 2)
    planned = plan(study)
    assert planned["train"] == ["2", "4", "4000", "2"]
    assert planned["resolve"] == ["1", "1", "2000"]
