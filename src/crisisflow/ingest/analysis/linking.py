"""The linker: which incident a post tells of, by a score of place, type and time."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from crisisflow.ingest.incident import Where
from crisisflow.ingest.routing.areas import CITY, divisions, kilometres
from crisisflow.places.names import key

WINDOW = 6 * 3_600_000  # ms between a post and an incident that it may tell of
ENOUGH = 0.6  # score from which it does
PLACE, TYPE, TIME = 0.5, 0.35, 0.15  # weights
SAME, NEAR, WITHIN, UNKNOWN_PLACE = 1.0, 0.9, 0.6, 0.25  # parts of the place
ABOVE, UNKNOWN_TYPE = 0.8, 0.3  # parts of the type, where one is above the other, or not known
BROAD = ("region", "continent")  # say too little of where something happens

NOTHING = "not_humanitarian"
# Classes that tell of no happening by themselves: a post opens an incident only with its type and its place.
OF_NO_HAPPENING = ("other_relevant_information", "sympathy_and_support", "rescue_volunteering_or_donation_effort")


class Facts(NamedTuple):
    """What is compared: of a post, `since` and `until` are one time."""

    since: int
    until: int
    place: Where | None
    type: str | None


class Parts(NamedTuple):
    """The parts of a score, each from 0 to 1."""

    place: float
    type: float
    time: float

    @property
    def score(self) -> float:
        """Their weighted sum."""
        return PLACE * self.place + TYPE * self.type + TIME * self.time


class Candidate(NamedTuple):
    """An incident that a post may tell of."""

    incident: str
    facts: Facts


class Choice(NamedTuple):
    """The incident of a post, and the parts of its score."""

    incident: str
    parts: Parts


def choose(own: Facts, candidates: Iterable[Candidate], below: Mapping[str, frozenset[str]]) -> Choice | None:
    """The incident that a post tells of; of equal scores the first.

    A post without a place that fits several incidents tells only of one without a place.

    Args:
        below: for each type itself and all types below it.
    """
    found, unplaced = [], []
    for candidate in candidates:
        parts = compared(own, candidate.facts, below)
        if parts is not None and parts.score >= ENOUGH:
            found.append(Choice(candidate.incident, parts))
            if candidate.facts.place is None:
                unplaced.append(found[-1])
    if own.place is None and len(found) > 1:
        found = unplaced
    return max(found, key=lambda choice: choice.parts.score, default=None)


def opens(own: Facts, class_: str | None) -> bool:
    """Whether a post that tells of no known incident opens one.

    A call for help does, also without a place. Of a post that the model does not know the class of, type and place
    decide.
    """
    if class_ == NOTHING:
        return False
    if class_ is None or class_ in OF_NO_HAPPENING:
        return own.type is not None and own.place is not None
    return True


def compared(own: Facts, other: Facts, below: Mapping[str, frozenset[str]]) -> Parts | None:
    """The parts of the score of two; None where they cannot be one happening: other places, types, or times."""
    apart = max(own.since - other.until, other.since - own.until, 0)
    place = _place(own.place, other.place)
    kind = _type(own.type, other.type, below)
    if apart > WINDOW or place is None or kind is None:
        return None
    return Parts(place, kind, 1 - apart / WINDOW)


def _type(own: str | None, other: str | None, below: Mapping[str, frozenset[str]]) -> float | None:
    if own is None or other is None:
        return UNKNOWN_TYPE
    if own == other:
        return SAME
    return ABOVE if own in below.get(other, ()) or other in below.get(own, ()) else None


def _place(own: Where | None, other: Where | None) -> float | None:
    if own is None or other is None or own.kind in BROAD or other.kind in BROAD:
        return UNKNOWN_PLACE
    if own.name and (own.kind, key(own.name), key(own.country)) == (other.kind, key(other.name), key(other.country)):
        return SAME
    wide = [place.kind in ("state", "country") for place in (own, other)]
    if not any(wide):
        apart = kilometres(own, other.latitude, other.longitude)
        return SAME if apart == 0 else NEAR if apart <= CITY else None
    if wide[0] and (not wide[1] or own.kind == "country"):
        own, other = other, own
    # Now `other` is the wider one.
    country, state, _ = divisions(own)
    if other.kind == "country":
        return WITHIN if key(other.name) == country else None
    return WITHIN if own.kind != "state" and key(other.country) == country and key(other.name) == state else None
