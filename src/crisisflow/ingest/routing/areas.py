"""Areas of agencies: polygons, and countries, states and places by name; which of them hold a place, smallest first."""

import json
import math
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely
from pydantic import Field, model_validator
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from crisisflow.errors import CrisisflowError
from crisisflow.ingest.incident import Where
from crisisflow.params import Line, Section, Text
from crisisflow.places.names import key

# What a named area counts as beside polygons, in square kilometres: the gazetteer has points, and no borders.
SIZES = {"city": 500.0, "county": 3_000.0, "state": 50_000.0, "country": 500_000.0}
EARTH = 510_000_000.0  # square kilometres
CITY = 25.0  # kilometres around a town's point
DEGREE = 111.195  # kilometres of a degree of a great circle
WHOLE = ("state", "country", "region", "continent")  # places that are larger than a point


class Area(Section):
    """Where an agency acts: `everywhere`, or any of the others."""

    everywhere: bool = False
    polygon: Line | None = Field(None, description="a GeoJSON file, by its path beside this file")
    countries: list[Text] = []
    states: list[Text] = []
    places: list[Text] = []

    @model_validator(mode="after")
    def _given(self) -> "Area":
        if self.everywhere == bool(self.polygon or self.countries or self.states or self.places):
            raise ValueError("an area is everywhere, or at least one of polygon, countries, states, places")
        return self


class Named(NamedTuple):
    """A named part of an area, by the keys of `crisisflow.places.names`."""

    kind: str
    name: str
    country: str
    latitude: float = 0.0
    longitude: float = 0.0


class Claim(NamedTuple):
    """That an area holds a place. The smallest comes first, then the nearest."""

    size: float  # square kilometres
    distance: float = 0.0  # kilometres, from the point of a town


class Territory:
    """An area with its polygon and its names looked up."""

    def __init__(self, everywhere: bool, polygon: BaseGeometry | None, named: tuple[Named, ...]) -> None:
        self.everywhere, self.polygon, self.named = everywhere, polygon, named

    @cached_property
    def size(self) -> float:
        """Of its polygon, in square kilometres."""
        return square_kilometres(self.polygon) if self.polygon is not None else 0.0

    def claim(self, place: Where) -> Claim | None:
        """The smallest part that holds a place; None where none does.

        A place that is a whole state or country is held by a part that names it, not by a polygon around its point.
        """
        found = [Claim(EARTH)] if self.everywhere else []
        point = shapely.Point(place.longitude, place.latitude)
        if self.polygon is not None and place.kind not in WHOLE and self.polygon.covers(point):
            found.append(Claim(self.size))
        for own in self.named:
            distance = _held(own, place)
            if distance is not None:
                found.append(Claim(SIZES[own.kind], distance))
        return min(found, default=None)

    def equals(self, other: "Territory") -> str | None:
        """What both claim alike, in words; None where one of two agencies always comes first."""
        if self.everywhere and other.everywhere:
            return "both act everywhere"
        if same := sorted({own[:3] for own in self.named} & {own[:3] for own in other.named}):
            return f"both name the {same[0][0]} {same[0][1]}"
        if self.polygon is not None and other.polygon is not None and math.isclose(self.size, other.size, rel_tol=1e-9):
            shared = self.polygon.intersection(other.polygon)
            if square_kilometres(shared) > 1e-6:
                return "their polygons are equally large and overlap"
        return None


def square_kilometres(polygon: BaseGeometry) -> float:
    """The area of a polygon in degrees on a sphere, by the sinusoidal projection, which keeps areas."""

    def project(points: Any) -> Any:
        projected = points.copy()
        projected[:, 0] = points[:, 0] * np.cos(np.radians(points[:, 1])) * DEGREE
        projected[:, 1] = points[:, 1] * DEGREE
        return projected

    return float(shapely.transform(shapely.segmentize(polygon, 0.5), project).area)


def kilometres(place: Where, latitude: float, longitude: float) -> float:
    """The distance of a place from a point, on a sphere (haversine)."""
    north, south = math.radians(place.latitude), math.radians(latitude)
    half = (
        math.sin((north - south) / 2) ** 2
        + math.cos(north) * math.cos(south) * math.sin(math.radians(place.longitude - longitude) / 2) ** 2
    )
    return 2 * math.degrees(math.asin(min(1.0, math.sqrt(half)))) * DEGREE


def _held(own: Named, place: Where) -> float | None:
    """The distance at which a named part holds a place: 0 within an area, kilometres from a town's point."""
    if own.kind == "city":
        distance = kilometres(place, own.latitude, own.longitude)
        return distance if place.kind not in WHOLE and distance <= CITY else None
    if place.kind in ("region", "continent"):
        return None
    country, state, county = divisions(place)
    if own.kind == "country":
        return 0.0 if own.name == country else None
    if place.kind == "country" or own.country != country:
        return None
    if own.kind == "state":
        return 0.0 if own.name == state else None
    return 0.0 if place.kind != "state" and own.name == county else None


