"""Places of the pool's texts, found by the real annotator. All texts are invented."""

from pathlib import Path

from crisisflow.artifacts import read_parquet, write_parquet
from crisisflow.studies.actionable_help.mentions import MENTIONS, run
from crisisflow.studies.actionable_help.pool import POOL
from tests.presets import read_preset

PRESETS = Path(__file__).parents[3] / "presets"
TEXTS = {
    "a": "We need tents in Kathmandu, Nepal",
    "b": "Hurricane Florence took our roof",
    "c": "Nothing here",
}


def test_a_storm_is_no_place_and_the_order_is_that_of_the_pool(tmp_path):
    rows = [
        {"set": "x", "tweet_id": name, "text": text, "group": 0, "event": None, "month": None, "time": None}
        for name, text in TEXTS.items()
    ]
    write_parquet(tmp_path / "pool.parquet", rows, POOL)
    params, _ = read_preset("sample", PRESETS)
    run(tmp_path / "pool.parquet", params.annotation, tmp_path / "mentions.parquet")
    lines = read_parquet(tmp_path / "mentions.parquet", MENTIONS).to_pylist()
    assert [line["tweet_id"] for line in lines] == list(TEXTS)
    assert lines[0]["places"][0]["name"] == "Kathmandu"
    assert {place["country"] for place in lines[0]["places"]} == {"Nepal"}
    assert [line["places"] for line in lines[1:]] == [[], []]
