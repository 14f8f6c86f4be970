"""Places: the one that is most likely meant, offline."""

import pytest

from crisisflow.alignment.decoding import FoundSpan
from crisisflow.inference import Findings
from crisisflow.serving.live import Source, live_tweet
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
        ("Wilmington, NC", "city", "United States", (34.2, -77.9)),
        ("Paris", "city", "France", (48.9, 2.3)),
        ("Paris, Texas", "city", "United States", (33.7, -95.6)),
        ("Paris, TX, USA", "city", "United States", (33.7, -95.6)),
        ("Paris, France", "city", "France", (48.9, 2.3)),
        ("New York, NY", "city", "United States", (40.7, -74.0)),
        ("Kochi, Kerala", "city", "India", (9.9, 76.3)),
        ("Kerala, India", "state", "India", (10.3, 76.3)),
        ("Birmingham, UK", "city", "United Kingdom", (52.5, -1.9)),
        ("Houston, Texas,", "city", "United States", (29.8, -95.4)),
        ("Marawi City", "city", "Philippines", (8.0, 124.3)),
    ],
)
def test_names_are_found_as_tweets_write_them(gazetteer, name, kind, country, near):
    place = gazetteer.find(name)
    assert (place.kind, place.country) == (kind, country)
    if near:
        assert (place.latitude, place.longitude) == pytest.approx(near, abs=3)


@pytest.mark.parametrize("name", ["", "🔥", "our street", "Qwertyville", "Paris, Nepal", "Paris, Qwerty"])
def test_others_are_not(gazetteer, name):
    assert gazetteer.find(name) is None


@pytest.mark.parametrize(
    ("text", "names", "where"),
    [
        ("Fire in Paradise, California today", ["Paradise", "California"], [(39.8, -121.6), (36.0, -119.0)]),
        ("Paris, TX: 2 dead", ["Paris", "TX"], [(33.7, -95.6), None]),
        ("flood in Paris, London", ["Paris", "London"], [(48.9, 2.3), (51.5, -0.1)]),  # a list: none lies in the next
        ("Paris and Texas", ["Paris", "Texas"], [(48.9, 2.3), (31.0, -97.5)]),
        (
            "Aid to China, Mexico",
            ["China", "Mexico"],
            [(31.9, 114.3), (21.3, -100.4)],
        ),  # Mexico has a town of that name
        ("Storm in Georgia, USA", ["Georgia", "USA"], [(33.3, -83.9), (38.0, -92.0)]),
    ],
)
def test_a_location_behind_a_comma_decides_which_place_the_one_before_it_is(gazetteer, text, names, where):
    spans = [FoundSpan(text.index(name), text.index(name) + len(name), "LOCATION", 0.9) for name in names]
    tweet = live_tweet(1, Source(text=text), Findings(spans, None, False), gazetteer, "")
    for entity, near in zip(tweet.entities, where, strict=True):
        place = entity.place
        assert (place and (place.latitude, place.longitude)) == (near and pytest.approx(near, abs=1.5))


def test_only_a_location_decides(gazetteer):
    text = "Paris, Texas"
    spans = [FoundSpan(0, 5, "LOCATION", 0.9), FoundSpan(7, 12, "PERSON", 0.9)]
    paris, person = live_tweet(1, Source(text=text), Findings(spans, None, False), gazetteer, "").entities
    assert paris.place.country == "France"
    assert person.place is None
