"""Places: the one that is most likely meant, offline."""

import math
import unicodedata

import pycountry
import pytest
from babel import Locale
from hypothesis import given, settings
from hypothesis import strategies as st

from crisisflow.alignment.decoding import FoundSpan
from crisisflow.inference import Findings
from crisisflow.places import areas, coordinates
from crisisflow.places.mentions import places_of
from crisisflow.places.named_in_text import named_in
from crisisflow.places.names import key
from crisisflow.serving.live_schema import Source
from crisisflow.serving.located import live_tweet


@pytest.fixture(scope="module")
def gazetteer():
    return coordinates.gazetteer()


def far(place, latitude, longitude):
    """How far a place lies from a point, in degrees of a great circle."""
    north, other, east = map(math.radians, (place.latitude, latitude, place.longitude - longitude))
    cosine = math.sin(north) * math.sin(other) + math.cos(north) * math.cos(other) * math.cos(east)
    return math.degrees(math.acos(min(1, max(-1, cosine))))


@pytest.mark.parametrize(
    ("name", "kind", "country", "near"),
    [
        ("Kathmandu", "city", "Nepal", (27.7, 85.3)),
        ("N. Ireland", "state", "United Kingdom", (54.7, -6.3)),
        ("S Korea", "country", "South Korea", (36.6, 127.5)),
        ("W. Bengal", "state", "India", (22.9, 88.2)),
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
        ("Marawi", "city", "Philippines", (8.0, 124.3)),  # Malawi in Māori
        ("Columbia", "city", "United States", (34.0, -81.0)),  # Colombia in Romanian
        ("Toki", "city", "Japan", (35.4, 137.2)),  # Turkey in Yoruba
        ("Kolumbien", "country", "Colombia", None),
        ("Rhineland-Palatinate", "state", "Germany", (49.8, 7.8)),
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


@pytest.mark.parametrize(
    ("names", "country", "kind", "near"),
    [
        (
            ["America", "the US", "U.S.", "U.S.A.", "#USA", "usa", "United States of America"],
            "United States",
            "country",
            (39, -93),
        ),
        (["Korea", "South Korea", "Republic of Korea"], "South Korea", "country", (36.6, 127.5)),
        (["Palestine", "State of Palestine"], "Palestinian Territory", "country", (31.8, 34.9)),
        (["St. Martin", "St Martin", "Saint Martin", "#StMartin"], "Saint Martin", "country", (18.1, -63.1)),
        (["Sint Maarten", "St. Maarten"], "Sint Maarten", "country", (18.0, -63.1)),
        (["Bahamas", "The Bahamas"], "Bahamas", "country", (25.0, -77.5)),
        (["DRC", "DR Congo", "Zaire"], "Democratic Republic of the Congo", "country", (-4.7, 20.2)),
        (["Türkiye", "Turkey", "Turkiye", "TÜRKİYE"], "Turkey", "country", (39.5, 32.5)),
        (["Burma", "Myanmar (Burma)"], "Myanmar", "country", (18.5, 96.2)),
        (["Czech Republic", "Czechia", "Česko"], "Czechia", "country", (49.9, 15.6)),
        (["Ivory Coast", "Côte d'Ivoire", "Cote d’Ivoire"], "Ivory Coast", "country", (6.5, -5.2)),
        (["Cape Verde", "Cabo Verde"], "Cabo Verde", "country", (15.7, -23.9)),
        (["East Timor", "Timor-Leste"], "Timor Leste", "country", (-8.7, 125.7)),
        (["Britain", "Great Britain", "UK", "U.K."], "United Kingdom", "country", (52.6, -1.4)),
        (["Holland", "the Netherlands", "Nederland"], "The Netherlands", "country", (52.1, 5.3)),
        (["Deutschland", "Germany"], "Germany", "country", (50.6, 9.5)),
        (["Persia", "Iran"], "Iran", "country", (34.5, 51.5)),
        (["northern Italy", "Italys", "Italy's"], "Italy", "country", (42.9, 12.1)),
        (["CAR"], "Central African Republic", "country", (5.0, 18.4)),
        (["Ontario", "Province of Ontario", "Ontario, Canada"], "Canada", "state", (43.9, -79.5)),
        (["England"], "United Kingdom", "state", (52.3, -1.1)),
        (["Bavaria", "Bayern"], "Germany", "state", (48.8, 11.3)),
        (["Washington State", "Washington, USA"], "United States", "state", (47.3, -121.6)),
        (["Northern California", "Californias"], "United States", "state", (35.3, -119.2)),
        (["Lesvos", "Lesbos"], "Greece", "region", (39.2, 26.3)),
        (["Barbuda"], "Antigua and Barbuda", "region", (17.6, -61.8)),
        (["Antigua"], "Antigua and Barbuda", "region", (17.1, -61.8)),
        (["PEI"], "Canada", "region", (46.4, -63.2)),
        (["Midwest", "the Midwest"], "United States", "region", (41.7, -88.6)),
        (["Kashmir"], "", "region", (33.7, 74.3)),
        (["Middle East", "the Middle East", "Mideast"], "", "region", (33.2, 39.9)),
        (["Caribbean", "the Caribbean", "West Indies"], "", "region", (19.8, -74.1)),
        (["Southeast Asia", "South East Asia", "South-east Asia"], "", "region", (6.4, 109.9)),
        (["the Gulf", "Gulf States"], "", "region", (24.6, 48.4)),
        (["the Pacific", "South Pacific"], "", "region", (-9.2, 164.0)),
        (["Asia", "Asien", "アジア"], "", "continent", (29.7, 98.2)),
        (["Africa", "Afrika", "अफ़्रीका"], "", "continent", (5.5, 16.7)),
        (["NYC", "New York, NY", "New York"], "United States", "city", (40.7, -74.0)),
        (["LA", "L.A.", "Los Angeles"], "United States", "city", (34.1, -118.2)),
        (["DC", "Washington, D.C.", "Washington DC"], "United States", "city", (38.9, -77.0)),
        (["City of Houston", "Houston, TX"], "United States", "city", (29.8, -95.4)),
        (["Toronto, ON"], "Canada", "city", (43.7, -79.4)),
        (["Paradise, California", "Paradise, CA"], "United States", "city", (39.8, -121.6)),
        (["Bombay", "Mumbai, Maharashtra"], "India", "city", (19.1, 72.9)),
        (["Lodz", "Łódź"], "Poland", "city", (51.8, 19.5)),
        (["Amatrice"], "Italy", "city", (42.6, 13.3)),
    ],
)
def test_areas_short_and_former_names_are_found(gazetteer, names, country, kind, near):
    for name in names:
        place = gazetteer.find(name)
        assert (name, place and (place.country, place.kind)) == (name, (country, kind))
        assert far(place, *near) < 1.5, name


@pytest.mark.parametrize(
    "name",
    ["car", "la", "North", "the South", "Central", "South Island", "the island", "Church", "Hope", "Seaside", "Gulf"],
)
def test_a_common_word_that_is_a_village_somewhere_gets_no_point(gazetteer, name):
    assert gazetteer.find(name) is None


def test_every_name_of_a_country_is_that_country(gazetteer):
    shown, english = areas.country_names(), Locale("en").territories
    wrong = []
    for own in pycountry.countries:
        names = {getattr(own, kind, None) for kind in ("name", "common_name", "official_name")}
        names |= {english[own.alpha_2], shown[own.alpha_2]}
        for name in names - {None}:
            place = gazetteer.find(name)
            if place is None or place.country != shown[own.alpha_2]:
                wrong.append((name, own.alpha_2, place))
    assert wrong == []


def test_no_name_of_a_country_or_region_in_any_language_is_a_village(gazetteer):
    data = areas.data()
    also = {name: names for name, names in data["also"].items() if name in data["regions"]}
    named = [*areas.names_of_countries(data["countries"]), *areas.names_of_regions(data["regions"], also)]
    found = {own: gazetteer.find(own.name) for own in named}
    # In another language it may be a city's name as well ("Salvador"), and one of Iceland's is an English word.
    assert not [
        own for own, place in found.items() if place and place.kind in ("city", "county") and areas.decides(own)
    ]
    assert {own.area for own, place in found.items() if place is None and key(own.name)} == {"IS"}


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("नेपाल", "Nepal"),
        ("काठमाडौँ", "Kathmandu"),
        ("সিলেট", "Sylhet"),
        ("ঢাকা", "Dhaka"),
        ("இலங்கை", "Sri Lanka"),
        ("சென்னை", "Chennai"),
        ("భారతదేశం", "India"),
        ("เชียงใหม่", "Chiang Mai"),
        ("ไทย", "Thailand"),
        ("ශ්‍රී ලංකාව", "Sri Lanka"),
        ("မြန်မာ", "Myanmar"),
        ("កម្ពុជា", "Cambodia"),
        ("مُوسْكُو", "Moscow"),
        ("موسكو", "Moscow"),
        ("יְרוּשָׁלַיִם", "Jerusalem"),
        ("서울", "Seoul"),
        ("ガーナ", "Ghana"),
        ("東京", "Tokyo"),
        ("Москва", "Moscow"),
    ],
)
def test_names_in_all_scripts_are_found_composed_or_not(gazetteer, name, known):
    for form in ("NFC", "NFD", "NFKD"):
        place = gazetteer.find(unicodedata.normalize(form, name))
        assert place and place.name == known


