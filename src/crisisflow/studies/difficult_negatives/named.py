"""What the study's section names must be there: the encoder, and a table of a kind that is read."""

from collections.abc import Iterator
from pathlib import Path

from crisisflow.corpus.sources.texts import KINDS
from crisisflow.errors import CrisisflowError
from crisisflow.params import SharedParams
from crisisflow.pretrained import check_encoder
from crisisflow.studies.difficult_negatives.params import SAMPLE, DifficultNegativesParams

STUDY = "difficult_negatives"


class Settings(SharedParams):
    """The sections that are looked at."""

    difficult_negatives: DifficultNegativesParams


def absent(params: Settings) -> Iterator[str]:
    """What is named and is not there, each with its key and what there is."""
    own = params.difficult_negatives
    try:
        check_encoder(own.mining.encoder)
    except CrisisflowError as error:
        yield f"{STUDY}.mining.encoder: {error}"
    source = Path(own.pool.source)
    if own.pool.source != SAMPLE and not {*source.suffixes[-2:]} & {*KINDS}:
        yield f"{STUDY}.pool.source: {source} is neither sample nor a table of a kind that is read: {', '.join(KINDS)}"
