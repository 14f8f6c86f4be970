"""Predict event: what a row that was trained without an event finds in the event's validation tweets."""

from pathlib import Path

import pyarrow.compute as pc

from crisisflow import inference
from crisisflow.artifacts import ALIGNED, PREDICTIONS, TWEETS, read_json, read_parquet, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.identity import identified, of_config
from crisisflow.inputs import InputFile
from crisisflow.studies.humaid_ner import STUDY
from crisisflow.studies.humaid_ner.aligned import check_aligned
from crisisflow.taxonomy import LABELS


def run(weights: InputFile, config: InputFile, tweets: InputFile, aligned: InputFile, event: str, out: Path) -> None:
    """Write the predictions (artifacts.PREDICTIONS) of the event's validation tweets.

    Args:
        weights: of a row that was trained without the event

    Raises:
        CrisisflowError: what `inference.load` and `check_aligned` raise, or the row was not trained without this event.
    """
    identity = of_config(config, STUDY)
    if identity.event != event:
        raise CrisisflowError(f"{config} is of {identity}, which was not trained without {event}; train it so first")
    table = read_parquet(tweets, TWEETS)
    chosen = pc.and_(pc.equal(table["split"], "validation"), pc.equal(table["event"], event)).fill_null(False)
    row = inference.load(weights, config, LABELS)
    check_aligned(aligned, read_json(config)["row"]["encoder"], row.max_length)
    found = inference.predict_aligned(row, table.filter(chosen), read_parquet(aligned, ALIGNED).filter(chosen))
    write_parquet(out, found, identified(PREDICTIONS, identity))
