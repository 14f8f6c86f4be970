"""Public sets: each layout to one table of posts, each dropped row counted, near duplicates in one group."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from crisisflow.artifacts import read_parquet
from crisisflow.cli import app
from crisisflow.corpus.leakage import NEAR, tokens
from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.corpus.public_set import collect, run
from crisisflow.corpus.sources.posts import POSTS, snowflake_time
from crisisflow.corpus.sources.relevance import undamaged
from crisisflow.corpus.sources.sets import SETS
from crisisflow.errors import CrisisflowError

SHARED = Path(__file__).parents[3] / "shared" / "data"


def tsv(*rows: str) -> bytes:
    return ("\n".join(row.replace("|", "\t") for row in rows) + "\n").encode()


# An invented file of each layout that is not read by a reader of another one, and the first post that it gives.
LAYOUTS = {
    "crisislex_t26": (
        [tsv("tweet_id|event|text|information_source|information_type|informativeness", "9|E|Storm|Media|Other|No")],
        (
            "9",
            "Storm",
            {"information_source": "Media", "information_type": "Other", "informativeness": "No"},
            None,
            "E",
        ),
    ),
    "crisislex_t6": (
        [tsv("tweet_id|event|text|label", "9|E|Storm|on-topic")],
        ("9", "Storm", {"relevance": "on-topic"}, "en", "E"),
    ),
    "background": (
        [tsv("source|split|text", "irony|val|Nice")],
        ("background:1", "Nice", {"source": "irony"}, "en", None),
    ),
    "neq": (
        [tsv("tweet_id|text|label", '9|Storm "here|relevant')] * 3,
        ("9", 'Storm "here', {"relevance": "relevant"}, "en", "2015_Nepal_Earthquake"),
    ),
    "fire16": (
        [tsv("tweet_id|split|text|classes", "9|test|Tents|1")],
        ("9", "Tents", {"class": "resources_needed"}, "en", "2015_Nepal_Earthquake"),
    ),
    "ecuador_es": (
        [
            tsv(
                "tweet_id|text|timestamp|category|crisis_related|category_a1|category_a2|category_a3",
                "9|Sismo|2016-04-17 08:00:00|c|yes|c|c|d",
            )
        ],
        (
            "9",
            "Sismo",
            {"category": "c", "crisis_related": "yes", "category_a1": "c", "category_a2": "c", "category_a3": "d"},
            "es",
            "2016_Ecuador_Earthquake",
        ),
    ),
    "chile": (
        [tsv("tweet_id|text|label|date|time", "9|Sismo|relevant|2/27/2010|1:00:00")],
        ("9", "Sismo", {"relevance": "relevant"}, "es", "2010_Chile_Earthquake"),
    ),
    "sositaly": (
        [tsv("tweet_id|text|created_at|disaster|class", "9|Crollo|Tue Nov 19 10:11:23 +0000 2013|0|damage")],
        ("9", "Crollo", {"class": "damage"}, "it", "2013_Sardinia_Flood"),
    ),
    "crisisnlp_lrec2016": (
        [tsv("tweet_id|event|text|label|label_confidence", "9|2014_Chile_Earthquake_cl|Sismo|c|")],
        ("9", "Sismo", {"class": "c"}, "es", "2014_Chile_Earthquake_cl"),
    ),
    "crisisnlp_sandy": (
        [tsv("unit_id|text|type_of_message|type_confidence|eyewitness|eyewitness_confidence", "9|Storm|c|1||")],
        ("sandy:9", "Storm", {"type_of_message": "c"}, "en", "2012_Sandy_Hurricane"),
    ),
    "need_offer": (
        [tsv("tweet_id|event|label|text|label_origin", "9|E|need|Tents|unverified")],
        ("9", "Tents", {"need_offer": "need", "label_origin": "unverified"}, "en", "E"),
    ),
    "need_offer_other": (
        [tsv("split|label|text", "val|other|Tents")],
        ("need_offer_other:1", "Tents", {"need_offer": "other"}, "en", "2015_Nepal_Earthquake"),
    ),
    "crowdflower": (
        [tsv("unit_id|keyword|location|text|choose_one|confidence|choose_one_gold", "9|||Fire|Relevant|1|")],
        ("crowdflower:9", "Fire", {"relevance": "Relevant"}, "en", None),
    ),
    "kaggle": (
        [tsv("id|keyword|location|text|target", "9|||Fire|1")],
        ("kaggle:9", "Fire", {"disaster": "1"}, "en", None),
    ),
    "covidsenti": (
        [tsv("subset|sentiment|text", "A|neu|Mask")],
        ("covidsenti:1", "Mask", {"sentiment": "neu", "subset": "A"}, "en", "2020_COVID19_Pandemic"),
    ),
    "corona_nlp": (
        [tsv("tweet_at|location|text|sentiment", "13-03-2020||Mask|Neutral")],
        ("corona_nlp:1", "Mask", {"sentiment": "Neutral"}, "en", "2020_COVID19_Pandemic"),
    ),
    "poddar": (
        [tsv("tweet_id|part|text|label|label1|label2|label3", "9|2020|Shot|P|P|P|N")],
        (
            "9",
            "Shot",
            {"stance": "P", "stance_label1": "P", "stance_label2": "P", "stance_label3": "N"},
            "en",
            "2020_COVID19_Pandemic",
        ),
    ),
    "cotfas": ([tsv("tweet_id|text|label", "9|Shot|P")], ("9", "Shot", {"stance": "P"}, "en", "2020_COVID19_Pandemic")),
    "sad": (
        [tsv("sID|sentence|is_stressor|is_covid|top_label|Source", "9|Rent|1|0|Work|Inquire")],
        ("sad:9", "Rent", {"is_stressor": "1", "is_covid": "0", "stressor": "Work", "source": "Inquire"}, "en", None),
    ),
    "disaster_response": (
        [tsv("id|split|message|genre|related|request|offer", "9|test|Tents|direct|0|1|0")],
        ("disaster_response:9", "Tents", {"genre": "direct", "category": "request"}, "en", None),
    ),
    "idrisi": (
        [json.dumps({"tweet_id": "9", "event": "E", "text": "Storm", "class": "c", "location_mentions": []}).encode()]
        * 2,
        ("9", "Storm", {"class": "c", "has_location": "no"}, "en", "E"),
    ),
}


def write_set(folder: Path, name: str, contents: list[bytes]) -> None:
    for file, content in zip(SETS[name].files, contents, strict=True):
        (folder / file).write_bytes(gzip.compress(content))


@pytest.mark.parametrize("name", LAYOUTS)
def test_each_layout_gives_its_posts(name, tmp_path):
    contents, expected = LAYOUTS[name]
    write_set(tmp_path, name, contents)
    run(name, tmp_path, tmp_path / "out.parquet", tmp_path / "manifest.json")
    post = read_parquet(tmp_path / "out.parquet", POSTS).to_pylist()[0]
    labels = {label["task"]: label["value"] for label in post["labels"]}
    assert (post["tweet_id"], post["text"], labels, post["language"], post["event"]) == expected


def test_what_is_dropped_is_counted(tmp_path):
    header = "tweet_id|event|label|text|label_origin"
    rows = ["1|E|need|Tents|g", "1|E|offer|Tents|g", "1|E|need|Water|g", "2|E|need| |g", "3|E|need|tents!|g"]
    write_set(tmp_path, "need_offer", [tsv(header, *rows)])
    run("need_offer", tmp_path, tmp_path / "out.parquet", tmp_path / "manifest.json")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["posts"] == 2 and manifest["groups"] == 1
    assert manifest["dropped"] == {"empty text": 1, "id of another text": 1, "repeated row, labels joined": 1}
    assert manifest["labels"]["need_offer"] == {"need": 2, "offer": 1}
    assert set(manifest["files"]) == set(SETS["need_offer"].files)


def test_ids_that_lost_their_digits_and_tweets_without_a_majority_are_dropped(tmp_path):
    write_set(
        tmp_path,
        "ecuador_en",
        [
            tsv(
                "tweet_id|text|timestamp|category|crisis_related|category_a1|category_a2|category_a3",
                "7.21635E+17|Quake|2016-04-17 08:00:00|c|yes|c|c|c",
                "9|Quake||c|yes|c|c|c",
            )
        ],
    )
    write_set(tmp_path, "poddar", [tsv("tweet_id|part|text|label|label1|label2|label3", "9|2020|Shot||P|A|N")])
    posts, dropped = collect(SETS["ecuador_en"].read(tmp_path))
    assert [post.time for post in posts] == [None] and dropped == {"id that lost its digits": 1}
    posts, dropped = collect(SETS["poddar"].read(tmp_path))
    assert not posts and dropped == {"no majority of the annotators": 1}


def test_quoted_fields_hold_line_breaks(tmp_path):
    write_set(tmp_path, "chile", [tsv("tweet_id|text|label|date|time", '9|"Sismo\nen ""Chile"""|relevant|d|t')])
    assert next(SETS["chile"].read(tmp_path)).text == 'Sismo\nen "Chile"'


