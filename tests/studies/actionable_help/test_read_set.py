"""The sets of the study: a table of one's own, and a public set with a label map; what is refused, by the command."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError
from typer.testing import CliRunner

from crisisflow.artifacts import read_parquet
from crisisflow.cli import app
from crisisflow.corpus.sources.posts import POSTS
from crisisflow.errors import CrisisflowError
from crisisflow.studies import Params
from crisisflow.studies.actionable_help.params import ActionableHelpParams, SetParams
from crisisflow.versioning.named import check_named
from tests.presets import read_preset

PRESETS = Path(__file__).parents[3] / "presets"
NEEDS = {"help": {"source": "kind", "values": {"need": "request", "offer": "offer", "none": "irrelevant"}}}
TABLE = {
    "reader": "csv",
    "columns": {"text": "text", "tweet_id": "id", "event": "event"},
    "labels": NEEDS,
    "encoding": "utf-8",
    "terms": "open",
}
ROWS = "id,text,kind,event\n783000000000000000,We need tents,need,Storm\n2,Free soup,offer,\n3,Sunny,,Storm\n"


def read(folder: Path, content: bytes | None, name: str = "mine.csv", **instead) -> tuple[int, str]:
    """The exit code and the messages of the command for a table with this content."""
    if content is not None:
        (folder / name).write_bytes(content)
    params = {**TABLE, "path": str(folder / name), **instead}
    words = ["actionable_help", "read_set", "--name", "mine", "--params", json.dumps(params)]
    done = CliRunner().invoke(
        app, [*words, "--posts", str(folder / "posts.parquet"), "--manifest", str(folder / "manifest.json")]
    )
    return done.exit_code, str(done.exception) if done.exception else done.output


def posts(folder: Path) -> list[dict]:
    return read_parquet(folder / "posts.parquet", POSTS).to_pylist()


@pytest.mark.parametrize(
    ("content", "name", "instead"),
    [
        (ROWS.encode(), "mine.csv", {}),
        (ROWS.encode("utf-8-sig"), "mine.csv", {}),
        (gzip.compress(ROWS.encode(), mtime=0), "mine.csv.gz", {}),
        (ROWS.encode("utf-16"), "mine.csv", {"encoding": "utf-16"}),
        (ROWS.replace(",", "\t").encode(), "mine.tsv", {"reader": "tsv"}),
    ],
)
def test_a_table_becomes_posts_with_the_labels_of_the_study(tmp_path, content, name, instead):
    assert read(tmp_path, content, name, **instead)[0] == 0
    found = posts(tmp_path)
    assert [post["tweet_id"] for post in found] == ["783000000000000000", "2", "3"]
    assert [[label["value"] for label in post["labels"]] for post in found] == [["request"], ["offer"], []]
    assert [post["event"] for post in found] == ["Storm", None, "Storm"]
    assert found[0]["time"].year == 2016
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert (manifest["set"], manifest["terms"], manifest["posts"]) == ("mine", "open", 3)
    assert list(manifest["files"]) == [name]


def test_rows_without_ids_are_numbered_and_values_may_stay_as_they_are(tmp_path):
    labels = {"mood": {"source": "kind", "values": None}}
    columns = {"text": "text", "tweet_id": None, "event": None}
    content = "text,kind\nCafé ouvert,calm\nNo water,upset\n".encode("latin-1")
    assert read(tmp_path, content, labels=labels, columns=columns, encoding="latin-1")[0] == 0
    assert [(post["tweet_id"], post["text"], post["labels"]) for post in posts(tmp_path)] == [
        ("mine:1", "Café ouvert", [{"task": "mood", "value": "calm"}]),
        ("mine:2", "No water", [{"task": "mood", "value": "upset"}]),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "mine.csv does not exist; name the file that actionable_help.sets should read"),
        (b"id,text,kind,event\n", "has no rows below its header"),
        (b"", "its header lacks text, id, event, kind"),
        (b"id,text,label,event\n1,a,need,\n", "its header lacks kind"),
        (ROWS.encode()[:-8], "line 4: as many values as the header are needed"),
        (b'id,text,kind,event\n1,"We nee', "is no CSV in utf-8: behind line"),
        ("id,text,kind,event\n1,caf\u00e9,need,\n".encode("latin-1"), "is no CSV in utf-8: invalid continuation byte"),
        (
            b"id,text,kind,event\n7.2E+17,a,need,\n",
            "line 2: id is no whole number, such as 7.2E+17; a spreadsheet took",
        ),
        (b"id,text,kind,event\n720000000000000000.0,a,need,\n", "line 2: id is no whole number"),
        (b"id,text,kind,event\n1,a,need,\n,b,need,\n", "line 3: id is empty"),
        (
            b"id,text,kind,event\n1,a,wish,\n",
            "line 2: kind is none of need, offer, none, the values of the map of help",
        ),
        (b"id,text,kind,event\n1, ,need,\n", "no row of the set mine is a post: {'empty text': 1}"),
    ],
)
def test_a_table_that_cannot_be_read_is_one_line_and_nothing_is_written(tmp_path, content, message):
    code, said = read(tmp_path, content)
    assert code != 0
    assert message in said
    assert "\n" not in said
    assert not [*tmp_path.glob("*.parquet"), *tmp_path.glob("*.json")]


def test_what_is_refused_ends_the_command_with_one_line_and_exit_code_2(tmp_path):
    (tmp_path / "mine.csv").write_bytes(b"id,text,kind,event\n1,a,wish,\n")
    params = json.dumps({**TABLE, "path": str(tmp_path / "mine.csv")})
    words = ["actionable_help", "read_set", "--name=mine", f"--params={params}"]
    words += [f"--posts={tmp_path / 'posts.parquet'}", f"--manifest={tmp_path / 'manifest.json'}"]
    done = subprocess.run([sys.executable, "-m", "crisisflow", *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("crisisflow: ")
    assert "kind is none of need, offer, none" in line


def test_a_table_that_was_cut_short_while_packed_is_refused(tmp_path):
    code, said = read(tmp_path, gzip.compress((ROWS + "4,Rain,none,\n" * 50).encode())[:-12], "mine.csv.gz")
    assert code != 0
    assert "cannot read" in said


NEED_OFFER = {
    "reader": "need_offer",
    "columns": None,
    "labels": {"help": {"source": "need_offer", "values": {"need": "request", "offer": "offer"}}},
    "encoding": None,
    "terms": "open",
}


ONLY_NEEDS = {"help": {"source": "need_offer", "values": {"need": "request"}}}


def need_offer(folder: Path, *rows: str) -> None:
    lines = ["tweet_id|event|label|text|label_origin", *rows]
    text = "\n".join(lines).replace("|", "\t") + "\n"
    (folder / "need_offer_tweets.tsv.gz").write_bytes(gzip.compress(text.encode()))


def test_a_public_set_keeps_its_own_tasks_besides_and_a_tweet_may_be_both(tmp_path):
    need_offer(
        tmp_path, "1|E|need|Tents|published_gold", "1|E|offer|Tents|published_gold", "2|E|offer|Soup|published_gold"
    )
    code, said = read(tmp_path, None, "", **NEED_OFFER)
    assert code == 0, said
    labels = [{(label["task"], label["value"]) for label in post["labels"]} for post in posts(tmp_path)]
    assert {("help", "request"), ("help", "offer"), ("need_offer", "need")} < labels[0]
    assert ("help", "request") not in labels[1]


@pytest.mark.parametrize(
    ("rows", "instead", "message"),
    [
        (
            ["1|E|offer|Tents|published_gold"],
            {"labels": ONLY_NEEDS},
            "line 2: need_offer is none of need, the values of",
        ),
        (["1|E|need|Tents|published_gold"], {"reader": "sad"}, "sad"),
        (["7.2E+17|E|need|Tents|published_gold"], {}, "tweet_id is not a number"),
        (["1|E|need|Tents"], {}, "as many values as the header are needed"),
    ],
)
def test_a_public_set_that_cannot_be_read_is_refused(tmp_path, rows, instead, message):
    need_offer(tmp_path, *rows)
    code, said = read(tmp_path, None, "", **{**NEED_OFFER, **instead})
    assert code != 0
    assert message in said


@pytest.mark.parametrize(
    ("instead", "message"),
    [
        ({"columns": None}, "columns"),
        ({"reader": "need_offer"}, "has its own; give null"),
        ({"encoding": "utf-9"}, "Python knows no such encoding"),
        ({"terms": "secret"}, "terms"),
        ({"labels": {"help": {"source": "kind", "values": {"need": "wish"}}}}, "no label is called wish"),
    ],
)
def test_a_section_whose_parts_do_not_fit_is_refused(instead, message):
    with pytest.raises(ValidationError, match=message):
        SetParams.model_validate({**TABLE, "path": "x.csv", **instead})


@pytest.mark.parametrize(
    ("sets", "pool", "message"),
    [
        ({}, ["humaid"], "no set is called humaid; there are: generated"),
        ({"generated": {**TABLE, "path": "x.csv"}}, ["generated"], "a generated set has this name"),
    ],
)
def test_a_pool_of_unknown_sets_is_refused(sets, pool, message):
    plain = yaml.safe_load((PRESETS / "sample" / "actionable_help.yaml").read_text())["actionable_help"]
    plain |= {"sets": sets, "pool": {**plain["pool"], "sets": pool}}
    with pytest.raises(ValidationError, match=message):
        ActionableHelpParams.model_validate(plain)


@pytest.mark.parametrize(
    ("instead", "message"),
    [
        ({"reader": "need_ofer"}, r"sets\.mine\.reader: no reader is called need_ofer \(did you mean need_offer\?\)"),
        ({}, r"sets\.mine\.path: .* is not the set need_offer: it needs need_offer_tweets"),
        ({"reader": "crisisnlp_sandy", "path": "absent"}, r"sets\.mine\.terms: the texts of crisisnlp_sandy are conf"),
    ],
)
def test_what_a_set_names_must_be_there(tmp_path, instead, message):
    _, plain = read_preset("sample", PRESETS)
    plain["actionable_help"]["sets"] = {"mine": {**NEED_OFFER, "path": str(tmp_path), **instead}}
    with pytest.raises(CrisisflowError, match=message):
        check_named(Params.model_validate(plain))
