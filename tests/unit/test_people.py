"""People and storms that are named by their names alone, on sentences of our own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crisisflow.annotation.private_names import private_stretches
from crisisflow.annotation.ruler_stage import annotate
from crisisflow.params import LexiconParams

WORDS = [
    "Hazel",
    "Sarah",
    "Maria",
    "Silva",
    "Irma",
    "hits",
    "@",
    "#",
    "-",
    "'",
    ".",
    "\U0001f525",
    "the",
    "RIP",
    "said",
    "é",
]
DEFAULT = LexiconParams(lexicons=["places", "disasters", "hazards", "organisations", "people"])


def found(text: str, *labels: str) -> list[tuple[str, str]]:
    spans = annotate([("1", text)], DEFAULT)
    return [(text[span.start : span.end], str(span.label)) for span in spans if not labels or span.label in labels]


def test_a_full_name_within_a_building_s_is_nobody() -> None:
    assert found("at the Rosita Okafor Elementary School", "PERSON") == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("RIP Hazel, you saved so many", "Hazel"),
        ("Thanks Priya for the boats", "Priya"),
        ("we went to see Mehmet and his family", "Mehmet"),
        ("Sarah's house is gone", "Sarah"),
        ("Grace said she is safe", "Grace"),
        ("RIP Michael, a good neighbour", "Michael"),
        ("Happy birthday Maria!", "Maria"),
        ("Thank you Maria for the boats", "Maria"),
        ("we miss you, Grace", "Grace"),
        ("Rosita Okafor drove the truck", "Rosita Okafor"),
        ("George R. Parks of the town", "George R. Parks"),
        ("Mark Bullock came", "Mark Bullock"),
        ("said Prime Minister Ana Silva", "Ana Silva"),
        ("Foreign Minister Silva said", "Silva"),
        ("President Ana Silva said", "President Ana Silva"),
        ("Governor Ana DeSilva said", "Governor Ana DeSilva"),
        ("my friend Brandon lost his house", "Brandon"),
        ("her daughter Brittany is safe", "Brittany"),
        ("my uncle Harvey is safe after the hurricane", "Harvey"),
        ("Mary-Kate Olsen gives", "Mary-Kate Olsen"),
        ("Sarah O'Connor drove home", "Sarah O'Connor"),
        ("RIP Rosita O’Brien", "Rosita O’Brien"),
        ("John D'Angelo left", "John D'Angelo"),
        ("Missing: Rosita Okafor|Apia", "Rosita Okafor"),
        ("RIP Hazel;thanks for all", "Hazel"),
        ("Sarah·Apia", "Sarah"),
        ("Dorian, my uncle, is missing", "Dorian"),
        ("Katrina, our sister, is safe", "Katrina"),
    ],
)
def test_a_person_is_found_and_covered(text: str, name: str) -> None:
    assert (name, "PERSON") in found(text, "PERSON")
    titled = name.split()[0] in ("President", "Governor") or text.startswith("Foreign")
    covered = [text[start:end] for start, end in private_stretches(text)]
    assert titled or name in covered, covered


@pytest.mark.parametrize(
    "text",
    [
        "Mark your calendars",
        "Grace and peace to all",
        "Hope you are safe",
        "Will you come",
        "Chase the storm",
        "Bill passed at night",
        "Faith in mankind",
        "Rose again today",
        "April and May were dry",
        "floods in Charlotte and Florence",
        "roads near Victoria",
        "Jackson, Mississippi is under water",
        "@Hazel and #Hazel",
        "@ Hazel now",
        "the Hazel flood",
        "Jerry cans for all",
        "Sarah County is dry",
        "Hazel-Park is closed",
        "HAZEL IS GONE",
        "hazel is gone",
        "Ana Sings Again",
        "City of Leland, NC",
    ],
)
def test_no_person_is_found(text: str) -> None:
    assert found(text, "PERSON") == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Maria Destroyed Puerto Rico", "Maria"),
        ("Maria hits the island", "Maria"),
        ("Hazel has slammed the coast", "Hazel"),
        ("days after Maria, the hurricane is not forgotten", "Maria"),
        ("Irma and Harvey came", "Irma"),
        ("Michael made landfall", "Michael"),
        ("Rita makes landfall", "Rita"),
        ("Matthew kills ten on the island", "Matthew"),
        ("#HurricaneMatthew: Matthew is near", "Matthew"),
    ],
)
def test_a_storm_stays_one(text: str, name: str) -> None:
    assert (name, "DISASTER_TYPE") in found(text)
    assert found(text, "PERSON") == []


def test_a_storm_s_name_is_nobody_in_a_tweet_that_tells_of_storms() -> None:
    assert found("Hazel was a hurricane of the fifties", "PERSON") == []
    assert found("Hazel saved us", "PERSON") == [("Hazel", "PERSON")]
    assert found("RIP Hazel, the hurricane took you", "PERSON") == [("Hazel", "PERSON")]


@given(st.lists(st.sampled_from(WORDS), max_size=9))
@settings(max_examples=60, deadline=None)
def test_a_person_is_a_run_of_whole_words_and_never_in_a_handle_or_hashtag(words: list[str]) -> None:
    for text in (" ".join(words), "".join(words)):
        for span in annotate([("1", text)], DEFAULT):
            if span.rule in ("one-name", "storm-in-context"):
                assert not text[span.start - 1 : span.start].isalnum()
                assert not text[span.end : span.end + 1].isalnum()
                assert text[: span.start].rstrip()[-1:] not in ("@", "#")
