"""ontology.yaml: types of disasters as a tree, and the names that rules and agencies may use."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from crisisflow.ingest.typed_yaml import fault, read
from crisisflow.params import Name, Section, Text


class DisasterType(Section):
    """A type of disaster.

    `words` tell of it, by language (ISO 639-1); `classes` and `entities` are what a model finds in posts about it.
    """

    words: dict[Annotated[str, Field(pattern="^[a-z]{2,3}$")], list[Text]] = {}
    classes: list[str] = []
    entities: list[str] = []
    types: dict[Name, "DisasterType"] = {}


class Ontology(Section):
    """The vocabulary. The classes and entity types are those of the model that is served."""

    classes: list[Text]
    entities: list[Text]
    numbers: list[Name]
    kinds: dict[Name, Text]
    types: dict[Name, DisasterType]

    def walk(self) -> Iterator[tuple[tuple[str, ...], DisasterType]]:
        """Each type with its path from the root."""
        yield from _walk((), self.types)

    def below(self) -> Mapping[str, frozenset[str]]:
        """For each type: itself and all types below it."""
        found: dict[str, set[str]] = {}
        for path, _ in self.walk():
            for name in path:
                found.setdefault(name, set()).add(path[-1])
        return {name: frozenset(own) for name, own in found.items()}


def _walk(above: tuple[str, ...], types: Mapping[str, DisasterType]) -> Iterator[tuple[tuple[str, ...], DisasterType]]:
    for name, own in types.items():
        yield (*above, name), own
        yield from _walk((*above, name), own.types)


def read_ontology(path: Path) -> Ontology:
    """Read and check.

    Raises:
        CrisisflowError: it does not fit, two types have one name, or a type names an unknown class or entity type.
    """
    ontology = read(path, Ontology)
    seen: dict[str, tuple[str, ...]] = {}
    for own, found in ontology.walk():
        keys = [part for name in own for part in ("types", name)]
        if own[-1] in seen:
            raise fault(path, keys, f"the type {own[-1]} stands in {'.'.join(seen[own[-1]])} already")
        seen[own[-1]] = own
        for field, known in (("classes", ontology.classes), ("entities", ontology.entities)):
            for number, name in enumerate(getattr(found, field)):
                if name not in known:
                    raise fault(path, [*keys, field, number], f"{name} is not among {field}: {', '.join(known)}")
    return ontology
