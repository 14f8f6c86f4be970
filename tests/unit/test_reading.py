"""The reading form of a text, and spans that come back in offsets of the text as it is."""

import unicodedata
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crisisflow.annotation import regex_stage, ruler_stage, spacy_stage
from crisisflow.annotation.reading import APOSTROPHES, BLANKS, HYPHENS, goes_on, read
from crisisflow.params import LexiconParams, SpacyParams

RULER = LexiconParams(lexicons=["places", "organisations", "disasters"])
REGEX = LexiconParams(lexicons=["casualties", "displacement", "numbers"])
SPACY = SpacyParams.model_validate(
    {"model": "embedded:en_core_web_sm", "types": {"GPE": "LOCATION", "CARDINAL": "NUMBER"}, "lexicon": "names"}
)
UNSEEN = "\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u202e\u2060\u2066\u2067\u2069\ufeff"
NAMES = [
    "L'Aquila",
    "Côte d'Ivoire",
    "Port-au-Prince",
    "Guinea-Bissau",
    "Saint-Denis",
    "São Tomé",
    "New Orleans",
    "Coxs Bazar",
    "Peru",
    "Red Cross",
]


def found(text: str) -> set[tuple[str, str]]:
    return {(text[span.start : span.end], span.label) for span in ruler_stage.annotate([("1", text)], RULER)}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("L’Aquila quake", "L’Aquila"),
        ("LʼAquila quake", "LʼAquila"),
        ("L' Aquila quake", "L' Aquila"),
        ("L AQUILA quake", "L AQUILA"),
        ("Port—au—Prince quake", "Port—au—Prince"),
        ("New\u2028Orleans flood", "New\u2028Orleans"),
        ("New  Orleans flood", "New  Orleans"),
        ("New\tOrleans flood", "New\tOrleans"),
        ("Flood in ⓅⒺⓇⓊ", "ⓅⒺⓇⓊ"),
        ("U\u2024S\u2024 flood", "U\u2024S\u2024"),
        ("Flood in Vie\u0323\u0302t Nam", "Vie\u0323\u0302t Nam"),
        ("L`Aquila quake", "L`Aquila"),
        ("Côte d´Ivoire flood", "Côte d´Ivoire"),
        ("Cote dIvoire flood", "Cote dIvoire"),
        ("flood in Port\u2011au\u2011Prince", "Port\u2011au\u2011Prince"),
        ("flood in Port\u2212au\u2013Prince", "Port\u2212au\u2013Prince"),
        ("PORT AU PRINCE shakes", "PORT AU PRINCE"),
        ("flood in Co\u0302te d'Ivoire", "Co\u0302te d'Ivoire"),
        ("Flood in \u2067Peru\u2069", "Peru"),
        ("Flood in Peru\u0301 today", "Peru\u0301"),
        ("Flood in Beirut\u0301 today", "Beirut\u0301"),
        ("Nepal\u0301\u0302 quake", "Nepal\u0301\u0302"),
        ("Flood in Nepal\ufe0f today", "Nepal\ufe0f"),
        ("Flood in Peru\u200f now", "Peru"),
        ("\ufeffPeru floods", "Peru"),
        ("Flood in Pe\u200bru", "Pe\u200bru"),
        ("Hou\u00adston floods", "Hou\u00adston"),
        ("New\u00a0Orleans floods", "New\u00a0Orleans"),
        ("New\u3000Orleans floods", "New\u3000Orleans"),
        ("Ｎｅｗ Ｏｒｌｅａｎｓ floods", "Ｎｅｗ Ｏｒｌｅａｎｓ"),
        ("floods in 𝐏𝐞𝐫𝐮", "𝐏𝐞𝐫𝐮"),
        ("roads closed #PortAuPrince", "PortAuPrince"),
        ("roads closed #LAquila", "LAquila"),
    ],
)
def test_a_name_is_found_however_its_characters_are_coded(text: str, name: str) -> None:
    assert (name, "LOCATION") in found(text)


