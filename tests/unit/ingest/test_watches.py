"""Watches: terms, areas, windows and languages decide which posts belong to them."""

import json
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crisisflow.ingest import watches as module
from crisisflow.ingest.html_text import text_of
from crisisflow.ingest.operations import Watch
from crisisflow.ingest.records import AHEAD_OF_US, CHARACTERS, CUT, NO_OBJECT, NO_POINT, NO_TEXT, NO_TIME, post_of
from crisisflow.ingest.store.records import Drop, Media, Membership, Post
from crisisflow.ingest.terms import KINDS, LANGUAGES, Terms, folded, keywords, terms_of
from crisisflow.ingest.watches import Filter, Sorter

NOW = 1_772_366_400_000  # 2026-03-01T12:00:00Z
HOUR = 3_600_000
KATHMANDU = (85.32, 27.7)
VALLEY = {"type": "Polygon", "coordinates": [[[85.1, 27.5], [85.6, 27.5], [85.6, 27.9], [85.1, 27.9], [85.1, 27.5]]]}


def watch(tmp_path, **own) -> Filter:
    return Filter(Watch.model_validate({"id": "w", "sources": ["s"], **own}), tmp_path)


def reason(tmp_path, text="water", point=None, created=None, language=None, **own):
    return watch(tmp_path, **own).test(Post("n", text, created, language=language, point=point), NOW).reason


class Spot(NamedTuple):
    """A place that a text names."""

    longitude: float
    latitude: float


# Terms


@pytest.mark.parametrize(
    ("term", "text", "found"),
    [
        ("flood", "The FLOOD came", True),
        ("flood", "#flood", True),
        ("flood", "floodlights", False),
        ("flood*", "floodlights", True),
        ("flood*", "preflood", False),
        ("inundación", "INUNDACION en el rio", True),
        ("évacu*", "personnes evacuees", True),
        ("forest fire", "a forest\n  fire, and more", True),
        ("forest fire", "forest near a fire", False),
        ("forest fire*", "forest fires", True),
        ("état d'urgence", "l'État d’urgence", True),
        ("na-trap", "na trap sila", True),
        ("बाढ़", "बाढ़ का पानी", True),
        ("बाढ़", "बाढ़ों", False),
        ("فيضان", "فَيَضَان", True),
        ("洪水", "昨日の洪水で", True),
        ("น้ำท่วม", "เกิดน้ำท่วมหนัก", True),
    ],
)
def test_a_term_matches_whole_words_without_case_and_accents(term, text, found):
    assert Terms([term]).found(text) is found
    assert Terms(["zzz", term, "forest of trees"]).found(text) is found


def test_without_terms_every_text_is_as_good():
    assert Terms([]).found("anything")


@settings(max_examples=40)
@given(st.lists(st.text(max_size=12), max_size=8), st.text(max_size=60))
def test_no_term_and_no_text_breaks_the_search(terms, text):
    Terms(terms).found(text)


