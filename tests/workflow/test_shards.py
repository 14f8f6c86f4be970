"""Stage 1 in shards: any number gives the same bytes, and none is ever taken for fresh when it is stale."""

import json
import re

import pytest

from crisisflow.spans import read_spans
from tests.workflow.conftest import Study, tiny_params

SPANS = "data/annotations/spacy.parquet"


def params(types: dict[str, str]) -> dict:
    """600 tweets are three batches: two shards share them, and of seven most are empty."""
    changed = tiny_params()
    changed["corpus"]["sample"]["tweets"] = 600
    changed["annotation"]["spacy"]["types"] = types
    return changed


ALL = tiny_params()["annotation"]["spacy"]["types"]


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    """Stage 1 as it is run by default."""
    study = Study(tmp_path_factory.mktemp("shards"))
    study.set_params(params(ALL))
    study.run("snakemake", "--cores", "2", SPANS)
    return study


def labels(study: Study) -> set[str]:
    return {span.label for span in read_spans(study.folder / SPANS)}


def test_the_number_of_shards_changes_no_byte(study):
    path = study.folder / SPANS
    usual = path.read_bytes()
    assert len({span.tweet_id for span in read_spans(path)}) > 256
    for number in (1, 7):
        path.unlink()
        study.run("snakemake", "--cores", "2", "--set-scatter", f"shards={number}", "--", SPANS)
        assert len(list((study.folder / "logs").glob(f"spacy_shard-*-of-{number}.log"))) == number
        assert path.read_bytes() == usual
        assert not list((study.folder / "data" / "annotations").glob("shards/*"))


def test_a_changed_value_reruns_the_shards(study):
    try:
        study.set_params(params({"PERSON": "PERSON"}))
        assert study.planned(SPANS) == {"spacy_shard": 2, "spacy_stage": 1}
        done = study.run("snakemake", "--cores", "2", SPANS)
        assert labels(study) == {"PERSON"}
        # what it cost stands at the end, of the jobs that ran and no others
        assert re.findall(r"^(\w+) +(\d+) +[\d.]+ s +[\d.]+ s +\d+ MB", done.stderr, re.MULTILINE) == [
            ("spacy_shard", "2"),
            ("spacy_stage", "1"),
        ]
    finally:
        study.set_params(params(ALL))
        study.run("snakemake", "--cores", "2", SPANS)
    assert len(labels(study)) > 1


def test_where_snakemake_has_no_notes_of_the_shards_a_changed_value_is_seen_too(study):
    """As after a checkout on another machine: only the gathered file and its note are there."""
    for note in (study.folder / ".snakemake" / "metadata").iterdir():
        if json.loads(note.read_text())["rule"] == "spacy_shard":
            note.unlink()
    assert study.planned(SPANS) == {}
    try:
        study.set_params(params({"PERSON": "PERSON"}))
        assert study.planned(SPANS) == {"spacy_shard": 2, "spacy_stage": 1}
    finally:
        study.set_params(params(ALL))


def test_what_a_killed_run_left_is_not_taken_for_fresh(study):
    """Shards lie there from a run with other values; DVC's stage must not use them."""
    try:
        study.run("snakemake", "--cores", "2", "--notemp", "--forcerun", "spacy_shard", "--", SPANS)
        shards = study.folder / "data" / "annotations" / "shards"
        assert len(list(shards.iterdir())) == 2
        study.set_params(params({"PERSON": "PERSON"}))
        study.run("dvc", "repro", "--single-item", "spacy_stage")
        assert labels(study) == {"PERSON"}
    finally:
        study.set_params(params(ALL))
        study.run("snakemake", "--cores", "2", SPANS)
