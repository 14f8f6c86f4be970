"""Tidying of what spaCy finds, without spaCy."""

import pytest

from crisisflow.annotation.names_lexicon import Names, load_names
from crisisflow.annotation.postprocess import postprocess
from crisisflow.taxonomy import EntityType


@pytest.fixture(scope="module")
def names() -> Names:
    return load_names("names")


@pytest.mark.parametrize(
    ("text", "found", "label", "kept", "kept_label"),
    [
        ("flooding in Northern Utah", "Northern Utah", "LOCATION", "Utah", "LOCATION"),
        ("roads in the City of Leland", "the City of Leland", "LOCATION", "Leland", "LOCATION"),
        ("floods in Manica province", "Manica province", "LOCATION", "Manica", "LOCATION"),
        ("near Zyxwton now", "Zyxwton", "LOCATION", "Zyxwton", "LOCATION"),
        ("Zyxwton is nice", "Zyxwton", "LOCATION", None, None),
        (
            "gifts of the Acme Bank Launches Fund",
            "the Acme Bank Launches Fund",
            "ORGANIZATION",
            "Acme Bank",
            "ORGANIZATION",
        ),
        ("by the Bank of Samoa", "the Bank of Samoa", "ORGANIZATION", "Bank of Samoa", "ORGANIZATION"),
        ("Acme Football Team Has come", "Acme Football Team Has", "ORGANIZATION", "Acme Football Team", "ORGANIZATION"),
        ("the Army helps", "the Army", "ORGANIZATION", None, None),
        ("says Congress", "Congress", "ORGANIZATION", "Congress", "ORGANIZATION"),
        ("BIG ACME BANK FAILS", "BIG ACME BANK", "ORGANIZATION", None, None),
        ("shelter at Samoa College", "Samoa College", "ORGANIZATION", "Samoa College", "LOCATION"),
        ("Samoa College gives", "Samoa College", "ORGANIZATION", "Samoa College", "ORGANIZATION"),
        ("said Ana Bullock", "Ana Bullock", "PERSON", "Ana Bullock", "PERSON"),
        ("Trump Visits us", "Trump Visits", "PERSON", None, None),
        ("Bullock said", "Bullock", "PERSON", "Bullock", "PERSON"),
        ("near Bullock now", "Bullock", "PERSON", None, None),
        ("the Bullock fire", "Bullock", "PERSON", None, None),
        ("Zyxwton said", "Zyxwton", "PERSON", None, None),
        ("Ships Leave", "Ships Leave", "PERSON", None, None),
        ("Ana Sings again", "Ana Sings", "PERSON", None, None),
        ("Stay Tuned", "Stay Tuned", "PERSON", None, None),
        ("Zyxwton Bullock said", "Zyxwton Bullock", "PERSON", "Zyxwton Bullock", "PERSON"),
        ("17 dead", "17", "NUMBER", "17", "NUMBER"),
        ("on Highway 12", "12", "NUMBER", None, None),
        ("call 1-800-555", "1", "NUMBER", None, None),
        ("a man, 43, said", "43", "NUMBER", None, None),
        ("half of all", "half", "NUMBER", None, None),
        ("39 yr old", "39", "NUMBER", None, None),
        ("please ❤", "❤", "NUMBER", None, None),
        ("Ships  HurricaneDorian  Abaco", "Ships  HurricaneDorian  Abaco", "NUMBER", None, None),
        ("at least", "at least", "NUMBER", None, None),
        ("some 300  Abaco", "300  Abaco", "NUMBER", None, None),
        ("some dozens of boats", "dozens", "NUMBER", "dozens", "NUMBER"),
        ("the Large Group meets", "the Large Group", "ORGANIZATION", None, None),
        ("near the City Centre", "City Centre", "ORGANIZATION", None, None),
        ("meet at the Acme House", "Acme House", "ORGANIZATION", "Acme House", "LOCATION"),
    ],
)
def test_a_stretch_is_as_the_guideline_has_it(names, text, found, label, kept, kept_label) -> None:
    start = text.index(found)
    result = postprocess(text, start, start + len(found), EntityType(label), names)
    assert (result and (text[result.start : result.end], result.label)) == (kept and (kept, kept_label))
