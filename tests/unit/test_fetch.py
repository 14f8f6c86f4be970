"""Fetch: the official layout is read whole or refused with file and line."""

import csv
import gzip
import io
import os
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.artifacts import RAW, SPANS, read_json, read_parquet
from crisisflow.corpus.events import read_events
from crisisflow.corpus.fetch import HEADER, read_source, run
from crisisflow.corpus.sorting import sorted_tweets
from crisisflow.delimited import read_rows
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


def link(archive, name, target, hard=False):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.LNKTYPE if hard else tarfile.SYMTYPE, target
    archive.addfile(member)


def put(archive, name, *numbers):
    content = table(*lines(*numbers)) if numbers else b"no table"
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


LINKED = [
    (lambda tar: (put(tar, "a/x", 1), link(tar, "b/all_train.tsv", "a/x", hard=True)), ["101"]),
    (lambda tar: (put(tar, "./a/x", 1), link(tar, "./b/all_train.tsv", "./a/x", hard=True)), ["101"]),
    (
        lambda tar: (
            put(tar, "a/x", 1),
            link(tar, "a/y", "a/x", hard=True),
            link(tar, "all_dev.tsv", "a/y", hard=True),
        ),
        ["101"],
    ),
    (lambda tar: (link(tar, "b/all_train.tsv", "../a/x"), put(tar, "a/x", 1)), ["101"]),
    (lambda tar: (put(tar, "a/x", 1), link(tar, "c", "a"), link(tar, "b/all_train.tsv", "../c/x")), ["101"]),
    (lambda tar: (put(tar, "a/x", 1), link(tar, "b", "./a/../a/./x"), link(tar, "all_test.tsv", "b")), ["101"]),
    # What is a table under its own name is read once.
    (lambda tar: (put(tar, "a/all_train.tsv", 1), link(tar, "all_train.tsv", "a/all_train.tsv", hard=True)), ["101"]),
    (lambda tar: (put(tar, "a/all_train.tsv", 1), link(tar, "b", "a"), put(tar, "c/all_dev.tsv", 2)), ["101", "102"]),
    (lambda tar: (put(tar, "a/x", 1), link(tar, "all_dev.tsv", "a/x"), link(tar, "b/all_dev.tsv", "../a/x")), ["101"]),
    # No table, and a table that the archive holds twice: the last one counts.
    (
        lambda tar: (put(tar, "all_train.tsv", 1), link(tar, "._all_dev.tsv", "nowhere"), link(tar, "a.txt", "/x")),
        ["101"],
    ),
    (lambda tar: (put(tar, "all_train.tsv", 1), put(tar, "./all_train.tsv", 2)), ["102"]),
]


@pytest.mark.parametrize(("fill", "ids"), LINKED)
@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_links_in_an_archive_are_followed(tmp_path, fill, ids, mode):
    with tarfile.open(tmp_path / "linked", mode) as archive:
        fill(archive)
    assert [row["tweet_id"] for row in read(tmp_path / "linked")] == ids


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("all_train.tsv", "/etc/hostname"),
        ("all_train.tsv", "../all_train.tsv"),
        ("b/all_train.tsv", "../../a/x"),
        ("all_train.tsv", "nowhere"),
        ("all_train.tsv", "all_train.tsv"),
        ("b", "/data/humaid"),
        ("b", "a/nowhere"),
        ("set-1.0", "../elsewhere"),
    ],
)
@pytest.mark.parametrize("hard", [False, True])
def test_a_link_out_of_the_archive_or_to_nothing_is_named(tmp_path, name, target, hard):
    with tarfile.open(tmp_path / "linked.tar", "w") as archive:
        put(archive, "a/all_dev.tsv", 1)
        put(archive, "a/x", 2)
        if hard and target != name:
            target = "missing/x"
        link(archive, name, target, hard)
    with pytest.raises(CrisisflowError, match=rf"linked\.tar: {name} is a link to {target}, which is not in") as error:
        read(tmp_path / "linked.tar")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize(
    ("target", "names"),
    [
        ("p_dev.tsv", ["p_test.tsv"]),
        ("p_dev.tsv", ["q_dev.tsv"]),
        ("all_dev.tsv", ["q_dev.tsv"]),
        ("a/p_dev.tsv", ["p_dev.tsv", "q_test.tsv"]),
        ("x", ["p_dev.tsv", "p_train.tsv"]),
    ],
)
def test_names_of_one_file_that_tell_different_things_are_refused(tmp_path, target, names, hard):
    folder, path = tmp_path / "folder", tmp_path / "linked.tar"
    (folder / target).parent.mkdir(parents=True)
    (folder / target).write_bytes(table(*lines(1)))
    with tarfile.open(path, "w") as archive:
        put(archive, target, 1)
        for name in names:
            link(archive, name, target, hard)
            (folder / name).hardlink_to(folder / target) if hard else (folder / name).symlink_to(folder / target)
    for source in (folder, path):
        with pytest.raises(CrisisflowError, match="are one file, and their names tell different events or splits"):
            read(source)


