"""The test split: only the final test reads it."""

import pyarrow as pa
import pytest

from crisisflow import inference
from crisisflow.artifacts import ALIGNED, PREDICTIONS, TWEETS, read_parquet, write_parquet
from crisisflow.evaluation import floor, hold_out
from crisisflow.evaluation.final_test import predictions_of_test
from crisisflow.training import train


def poisoned(table: pa.Table, schema: pa.Schema, poison: dict) -> pa.Table:
    """The table with other values in the test split."""
    rows = [row | poison if row["split"] == "test" else row for row in table.to_pylist()]
    return pa.Table.from_pylist(rows, schema=schema)


@pytest.fixture
def closed(trained, corpus, tmp_path):
    """The corpus and its aligned form, the test split of which would be noticed."""
    tweets = read_parquet(corpus / "tweets.parquet", TWEETS)
    aligned = read_parquet(trained / "aligned.parquet", ALIGNED)
    foreign = {"text": "poison", "class_label": "sympathy_and_support", "event": "poison"}
    write_parquet(tmp_path / "tweets.parquet", poisoned(tweets, TWEETS, foreign), TWEETS)
    ids = {"input_ids": [101, 5, 102], "labels": [-100, 1, -100], "class_id": 9}
    write_parquet(tmp_path / "aligned.parquet", poisoned(aligned, ALIGNED, ids), ALIGNED)
    return tmp_path


def test_what_stands_in_the_test_split_changes_no_other_step(trained, corpus, closed, tmp_path):
    for split in ("train", "validation"):
        assert train.read_examples(closed / "aligned.parquet", split) == train.read_examples(
            trained / "aligned.parquet", split
        )
    for name in ("tweets", "aligned"):
        assert (closed / f"{name}.parquet").read_bytes() != (
            (corpus if name == "tweets" else trained) / f"{name}.parquet"
        ).read_bytes()
    for at, folder in enumerate((corpus, closed)):
        floor.run(folder / "tweets.parquet", "all", 13, tmp_path / f"floor{at}", tmp_path / f"metrics{at}")
        aligned = (trained if folder == corpus else closed) / "aligned.parquet"
        event = "hurricane_irma_2017"
        hold_out.run(folder / "tweets.parquet", aligned, event, tmp_path / f"held{at}")
    for name in ("floor", "metrics", "held"):
        assert (tmp_path / f"{name}0").read_bytes() == (tmp_path / f"{name}1").read_bytes(), name


def test_the_final_test_predicts_each_test_tweet_as_the_row_was_aligned(trained, corpus):
    folder = trained / "rows" / "both" / "seed13"
    row = inference.load(folder / "model.safetensors", folder / "config.json")
    tweets = read_parquet(corpus / "tweets.parquet", TWEETS)
    aligned = read_parquet(trained / "aligned.parquet", ALIGNED)
    found = predictions_of_test(row, tweets, aligned)
    assert found.schema.equals(PREDICTIONS)
    expected = [line for line in aligned.to_pylist() if line["split"] == "test"]
    assert found["tweet_id"].to_pylist() == [line["tweet_id"] for line in expected]
    assert found["labels"].to_pylist() == [line["labels"] for line in expected]
    # the model reads the very subwords that its labels stand at
    assert list(map(len, found["predicted_labels"].to_pylist())) == [len(line["input_ids"]) for line in expected]
