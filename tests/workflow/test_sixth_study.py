"""A throw-away study, made by following docs/adding_a_study.md to the letter, runs by Snakemake and by DVC."""

import json
import re

import yaml

from tests.workflow.conftest import ROOT, Study, ran

STEP = re.compile(r"^`([^`]+)`(?:, (before|after) `([^`]+)`)?\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def follow(text: str, study: Study) -> int:
    """Do what the page says; returns the number of lines that it takes."""
    lines = 0
    for path, where, marker, block in STEP.findall(text):
        file = study.folder / path
        lines += sum(bool(line.strip()) for line in block.splitlines())
        if where:
            whole = file.read_text()
            assert whole.count(marker) == 1, (path, marker)
            file.write_text(
                whole.replace(marker, f"{block}\n\n{marker}" if where == "before" else f"{marker}\n{block}")
            )
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block)
    return lines


def test_a_study_made_by_the_page_runs_from_both_sides(tmp_path):
    study = Study(tmp_path)
    assert 40 < follow((ROOT / "docs" / "adding_a_study.md").read_text(), study) < 80
    section = yaml.safe_load((tmp_path / "presets" / "sample" / "echo.yaml").read_text())
    study.set_params(yaml.safe_load((tmp_path / "params.yaml").read_text()) | section)
    study.run("crisisflow", "dvcyaml")
    study.run("git", "add", "-A")
    study.run("git", "commit", "-qm", "echo")
    done = study.run("snakemake", "--cores", "2", "echo")
    assert "record: DVC has recorded what is up to date, echo," in done.stderr
    assert set(study.recorded()) == {"fetch", "repair", "subset", "count@A", "count@B", "echo_tables", "echo"}
    assert "record: what is up to date, echo, is recorded already" in study.run("crisisflow", "record").stderr
    assert study.planned("echo") == {}
    # The steps of another study that have the same names are still there.
    study.run("crisisflow", "humaid_ner", "tables", "--help")
    count = "results/echo/rows/A/seed17/count.json"
    made = json.loads((tmp_path / count).read_text())
    before = made.pop("long")
    assert made == {"study": "echo", "row": "A", "seed": 17}
    lines = (tmp_path / "results" / "echo" / "tables" / "counts.csv").read_text().splitlines()
    assert f"echo,A,17,{before}" in lines
    study.run("git", "add", "-A")
    study.run("git", "commit", "-qm", "made")
    done = study.run("dvc", "exp", "run", "echo", "-S", "echo.rows.A=12")
    assert ran(done) == ["count@A", "echo_tables", "echo"]
    assert json.loads((tmp_path / count).read_text())["long"] < before
    refused = study.run("dvc", "exp", "run", "echo", "-S", "+rowz=3", check=False)
    assert refused.returncode != 0
    assert "rowz" in refused.stderr
    reads_one_row_of_another_study(study)


def reads_one_row_of_another_study(study: Study) -> None:
    """To DVC the study then rests on all rows of the other one, of which Snakemake makes one."""
    rules = study.folder / "workflow" / "rules" / "echo" / "echo.smk"
    head, tables = rules.read_text().split("rule echo_tables:")
    tables = tables.replace("{input}", "{input.counts}")
    tables = tables.replace("input: every", 'input: aligned="data/humaid_ner/aligned/D.parquet", counts=every')
    rules.write_text(f"{head}rule echo_tables:{tables}")
    study.run("git", "checkout", "params.yaml")
    study.run("crisisflow", "dvcyaml")
    done = study.run("snakemake", "--cores", "2", "echo")
    assert "record: DVC has recorded what is up to date, echo," in done.stderr
    assert {name for name in study.recorded() if name.startswith("bio")} == {"bio@D"}
    assert study.run("dvc", "status", "echo", "bio@D").stdout == "Data and pipelines are up to date.\n"
    assert "is recorded already" in study.run("crisisflow", "record").stderr
