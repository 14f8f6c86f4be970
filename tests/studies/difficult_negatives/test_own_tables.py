"""`crisisflow mine` on tables of one's own."""

import csv
import json
import subprocess
import sys

import pytest

from crisisflow.artifacts import read_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.studies.difficult_negatives.bands import band_of
from crisisflow.studies.difficult_negatives.generated import generate
from crisisflow.studies.difficult_negatives.own_tables import NEGATIVES, mine_tables

CRISIS = [
    ("storm", "the hurricane took the roof of the school"),
    ("storm", "strong winds cut the power in Newtown"),
    ("fire", "the wildfire is near the old bridge"),
    ("fire", "smoke over the valley, homes are burning"),
]


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    with (folder / "crisis.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("class", "text"), *CRISIS])
    ordinary = [{"id": f"n{at}", "text": own.text} for at, own in enumerate(generate(200, 3))]
    ordinary.append({"id": "emoji", "text": "😀 😀"})
    (folder / "tiny.csv").write_text("text\na cup of tea\na long walk\n")
    (folder / "pool.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in ordinary))
    return folder


def test_the_command_writes_as_many_negatives_as_a_class_has_positives(tables, tiny_encoder):
    command = [sys.executable, "-m", "crisisflow", "mine", "--positives", "crisis.csv", "--pool", "pool.jsonl"]
    options = ["--band", "1sigma", "--band", "2sigma", "--encoder", str(tiny_encoder), "--sample", "100"]
    done = subprocess.run(
        [*command, *options, "--out", "negatives.csv"], cwd=tables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with (tables / "negatives.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["band"], row["class"]) for row in rows] == [
        (band, name) for band in ("1sigma", "2sigma") for name in ("storm", "storm", "fire", "fire")
    ]
    assert "dropped: 3 near duplicates, 1 without a word" in done.stderr
    texts = {f"n{at}": own.text for at, own in enumerate(generate(200, 3))}
    for row in rows:
        assert texts[row["id"]] == row["text"]
        assert 0 <= abs(float(row["z"])) <= 2
    assert all(row["text"] not in done.stderr for row in rows)


def test_parquet_and_one_class_without_a_name(tables, tiny_encoder, tmp_path):
    (tmp_path / "crisis.tsv").write_text("text\n" + "".join(f"{text}\n" for _, text in CRISIS))
    out = tmp_path / "out.parquet"
    mine_tables(tmp_path / "crisis.tsv", tables / "pool.jsonl", ["random"], 50, 1, str(tiny_encoder), out)
    rows = read_parquet(out, NEGATIVES).to_pylist()
    assert len(rows) == 4
    assert {row["class"] for row in rows} == {None}
    mine_tables(tmp_path / "crisis.tsv", tables / "pool.jsonl", ["1sigma"], 50, 1, str(tiny_encoder), out)
    rows = read_parquet(out, NEGATIVES).to_pylist()
    assert {row["class"] for row in rows} == {"positives"}
    assert all(abs(row["z"]) <= 1 for row in rows) and band_of("1sigma")


@pytest.mark.parametrize(
    ("pool", "bands", "out", "message"),
    [
        ("pool.jsonl", ["4sigma"], "x.csv", "no band is called 4sigma; there are 1sigma, 2sigma and 3sigma"),
        ("pool.jsonl", ["none"], "x.csv", "no band is called none"),
        ("pool.jsonl", ["1sigma"], "x.txt", "the negatives are written as .csv or .parquet"),
        ("crisis.csv", ["1sigma"], "x.csv", r"texts with the words of a positive: 4 \(row 1, 2, 3, 4\); leave"),
        ("tiny.csv", ["1sigma"], "x.csv", "tiny.csv: 2 texts are left and --sample is 50; lower it, or give a larger"),
        ("nothing.csv", ["1sigma"], "x.csv", "nothing.csv does not exist"),
    ],
)
def test_what_cannot_be_mined_is_refused(tables, tiny_encoder, tmp_path, pool, bands, out, message):
    with pytest.raises(CrisisflowError, match=message):
        mine_tables(tables / "crisis.csv", tables / pool, bands, 50, 1, str(tiny_encoder), tmp_path / out)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("positives", "message"),
    [
        ("text\na flood\n😀\n", r"texts without a word: 1 \(row 2\); leave them out"),
        ("class,text\nstorm,a flood\n,high water\n", r"texts without a class, where others have one: 1 \(row 2\)"),
        ("class,text\nstorm,a flood\n", "class storm has 1 of the two positives that it needs; give more"),
    ],
)
def test_positives_without_a_word_a_class_or_a_second_one_are_refused(
    tables, tiny_encoder, tmp_path, positives, message
):
    (tmp_path / "crisis.csv").write_text(positives)
    with pytest.raises(CrisisflowError, match=message) as error:
        mine_tables(
            tmp_path / "crisis.csv",
            tables / "pool.jsonl",
            ["1sigma"],
            50,
            1,
            str(tiny_encoder),
            tmp_path / "x.csv",
        )
    assert "\n" not in str(error.value)
    assert not (tmp_path / "x.csv").exists()
