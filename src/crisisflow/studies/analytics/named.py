"""What the study's section names must be there: the sources of its corpora, and their search terms."""

from collections.abc import Iterator
from pathlib import Path

from crisisflow.errors import CrisisflowError
from crisisflow.params import SharedParams
from crisisflow.pretrained import check_encoder
from crisisflow.studies.analytics import STUDY
from crisisflow.studies.analytics.classify_params import EncoderRow, NetworkRow
from crisisflow.studies.analytics.params import PAPER, AnalyticsParams


class Settings(SharedParams):
    """The sections that are looked at."""

    analytics: AnalyticsParams


def absent(params: Settings) -> Iterator[str]:
    """What is named and is not there, each with its key."""
    for name, own in params.analytics.corpora.items():
        for key, path in (("source", own.source), ("query", own.query)):
            if path not in (None, PAPER) and not Path(path).exists():
                yield f"{STUDY}.corpora.{name}.{key}: {path} does not exist"
    people = params.analytics.scores.people
    if people is not None and not Path(people).exists():
        yield f"{STUDY}.scores.people: {people} does not exist"
    for name, row in params.analytics.classify.rows.items():
        if isinstance(row, EncoderRow):
            yield from _encoder(f"{STUDY}.classify.rows.{name}.encoder", row)
        elif isinstance(row, NetworkRow) and row.vectors is not None and not Path(row.vectors).is_dir():
            yield f"{STUDY}.classify.rows.{name}.vectors: {row.vectors} is no folder"


def _encoder(place: str, row: EncoderRow) -> Iterator[str]:
    try:
        layers = check_encoder(row.encoder)
    except CrisisflowError as error:
        yield f"{place}: {error}"
        return
    if layers is not None and row.layers is not None and row.layers > layers:
        yield f"{place}: {row.encoder} has {layers} layers, and layers is {row.layers}"