@given(st.text(st.characters(codec="cp1252", exclude_categories=["Cc"])))
def test_damaged_lines_are_restored_where_nothing_was_lost(text):
    damaged = text.encode("utf-8").decode("cp1252", "replace").encode("mac_roman", "replace")
    if b"?" not in damaged:
        assert undamaged(damaged) == text


def test_a_snowflake_holds_its_time():
    assert snowflake_time("1212092628029698048") == datetime(2019, 12, 31, 19, 26, 16, tzinfo=UTC)
    assert snowflake_time("8500000000") is None and snowflake_time("7.2E+17") is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not gzip", "cannot read"),
        (gzip.compress(b"tweet_id\ttext\n", mtime=0), "lacks event, label"),
        (
            gzip.compress(b"tweet_id\tevent\ttext\tlabel\n1\t2\n", mtime=0),
            "line 2: as many values as the header are needed",
        ),
        (gzip.compress(b"tweet_id\tevent\ttext\tlabel\n1\t2\t\xff\t4\n", mtime=0), "in UTF-8"),
        (gzip.compress(b'tweet_id\tevent\ttext\tlabel\n1\t2\t"open\t4\n', mtime=0), "line 1"),
        (gzip.compress(b"tweet_id\tevent\ttext\tlabel\n" * 999, mtime=0)[:-9], "cannot read"),
    ],
)
def test_a_broken_file_is_refused(tmp_path, content, message):
    (tmp_path / "crisislex_t6.tsv.gz").write_bytes(content)
    with pytest.raises(CrisisflowError, match=message):
        run("crisislex_t6", tmp_path, tmp_path / "out.parquet", tmp_path / "manifest.json")
    assert not (tmp_path / "out.parquet").exists()