@pytest.mark.parametrize(
    ("one", "other"), [("नेपाल", "नेपल"), ("かな", "がな"), ("ハカ", "バカ"), ("সিলেট", "সালেট"), ("ขา", "ขี"), ("កា", "កី")]
)
def test_a_mark_that_makes_another_letter_makes_another_key(one, other):
    assert key(one) != key(other)


@given(st.text(st.characters(categories=["L", "N", "Z", "P", "M"]), max_size=20))
@settings(max_examples=300, deadline=None)
def test_a_key_depends_on_no_composition_case_or_blank(text):
    assert key(unicodedata.normalize("NFD", text)) == key(unicodedata.normalize("NFC", text))
    assert key("#" + text) == key(text)


def locations(text: str, *names: str) -> list[tuple[int, int]]:
    starts = [text.index(name) for name in names]
    return [(start, start + len(name)) for start, name in zip(starts, names, strict=True)]


def test_a_location_behind_a_comma_decides_which_place_is_meant(gazetteer):
    text = "Floods in Paris, Texas and in Paris too"
    first, second = places_of(text, locations(text, "Paris", "Texas"), gazetteer)
    assert first.country == "United States"
    assert second.kind == "state"
    assert places_of("Floods in Paris too", [(10, 15)], gazetteer)[0].country == "France"