@cache
def plain_spans(name: str) -> list[tuple[int, int, str, str]]:
    return [(*span[1:4], span.rule) for span in ruler_stage.annotate([("1", f"we are in {name} today")], RULER)]


def spelt(draw: st.DrawFn, name: str) -> list[str]:
    """The characters of a name, each in one of its spellings, with invisible ones between."""
    unseen = st.text(UNSEEN, max_size=2)
    spellings = {"'": APOSTROPHES_ONLY, "-": HYPHENS_ONLY, " ": BLANKS_ONLY}
    pieces = []
    for char in name:
        form = draw(st.sampled_from(spellings.get(char, [char, unicodedata.normalize("NFD", char)])))
        pieces.append(form + (draw(unseen) if draw(st.integers(0, 5)) == 0 else ""))
    return pieces


def characters(of: str) -> list[str]:
    """The characters of a class as the module writes it, ranges included."""
    listed: list[str] = []
    for at, char in enumerate(of):
        if char == "-" and 0 < at < len(of) - 1:
            listed += map(chr, range(ord(of[at - 1]) + 1, ord(of[at + 1])))
        else:
            listed.append(char)
    return listed


APOSTROPHES_ONLY = ["'", *characters(APOSTROPHES)]
HYPHENS_ONLY = ["-", *characters(HYPHENS)]
BLANKS_ONLY = [" ", *characters(BLANKS)]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_spelling_of_a_name_gives_the_same_spans(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(NAMES))
    draw = data.draw
    pieces = [*"we are in ", *spelt(draw, name), *" today"]
    pieces[9] += draw(st.text(UNSEEN, max_size=2))
    text = "".join(pieces)
    spans = list(ruler_stage.annotate([("1", text)], RULER))
    assert [(s.label, s.rule) for s in spans] == [plain[2:] for plain in plain_spans(name)]
    starts = [len("".join(pieces[:at])) for at in range(len(pieces) + 1)]
    for span, (start, end, *_) in zip(spans, plain_spans(name), strict=True):
        assert span.start == starts[start]
        assert text[span.start : span.end] == "".join(pieces[start:end]).rstrip(UNSEEN)


@pytest.mark.parametrize("mark", ["\u0301", "\u0332", "\u0308\u0301", "\u2060\u0301"])
def test_a_span_never_ends_inside_a_letter(mark: str) -> None:
    text = f"flood in Nepal{mark} and 12{mark} people killed"
    stages = (
        spacy_stage.annotate([("1", text)], SPACY),
        ruler_stage.annotate([("1", text)], RULER),
        regex_stage.annotate([("1", text)], REGEX),
    )
    for span in (span for stage in stages for span in stage):
        behind = text[span.end :].lstrip("\u2060")
        assert not goes_on(text[span.start])
        assert not goes_on(behind[:1] or " ")


PIECES = [
    "Peru",
    "L’Aquila",
    "१२ लोग",
    "नेपाल",
    "e\u0301",
    "\u0301",
    "\u200d",
    "#",
    " ",
    "1️⃣",
    "👩🏽‍🚒",
    "한",
    "\u1100\u1161",
    "ﬁres",
    "’",
    "–",
]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40) | st.lists(st.sampled_from(PIECES), max_size=10).map("".join), st.data())
def test_every_stretch_of_the_form_comes_back_in_whole_letters(text: str, data: st.DataObject) -> None:
    reading = read(text)
    if not reading.form:
        return
    start = data.draw(st.integers(0, len(reading.form) - 1))
    end = data.draw(st.integers(start + 1, len(reading.form)))
    first, last = reading.original(start, end)
    assert 0 <= first < last <= len(text)
    assert first == 0 or not goes_on(text[first])
    assert last == len(text) or not goes_on(text[last])


@given(st.text(st.characters(max_codepoint=127, exclude_characters="`")))
def test_plain_text_is_its_own_form(text: str) -> None:
    assert read(text).form is text


def test_signs_next_to_digits_stay() -> None:
    assert read("1’000 tents, 10–15 miles, 5′").form == "1’000 tents, 10–15 miles, 5′"
