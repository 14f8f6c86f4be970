"""What params.yaml names must be there: encoders, the spaCy model, lexicons, events. Looked at before anything runs.

A step would find it out too, minutes later. Here only that is refused which is known at once: without a network, a
model in memory, or an artifact.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from crisisflow.corpus.events import event_name, read_events
from crisisflow.corpus.tables import TABLE_NAME, tables
from crisisflow.errors import CrisisflowError
from crisisflow.params import CorpusParams
from crisisflow.pretrained import EMBEDDED, EMBEDDED_PREFIX, WEIGHTS, check_encoder
from crisisflow.sources import PACKAGE
from crisisflow.strict_yaml import read_yaml
from crisisflow.studies import Params

LEXICONS = PACKAGE / "annotation" / "lexicons"
SHARED = "fragments"  # no lexicon, but what all of them share
TEMPLATES = PACKAGE / "corpus" / "sample_templates.yaml"
SHOWN = 30  # of the events that there are


def check_named(params: Params) -> None:
    """Refuse what is not there.

    Raises:
        CrisisflowError: each thing that is not there, with its key, and what there is.
    """
    if faults := [*_encoders(params), *_annotation(params), *_events(params)]:
        raise CrisisflowError("; ".join(faults))


def _encoders(params: Params) -> Iterator[str]:
    for name, row in params.humaid_ner.rows.items():
        try:
            depth = check_encoder(row.encoder)
        except CrisisflowError as error:
            yield f"humaid_ner.rows.{name}.encoder: {error}"
            continue
        for key, layers in (("layers", row.layers), ("freeze_layers", row.freeze_layers)):
            if depth is not None and layers is not None and layers > depth:
                yield f"humaid_ner.rows.{name}.{key}: {layers}, but {row.encoder} has {depth} layers"


def _annotation(params: Params) -> Iterator[str]:
    spacy = params.annotation.spacy
    models = [f"{EMBEDDED_PREFIX}{name}" for name, model in EMBEDDED.items() if WEIGHTS not in model.sha256]
    if spacy.model not in models and (spacy.model.startswith(EMBEDDED_PREFIX) or "==" not in spacy.model):
        yield (
            f"annotation.spacy.model: {spacy.model} is neither embedded ({', '.join(models)}) nor an installed package "
            "as NAME==VERSION"
        )
    asked = {"spacy": [spacy.lexicon], "ruler": params.annotation.ruler.lexicons}
    for stage, names in (asked | {"regex": params.annotation.regex.lexicons}).items():
        known = sorted({path.stem for path in (LEXICONS / stage).glob("*.yaml")} - {SHARED})
        yield from (_absent(f"annotation.{stage}", "lexicon", name, known) for name in names if name not in known)


def _events(params: Params) -> Iterator[str]:
    asked = params.humaid_ner.evaluation.leave_one_event_out.events
    known = _known_events(params.corpus) if asked else None
    if known is not None:
        place = "humaid_ner.evaluation.leave_one_event_out.events"
        yield from (_absent(place, "event", name, sorted(known)) for name in asked if name not in known)


def _known_events(corpus: CorpusParams) -> set[str] | None:
    """The events that the source and the table beside it name; None where one of them is not here to be read."""
    if corpus.source == "sample":
        return set(read_yaml(TEMPLATES)["events"])
    if corpus.events and not Path(corpus.events).exists():
        return None
    found = {event for _, event in read_events(Path(corpus.events))} if corpus.events else set()
    if corpus.source != "official":  # the official archive names none
        if not Path(corpus.source).exists():
            return None
        names = (TABLE_NAME.fullmatch(Path(name).name) for name, _ in tables(Path(corpus.source)))
        found |= {event_name(matched["event"]) for matched in names if matched and matched["event"] != "all"}
    return {event for event in found if event}


def _absent(place: str, what: str, name: str, known: list[str]) -> str:
    meant = get_close_matches(name, known, 1)
    there = ", ".join(known[:SHOWN]) + (f" and {len(known) - SHOWN} more" if len(known) > SHOWN else "")
    hint = f"did you mean {meant[0]}?" if meant else f"there are: {there}" if known else "there is none (corpus.events)"
    return f"{place}: no {what} is called {name} ({hint})"
