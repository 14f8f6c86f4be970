"""Predict event: what a row that was trained without an event finds in the event's validation tweets."""

from pathlib import Path

import pyarrow.compute as pc

from crisisflow import inference
from crisisflow.artifacts import ALIGNED, PREDICTIONS, TWEETS, read_parquet, write_parquet
from crisisflow.inputs import InputFile


def run(weights: InputFile, config: InputFile, tweets: InputFile, aligned: InputFile, event: str, out: Path) -> None:
    """Write the predictions (artifacts.PREDICTIONS) of the event's validation tweets.

    Args:
        weights: of a row that was trained without the event

    Raises:
        CrisisflowError: what `inference.load` raises.
    """
    table = read_parquet(tweets, TWEETS)
    chosen = pc.and_(pc.equal(table["split"], "validation"), pc.equal(table["event"], event)).fill_null(False)
    row = inference.load(weights, config)
    found = inference.predict_aligned(row, table.filter(chosen), read_parquet(aligned, ALIGNED).filter(chosen))
    write_parquet(out, found, PREDICTIONS)
