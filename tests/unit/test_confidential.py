"""Texts of confidential sets: DVC pushes none of them, and a run after which it would is refused."""

from pathlib import Path

import pytest
import yaml

from crisisflow.versioning import axes, confidential, dvcyaml
from crisisflow.versioning.snakefile import opened

SNAKEFILE = """
from crisisflow.versioning.axes import over
from crisisflow.versioning.confidential import texts_of
rule read_set:
    output: "data/gnom/sets/{row}/posts"
    params: axes=over(row="gnom.sets"), texts_of=texts_of("gnom.sets")
    shell: "echo > {output}"
rule pool:
    input: expand(rules.read_set.output, row="ab")
    output: tweets="data/gnom/pool", counts="data/gnom/pool.json"
    params: texts_of=texts_of("gnom.sets")
    shell: "echo > {output}"
rule labels:
    input: rules.pool.output.tweets
    output: "data/gnom/labels"
    shell: "echo > {output}"
"""


@pytest.fixture
def stages(tmp_path, monkeypatch):
    """What dvc.yaml has as outputs of each stage, where the set `b` is under these terms."""
    monkeypatch.chdir(tmp_path)
    Path("Snakefile").write_text(SNAKEFILE)

    def outputs(terms: str) -> tuple[dict, list]:
        params = {"gnom": {"sets": {"a": {"terms": "open"}, "b": {"terms": terms}}}}
        for module in (axes, confidential):
            monkeypatch.setattr(module, "load_params", lambda: params)
        with opened() as workflow:
            rules = list(workflow.rules)
            text = dvcyaml.dvc_yaml(rules)
        Path("made.yaml").write_text(text)
        return {name: stage["outs"] for name, stage in yaml.safe_load(text)["stages"].items()}, rules

    return outputs


def test_what_holds_texts_of_a_confidential_set_is_not_pushed(stages):
    own, _ = stages("open")
    assert own["read_set"] == ["data/gnom/sets/${item.row}/posts"]
    assert own["pool"] == ["data/gnom/pool"]
    own, _ = stages("confidential")
    assert own["read_set"] == [{"data/gnom/sets/${item.row}/posts": {"push": False}}]
    assert own["pool"] == [{"data/gnom/pool": {"push": False}}]
    assert own["labels"] == ["data/gnom/labels"]


def test_a_run_after_which_dvc_would_push_such_texts_is_refused(stages, capsys):
    _, rules = stages("open")
    Path("made.yaml").rename("dvc.yaml")
    dvcyaml.refuse_sharing(rules)
    _, rules = stages("confidential")
    with pytest.raises(SystemExit) as end:
        dvcyaml.refuse_sharing(rules)
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("crisisflow: params.yaml names a confidential set")
    assert line.endswith("crisisflow dvcyaml")
    Path("made.yaml").rename("dvc.yaml")
    dvcyaml.refuse_sharing(rules)


def test_a_run_of_the_workflow_begins_with_this_check(monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[2])
    with opened() as workflow:
        assert "refuse_sharing" in workflow._onstart.__code__.co_names


def test_the_terms_of_a_public_set_are_those_of_its_publisher(monkeypatch):
    params = {"corpus": {"public_sets": {"crisislex_t6": "x", "crisisnlp_sandy": "y"}}}
    monkeypatch.setattr(confidential, "load_params", lambda: params)
    assert confidential.confidential_sets("corpus.public_sets") == ["crisisnlp_sandy"]
