"""An artifact says who it is: in Parquet, JSON and CSV, and what is said of one that does not."""

from pathlib import Path

import pytest

import crisisflow
from crisisflow.artifacts import ALIGNED, PREDICTIONS, read_parquet, write_csv, write_json, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.identity import (
    CONFIG,
    KEY,
    Alignment,
    Identity,
    each_once,
    identified,
    identified_lines,
    of_aligned,
    of_config,
    of_json,
    of_parquet,
)
from crisisflow.reporting.exhibits import read_cells, read_frame
from crisisflow.reporting.runs import read_runs

ROW = Identity("gnom", "A", 13)
FEWER, WITHOUT, OF_TASK = ROW._replace(tweets=200), ROW._replace(event="flood"), ROW._replace(task="help")


@pytest.mark.parametrize("identity", [ROW, FEWER, WITHOUT, OF_TASK])
def test_each_kind_of_file_says_who_it_is(tmp_path, identity):
    write_parquet(tmp_path / "p", [], identified(PREDICTIONS, identity))
    write_json(tmp_path / "m", {**identity.facts(), "cls_macro_f1": 0.5})
    write_json(tmp_path / "c", {CONFIG: identity.facts(), "row": {"encoder": "x"}})
    assert of_parquet(tmp_path / "p", PREDICTIONS, "gnom") == identity
    assert of_json(tmp_path / "m", "gnom") == identity
    assert of_config(tmp_path / "c", "gnom") == identity
    first = (tmp_path / "p").read_bytes()
    write_parquet(tmp_path / "p", read_parquet(tmp_path / "p", PREDICTIONS), identified(PREDICTIONS, identity))
    assert (tmp_path / "p").read_bytes() == first


@pytest.mark.parametrize("event", [None, "flood"])
def test_aligned_tweets_say_their_encoder_and_event(tmp_path, event):
    alignment = Alignment("gnom", "bert-base-uncased", 128, event)
    write_parquet(tmp_path / "a", [], identified(ALIGNED, alignment))
    assert of_aligned(tmp_path / "a", "gnom") == alignment
    with pytest.raises(CrisisflowError, match="is of the study gnom, not of analytics"):
        of_aligned(tmp_path / "a", "analytics")


LATER = '{"study": "gnom", "encoder": "x", "max_length": 128, "a_fact_of_another_version": 1}'


@pytest.mark.parametrize("schema", [ALIGNED, identified(ALIGNED, ROW), ALIGNED.with_metadata({KEY: LATER})])
def test_aligned_tweets_that_do_not_say_it_are_refused(tmp_path, schema):
    write_parquet(tmp_path / "a", [], schema)
    with pytest.raises(CrisisflowError, match="does not say with which encoder"):
        of_aligned(tmp_path / "a", "gnom")


def test_the_metadata_of_a_schema_stays_beside_the_identity():
    schema = identified(PREDICTIONS.with_metadata({"huggingface": "{}"}), ROW)
    assert schema.metadata == {
        b"huggingface": b"{}",
        b"crisisflow": b'{"row": "A", "seed": 13, "study": "gnom"}',
    }


def test_the_lines_of_all_files_have_their_row_and_seed(tmp_path):
    paths = [tmp_path / name for name in "xyz"]
    for path, row in zip(paths, ("1", "B", "C"), strict=True):
        lines = [] if row == "C" else [[1, 0.5], [2, None]]
        write_csv(path, *identified_lines(Identity("gnom", row, 13), ["epoch", "loss"], lines))
    first, second, empty = read_runs(paths, "gnom")
    assert list(first) == ["row", "seed", "epoch", "loss"]
    assert (first["row"].tolist(), second["row"].tolist(), empty["row"].tolist()) == (["1"] * 2, ["B"] * 2, [])


@pytest.mark.parametrize("row", ["NA", "None", "null", "nan", "01", "1e3", "True"])
def test_the_name_of_a_row_stays_as_it_stands(tmp_path, row):
    identity = Identity("gnom", row, 13)
    write_csv(tmp_path / "h", *identified_lines(identity, ["epoch", "event", "loss"], [[1, row, None]]))
    (frame,) = read_runs([tmp_path / "h"], "gnom")
    assert frame[["row", "seed", "epoch", "event"]].to_numpy().tolist() == [[row, 13, 1, row]]
    assert frame["loss"].isna().all()
    assert read_frame(tmp_path / "h")["event"].tolist() == [row]
    assert read_cells(tmp_path / "h")[["row", "loss"]].to_numpy().tolist() == [[row, ""]]


def test_no_study_reads_its_csv_past_the_one_reader():
    modules = sorted((Path(crisisflow.__file__).parent / "studies").rglob("*.py"))
    assert len(modules) > 30
    assert [path.name for path in modules if "read_csv(" in path.read_text(encoding="utf-8")] == []


def test_a_file_of_another_version_or_study_is_named(tmp_path):
    write_parquet(tmp_path / "p", [], PREDICTIONS)
    write_json(tmp_path / "m", {"row": {"encoder": "x"}, "study": "gnom", "seed": 13})
    write_json(tmp_path / "c", {"row": "A", "study": "gnom", "seed": 13})
    write_csv(tmp_path / "h", ["epoch"], [[1]])
    for name, read in (
        ("p", lambda path, study: of_parquet(path, PREDICTIONS, study)),
        ("m", of_json),
        ("c", of_config),
        ("h", lambda path, study: read_runs([path], study)),
    ):
        with pytest.raises(CrisisflowError, match=f"/{name} does not say of which study, row and seed it is.*again"):
            read(tmp_path / name, "gnom")
    write_parquet(tmp_path / "p", [], identified(PREDICTIONS, ROW))
    with pytest.raises(CrisisflowError, match="/p is of the study gnom, not of analytics; give that study's files"):
        of_parquet(tmp_path / "p", PREDICTIONS, "analytics")


def test_lines_of_several_rows_are_no_file_of_one(tmp_path):
    write_csv(tmp_path / "h", ["study", "row", "seed"], [["gnom", "A", 13], ["gnom", "B", 13]])
    with pytest.raises(CrisisflowError, match="/h is of several rows or seeds"):
        read_runs([tmp_path / "h"], "gnom")


def test_each_training_is_given_once_and_is_of_the_kind_that_is_asked_for(tmp_path):
    files = {tmp_path / "x": ROW, tmp_path / "y": ROW._replace(seed=17)}
    assert each_once(files, files.get) == files
    with pytest.raises(CrisisflowError, match=r"/x and .*/z are both of row A, seed 13; give one of them"):
        each_once([*files, tmp_path / "z"], {**files, tmp_path / "z": ROW}.get)
    with pytest.raises(CrisisflowError, match="/z is of row A, seed 13 on 200 tweets, not of a whole row"):
        each_once([*files, tmp_path / "z"], {**files, tmp_path / "z": FEWER}.get)
    with pytest.raises(CrisisflowError, match="/x is of row A, seed 13, not of a training with event of its own"):
        each_once([tmp_path / "x"], files.get, "event")
