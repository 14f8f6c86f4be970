"""Whether aligned tweets are those of a row: in its encoder's subwords, and without the event that it leaves out."""

import json
import shlex
from pathlib import Path

from crisisflow.errors import CrisisflowError
from crisisflow.identity import Alignment, of_aligned
from crisisflow.pretrained import bare_name
from crisisflow.studies.humaid_ner import STUDY


def check_aligned(path: Path, encoder: str, max_length: int, without_event: str | None = None) -> None:
    """Refuse aligned tweets that the step bio, and after it hold_out, did not make with these values.

    Args:
        encoder: as params.yaml names it.
        max_length: subwords of a tweet at most.
        without_event: the event that must have been left out; None where all events must be there.

    Raises:
        CrisisflowError: they were made with other values, or what `of_aligned` raises.
    """
    found, needed = of_aligned(path, STUDY), Alignment(STUDY, bare_name(encoder), max_length, without_event)
    if found != needed:
        section = json.dumps({"max_length": max_length})
        made = f"crisisflow {STUDY} bio --encoder={shlex.quote(encoder)} --params={shlex.quote(section)} ..."
        if without_event is not None:
            made += f", then crisisflow {STUDY} hold_out --event={without_event} ..."
        raise CrisisflowError(f"{path} has {found}; needed are {needed}: make them with {made}")
