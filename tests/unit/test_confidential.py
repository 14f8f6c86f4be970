"""Texts of confidential sets: DVC pushes none of them, and a run after which it would is refused."""

import hashlib
import json
import re
import subprocess
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
import yaml
from pyarrow import parquet

from crisisflow.corpus.sources.sets import SETS
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


ROOT = Path(__file__).parents[2]
# Of each confidential set ten runs of five words of its texts, as the beginnings of their sha256. Words are in small
# letters, without URLs and handles; none of the runs can be read here.
GRAMS = json.loads(Path(__file__).with_name("confidential_grams.json").read_text(encoding="utf-8"))
TEXTUAL = {".csv", ".tsv", ".json", ".jsonl", ".md", ".html", ".txt", ".tex", ".xml", ".svg", ".py", ".yaml", ".rst"}


def hashes(text: str) -> Iterator[str]:
    words = re.findall(r"\w+", re.sub(r"https?://\S+|@\w+", " ", text.lower()))
    for at in range(len(words) - 4):
        yield hashlib.sha256(" ".join(words[at : at + 5]).encode()).hexdigest()[:16]


def pushable() -> Iterator[Path]:
    """What git has, and what DVC would push of what was made here."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    yield from (ROOT / name for name in filter(None, listed.split("\0")))
    for stage in yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"].values():
        for out in chain(*(stage.get(kind, []) for kind in ("outs", "plots"))):
            name, flags = (out, {}) if isinstance(out, str) else next(iter(out.items()))
            if flags.get("push", True):
                for path in ROOT.glob(re.sub(r"\$\{.*?\}", "*", name)):
                    yield from [path] if path.is_file() else path.rglob("*")


def texts_in(path: Path) -> Iterator[str]:
    if path.suffix == ".parquet":
        for column in parquet.read_table(path).columns:
            if "string" in str(column.type):
                yield from map(str, column.to_pylist())
    elif path.suffix in TEXTUAL:
        yield path.read_text(encoding="utf-8", errors="replace")


def test_no_confidential_text_is_in_the_repository_or_in_what_dvc_would_push():
    assert {name: len(own) for name, own in GRAMS.items()} == {
        name: 10 for name, own in SETS.items() if own.confidential
    }
    secret = {gram: name for name, own in GRAMS.items() for gram in own}
    files = {path for path in pushable() if path.is_file()}
    assert len(files) > 300
    found = [
        (str(path.relative_to(ROOT)), secret[gram])
        for path in sorted(files)
        for text in texts_in(path)
        for gram in hashes(text)
        if gram in secret
    ]
    assert not found


def test_runs_of_words_are_found_in_files_of_every_kind(tmp_path):
    import pyarrow as pa

    text = "RT @someone: The bridge over the river, is gone https://t.co/x"
    gram = hashlib.sha256(b"bridge over the river is").hexdigest()[:16]
    (tmp_path / "a.json").write_text(json.dumps({"text": text}))
    parquet.write_table(pa.table({"number": [1], "nested": [[{"text": text}]]}), tmp_path / "a.parquet")
    for name in ("a.json", "a.parquet"):
        assert any(gram in hashes(own) for own in texts_in(tmp_path / name)), name
