"""Fetch: the official layout is read whole or refused with file and line."""

import gzip
import io
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.artifacts import RAW, SPANS, read_json, read_parquet
from crisisflow.corpus.fetch import HEADER, read_source, run
from crisisflow.corpus.sorting import sorted_tweets
from crisisflow.errors import CrisisflowError
from crisisflow.params import SampleParams

SAMPLE = SampleParams(tweets=200, seed=1)
LINE = "10{n}\tWater needed in town {n}\trequests_or_urgent_needs"


def table(*lines: str) -> bytes:
    return "\n".join(["\t".join(HEADER), *lines, ""]).encode()


def lines(*numbers: int) -> list[str]:
    return [LINE.format(n=number) for number in numbers]


@pytest.fixture
def folder(tmp_path):
    """A folder in the layout of the combined archive, with macOS litter and nested per-event tables."""
    files = {
        "all_combined/all_train.tsv": table(*lines(5, 3)),
        "all_combined/all_dev.tsv": table(*lines(4)),
        "all_combined/._all_train.tsv": b"\x00\x05\x16\x07",
        "all_combined/Readme.txt": b"read me",
        "hurricane_maria_2017/nested_flood_2018/nested_flood_2018_test.tsv": table(*lines(1)),
    }
    for name, content in files.items():
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "source"


def read(source):
    """The rows of a source, sorted beside it."""
    with sorted_tweets(source.with_name("sorting")) as tweets:
        read_source(source, tweets)
        return list(tweets)


@pytest.fixture
def archive(folder, tmp_path):
    path = tmp_path / "HumAID.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(folder, arcname=".")
    return path


def test_folder_and_archive_give_the_same_rows_ordered_by_id(folder, archive):
    rows = read(folder)
    assert rows == read(archive)
    assert [row["tweet_id"] for row in rows] == ["101", "103", "104", "105"]
    assert [row["event"] for row in rows] == ["nested_flood_2018", None, None, None]
    assert [row["official_split"] for row in rows] == ["test", "train", "dev", "train"]


