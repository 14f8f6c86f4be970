"""The lexicon of the spaCy stage, and the names that it is checked against (lexicon_files.py)."""

import re
from pathlib import Path
from typing import NamedTuple

from crisisflow.annotation.lexicon_files import LEXICONS, RULER, SPACY, EntryPath, RulerFile, SpacyFile, read_lexicon
from crisisflow.annotation.people import People, load_people
from crisisflow.errors import CrisisflowError
from crisisflow.places.gazetteer import place_names


class Names(NamedTuple):
    """What the spaCy stage needs of its lexicon, and the names of places and people of the lexicons that this names."""

    lists: SpacyFile
    places: frozenset[str]
    people: People


def load_names(name: str, folder: Path = LEXICONS) -> Names:
    """Read and check the lexicon of the spaCy stage.

    Raises:
        CrisisflowError: it or the lexicon with the gazetteer is unknown, or no YAML of its form, or has no gazetteer.
    """
    lists = read_lexicon(name, SpacyFile, folder / SPACY.name)
    path = folder / SPACY.name / f"{name}.yaml"
    gazetteer = read_lexicon(lists.gazetteer, RulerFile, folder / RULER.name).gazetteer
    people = read_lexicon(lists.people, RulerFile, folder / RULER.name).people
    if gazetteer is None:
        raise CrisisflowError(f"{EntryPath(path, ('gazetteer',))}: {lists.gazetteer}.yaml has none")
    if people is None:
        raise CrisisflowError(f"{EntryPath(path, ('people',))}: {lists.people}.yaml has no names of people")
    # By their words: "port au prince".
    places = frozenset(
        name if name.isalpha() else " ".join(re.findall(r"\w+", name)) for name, _ in place_names(gazetteer)
    )
    return Names(lists, places, load_people(people))
