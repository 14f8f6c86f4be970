"""Posts: each reader to one table; repeats are marked; a bad source is refused in one line and writes nothing."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crisisflow.artifacts import TWEETS, read_json, read_parquet, write_parquet
from crisisflow.corpus.public_set import read
from crisisflow.errors import CrisisflowError
from crisisflow.studies.analytics import posts
from crisisflow.studies.analytics.posts import POSTS
from tests.public_sets import COPIES, ID, put
from tests.studies.analytics.settings import corpus

SHARED = Path(__file__).parents[4] / "shared" / "data"


def made(folder, name="own", **own):
    posts.run(name, corpus(**{"size": "all", **own}), folder / "posts.parquet", folder / "posts.json")
    return read_parquet(folder / "posts.parquet", POSTS).to_pylist(), read_json(folder / "posts.json")


def table(folder, *rows):
    path = folder / "own.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return {"reader": "jsonl", "source": str(path)}


def test_the_generated_posts_have_classes_places_and_times(tmp_path):
    rows, facts = made(tmp_path, reader="pandemic_sample", size=120)
    assert len(rows) == facts["posts"] == facts["with_time"] == 120
    assert sum(facts["labels"].values()) == 120 and set(facts["groups"]) <= {row["group"] for row in rows}
    assert rows[0]["post_id"] == "pandemic_sample:1" and rows[0]["language"] is None


def test_a_table_of_one_s_own(tmp_path):
    own = table(
        tmp_path,
        {"id": 7, "text": "Rain again", "created_at": "2020-03-01T10:00:00Z", "label": "impact", "group": "north"},
        {"text": "No id here", "language": "en", "split": "test"},
        {"id": "8", "text": " "},
    )
    rows, facts = made(tmp_path, **own)
    assert [row["post_id"] for row in rows] == ["7", "own:2"]
    assert rows[0]["at"] == datetime(2020, 3, 1, 10, tzinfo=UTC) and rows[1]["at"] is None
    assert [row["label"] for row in rows] == ["impact", None] and rows[1]["split"] == "test"
    assert facts["dropped"] == {"empty text": 1} and list(facts["files"]) == ["own.jsonl"]


def test_repeats_are_marked_by_the_first_post_and_kept(tmp_path):
    texts = [
        "Masks help, says @one",
        "masks HELP says http://t.co/x",
        "Masks help, says @one",
        "\U0001f637",
        "\U0001f912",
    ]
    rows, facts = made(tmp_path, **table(tmp_path, *({"id": str(at), "text": text} for at, text in enumerate(texts))))
    assert [row["same_text"] for row in rows] == [None, None, "0", None, None]
    assert [row["same_words"] for row in rows] == [None, "0", "0", None, None]
    assert facts["repeats"] == {"same_text": 1, "same_words": 2}


@pytest.mark.parametrize(
    ("reader", "name", "label"),
    [
        ("covidsenti", "covidsenti", None),
        ("corona_nlp", "corona_nlp", None),
        ("crisisnlp", "crisisnlp_lrec2016", "caution_and_advice"),
        ("crisislex_t26", "crisislex_t26", "Caution and advice"),
    ],
)
def test_a_public_set_is_read_by_the_reader_of_all_studies(tmp_path, reader, name, label):
    root = put(tmp_path / "set", COPIES[name])
    terms = "confidential" if reader == "crisisnlp" else "open"
    rows, facts = made(tmp_path, reader=reader, source=str(root), terms=terms)
    expected, _ = read(name, root)
    assert [(row["post_id"], row["text"], row["group"]) for row in rows] == [
        (post.tweet_id, post.text, post.event) for post in expected
    ]
    assert rows[0]["label"] == label and facts["files"]


def test_an_unlabelled_post_of_crisislex_has_no_label(tmp_path):
    content = COPIES["crisislex_t26"]["crisislex_t26.tsv"].replace(b"Caution and advice", b"Not labeled")
    root = put(tmp_path / "set", {"crisislex_t26.tsv": content})
    rows, _ = made(tmp_path, reader="crisislex_t26", source=str(root))
    assert rows[0]["label"] is None


def test_the_corpus_of_all_studies_has_its_classes_events_and_splits(tmp_path):
    tweets = tmp_path / "tweets.parquet"
    row = {"tweet_id": ID, "text": "Storm", "class_label": "caution_and_advice", "event": "flood_0", "split": "train"}
    write_parquet(tweets, [row, {**row, "tweet_id": "12"}], TWEETS)
    posts.run("own", corpus(reader="study", size="all"), tmp_path / "p.parquet", tmp_path / "p.json", tweets)
    found = read_parquet(tmp_path / "p.parquet", POSTS).to_pylist()
    assert [own["label"] for own in found] == ["caution_and_advice"] * 2
    assert [own["split"] for own in found] == ["train"] * 2 and found[0]["group"] == "flood_0"
    assert found[0]["at"].year == 2019 and found[1]["at"] is None


def test_a_draw_keeps_the_order_and_follows_its_seed(tmp_path):
    own = table(tmp_path, *({"id": str(at), "text": f"post number {at}"} for at in range(40)))
    drawn = {seed: [row["post_id"] for row in made(tmp_path, **own, size=10, seed=seed)[0]] for seed in (1, 2)}
    assert all(ids == sorted(ids, key=int) and len(ids) == 10 for ids in drawn.values())
    assert drawn[1] != drawn[2] and drawn[1] == [row["post_id"] for row in made(tmp_path, **own, size=10, seed=1)[0]]


def test_only_the_events_that_are_named(tmp_path):
    own = table(tmp_path, *({"text": f"post {at}", "group": "ab"[at % 2]} for at in range(6)))
    assert {row["group"] for row in made(tmp_path, **own, events=["b"])[0]} == {"b"}
    with pytest.raises(CrisisflowError, match=r"events: no posts of c; there are a, b$"):
        made(tmp_path, **own, events=["c"])


def test_the_search_terms_of_the_paper_or_of_a_text(tmp_path):
    assert len(made(tmp_path, size=5, query="paper")[1]["query"]) == 29
    (tmp_path / "query.txt").write_text("// terms\n#flu\n\n new flu \n")
    assert made(tmp_path, size=5, query=str(tmp_path / "query.txt"))[1]["query"] == ["#flu", "new flu"]
    assert made(tmp_path, size=5)[1]["query"] == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no search terms"),
        (b"// none\n", "has no search terms"),
        (b"\xff", "UTF-8"),
        (None, "name a text with a"),
    ],
)
def test_search_terms_that_are_none_are_refused(tmp_path, content, message):
    path = tmp_path / "query.txt"
    if content is not None:
        path.write_bytes(content)
    refused(tmp_path, message, size=5, query=str(path))


def test_the_manifest_of_another_corpus_is_refused(tmp_path):
    made(tmp_path, size=5)
    with pytest.raises(CrisisflowError, match="is of the corpus own, not of other"):
        posts.query_of(tmp_path / "posts.json", "other")


def gzipped(content: str) -> bytes:
    return gzip.compress(content.encode())


@pytest.mark.parametrize(
    ("files", "own", "message"),
    [
        ({}, {"reader": "covidsenti"}, "covidsenti"),
        ({"covidsenti.tsv.gz": b"no gzip"}, {"reader": "covidsenti"}, "cannot read .*; fetch it again"),
        ({"covidsenti.tsv.gz": gzipped("subset\tsentiment\nA\tneu\n")}, {"reader": "covidsenti"}, "text"),
        (
            {"covidsenti.tsv.gz": gzipped("subset\tsentiment\ttext\nA\tgood\tRain\n")},
            {"reader": "covidsenti"},
            "line 2: sentiment is none of neg, neu, pos",
        ),
        ({"covidsenti.tsv.gz": gzipped("subset\tsentiment\ttext\n")}, {"reader": "covidsenti"}, "has no posts"),
        ({"covidsenti.tsv.gz": gzipped("subset\tsentiment\ttext\nA\tneu\t \n")}, {"reader": "covidsenti"}, "no posts"),
        (
            {"covidsenti.tsv.gz": gzipped("subset\tsentiment\ttext\nA\tneu\tRain\n")},
            {"reader": "covidsenti", "size": 2},
            "size is 2, but its source has 1 posts; lower it",
        ),
    ],
)
def test_a_bad_public_set_is_refused_in_one_line(tmp_path, files, own, message):
    (tmp_path / "set").mkdir()
    for name, content in files.items():
        (tmp_path / "set" / name).write_bytes(content)
    refused(tmp_path, message, source=str(tmp_path / "set"), **own)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "has no rows"),
        ([{"id": "1"}], "lacks text"),
        ([{"id": "1", "text": "a"}, {"id": "1", "text": "b"}], "post 2: the id 1 was there before"),
        ([{"text": "a" * 200_000}], "no tweet; leave it out"),
        ([{"text": " "}], "its source has no posts"),
    ],
)
def test_a_bad_table_is_refused_in_one_line(tmp_path, rows, message):
    refused(tmp_path, message, **table(tmp_path, *rows))


def test_an_absent_table_and_the_corpus_that_was_not_given_are_refused(tmp_path):
    refused(tmp_path, "does not exist", reader="jsonl", source=str(tmp_path / "none.jsonl"))
    refused(tmp_path, "give it as --tweets", reader="study")


def refused(folder, message, **own):
    with pytest.raises(CrisisflowError, match=message) as error:
        made(folder, **own)
    assert "\n" not in str(error.value)
    assert not (folder / "posts.parquet").exists() and not (folder / "posts.json").exists()


@pytest.mark.skipif(not SHARED.exists(), reason="the real sets are not in this repository")
def test_the_counts_of_the_real_sets(tmp_path):
    disease = {
        "reader": "crisisnlp",
        "source": str(SHARED / "crisisnlp/crisisnlp_lrec2016_crowdflower.tsv.gz"),
        "terms": "confidential",
        "events": ["2014_ebola_cf", "2014_Middle_East_Respiratory_Syndrome_en"],
    }
    _, facts = made(tmp_path, **disease)
    assert sorted(facts["groups"].values()) == [1_358, 1_774]
    assert facts["labels"]["other_useful_information"] == 961 and facts["labels"]["deaths_reports"] == 73
    _, facts = made(tmp_path, reader="corona_nlp", source=str(SHARED / "covid/corona_nlp_test.tsv.gz"))
    assert facts["posts"] == facts["with_time"] == 3_798
