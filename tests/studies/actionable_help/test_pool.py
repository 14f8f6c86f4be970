"""The pool: what is kept of the sets, and under which group."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crisisflow.artifacts import read_parquet, write_json, write_parquet
from crisisflow.corpus.sources.posts import POSTS
from crisisflow.errors import CrisisflowError
from crisisflow.params import TextsParams
from crisisflow.studies.actionable_help import pool
from crisisflow.studies.actionable_help.params import PoolParams

ALL_STEPS = TextsParams(repair=True, entities=True, urls=True, mentions=True, emoji=True, white_space=True)
TEXTS = [
    "We need tents in Springfield &amp; Shelbyville, please help 🙏",
    "We need tents in Springfield & Shelbyville, please help 🙏",
    "RT @someone: we need tents in Springfield &amp; Shelbyville, please help 🙏 https://example.org/1",
    "Free soup at the school",
    "🙂 https://example.org/2",
    "… http://example.org/3",
]


def posts(texts: list[str]) -> list[dict]:
    return [{"tweet_id": str(at), "text": text} for at, text in enumerate(texts)]


def collect(folder: Path, rows: list[dict], **params) -> tuple[list[dict], dict]:
    """The rows of the pool of one set with these posts, and what it says of itself."""
    write_parquet(folder / "posts.parquet", rows, POSTS)
    write_json(folder / "manifest.json", {"set": "mine", "files": {"mine.csv": "ab"}})
    whole = {"sets": ["mine"], "deduplicate": "none", "size": "all", "seed": 13, **params}
    pool.run(
        [folder / "posts.parquet"],
        [folder / "manifest.json"],
        PoolParams.model_validate(whole),
        ALL_STEPS,
        folder / "pool.parquet",
        folder / "pool.json",
    )
    return read_parquet(folder / "pool.parquet", pool.POOL).to_pylist(), json.loads((folder / "pool.json").read_text())


@pytest.mark.parametrize(
    ("deduplicate", "kept"),
    [("none", ["0", "1", "2", "3", "4"]), ("exact", ["0", "2", "3", "4"]), ("near", ["0", "3", "4"])],
)
def test_near_duplicates_share_a_group_and_one_of_them_is_kept(tmp_path, deduplicate, kept):
    rows, facts = collect(tmp_path, posts(TEXTS), deduplicate=deduplicate)
    assert [row["tweet_id"] for row in rows] == kept
    assert len({row["group"] for row in rows}) == 3 == facts["groups"]
    assert rows[0]["text"] == "We need tents in Springfield & Shelbyville, please help folded hands"
    assert facts["sets"]["mine"]["read"] == len(TEXTS)
    assert sum(facts["dropped"].values()) == len(TEXTS) - len(kept)


def test_a_draw_keeps_the_order_and_a_pool_that_is_too_small_is_refused(tmp_path):
    texts = [f"tents for house {number} in street {number * 7} now" for number in range(40)]
    rows, facts = collect(tmp_path, posts(texts), size=10)
    assert len(rows) == 10
    assert rows == sorted(rows, key=lambda row: int(row["tweet_id"]))
    assert facts["dropped"] == {"not drawn": 30}
    (tmp_path / "pool.parquet").unlink()
    with pytest.raises(CrisisflowError, match=r"actionable_help\.pool\.size is 41 but its sets have 40 tweets"):
        collect(tmp_path, posts(texts), size=41)
    assert not (tmp_path / "pool.parquet").exists()


def test_of_a_set_that_is_not_named_every_tweet_is_kept(tmp_path):
    own = {
        "mine": posts(["tents here", "soup there"]),
        "yours": posts([f"rain in street {at * 7}" for at in range(40)]),
    }
    paths = {}
    for name, rows in own.items():
        paths[name] = tmp_path / f"{name}.parquet", tmp_path / f"{name}.json"
        write_parquet(paths[name][0], rows, POSTS)
        write_json(paths[name][1], {"set": name, "files": {}})

    def kept(size: object) -> dict[str, int]:
        params = PoolParams.model_validate({"sets": [*own], "deduplicate": "none", "size": size, "seed": 13})
        out = tmp_path / "pool.parquet", tmp_path / "pool.json"
        pool.run(*map(list, zip(*paths.values(), strict=True)), params, ALL_STEPS, *out)
        return {name: facts["kept"] for name, facts in json.loads(out[1].read_text())["sets"].items()}

    assert kept({"yours": 5}) == {"mine": 2, "yours": 5}
    with pytest.raises(CrisisflowError, match=r"actionable_help\.pool\.size\.mine is 3 but the set has 2 tweets"):
        kept({"mine": 3})
    with pytest.raises(ValueError, match="the pool has no set of this name; there are: mine, yours"):
        kept({"theirs": 3})


def test_posts_of_another_set_are_refused(tmp_path):
    with pytest.raises(CrisisflowError, match="not those of the sets yours"):
        collect(tmp_path, posts(TEXTS), sets=["yours"])


def test_the_month_is_that_of_the_time_or_else_that_of_the_event(tmp_path):
    rows = [
        {
            "tweet_id": "1",
            "text": "tents here",
            "event": "hurricane_irma_2017",
            "time": datetime(2017, 10, 1, tzinfo=UTC),
        },
        {"tweet_id": "2", "text": "soup there", "event": "hurricane_irma_2017"},
        {"tweet_id": "3", "text": "rain again", "event": "another"},
        {"tweet_id": "4", "text": "wind at night"},
    ]
    found, facts = collect(tmp_path, rows)
    assert [row["month"] for row in found] == ["2017-10", "2017-09", None, None]
    assert facts["without_month"] == 2
