"""The sets of the study actionable_help by the real commands: a table of one's own, and confidential texts."""

import json

import yaml

from tests.workflow.conftest import Study

TABLE = {
    "reader": "csv",
    "path": "mine.csv",
    "columns": {"text": "text", "tweet_id": None, "event": None},
    "labels": {"help": {"source": "kind", "values": {"asks": "request", "gives": "offer"}}},
    "encoding": "utf-8",
    "terms": "open",
}


def test_a_table_comes_into_the_pool_and_a_confidential_one_is_not_pushed(tmp_path):
    study = Study(tmp_path, "actionable_help")
    (tmp_path / "mine.csv").write_text("text,kind\nWe need tents in Springfield,asks\nFree soup at the school,gives\n")
    study.vary("actionable_help.generated.tweets", 200)
    study.vary("actionable_help.sets", {"mine": TABLE})
    study.vary("actionable_help.pool.sets", ["mine", "generated"])
    pool = "data/actionable_help/pool.parquet"
    study.run("snakemake", "--cores", "1", pool)
    facts = json.loads((tmp_path / "data" / "actionable_help" / "pool.json").read_text())
    assert facts["sets"]["mine"]["read"] == facts["sets"]["mine"]["kept"] == 2
    assert facts["sets"]["generated"]["read"] == 200

    study.vary("actionable_help.sets", {"mine": {**TABLE, "terms": "confidential"}})
    refused = study.run("snakemake", "--cores", "1", pool, check=False)
    assert refused.returncode != 0
    assert "crisisflow: params.yaml names a confidential set; so that DVC does not push its texts: " in refused.stderr
    study.run("crisisflow", "dvcyaml")
    stages = yaml.safe_load((tmp_path / "dvc.yaml").read_text())["stages"]
    assert {pool: {"push": False}} in stages["help_pool"]["outs"]