@given(st.lists(st.sampled_from(["dam", "river", "fire", "big"]), min_size=1, max_size=3), st.data())
def test_a_phrase_is_found_wherever_it_stands(words, data):
    before, behind = (" ".join(data.draw(st.lists(st.sampled_from(["x", "dam", "river"]), max_size=3))) for _ in "ab")
    assert Terms([" ".join(words)]).found(f"{before} {' '.join(words).upper()} {behind}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_terms_of_every_kind_each_once(language):
    for kind in KINDS:
        own = [folded(term) for term in getattr(keywords(language), kind)]
        assert len(own) >= 4 and len(own) == len(set(own)), kind
        for term in getattr(keywords(language), kind):
            assert Terms(terms_of([language], [kind])).found(f"xx {term.rstrip('*')} xx"), term


# Areas, windows, languages


@pytest.mark.parametrize(
    ("area", "inside", "outside"),
    [
        ({"box": [85, 27, 86, 28]}, (85, 28), (84.999, 27.5)),
        ({"box": [170, -20, -170, -10]}, (-179.9, -15), (0, -15)),
        ({"around": KATHMANDU, "kilometres": 30}, (85.32, 27.9), (85.32, 28.0)),
        ({"polygon": "valley.geojson"}, (85.1, 27.6), (85.05, 27.6)),
    ],
)
def test_an_area_is_tested_on_coordinates_with_its_border(tmp_path, area, inside, outside):
    (tmp_path / "valley.geojson").write_text(json.dumps(VALLEY))
    assert reason(tmp_path, point=inside, area=area) is None
    assert reason(tmp_path, point=outside, area=area) == "outside of the area"


@pytest.mark.parametrize(
    ("basis", "point", "text", "expected"),
    [
        ("either", KATHMANDU, "Water in Dhaka", ("coordinates", None)),
        ("either", None, "Water in Kathmandu", ("mentioned", None)),
        ("either", None, "Water in #Kathmandu and Dhaka", ("mentioned", None)),
        ("either", None, "Water in Dhaka", ("mentioned", "outside of the area")),
        ("either", None, "Water everywhere", (None, "no place")),
        ("coordinates", None, "Water in Kathmandu", (None, "no place")),
        ("mentioned", (0.0, 0.0), "Water in Kathmandu", ("mentioned", None)),
    ],
)
def test_a_post_says_by_which_place_it_was_tested(tmp_path, monkeypatch, basis, point, text, expected):
    # The gazetteer takes seconds to load; that it finds places in texts is tested with the gazetteer.
    known = {"Kathmandu": Spot(*KATHMANDU), "Dhaka": Spot(90.4, 23.7)}
    monkeypatch.setattr(module, "named_in", lambda text: [own for name, own in known.items() if name in text])
    own = watch(tmp_path, area={"around": KATHMANDU, "kilometres": 50}, place_basis=basis)
    assert own.test(Post("n", text, point=point), NOW) == expected


@pytest.mark.parametrize(
    ("window", "created", "expected"),
    [
        ({"last": "1h"}, NOW - HOUR, None),
        ({"last": "1h"}, NOW - HOUR - 1, "before the window"),
        ({"last": "1h"}, None, None),  # a post without a time is as old as its taking
        ({"since": "2026-03-01T12:00:00Z"}, NOW, None),
        ({"since": "2026-03-01T12:00:00Z"}, NOW - 1, "before the window"),
        ({"until": "2026-03-01T13:00:00+01:00"}, NOW, "after the window"),
        ({"until": "2026-03-01T13:00:00+01:00"}, NOW - 1, None),
    ],
)
def test_a_window_has_its_beginning_and_not_its_end(tmp_path, window, created, expected):
    assert reason(tmp_path, created=created, window=window) == expected


def test_the_language_is_the_source_s_or_else_the_text_s(tmp_path):
    spanish = "La inundación dejó sin casa a muchas familias del barrio"
    assert reason(tmp_path, spanish, languages=["es"]) is None
    assert reason(tmp_path, spanish, languages=["en"]) == "language"
    assert reason(tmp_path, spanish, language="en", languages=["en"]) is None


def test_terms_are_looked_for_in_descriptions_of_media_too(tmp_path):
    own = watch(tmp_path, terms={"en": ["flood"]})
    post = Post("n", "look at this", media=(Media("https://example.org/1.jpg", "a flood in a street"),))
    assert own.test(post, NOW).reason is None
    assert own.test(Post("n", "look at this"), NOW).reason == "terms"


def test_a_post_belongs_to_every_watch_that_it_passes_and_refusals_are_counted(tmp_path):
    sorter = Sorter(
        [
            Filter(Watch(id="flood", sources=["s"], terms={"en": ["flood"]}), tmp_path),
            Filter(Watch(id="fire", sources=["s"], terms={"en": ["fire"]}), tmp_path),
            Filter(Watch(id="keeps", sources=["s"], terms={"en": ["dam"]}, outside="keep"), tmp_path),
        ]
    )
    filed, drops = sorter.sort(Post("n", "flood and fire"), NOW)
    assert filed.watches == (Membership("flood"), Membership("fire"), Membership("keeps", None, "terms"))
    assert drops == [Drop("keeps", "terms")]
    filed, drops = Sorter(sorter._filters[:2]).sort(Post("n", "a nice day"), NOW)
    assert filed is None and drops == [Drop("flood", "terms"), Drop("fire", "terms")]


# Records


def test_a_record_with_the_names_of_any_export():
    read = post_of(
        {
            "tweet_id": 17,
            "full_text": " Water\0 rises \ud800 ",
            "created_at": "Sun Mar 01 11:00:00 +0000 2026",
            "user": {"screen_name": "ana"},
            "lang": "pt_BR",
            "coordinates": {"type": "Point", "coordinates": [85.3, 27.7]},
            "url": "https://example.org/1",
            "media": [{"url": "https://example.org/1.jpg", "description": "a roof"}, {"url": "javascript:alert(1)"}, 3],
        },
        NOW,
    )
    assert read.faults == ()
    assert read.post == Post(
        "17", "Water rises ?", NOW - HOUR, "ana", "pt", (85.3, 27.7), "https://example.org/1",
        (Media("https://example.org/1.jpg", "a roof"),),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("record", "faults"),
    [
        (None, (NO_OBJECT,)),
        ([1], (NO_OBJECT,)),
        ({}, (NO_TEXT,)),
        ({"text": 3}, (NO_TEXT,)),
        ({"text": " \0 "}, (NO_TEXT,)),
        ({"text": "x" * (CHARACTERS + 1)}, (CUT,)),
        ({"text": "x", "created_at": "03/04/2017"}, (NO_TIME,)),
        ({"text": "x", "created_at": "1970-01-01T00:00:00Z"}, (NO_TIME,)),
        ({"text": "x", "created_at": {}}, (NO_TIME,)),
        ({"text": "x", "created_at": "2026-03-01T12:10:00Z"}, (AHEAD_OF_US,)),
        ({"text": "x", "longitude": 181, "latitude": 0}, (NO_POINT,)),
        ({"text": "x", "longitude": "nan", "latitude": 0}, (NO_POINT,)),
        ({"text": "x", "longitude": 1, "latitude": None}, ()),
        ({"text": "x", "url": "javascript:alert(1)", "language": "und", "media": {"a": 1}}, ()),
    ],
)
def test_what_is_damaged_is_mended_or_dropped_and_told(record, faults):
    read = post_of(record, NOW)
    assert read.faults == faults
    if read.post is not None:
        own = read.post
        assert (own.created, own.point, own.url, own.language, own.media) == (None, None, None, None, ())
        assert len(own.text) <= CHARACTERS


def test_a_post_without_an_id_has_one_of_what_it_says():
    first, again, other = (post_of({"text": text}, NOW).post for text in ("a", "a", "b"))
    assert first.native_id == again.native_id != other.native_id
    assert post_of({"text": "a"}, NOW, "key#0").post.native_id == "key#0"


KEYS = st.sampled_from(["text", "id", "media", "coordinates", "created_at", "user", "language", "url"])
ANY = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
    lambda own: st.lists(own, max_size=3) | st.dictionaries(KEYS, own, max_size=5),
    max_leaves=12,
)


@given(ANY)
def test_no_json_breaks_the_reading(record):
    read = post_of(record, NOW)
    assert (read.post is None) <= bool(read.faults)
    if read.post is not None:
        json.dumps(read.post.text).encode()
        read.post.text.encode()


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Water &amp; mud<br>in the <b>cellar</b></p><p>Help</p>", "Water & mud\nin the cellar\nHelp"),
        ('a<script>alert("x")</script>b<style>p{}</style>c', "abc"),
        ('<a href="https://example.org"><span>#</span>flood</a>', "#flood"),
        ("3 < 4 & 5 > 2", "3 < 4 & 5 > 2"),
        ("&lt;script&gt;", "<script>"),
        ("<p", "<p"),
        ("plain", "plain"),
    ],
)
def test_html_becomes_what_a_reader_sees(html, text):
    assert text_of(html) == text


@given(st.text())
def test_no_html_breaks_the_parser(html):
    text_of(html)
