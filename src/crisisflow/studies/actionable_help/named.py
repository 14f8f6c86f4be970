"""What the study's section names must be there: the readers of its sets, and their files."""

from collections.abc import Iterator
from pathlib import Path

from crisisflow.corpus.sources.sets import SETS, files_of
from crisisflow.corpus.sources.table import DELIMITERS
from crisisflow.errors import CrisisflowError
from crisisflow.params import SharedParams
from crisisflow.studies.actionable_help.params import ActionableHelpParams, SetParams
from crisisflow.versioning.named import absent as not_known

STUDY = "actionable_help"


class Settings(SharedParams):
    """The sections that are looked at."""

    actionable_help: ActionableHelpParams


def absent(params: Settings) -> Iterator[str]:
    """What is named and is not there, each with its key and what there is."""
    for name, own in params.actionable_help.sets.items():
        yield from _faults(f"{STUDY}.sets.{name}", own)


def _faults(place: str, own: SetParams) -> Iterator[str]:
    if own.reader in DELIMITERS:
        return
    if own.reader not in SETS:
        yield not_known(f"{place}.reader", "reader", own.reader, sorted([*DELIMITERS, *SETS]))
        return
    if SETS[own.reader].confidential and own.terms != "confidential":
        yield f"{place}.terms: the texts of {own.reader} are confidential ({SETS[own.reader].terms}); say confidential"
    if Path(own.path).exists():  # a clone that pulled the results has no such path
        try:
            files_of(own.reader, Path(own.path))
        except CrisisflowError as error:
            yield f"{place}.path: {error}"
