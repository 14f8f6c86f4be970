"""ontology.yaml: types of disasters as a tree, and the names that rules and agencies may use."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from crisisflow.ingest.typed_yaml import fault, read
from crisisflow.params import Name, Section, Text

Category = Literal[
    "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other"
]


class DisasterType(Section):
    """A type of disaster.

    `words` tell of it, by language (ISO 639-1); `classes` and `entities` are what a model finds in posts about it;
    `category` is that of the Common Alerting Protocol, also for the types below it.
    """

    words: dict[Annotated[str, Field(pattern="^[a-z]{2,3}$")], list[Text]] = {}
    classes: list[str] = []
    entities: list[str] = []
    category: Category | None = None
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

    def category(self, name: str | None) -> Category:
        """The category of a type: its own, or that of the nearest type above it."""
        path = next((own for own, _ in self.walk() if own[-1] == name), ())
        found: Category = "Other"
        types = self.types
        for part in path:
            found, types = types[part].category or found, types[part].types
        return found


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