def test_an_unknown_set_an_absent_file_and_an_unknown_value_are_refused(tmp_path):
    paths = (tmp_path / "out.parquet", tmp_path / "manifest.json")
    with pytest.raises(CrisisflowError, match="there are: background"):
        run("nowhere", tmp_path, *paths)
    with pytest.raises(CrisisflowError, match="lacks sad_v1"):
        run("sad", tmp_path, *paths)
    write_set(tmp_path, "fire16", [tsv("tweet_id|split|text|classes", "9|test|Tents|7")])
    with pytest.raises(CrisisflowError, match="not one of the set fire16"):
        run("fire16", tmp_path, *paths)


def test_the_command_writes_the_table_and_the_manifest(tmp_path):
    write_set(tmp_path, "kaggle", LAYOUTS["kaggle"][0])
    out, manifest = tmp_path / "out.parquet", tmp_path / "manifest.json"
    options = ["--out", str(out), "--manifest", str(manifest)]
    done = CliRunner().invoke(app, ["public_set", "kaggle", str(tmp_path), *options])
    assert done.exit_code == 0 and "1 posts of kaggle" in done.output
    assert read_parquet(out, POSTS).num_rows == 1 and json.loads(manifest.read_text())["terms"]


WORDS = st.lists(st.sampled_from("abcdefghij"), max_size=8).map(" ".join)


@given(st.lists(WORDS, max_size=25))
def test_groups_are_the_chains_of_near_duplicates(texts):
    groups = groups_of(texts).tolist()
    near = [[i == j or _near(a, b) for j, b in enumerate(texts)] for i, a in enumerate(texts)]
    reached = list(range(len(texts)))
    for _ in texts:  # each pass moves every text to the lowest number that a neighbour has
        reached = [min(reached[j] for j in range(len(texts)) if near[i][j]) for i in range(len(texts))]
    assert groups == [sorted(set(reached)).index(own) for own in reached]


def _near(one: str, other: str) -> bool:
    a, b = tokens(one), tokens(other)
    return bool(a & b) and len(a & b) >= NEAR * len(a | b)


# Posts that each set has on this disk, where the real files are: those of their description less what is dropped.
REAL = {
    "humaid/humaid": 71_024,
    "idrisi/idrisi": 13_570,
    "crisislex/crisislex_t26": 27_932,
    "crisislex/crisislex_t6": 60_078,
    "background/background": 154_039,
    "gnom/neq_2015_nepal_earthquake/neq": 11_664,
    "gnom/qfl_2013_queensland_floods/qfl": 10_031,
    "gnom/fire16/fire16": 1_551,
    "gnom/smerp17/smerp17": 2_695,
    "gnom/ecuador2016_en/ecuador_en": 4_190,
    "gnom/ecuador2016_es/ecuador_es": 4_167,
    "gnom/chile_earthquake_t1/chile": 2_187,
    "gnom/sositaly_t4/sositaly": 5_642,
    "crisisnlp/crisisnlp_lrec2016": 22_099,
    "crisisnlp/crisisnlp_sandy": 1_987,
    "requests_offers/need_offer": 12_949,
    "requests_offers/need_offer_other": 15_007,
    "disasters_on_social_media/crowdflower": 10_876,
    "disasters_on_social_media/kaggle": 7_613,
    "covid/covidsenti": 90_000,
    "covid/corona_nlp": 3_798,
    "covid_stance/poddar": 3_139,
    "covid_stance/cotfas": 2_792,
    "sad/sad": 6_850,
    "disaster_response/disaster_response": 4_719,
}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real sets are not at hand")
@pytest.mark.parametrize("path", REAL)
def test_the_real_sets_have_their_posts(path):
    folder, _, name = path.rpartition("/")
    posts, _ = collect(SETS[name].read(SHARED / folder))
    assert len(posts) == REAL[path]
    assert all(post.tweet_id and post.text.strip() and post.labels for post in posts)
