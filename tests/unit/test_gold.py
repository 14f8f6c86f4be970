"""The gold sets: read, checked against their texts, and a broken line named; on sentences of our own."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from crisisflow.annotation.gold import generated, idrisi, outside, reference
from crisisflow.artifacts import RAW, SPANS, write_csv, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.spans import Span

TEXT = "Floods in Nepal, 17 dead #Nepal"


def raw(path: Path, **texts: str) -> Path:
    rows = [
        {"tweet_id": key[1:], "text": text, "class_label": "c", "event": "e", "official_split": "train"}
        for key, text in texts.items()
    ]
    write_parquet(path, rows, RAW)
    return path


def write_reference(folder: Path, text: str, spans: list[tuple[int, int, str]]) -> Path:
    folder.mkdir()
    digest = hashlib.sha256(text.encode()).hexdigest()
    header = ["tweet_id", "event", "class_label", "half", "text_sha256"]
    rows = [["1", "e", "c", "tuning", digest], ["2", "e", "c", "scored", "0" * 64]]
    write_csv(folder / "tweets.csv", header, rows)
    write_csv(folder / "spans.csv", ["tweet_id", "start", "end", "label"], [["1", *one] for one in spans])
    return folder


def test_another_text_than_the_annotated_one_is_named(tmp_path: Path) -> None:
    repaired = raw(tmp_path / "repaired.parquet", t1="Another text")
    folder = write_reference(tmp_path / "reference", TEXT, [])
    with pytest.raises(CrisisflowError, match="tweet 1 has another text than the annotated one"):
        list(reference(repaired, folder))


def test_reference_tweets_that_the_corpus_lacks_are_left_out_and_counted(tmp_path: Path, capsys) -> None:
    repaired = raw(tmp_path / "repaired.parquet", t1=TEXT)
    folder = write_reference(tmp_path / "reference", TEXT, [(17, 24, "CASUALTY"), (10, 15, "LOCATION")])
    (tuning,) = reference(repaired, folder)
    assert (tuning.name, [tweet.tweet_id for tweet in tuning.tweets]) == ("reference_tuning", ["1"])
    assert [one[1:4] for one in tuning.tweets[0].spans] == [(10, 15, "LOCATION"), (17, 24, "CASUALTY")]
    assert "1 of the 2 annotated tweets of HumAID are in this corpus" in capsys.readouterr().err


def test_a_corpus_without_any_reference_tweet_is_said_to_have_none(tmp_path: Path, capsys) -> None:
    repaired = raw(tmp_path / "repaired.parquet", t7=TEXT)
    assert list(reference(repaired, write_reference(tmp_path / "reference", TEXT, []))) == []
    assert "none of the 2 annotated tweets of HumAID" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["tweets.csv", "spans.csv"])
def test_without_one_of_its_files_there_is_no_reference(tmp_path: Path, name: str) -> None:
    repaired = raw(tmp_path / "repaired.parquet", t1=TEXT)
    folder = write_reference(tmp_path / "reference", TEXT, [])
    (folder / name).unlink()
    assert list(reference(repaired, folder)) == []


@pytest.mark.parametrize(
    ("file", "line", "message"),
    [
        ("spans.csv", "1,10,15,PLACE", r"spans\.csv, line 2: 'PLACE' is not a valid EntityType"),
        ("spans.csv", "1,ten,15,LOCATION", r"spans\.csv, line 2: invalid literal for int.*'ten'"),
        ("spans.csv", "1,10", r"spans\.csv, line 2: "),
        ("spans.csv", "1,15,10,LOCATION", r"spans\.csv, line 2: 15-10 is no stretch"),
        ("spans.csv", "1,10,99,LOCATION", r"spans\.csv, line 2: 10-99 is no stretch"),
        ("tweets.csv", "3,e,c,half,0", r"tweets\.csv, line 4: half must be one of tuning, scored"),
    ],
)
def test_a_broken_line_of_the_reference_is_named(tmp_path: Path, file: str, line: str, message: str) -> None:
    repaired = raw(tmp_path / "repaired.parquet", t1=TEXT)
    folder = write_reference(tmp_path / "reference", TEXT, [])
    with (folder / file).open("a") as lines:
        lines.write(line + "\n")
    with pytest.raises(CrisisflowError, match=message):
        list(reference(repaired, folder))


def test_the_embedded_corpus_is_a_gold_set_only_where_its_spans_are_known(tmp_path: Path) -> None:
    repaired = raw(tmp_path / "repaired.parquet", t1=TEXT, t2="Nothing here")
    gold = tmp_path / "gold.parquet"
    write_parquet(gold, [], SPANS)
    assert list(generated(repaired, gold)) == []
    write_parquet(gold, [Span("1", 10, 15, "LOCATION", "gold", "template:1")._asdict()], SPANS)
    (tweets,) = generated(repaired, gold)
    assert [(tweet.text, len(tweet.spans)) for tweet in tweets.tweets] == [(TEXT, 1), ("Nothing here", 0)]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["{"], r"dev\.jsonl\.gz, line 1: no tweet of IDRISI-R"),
        (
            [
                '{"tweet_id": "1", "event": "e", "text": "in Nepal", "location_mentions": []}',
                '{"tweet_id": "2", "event": "e", "text": "in Nepal", '
                '"location_mentions": [{"text": "Nepal", "start": 2, "end": 8}]}',
            ],
            r"line 2: .*offsets 2-8 are not those",
        ),
    ],
)
def test_a_broken_line_of_idrisi_is_named(tmp_path: Path, lines: list[str], message: str) -> None:
    with gzip.open(tmp_path / "dev.jsonl.gz", "wt") as file:
        file.write("\n".join(lines))
    with pytest.raises(CrisisflowError, match=message):
        list(idrisi(tmp_path))


def test_a_folder_without_idrisi_is_named(tmp_path: Path) -> None:
    with pytest.raises(CrisisflowError, match=r"annotation\.quality\.idrisi: .* holds no"):
        list(idrisi(tmp_path))


def words(path: Path, *lines: tuple[str, str]) -> Path:
    """A file of words and their labels, each of a tweet as text with blanks."""
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for tokens, labels in lines:
            file.write(json.dumps({"tokens": tokens.split(" "), "labels": labels.split(" ")}) + "\n")
    return path


def marked(folder: Path) -> list[tuple[str, list[tuple[str, str]]]]:
    (tweets,) = outside(folder)
    return [(tweet.text, [(tweet.text[s.start : s.end], str(s.label)) for s in tweet.spans]) for tweet in tweets.tweets]


def test_words_with_labels_are_spans_of_the_text_that_they_make(tmp_path: Path) -> None:
    words(
        tmp_path / "some.jsonl.gz",
        ("Ana \U0001f525 Silva of Lake Apia :", "B-PER O I-PER O B-loc I-loc O"),
        ("#Samoa and @somebody and BIG Song", "B-LOC O B-PER O B-ORG B-creative-work"),
        ("Ana Silva Apia", "I-person I-person I-location"),
    )
    assert marked(tmp_path) == [
        ("Ana \U0001f525 Silva of Lake Apia :", [("Ana", "PERSON"), ("Silva", "PERSON"), ("Lake Apia", "LOCATION")]),
        ("#Samoa and @somebody and BIG Song", [("Samoa", "LOCATION"), ("BIG", "ORGANIZATION")]),
        ("Ana Silva Apia", [("Ana Silva", "PERSON"), ("Apia", "LOCATION")]),
    ]


def test_signs_that_a_set_parts_from_their_words_are_joined_to_them(tmp_path: Path) -> None:
    words(
        tmp_path / "parted.jsonl.gz",
        ("# Samoa from @ somebody # Apia", "B-LOC I-LOC O B-PER I-PER O B-LOC"),
        ("@ another and @ Apia #", "O B-PER O O B-LOC O"),
        ("@kept as it is", "B-PER O O O"),
    )
    assert marked(tmp_path) == [
        ("#Samoa from @somebody #Apia", [("Samoa", "LOCATION"), ("Apia", "LOCATION")]),
        ("@another and @Apia #", []),
        ("@kept as it is", []),
    ]


def test_a_set_knows_the_types_that_it_labels_and_its_tweets_are_in_the_order_of_their_ids(tmp_path: Path) -> None:
    words(tmp_path / "roads.jsonl.gz", *[("on Highway 12", "O B-ROAD I-ROAD")] * 11)
    (tweets,) = outside(tmp_path)
    assert (tweets.name, list(map(str, tweets.labels))) == ("outside_roads", ["LOCATION"])
    ids = [tweet.tweet_id for tweet in tweets.tweets]
    assert len(set(ids)) == 11
    assert ids == sorted(ids)


@pytest.mark.parametrize(
    "line",
    [
        '{"tokens": ["a"], "labels": []}',
        '{"tokens": ["a b"], "labels": ["O"]}',
        '{"tokens": [""], "labels": ["O"]}',
        '{"tokens": [1], "labels": ["O"]}',
        '{"tokens": ["a"], "labels": ["LOC"]}',
        '{"tokens": ["a"]}',
        "[]",
    ],
)
def test_a_broken_line_of_words_is_named(tmp_path: Path, line: str) -> None:
    with gzip.open(tmp_path / "x.jsonl.gz", "wt") as file:
        file.write(line)
    with pytest.raises(CrisisflowError, match=r"x\.jsonl\.gz, line 1: no words with BIO labels: "):
        list(outside(tmp_path))


@pytest.mark.parametrize(
    "content", [b"no gzip", gzip.compress(b"\xff\xfe", mtime=0), gzip.compress(b"{}" * 99, mtime=0)[:-9]]
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.jsonl.gz").write_bytes(content)
    with pytest.raises(CrisisflowError, match=r"x\.jsonl\.gz"):
        list(outside(tmp_path))


def test_a_folder_without_words_is_named(tmp_path: Path) -> None:
    with pytest.raises(CrisisflowError, match=r"annotation\.quality\.outside: .* holds no"):
        list(outside(tmp_path))