def test_countries_of_a_list_are_no_towns_of_each_other(gazetteer):
    text = "Help for China, Mexico and Peru"
    assert [place.country for place in places_of(text, locations(text, "China", "Mexico", "Peru"), gazetteer)] == [
        "China",
        "Mexico",
        "Peru",
    ]


def test_a_name_that_no_place_has_is_none(gazetteer):
    assert places_of("Help for Xqwzkville", [(9, 19)], gazetteer) == [None]
    assert places_of("Help", [], gazetteer) == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Water rising in Kathmandu, send boats", ["Kathmandu"]),
        ("FLOOD IN KATHMANDU NOW", ["Kathmandu"]),
        ("#Kathmandu is under water", ["Kathmandu"]),
        ("boats in New Orleans and Baton Rouge", ["New Orleans", "Baton Rouge"]),
        ("Fire near Santa Rosa, California", ["Santa Rosa", "California"]),
        ("send water to kathmandu", []),
        ("We need Water and May has none", []),
        ("", []),
    ],
)
def test_places_named_in_a_text_without_marked_spans(gazetteer, text, names):
    assert [place.name for place in named_in(text)] == names


def test_what_stands_behind_a_comma_decides_for_places_named_in_a_text(gazetteer):
    (first, _) = named_in("Fire near Santa Rosa, California")
    assert first.country == "United States"
