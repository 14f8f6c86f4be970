"""What the study's section names must be there: the encoders of its rows, and the events that it leaves out."""

from collections.abc import Iterator

from crisisflow.errors import CrisisflowError
from crisisflow.pretrained import check_encoder
from crisisflow.studies.humaid_ner.params import StudyParams
from crisisflow.versioning.named import absent as not_known
from crisisflow.versioning.named import known_events

STUDY = "humaid_ner"


def absent(params: StudyParams) -> Iterator[str]:
    """What is named and is not there, each with its key and what there is."""
    yield from _encoders(params)
    asked = params.humaid_ner.evaluation.leave_one_event_out.events
    known = known_events(params.corpus) if asked else None
    if known is not None:
        place = f"{STUDY}.evaluation.leave_one_event_out.events"
        yield from (not_known(place, "event", name, sorted(known)) for name in asked if name not in known)


def _encoders(params: StudyParams) -> Iterator[str]:
    for name, row in params.humaid_ner.rows.items():
        place = f"{STUDY}.rows.{name}"
        try:
            depth = check_encoder(row.encoder)
        except CrisisflowError as error:
            yield f"{place}.encoder: {error}"
            continue
        for key, layers in (("layers", row.layers), ("freeze_layers", row.freeze_layers)):
            if depth is not None and layers is not None and layers > depth:
                yield f"{place}.{key}: {layers}, but {row.encoder} has {depth} layers"