def divisions(place: Where) -> tuple[str, str, str]:
    """The keys of the country, state and county in which a place is; by its nearest town where it does not say."""
    state = place.name if place.kind == "state" else place.state
    county = place.name if place.kind == "county" else ""
    if place.country and state and (county or place.kind == "state"):
        return key(place.country), key(state), key(county)
    if place.kind == "country":
        return key(place.name), "", ""
    town = _town(place.latitude, place.longitude)
    return (
        key(place.country or town.get("country", "")),
        key(state or town.get("state", "")),
        key(county or town.get("county", "")),
    )


@lru_cache(10_000)
def _town(latitude: float, longitude: float) -> dict[str, Any]:
    """The nearest town of reverse_geocode (GeoNames), with its country, state and county."""
    import reverse_geocode

    return reverse_geocode.get((latitude, longitude))


def territory(area: Area, folder: Path) -> Territory:
    """Read the polygon of an area, relative to `folder`, and look up its names.

    Raises:
        CrisisflowError: a polygon is damaged, a name is unknown, or it is a place of another kind.
    """
    named = [_country(name) for name in area.countries]
    for name in area.states:
        named.append(_division(name, ("state", "county"), "a state, province or county"))
    for name in area.places:
        named.append(_division(name, ("city", "county"), "a town or county"))
    polygon = read_polygon(folder / area.polygon) if area.polygon else None
    return Territory(area.everywhere, polygon, tuple(named))


@lru_cache(1)
def _english() -> dict[str, str]:
    """The English names of countries, by their keys."""
    from crisisflow.places import areas

    return {key(name): name for name in areas.country_names().values()}


def country_named(name: str) -> str | None:
    """A country by its English name, as the CLDR has it; None where there is none."""
    return _english().get(key(name))


def _country(name: str) -> Named:
    found = country_named(name)
    if found is None:
        raise CrisisflowError(f"there is no country {name!r}; write its English name")
    return Named("country", key(found), key(found))


def _division(name: str, kinds: tuple[str, ...], wanted: str) -> Named:
    from crisisflow.places.coordinates import gazetteer

    place = gazetteer().find(name)
    if place is None:
        raise CrisisflowError(f"the gazetteer has no place {name!r}; add what it lies in: Paris, Texas")
    if place.kind not in kinds:
        raise CrisisflowError(f"{name!r} means the {place.kind} {place.name}, not {wanted}; add what it lies in")
    return Named(place.kind, key(place.name), key(place.country), place.latitude, place.longitude)


def read_polygon(path: Path) -> BaseGeometry:
    """A polygon, or several, of a GeoJSON file: longitude before latitude, in degrees.

    Raises:
        CrisisflowError: it cannot be read, is no polygon, is open, crosses itself, or lies beyond the globe.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CrisisflowError(f"cannot read {path}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise CrisisflowError(f"{path}: not JSON ({error})") from None
    polygons = [_polygon(path, own) for own in _geometries(path, plain)]
    if not polygons:
        raise CrisisflowError(f"{path}: it has no polygon")
    return shapely.union_all(polygons)


def _geometries(path: Path, plain: Any) -> list[Any]:
    kind = plain.get("type") if isinstance(plain, dict) else None
    if kind == "FeatureCollection":
        return [own for feature in plain.get("features") or [] for own in _geometries(path, feature)]
    if kind == "Feature":
        return _geometries(path, plain.get("geometry"))
    if kind not in ("Polygon", "MultiPolygon"):
        raise CrisisflowError(f"{path}: {kind or 'this'} is not a Polygon or MultiPolygon of GeoJSON")
    return [plain]


def _polygon(path: Path, plain: dict[str, Any]) -> BaseGeometry:
    rings = plain.get("coordinates")
    try:
        for ring in rings if plain["type"] == "Polygon" else [ring for own in rings for ring in own]:
            for point in ring:
                longitude, latitude = float(point[0]), float(point[1])
                if not -90 <= latitude <= 90:
                    raise CrisisflowError(
                        f"{path}: latitude {latitude:g} is beyond the globe; GeoJSON has longitude first, then latitude"
                    )
                if not -180 <= longitude <= 180:
                    raise CrisisflowError(f"{path}: longitude {longitude:g} is beyond the globe")
            if len(ring) < 4 or ring[0] != ring[-1]:
                raise CrisisflowError(f"{path}: a ring is open: its first point must be its last, of four or more")
        found = shape(plain)
    except (TypeError, ValueError, IndexError, KeyError, shapely.errors.ShapelyError) as error:
        raise CrisisflowError(f"{path}: not the coordinates of a {plain['type']} ({error})") from None
    if not found.is_valid:
        raise CrisisflowError(f"{path}: the polygon is not valid: {shapely.is_valid_reason(found)}")
    return found