def test_the_table_the_manifest_and_the_events(archive, tmp_path):
    events = tmp_path / "events.tsv.gz"
    events.write_bytes(gzip.compress(b"tweet_id\tevent\n103\tkerala_floods_2018\n"))
    out, gold, manifest = (tmp_path / name for name in ("raw.parquet", "gold.parquet", "manifest.json"))
    run(str(archive), str(events), SAMPLE, out, gold, manifest)
    assert read_parquet(out, RAW)["event"].to_pylist() == ["nested_flood_2018", "kerala_floods_2018", None, None]
    assert read_parquet(gold, SPANS).num_rows == 0
    facts = read_json(manifest)
    assert facts["source"] == "HumAID.tar.gz"
    assert len(facts["sha256"]) == 64
    assert facts["rows"] == 4
    assert facts["rows_per_class_and_split"]["requests_or_urgent_needs"] == {"train": 2, "dev": 1, "test": 1}


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        (b"id\ttext\tlabel\n", "line 1", "header"),
        (b"", "line 1", "header"),
        (table("12\tonly text"), "line 2", "2 columns"),
        (table(*lines(1), "12\thelp\tunknown_class"), "line 3", "unknown_class"),
        (table("12\t   \tsympathy_and_support"), "line 2", "empty"),
        (table("1.2e18\thelp\tsympathy_and_support"), "line 2", "not a number"),
        (table(*lines(1, 2, 1)), "line 4", "already in all_dev.tsv, line 2"),
        (table(*lines(1)) + b"13\tcaf\xe9\tsympathy_and_support\n", "line 3", "not UTF-8"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_written(tmp_path, content, where, what):
    source = tmp_path / "source"
    source.mkdir()
    (source / "all_dev.tsv").write_bytes(content)
    out = tmp_path / "out" / "raw.parquet"
    with pytest.raises(CrisisflowError) as error:
        run(str(source), None, SAMPLE, out, tmp_path / "out" / "gold.parquet", tmp_path / "out" / "manifest.json")
    assert "\n" not in str(error.value)
    assert f"all_dev.tsv, {where}" in str(error.value)
    assert what in str(error.value)
    assert not out.parent.exists() or list(out.parent.iterdir()) == []


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_a_truncated_archive_is_refused(archive, tmp_path, keep):
    # Random text: an archive whose bytes do not all come before the cut.
    import random

    noise = "".join(random.Random(1).choices("abcdefghijklmnop ", k=200_000))
    data = table(f"12\t{noise}\tsympathy_and_support")
    with tarfile.open(archive, "w:gz") as tar:
        member = tarfile.TarInfo("all_combined/all_train.tsv")
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(archive.read_bytes()[: int(archive.stat().st_size * keep)])
    with pytest.raises(CrisisflowError, match=r"cut\.tar\.gz: truncated"):
        read(cut)


def test_no_archive_no_folder_no_tables(tmp_path):
    with pytest.raises(CrisisflowError, match=r"corpus\.source: .*nowhere does not exist"):
        read(tmp_path / "nowhere")
    (tmp_path / "text.txt").write_text("no archive")
    with pytest.raises(CrisisflowError, match="no tar archive") as error:
        read(tmp_path / "text.txt")
    assert "\n" not in str(error.value)
    (tmp_path / "empty").mkdir()
    with pytest.raises(CrisisflowError, match="no tweets in a table"):
        read(tmp_path / "empty")


def test_an_official_download_that_is_no_archive_is_not_kept(tmp_path, monkeypatch):
    page = tmp_path / "download" / "page.tar.gz"
    page.parent.mkdir()
    page.write_text("<html>moved</html>")
    monkeypatch.setattr("crisisflow.corpus.fetch.download", lambda url, folder: page)
    with pytest.raises(CrisisflowError, match="no tar archive"):
        run("official", None, SAMPLE, tmp_path / "r", tmp_path / "g", tmp_path / "m")
    assert not page.exists()


def test_a_bad_events_table_is_named(folder, tmp_path):
    events = tmp_path / "events.tsv"
    events.write_text("id\tevent\n")
    with pytest.raises(CrisisflowError, match=r"corpus\.events: .*events\.tsv, line 1"):
        run(str(folder), str(events), SAMPLE, tmp_path / "r", tmp_path / "g", tmp_path / "m")


def test_of_two_events_of_one_tweet_the_last_counts_and_unknown_tweets_are_no_matter(archive, tmp_path):
    events = tmp_path / "events.tsv"
    events.write_text("event\ttweet_id\nfirst\t103\nsecond\t103\nelsewhere\t999\nnested\t101\nshort\nshort\n\t104\n")
    out = tmp_path / "out" / "raw.parquet"
    run(str(archive), str(events), SAMPLE, out, tmp_path / "gold", tmp_path / "manifest")
    assert read_parquet(out, RAW)["event"].to_pylist() == ["nested_flood_2018", "second", "", None]
    assert list(out.parent.iterdir()) == [out]


def test_a_truncated_events_table_is_named_and_nothing_is_left(folder, tmp_path):
    events = tmp_path / "events.tsv.gz"
    events.write_bytes(gzip.compress(b"tweet_id\tevent\n103\tkerala_floods_2018\n")[:-12])
    out = tmp_path / "out" / "raw.parquet"
    with pytest.raises(CrisisflowError, match=r"corpus\.events: cannot read .*events\.tsv\.gz"):
        run(str(folder), str(events), SAMPLE, out, tmp_path / "out" / "g", tmp_path / "out" / "m")
    assert list(out.parent.iterdir()) == []


def test_what_a_killed_run_left_of_its_sorting_is_of_no_matter(archive, tmp_path):
    (tmp_path / ".raw.parquet.sorting.partial").write_bytes(b"half a database")
    run(str(archive), None, SAMPLE, tmp_path / "raw.parquet", tmp_path / "gold", tmp_path / "manifest")
    assert read_parquet(tmp_path / "raw.parquet", RAW).num_rows == 4


def test_a_folder_that_cannot_be_written_to_is_one_line(archive, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(CrisisflowError, match="cannot sort the tweets in") as error:
        run(str(archive), None, SAMPLE, tmp_path / "file" / "raw", tmp_path / "g", tmp_path / "m")
    assert "\n" not in str(error.value)


@given(st.dictionaries(st.from_regex("[0-9]{1,4}", fullmatch=True), st.text(st.characters(codec="utf-8")), max_size=30))
def test_rows_come_as_they_went_in_ordered_by_id_as_strings(texts):
    rows = [dict(zip(RAW.names, (*each, "class", None, "train"), strict=True)) for each in texts.items()]
    with TemporaryDirectory() as folder, sorted_tweets(Path(folder) / "sorting") as tweets:
        for row in rows:
            tweets.add(row, "here")
        assert list(tweets) == sorted(rows, key=lambda row: row["tweet_id"])
    assert not Path(folder).exists()
