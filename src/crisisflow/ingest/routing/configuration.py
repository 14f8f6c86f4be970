"""The configuration of routing: the files of a folder, checked one by one and against each other."""

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from crisisflow.errors import CrisisflowError
from crisisflow.ingest.incident import Where
from crisisflow.ingest.routing.agencies import Directory, read_agencies
from crisisflow.ingest.routing.areas import country_named
from crisisflow.ingest.routing.conditions import Joined, When, compile, satisfiable
from crisisflow.ingest.routing.ontology import Ontology, read_ontology
from crisisflow.ingest.routing.rules import Rule, To, read_rules
from crisisflow.ingest.routing.silences import Silence, read_silences
from crisisflow.ingest.typed_yaml import fault

EXAMPLE = Path(__file__).parent / "example"
ONTOLOGY, AGENCIES, RULES, SILENCES = "ontology.yaml", "agencies.yaml", "rules.yaml", "silences.yaml"

Keys = list[str | int]


class Routing(NamedTuple):
    """What routing is decided by. `hash` is the sha256 of all but the silences, in a canonical form."""

    ontology: Ontology
    directory: Directory
    rules: Sequence[Rule]
    conditions: Sequence[Joined]  # of the rules
    silences: Sequence[Silence]
    hash: str


def read_routing(folder: Path) -> Routing:
    """Read and check the four files of a folder; silences.yaml may be absent.

    Raises:
        CrisisflowError: a file does not fit, or names what another does not have; with file and line.
    """
    if not folder.is_dir():
        raise CrisisflowError(f"{folder} is not a folder; name one with {ONTOLOGY}, {AGENCIES} and {RULES}")
    ontology = read_ontology(folder / ONTOLOGY)
    directory = read_agencies(folder / AGENCIES, ontology.kinds)
    path = folder / RULES
    rules = read_rules(path)
    below = ontology.below()
    conditions = []
    domains = {"type": frozenset(below), "class": frozenset(ontology.classes)}
    first: dict[str, int] = {}
    for number, rule in enumerate(rules):
        keys: Keys = ["rules", number]
        if rule.id in first:
            raise fault(path, [*keys, "id"], f"a rule before it has the id {rule.id} too")
        first[rule.id] = number
        for own, reason in _unknown(rule.when, [*keys, "when"], ontology):
            raise fault(path, own, f"rule {rule.id}: {reason}")
        conditions.append(compile(rule.when, below))
        if not satisfiable(conditions[-1], domains):
            raise fault(path, [*keys, "when"], f"rule {rule.id} can never fire: its conditions exclude each other")
        for field in ("to", "escalate"):
            if to := getattr(rule, field):
                _check_to(path, [*keys, field], to, rule, directory, ontology)
    for number, name in enumerate(directory.content.watched):
        place = _place(folder / AGENCIES, ["watched", number], name)
        for rule in rules:
            if rule.to.covering and not covering(directory, str(rule.to.kind), place):
                raise fault(
                    folder / AGENCIES,
                    ["watched", number],
                    f"no {rule.to.kind} covers {name}, but rule {rule.id} needs one there",
                )
    silences = read_silences(folder / SILENCES, list(first), directory.content.agencies)
    return Routing(ontology, directory, rules, conditions, silences, _hash(ontology, directory, rules))


def covering(directory: Directory, kind: str, place: Where) -> str | None:
    """The agency of a kind whose area holds a place; of several the one with the smallest area, then the nearest."""
    claims = ((directory.territories[name].claim(place), name) for name in directory.of_kind(kind))
    found = [(claim, number, name) for number, (claim, name) in enumerate(claims) if claim is not None]
    return min(found)[2] if found else None


def _hash(ontology: Ontology, directory: Directory, rules: Sequence[Rule]) -> str:
    parts = {
        "ontology": ontology.model_dump(mode="json"),
        "agencies": directory.content.model_dump(mode="json"),
        "polygons": {
            name: own.polygon.wkt for name, own in sorted(directory.territories.items()) if own.polygon is not None
        },
        "rules": [rule.model_dump(mode="json") for rule in rules],
    }
    return sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _unknown(when: When, keys: Keys, ontology: Ontology) -> Iterator[tuple[Keys, str]]:
    """Names in a condition that nothing has, with their keys and the reason."""
    from babel import Locale

    languages = Locale("en").languages
    for field, used, names, listed in (
        ("type", when.type, ontology.below(), None),
        ("class", when.class_, ontology.classes, None),
        ("entities", when.entities, ontology.entities, None),
        ("numbers", when.numbers, ontology.numbers, None),
        ("languages", when.languages, languages, "ISO 639 codes, such as en"),
    ):
        for own in used or ():
            if own not in names:
                yield [*keys, field], f"{own} is not known; there are: {listed or ', '.join(names)}"
    for name, bounds in when.numbers.items():
        if None not in (bounds.at_least, bounds.at_most) and bounds.at_least > bounds.at_most:
            yield (
                [*keys, "numbers", name],
                f"{name} can never be at least {bounds.at_least} and at most {bounds.at_most}",
            )
    for name in when.places or ():
        try:
            _where(name)
        except CrisisflowError as error:
            yield [*keys, "places"], str(error)
    for field in ("any", "all"):
        for number, inner in enumerate(getattr(when, f"{field}_") or ()):
            yield from _unknown(inner, [*keys, field, number], ontology)
    if when.not_:
        yield from _unknown(when.not_, [*keys, "not"], ontology)


def _check_to(path: Path, keys: Keys, to: To, rule: Rule, directory: Directory, ontology: Ontology) -> None:
    if to.agency is not None and to.agency not in directory.content.agencies:
        raise fault(path, [*keys, "agency"], f"rule {rule.id}: there is no agency {to.agency}")
    if to.kind is None:
        return
    if to.kind not in ontology.kinds:
        known = ", ".join(ontology.kinds)
        raise fault(path, [*keys, "kind"], f"rule {rule.id}: {to.kind} is not a kind of agency; there are: {known}")
    if not any(directory.of_kind(to.kind)):
        raise fault(path, [*keys, "kind"], f"rule {rule.id}: no agency is of the kind {to.kind}")
    if to.covering:
        for name in rule.when.places or ():
            if not covering(directory, to.kind, _where(name)):
                raise fault(path, keys, f"rule {rule.id}: no {to.kind} covers {name}")


def _place(path: Path, keys: Keys, name: str) -> Where:
    try:
        return _where(name)
    except CrisisflowError as error:
        raise fault(path, keys, str(error)) from None


def _where(name: str) -> Where:
    """The place of a name."""
    if country := country_named(name):
        return Where(name=country, kind="country", country=country, latitude=0, longitude=0)
    from crisisflow.places.coordinates import gazetteer

    found = gazetteer().find(name)
    if found is None:
        raise CrisisflowError(f"the gazetteer has no place {name!r}; add what it lies in: Paris, Texas")
    return Where(**found._asdict())
