"""Places: the one that is most likely meant, offline."""

import pytest

from crisisflow.serving.places import Gazetteer


@pytest.fixture(scope="module")
def gazetteer():
    return Gazetteer()


@pytest.mark.parametrize(
    ("name", "kind", "country", "near"),
    [
        ("Kathmandu", "city", "Nepal", (27.7, 85.3)),
        ("kathmandu", "city", "Nepal", (27.7, 85.3)),
        ("Nepal", "country", "Nepal", (27.8, 85.0)),
        ("Kerala", "state", "India", (10.3, 76.3)),
        ("New York", "city", "United States", (40.7, -74.0)),
        ("#NewZealand", "country", "New Zealand", (-38.5, 174.5)),
        ("São Paulo", "city", "Brazil", (-23.5, -46.6)),
        ("sao paulo", "city", "Brazil", (-23.5, -46.6)),
        ("US", "country", "United States", (37.5, -95.0)),
        ("Wilmington, NC", "city", "United States", None),
        ("Marawi City", "city", "Philippines", (8.0, 124.3)),
    ],
)
def test_names_are_found_as_tweets_write_them(gazetteer, name, kind, country, near):
    place = gazetteer.find(name)
    assert (place.kind, place.country) == (kind, country)
    if near:
        assert (place.latitude, place.longitude) == pytest.approx(near, abs=3)


@pytest.mark.parametrize("name", ["", "🔥", "our street", "Qwertyville"])
def test_others_are_not(gazetteer, name):
    assert gazetteer.find(name) is None