@pytest.mark.parametrize(
    "name", ["all_train.tsv.gz", "b/all_train.tsv.bz2", "all_train.TSV", "p_TEST.tsv", "ALL_DEV.TSV", "a_dev.tsv.ZIP"]
)
def test_what_only_looks_like_a_table_is_not_left_out_without_a_word(tmp_path, name):
    folder, path = tmp_path / "folder", tmp_path / "packed.tar"
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_bytes(b"")
    (folder / "p_dev.tsv").write_bytes(table(*lines(1)))
    with tarfile.open(path, "w") as archive:
        archive.add(folder, arcname=".")
    for source in (folder, path):
        with pytest.raises(CrisisflowError, match=rf"{name} is not read; unpack or rename it"):
            read(source)


def test_a_packed_table_beside_the_table_is_no_matter(tmp_path):
    for name, content in {"p_dev.tsv": table(*lines(1)), "p_dev.tsv.gz": b"", "._p_test.TSV": b""}.items():
        (tmp_path / "source").mkdir(exist_ok=True)
        (tmp_path / "source" / name).write_bytes(content)
    assert [row["tweet_id"] for row in read(tmp_path / "source")] == ["101"]


def test_a_table_whose_name_is_not_utf_8_is_named(tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "caf\udce9_dev.tsv").write_bytes(table(*lines(1)))
    with pytest.raises(CrisisflowError, match=r"the name of the table 'caf\\udce9_dev\.tsv' is not UTF-8; rename it"):
        read(tmp_path / "source")


def test_a_table_that_is_no_file_is_named(tmp_path):
    with tarfile.open(tmp_path / "odd.tar", "w") as archive:
        member = tarfile.TarInfo("all_train.tsv")
        member.type = tarfile.FIFOTYPE
        archive.addfile(member)
    with pytest.raises(CrisisflowError, match=r"odd\.tar: all_train\.tsv is no plain file"):
        read(tmp_path / "odd.tar")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "folder" / "all_train.tsv")
    with pytest.raises(CrisisflowError, match=r"all_train\.tsv is no plain file"):
        read(tmp_path / "folder")


def test_links_in_a_folder_are_followed_and_each_table_is_read_once(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "deep").mkdir(parents=True)
    (elsewhere / "deep" / "kerala_train.tsv").write_bytes(table(*lines(7)))
    (elsewhere / "x").write_bytes(table(*lines(8)))
    (folder / "linked").symlink_to(elsewhere, target_is_directory=True)
    (folder / "all_combined" / "circle").symlink_to(folder, target_is_directory=True)
    (folder / "again").symlink_to(folder / "all_combined", target_is_directory=True)
    (folder / "all_test.tsv").symlink_to(elsewhere / "x")
    (folder / "b").mkdir()
    os.link(folder / "all_combined" / "all_dev.tsv", folder / "b" / "all_dev.tsv")
    (folder / "kerala_dev.tsv").mkdir()
    rows = {row["tweet_id"]: row["event"] for row in read(folder)}
    assert rows == {"101": "nested_flood_2018", **dict.fromkeys(["103", "104", "105"]), "107": "kerala", "108": None}


@pytest.mark.parametrize("name", ["all_train.tsv", "all_combined/more", "circle"])
def test_a_link_in_a_folder_that_leads_nowhere_is_named(folder, name):
    path = folder / name
    path.unlink(missing_ok=True)
    path.symlink_to(folder / ("circle" if name == "circle" else "nowhere"))
    with pytest.raises(CrisisflowError, match=rf"{name} leads nowhere"):
        read(folder)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", [True, False])
def test_a_table_is_read_whatever_ends_its_lines(tmp_path, end, mark, last):
    content = table(*lines(3, 4)).replace(b"\n", end)
    source = tmp_path / "source"
    source.mkdir()
    (source / "all_dev.tsv").write_bytes(mark + (content if last else content.removesuffix(end)))
    assert [row["text"] for row in read(source)] == ["Water needed in town 3", "Water needed in town 4"]


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
    assert read_parquet(out, RAW)["event"].to_pylist() == ["nested_flood_2018", "second", None, None]
    assert list(out.parent.iterdir()) == [out]


def test_a_folder_called_sample_does_not_pass_for_the_generated_corpus(folder, tmp_path):
    folder.rename(tmp_path / "sample")
    run(str(tmp_path / "sample"), None, SAMPLE, tmp_path / "raw", tmp_path / "gold", tmp_path / "manifest")
    assert read_json(tmp_path / "manifest")["source"] == "./sample"


