"""The sets and tasks of the study actionable_help by the real commands: tables of one's own, confidential texts."""

import json
import re
from pathlib import Path

import yaml
from pyarrow.parquet import read_table

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


def test_a_changed_task_remakes_that_task_only_and_no_confidential_text_is_where_dvc_pushes(tmp_path):
    study = Study(tmp_path, "actionable_help")
    secret = "our quiet village beside the old mill needs {} warm coats"
    lines = [f"{secret.format(number)},asks" for number in ("twelve", "thirty", "ninety")]
    (tmp_path / "mine.csv").write_text("\n".join(["text,kind", *lines]))
    study.vary("actionable_help.generated.tweets", 300)
    study.vary("actionable_help.sets", {"mine": {**TABLE, "terms": "confidential"}})
    study.vary("actionable_help.pool.sets", ["mine", "generated"])
    study.vary("actionable_help.agreement.labellers", ["rules", "words"])
    study.vary("actionable_help.validation.disagreed", 5)
    task = {"label": "help", "stands_for": None, "kind": "real", "limit": "all"}
    tasks = {
        "help": {**task, "set": "agreed", "label": "label", "kind": "built"},
        "control": {**task, "set": "generated_control"},
    }
    study.vary("actionable_help.tasks", tasks)
    study.run("crisisflow", "dvcyaml")
    made = [f"data/actionable_help/tasks/{name}/tweets.parquet" for name in tasks]
    made += [f"results/actionable_help/{name}_scores.json" for name in ("label", "resource")]
    study.run("snakemake", "--cores", "1", *made)
    assert study.planned(*made) == {}
    study.vary("actionable_help.tasks.control.limit", 50)
    assert study.planned(*made) == {"help_task": 1}

    stages = yaml.safe_load((tmp_path / "dvc.yaml").read_text())["stages"]
    outs = [out for stage in stages.values() for out in (*stage.get("outs", []), *stage.get("metrics", []))]
    names = [out if isinstance(out, str) else next(iter(out)) for out in outs if not _is_private(out)]
    files = [path for name in names for path in tmp_path.glob(re.sub(r"\$\{.*?\}", "*", name)) if path.is_file()]
    assert {"label_scores.json", "agreed.parquet", "rules.parquet"} <= {path.name for path in files}
    gram = b"village beside the old mill"
    assert [path for path in files if gram in _plain(path)] == []
    # The check can see: the pool, which is not pushed, has the text.
    assert gram in _plain(tmp_path / "data" / "actionable_help" / "pool.parquet")


def _is_private(out: str | dict) -> bool:
    return isinstance(out, dict) and next(iter(out.values())).get("push") is False


def _plain(path: Path) -> bytes:
    """The content of a file; of a table its cells."""
    return str(read_table(path).to_pylist()).encode() if path.suffix == ".parquet" else path.read_bytes()
