"""What the study's section names must be there: encoders, the readers of its sets and their files, stop words."""

from collections.abc import Iterator
from pathlib import Path

from crisisflow.corpus.sources.sets import SETS, files_of
from crisisflow.errors import CrisisflowError
from crisisflow.params import SharedParams
from crisisflow.pretrained import check_encoder
from crisisflow.studies.gnom.files import GENERATED_SETS
from crisisflow.studies.gnom.params import GENERATED, TABLES, GnomParams, SetParams
from crisisflow.versioning.named import absent as not_known

STUDY = "gnom"


class Settings(SharedParams):
    """The sections that are looked at."""

    gnom: GnomParams


def absent(params: Settings) -> Iterator[str]:
    """What is named and is not there, each with its key and what there is."""
    own = params.gnom
    for name, encoder in own.encoder.items():
        place = f"{STUDY}.encoder.{name}"
        try:
            layers = check_encoder(encoder.name)
        except CrisisflowError as error:
            yield f"{place}.name: {error}"
            continue
        kept = encoder.layers or layers
        if layers is not None and encoder.layers is not None and encoder.layers > layers:
            yield f"{place}.layers: {encoder.name} has {layers}"
        elif kept is not None and encoder.freeze_layers > kept:
            yield f"{place}.freeze_layers: {kept} layers are kept"
    for name, found in own.sets.items():
        yield from _of_set(name, found)


def _of_set(name: str, own: SetParams) -> Iterator[str]:
    place = f"{STUDY}.sets.{name}"
    if own.reader == GENERATED:
        if name not in GENERATED_SETS:
            yield not_known(f"{STUDY}.sets", "generated set", name, list(GENERATED_SETS))
        return
    if own.reader in TABLES:
        return
    if own.reader not in SETS:
        yield not_known(f"{place}.reader", "reader", own.reader, [GENERATED, *TABLES, *sorted(SETS)])
        return
    if SETS[own.reader].confidential and own.terms != "confidential":
        yield f"{place}.terms: the texts of {own.reader} are confidential ({SETS[own.reader].terms}); say confidential"
    if Path(own.path).exists():  # a clone that pulled the results has no such path
        try:
            files_of(own.reader, Path(own.path))
        except CrisisflowError as error:
            yield f"{place}.path: {error}"
