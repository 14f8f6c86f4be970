"""Multilingual Disaster Response Messages (Munro 2012), in English: SMS and news. Several labels a message."""

from pathlib import Path

from crisisflow.corpus.sources.posts import SPLITS, Post, Rows, read_tsv

FILES = ("disaster_response_validation_test.tsv.gz",)
NOT_LABELS = {"id", "split", "message", "genre", "PII"}


def read(folder: Path) -> Rows:
    """Labels: `genre`, and `category` for each column that is 1. In the validation part every `offer` is 0."""
    for row in read_tsv(folder / FILES[0], ("id", "split", "message", "genre", "request", "offer")):
        on = (name for name, value in row.items() if name not in NOT_LABELS and value == "1")
        labels = (("genre", row["genre"]), *(("category", name) for name in on))
        message_id = f"disaster_response:{row['id']}"
        yield Post(message_id, row["message"], labels, "en", official_split=SPLITS[row["split"]])
