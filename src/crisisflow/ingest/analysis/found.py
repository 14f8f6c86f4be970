"""What is found in one text: by the served model, by the ontology's words, and by the gazetteer."""

from collections.abc import Callable, Sequence
from typing import Annotated, NamedTuple

from pydantic import Field

from crisisflow.inference import Findings
from crisisflow.ingest.analysis.casualties import numbers_of
from crisisflow.ingest.incident import Where, Whole
from crisisflow.ingest.routing.ontology import Ontology
from crisisflow.ingest.terms import Terms
from crisisflow.language import TRAINED_ON
from crisisflow.params import Section
from crisisflow.places.coordinates import Kind, Place, gazetteer
from crisisflow.places.mentions import places_of
from crisisflow.places.named_in_text import named_in
from crisisflow.taxonomy import EntityType

Predict = Callable[[list[str]], list[Findings]]
Share = Annotated[float, Field(ge=0, le=1)]
EXACT: tuple[Kind, ...] = ("city", "county", "state", "country", "region", "continent")  # the most exact first


class Mention(Section):
    """A stretch of a text in code points, its entity type, and how sure the model is."""

    start: Whole
    end: Whole
    label: str
    score: Share


class Link(Section):
    """How a post came to its incident: by the story of an earlier post, by the parts of a score, or as its first."""

    incident: str
    by: str
    place: Share | None = None
    type: Share | None = None
    time: Share | None = None
    score: Share | None = None


class Found(Section):
    """The content of a finding.

    Args:
        supported: whether the model was trained on the text's language; else classes, entities and numbers are empty,
            and type and places are those of word lists and of names in the text.
        classes: the probability of each class. type: of the ontology. places: that the text names, the most exact
            first. numbers: of people, the largest of each kind.
    """

    language: str | None
    supported: bool
    classes: dict[str, Share] = {}
    entities: tuple[Mention, ...] = ()
    type: str | None = None
    places: tuple[Where, ...] = ()
    numbers: dict[str, Whole] = {}
    link: Link | None = None

    @property
    def class_(self) -> str | None:
        """The most probable class."""
        return max(self.classes, key=self.classes.__getitem__, default=None)


class _Type(NamedTuple):
    path: tuple[str, ...]
    terms: Terms
    classes: list[str]


class Types:
    """The types of an ontology, found in texts by their words, in every language."""

    def __init__(self, ontology: Ontology) -> None:
        self._types = [
            _Type(path, Terms(word for words in own.words.values() for word in words), own.classes)
            for path, own in ontology.walk()
            if any(own.words.values())
        ]

    def find(self, text: str, class_: str | None) -> str | None:
        """The type of which a text has a word.

        Of several the one counts that is not above another, then one that the class of the text tells of, then the
        first of the ontology.
        """
        found = [own for own in self._types if own.terms.found(text)]
        above = {name for own in found for name in own.path[:-1]}
        left = [own for own in found if own.path[-1] not in above]
        return min(left, key=lambda own: class_ not in own.classes).path[-1] if left else None


class Analyser:
    """Analyses texts.

    Args:
        predict: what the model finds in each text; nothing in one of another language.
    """

    def __init__(self, predict: Predict, ontology: Ontology) -> None:
        self._predict, self._types = predict, Types(ontology)

    def __call__(self, texts: Sequence[str]) -> list[Found]:
        """What is found in each text; raises what the model raises."""
        return [self._found(text, own) for text, own in zip(texts, self._predict(list(texts)), strict=True)]

    def _found(self, text: str, own: Findings) -> Found:
        supported = own.language == TRAINED_ON
        classes = {name: round(share, 4) for name, share in (own.probabilities or {}).items()}
        spans = own.spans or []
        locations = [(start, end) for start, end, label, _ in spans if label == EntityType.LOCATION]
        places = places_of(text, locations, gazetteer()) if supported else named_in(text)
        found = Found(
            language=own.language,
            supported=supported,
            classes=classes,
            entities=tuple(
                Mention(start=start, end=end, label=str(label), score=round(score, 4))
                for start, end, label, score in spans
            ),
            places=_ordered(places),
            numbers=numbers_of(text, [(start, end, label) for start, end, label, _ in spans]),
        )
        return found.model_copy(update={"type": self._types.find(text, found.class_)})


def _ordered(places: Sequence[Place | None]) -> tuple[Where, ...]:
    """Each place once, the most exact first."""
    distinct = list(dict.fromkeys(own for own in places if own is not None))
    return tuple(Where(**own._asdict()) for own in sorted(distinct, key=lambda own: EXACT.index(own.kind)))
