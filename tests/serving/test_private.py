"""Private entities: people, streets and addresses, which page and exports can cover."""

import pytest

from crisisflow.alignment.decoding import FoundSpan
from crisisflow.inference import Findings
from crisisflow.places import coordinates
from crisisflow.serving.live_schema import Source
from crisisflow.serving.located import live_tweet
from crisisflow.serving.private import cover, hidden, is_private


@pytest.mark.parametrize(
    "name",
    [
        "Elm Street",
        "12 Elm",
        "12b Elm St",
        "1202 Elm Ave, Houston",
        "Shepherd Dr",
        "SHEPHERD DR.",
        "Elm St NW",
        "East Elm Rd, Houston, TX",
        "#12 Elm Street",
        "Calle 5",
        "Rue de la Paix",
        "Jalan Melati",
        "Hauptstraße",
        "Hauptstrasse 4",
        "Highway 17",
        "Maple Court Apt 4",
        "Times Square",
    ],
)
def test_streets_and_addresses_are_private(name):
    assert is_private("LOCATION", name)


@pytest.mark.parametrize(
    "name",
    ["Houston", "St. Martin", "St Louis", "Port St Lucie", "New York", "Kerala", "Placer County", "Street", "St"],
)
def test_other_places_are_not(name):
    assert not is_private("LOCATION", name)


def test_people_are_private_and_others_never():
    assert is_private("PERSON", "Jane Doe")
    assert not is_private("ORGANIZATION", "Elm Street School")
    assert not is_private("NUMBER", "12")


def test_a_live_tweet_says_which_of_its_entities_are_private():
    text = "Jane Doe trapped at 12 Elm St, Houston"
    spans = [(0, 8, "PERSON"), (20, 29, "LOCATION"), (31, 38, "LOCATION")]
    found = Findings([FoundSpan(*span, 1.0) for span in spans], None, False)
    tweet = live_tweet(1, Source(text=text), found, coordinates.gazetteer(), "")
    assert [entity.private for entity in tweet.entities] == [True, True, False]


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("Trapped at 12 Maple Street, Houston", "Trapped at •••••••••••••••, Houston"),
        ("RIP Hazel Moore, you saved so many", "RIP •••••••••••, you saved so many"),
        ("Stuck at 4 Oak Ln", "Stuck at ••••••••"),
        ("Water on Calle 5", "Water on •••••••"),
        ("Maria hits Dominica", "Maria hits Dominica"),
        ("Georgia and Charlotte prepare for Florence", "Georgia and Charlotte prepare for Florence"),
    ],
)
def test_people_and_streets_that_the_model_misses_are_hidden_by_the_rules(text, covered):
    assert cover(text, hidden(text, [])) == covered


def test_what_the_model_marks_and_what_the_rules_find_is_joined():
    text = "Zqx Vrr trapped at 12 Maple Street NW"
    assert hidden(text, [(0, 7, "PERSON"), (19, 37, "LOCATION")]) == [(0, 7), (19, 37)]


def test_a_live_tweet_hides_a_street_of_which_the_model_marks_a_part():
    text = "Trapped at 12 Maple Street, Houston"
    spans = [FoundSpan(14, 19, "LOCATION", 1.0), FoundSpan(28, 35, "LOCATION", 1.0)]
    tweet = live_tweet(1, Source(text=text), Findings(spans, None, False), coordinates.gazetteer(), "")
    assert tweet.hidden == [(11, 26)]
    assert [entity.private for entity in tweet.entities] == [True, False]
