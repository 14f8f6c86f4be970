"""What the study's section names must be there: the encoder, and a table of a kind that is read."""

from collections.abc import Iterator
from pathlib import Path

from crisisflow.corpus.sources.texts import KINDS
from crisisflow.errors import CrisisflowError
from crisisflow.params import SharedParams
from crisisflow.pretrained import check_encoder
from crisisflow.studies.difficult_negatives.params import SAMPLE, DifficultNegativesParams
from crisisflow.studies.difficult_negatives.tagger_params import vectors_of
from crisisflow.word_vectors import check_vectors

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
    for name, row in own.taggers.items():
        folder = vectors_of(row.embedding)
        try:
            check_encoder(row.embedding) if folder is None else check_vectors(folder)
        except CrisisflowError as error:
            yield f"{STUDY}.taggers.{name}.embedding: {error}"
    source = Path(own.pool.source)
    if own.pool.source != SAMPLE and not {*source.suffixes[-2:]} & {*KINDS}:
        yield f"{STUDY}.pool.source: {source} is neither sample nor a table of a kind that is read: {', '.join(KINDS)}"
