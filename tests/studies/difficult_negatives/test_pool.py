"""The pool: what is generated, what is read from a table, and what is dropped and why."""

import hashlib
import json
import re

import pytest

from crisisflow.artifacts import TWEETS, read_json, read_parquet, write_parquet
from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.errors import CrisisflowError
from crisisflow.studies.difficult_negatives import pool
from crisisflow.studies.difficult_negatives.generated import generate, templates
from crisisflow.studies.difficult_negatives.params import GeneratedParams, PoolParams
from crisisflow.studies.difficult_negatives.pool import POOL
from tests.studies.difficult_negatives.conftest import no_urban, params

STEPS = params().normalise


def test_the_generated_pool_is_ordinary_and_the_same_for_the_same_seed():
    tweets = list(generate(3_000, 13))
    assert tweets == list(generate(3_000, 13)) != list(generate(3_000, 14))
    assert {tweet.kind for tweet in tweets} == {*templates()["kinds"]}
    share = sum(tweet.kind == "other_sense" for tweet in tweets) / len(tweets)
    assert share == pytest.approx(0.1, abs=0.02)
    assert len(set(groups_of([tweet.text for tweet in tweets]).tolist())) > 2_800
    assert not any(re.search(r"[{}]", tweet.text) for tweet in tweets)


def test_each_template_is_used_and_each_slot_is_known():
    data = templates()
    parts = [*data["closers"], *data["hashtags"], *(text for own in data["templates"].values() for text in own)]
    parts += [text for fillers in data["slots"].values() for text in fillers]
    assert {name for text in parts for name in re.findall(r"\{(\w+)\}", text)} <= {*data["slots"], "city"}
    assert {*data["templates"]} == {*data["kinds"]}
    assert sum(data["kinds"].values()) == pytest.approx(1)


def corpus(tmp_path):
    rows = [
        ("1", "Roof gone in Newtown!", "infrastructure_and_utility_damage"),
        ("2", "What a lovely song", "not_humanitarian"),
    ]
    path = tmp_path / "tweets.parquet"
    write_parquet(
        path,
        [{"tweet_id": a, "text": b, "class_label": c, "event": "e", "split": "train"} for a, b, c in rows],
        TWEETS,
    )
    return path


def made(tmp_path, lines, kinds=None, name="own.csv"):
    (tmp_path / name).write_text("".join(f"{line}\n" for line in lines))
    own = PoolParams(source=str(tmp_path / name), kinds=kinds, sample=GeneratedParams(tweets=200, seed=1))
    pool.run(corpus(tmp_path), no_urban(tmp_path)[0], own, STEPS, tmp_path / "pool.parquet", tmp_path / "pool.json")
    return read_parquet(tmp_path / "pool.parquet", POOL).to_pylist(), read_json(tmp_path / "pool.json")


def test_what_is_dropped_is_counted_by_its_reason(tmp_path):
    lines = [
        "id,source,text",
        "a,talk,the bus was late again so I had cold tea and two waffles",
        "b,talk,RT @one: The bus was late again so I had cold tea and two waffles!",
        "c,talk,\U0001f525\U0001f525",
        'd,talk,"@two roof gone, in Newtown http://t.co/x"',
        "e,talk,what a lovely song",
        "f,hate,an insult that nobody should read",
        ",talk,No id here",
    ]
    rows, counts = made(tmp_path, lines, ["talk"])
    assert [row["text_id"] for row in rows] == ["a", "e", hashlib.sha256(b"No id here").hexdigest()]
    assert counts == {
        "read": 7,
        "texts": 3,
        "dropped": {"another kind": 1, "crisis tweet of the corpus": 1, "near duplicate": 1, "no word": 1},
        "sources": {"talk": 3},
    }
    assert [row["words"] for row in rows] == [len(row["text"].split()) for row in rows]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["text", "\U0001f525"], r"no text of the pool .*own\.csv is left: 1 no word; give another table"),
        (["id,text", "a,one thing", "a,quite another"], "1 ids of the pool name two texts, a for one; mend the column"),
        (["tweet", "x"], "it lacks the column text; name a table with a column `text`"),
        (["text"], "own.csv has no rows"),
        (["text", "x" * 200_000], "line 2: the text has 200,000 characters and is no tweet; leave it out"),
    ],
)
def test_a_table_that_makes_no_pool_is_refused_in_one_line(tmp_path, lines, message):
    with pytest.raises(CrisisflowError, match=message) as error:
        made(tmp_path, lines)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "pool.parquet").exists()


def test_the_pool_s_texts_are_in_the_pool_alone(small_run):
    texts = read_parquet(small_run / "pool.parquet", POOL)["text"].to_pylist()
    others = [path for path in small_run.rglob("*") if path.is_file() and path.name != "pool.parquet"]
    assert len(others) > 6
    contents = {path.name: path.read_bytes() for path in others}
    # compressed files are read back: a text would not be found in their bytes
    for path in small_run.glob("*.parquet"):
        import pyarrow.parquet as pq

        if path.name != "pool.parquet":
            table = pq.read_table(path)
            kept = [name for name in table.column_names if name not in ("embedding", "input_ids", "labels")]
            contents[path.name] = json.dumps(table.select(kept).to_pylist()).encode()
    for text in texts:
        for name, content in contents.items():
            assert text.encode() not in content, name