def events_of(path):
    return list(read_events(path))


ROWS = [("103", "kerala_floods_2018"), ("104", "apia_floods_2019")]


def written(*rows, end="\n", delimiter="\t"):
    return "".join(delimiter.join(row) + end for row in [("tweet_id", "event"), *rows]).encode()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_an_events_table_is_read_whatever_ends_its_lines(tmp_path, end, mark, last, pack):
    content = mark + written(*ROWS, end=end)
    path = tmp_path / ("events.tsv.gz" if pack is gzip.compress else "events.tsv")
    path.write_bytes(pack(content if last else content.removesuffix(end.encode())))
    assert events_of(path) == ROWS


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'"tweet_id"\t"event"\n"103"\t"kerala"\n', [("103", "kerala")]),
        (b'tweet_id\ttext\tevent\n103\t"two\nlines, a ""word"" and a\ttab"\tkerala\n', [("103", "kerala")]),
        (b"tweet_id\ttext\tevent\n103\tone\rword\tkerala\n104\t\r\tapia\n", [("103", "kerala"), ("104", "apia")]),
        (b"tweet_id\ttext\tevent\r\n103\tone\rword\tkerala\r\n", [("103", "kerala")]),
        (b"tweet_id\ttext\tevent\n103\t" + b"x" * 200_000 + b"\tkerala\n", [("103", "kerala")]),
        (b"tweet_id\tevent\r103\t" + b"x" * 200_000 + b"\r", [("103", "x" * 200_000)]),
        (b"\n tweet_id \t event \n\n 103 \t kerala  floods \n\n104\t\t\n", [("103", "kerala floods"), ("104", None)]),
        ("tweet_id\tevent\n103\tcafe\u0301\n104\t\u00a0\n".encode(), [("103", "caf\u00e9"), ("104", None)]),
        (b"tweet_id\tevent\n103\ta\n103\tb\n", [("103", "a"), ("103", "b")]),
        (b"tweet_id\tevent\n", []),
    ],
)
def test_what_programs_make_of_an_events_table_is_read(tmp_path, content, expected):
    (tmp_path / "events.tsv").write_bytes(content)
    assert events_of(tmp_path / "events.tsv") == expected


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "line 1: the header must name tweet_id and event"),
        (b"tweet_id,event\n103,kerala\n", "line 1: the header"),
        (b"tweet_id\tevent\tevent\n103\ta\tb\n", "line 1: .* each once"),
        (b"tweet_id\tevent\n103\tkerala\tapia\n", "line 2: 3 values where 2 are expected"),
        (b"tweet_id\tevent\n103\tkerala\r104\tapia\n", "line 2: 3 values where 2 are expected"),
        (b"tweet_id\tevent\n1.03E+18\tkerala\n", "line 2: the tweet id is not a number"),
        (b'tweet_id\tevent\n103\t"kerala\n104\tapia\n', "no TSV in UTF-8: behind line 1"),
        (b"tweet_id\tevent\n103\tk\0rala\n", "no TSV in UTF-8: .*NUL"),
        (b"tweet_id\tevent\n103\tcaf\xe9\n", "no TSV in UTF-8"),
        ("tweet_id\tevent\n103\tkerala\n".encode("utf-16"), "no TSV in UTF-8"),
        ("tweet_id\tevent\n103\tkerala\n".encode("utf-16-le"), "no TSV in UTF-8"),
    ],
)
def test_an_events_table_that_cannot_be_read_is_one_line(tmp_path, content, what):
    (tmp_path / "events.tsv").write_bytes(content)
    with pytest.raises(CrisisflowError, match=rf"^corpus\.events: .*events\.tsv.*{what}") as error:
        events_of(tmp_path / "events.tsv")
    assert "\n" not in str(error.value)


def test_no_events_table_is_one_line(tmp_path):
    with pytest.raises(CrisisflowError, match=r"^corpus\.events: cannot read .*nowhere: No such file"):
        events_of(tmp_path / "nowhere")
    with pytest.raises(CrisisflowError, match=r"^corpus\.events: cannot read .*: Is a directory"):
        events_of(tmp_path)


VALUE = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@given(
    st.lists(st.tuples(st.from_regex("[0-9]{1,6}", fullmatch=True), VALUE), max_size=6), st.sampled_from(["\n", "\r\n"])
)
def test_quoted_values_come_back_as_they_went_in(rows, end):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "table.tsv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, delimiter="\t", lineterminator=end, quoting=csv.QUOTE_ALL).writerows([("a", "b"), *rows])
        assert [tuple(values) for _, values in read_rows(path, "\t")] == [("a", "b"), *rows]


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
