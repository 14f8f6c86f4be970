"""What params.yaml names must be there: public sets, the spaCy model, lexicons, and what a study names.

This is checked before anything runs. A step would find it out too, minutes later. Here only that is refused which is
known at once: without a network, a model in memory, or an artifact.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

from crisisflow.corpus.events import event_name, read_events
from crisisflow.corpus.sources.sets import SETS, files_of
from crisisflow.corpus.tables import TABLE_NAME, tables
from crisisflow.errors import CrisisflowError
from crisisflow.params import CorpusParams
from crisisflow.pretrained import EMBEDDED, EMBEDDED_PREFIX
from crisisflow.sources import PACKAGE
from crisisflow.strict_yaml import read_yaml
from crisisflow.studies import STUDIES, Params

LEXICONS = PACKAGE / "annotation" / "lexicons"
SHARED = "fragments"  # no lexicon, but what all of them share
TEMPLATES = PACKAGE / "corpus" / "sample_templates.yaml"
SHOWN = 30  # of the events that there are


def check_named(params: Params) -> None:
    """Refuse what is not there.

    Raises:
        CrisisflowError: each thing that is not there, with its key, and what there is.
    """
    if faults := [*_public_sets(params), *_annotation(params), *_of_studies(params)]:
        raise CrisisflowError("; ".join(faults))


def _of_studies(params: Params) -> Iterator[str]:
    for study in STUDIES.values():
        if study.absent:
            module, _, function = study.absent.partition(":")
            yield from getattr(import_module(module), function)(params)


def _public_sets(params: Params) -> Iterator[str]:
    for name, folder in params.corpus.public_sets.items():
        if name not in SETS:
            yield absent("corpus.public_sets", "public set", name, sorted(SETS))
        elif Path(folder).exists():  # a clone that pulled the results has no such folder
            try:
                files_of(name, Path(folder))
            except CrisisflowError as error:
                yield f"corpus.public_sets.{name}: {error}"


def _annotation(params: Params) -> Iterator[str]:
    spacy = params.annotation.spacy
    models = [f"{EMBEDDED_PREFIX}{name}" for name, model in EMBEDDED.items() if not model.is_encoder]
    if spacy.model not in models and (spacy.model.startswith(EMBEDDED_PREFIX) or "==" not in spacy.model):
        yield (
            f"annotation.spacy.model: {spacy.model} is neither embedded ({', '.join(models)}) nor an installed package "
            "as NAME==VERSION"
        )
    asked = {"spacy": [spacy.lexicon], "ruler": params.annotation.ruler.lexicons}
    for stage, names in (asked | {"regex": params.annotation.regex.lexicons}).items():
        known = sorted({path.stem for path in (LEXICONS / stage).glob("*.yaml")} - {SHARED})
        yield from (absent(f"annotation.{stage}", "lexicon", name, known) for name in names if name not in known)


def known_events(corpus: CorpusParams) -> set[str] | None:
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


def absent(place: str, what: str, name: str, known: list[str]) -> str:
    """What is said of a name that params.yaml has at `place`, and that is not among the known ones."""
    meant = get_close_matches(name, known, 1)
    there = ", ".join(known[:SHOWN]) + (f" and {len(known) - SHOWN} more" if len(known) > SHOWN else "")
    hint = f"did you mean {meant[0]}?" if meant else f"there are: {there}" if known else "there is none (corpus.events)"
    return f"{place}: no {what} is called {name} ({hint})"
