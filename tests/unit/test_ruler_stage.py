"""Annotation stage 2 on sentences of our own."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crisisflow.annotation.ruler_stage import annotate, run
from crisisflow.artifacts import TWEETS, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.params import LexiconParams
from crisisflow.spans import read_spans

DEFAULT = LexiconParams(lexicons=["places", "disasters", "hazards", "organisations", "bodies"])


def found(text: str) -> list[tuple[str, str]]:
    return [(text[span.start : span.end], span.label) for span in annotate([("1", text)], DEFAULT)]


@pytest.mark.parametrize(
    ("text", "span", "label"),
    [
        ("Help is on its way to Puerto Rico today", "Puerto Rico", "LOCATION"),
        ("roads in florida are closed", "florida", "LOCATION"),
        ("Houston/Texas under water", "Houston", "LOCATION"),
        ("the UK sends two planes", "UK", "LOCATION"),
        ("Volunteers of the Red Cross arrived", "Red Cross", "ORGANIZATION"),
        ("the UN calls a meeting", "UN", "ORGANIZATION"),
        ("the US Army is here", "US Army", "ORGANIZATION"),
        ("Hurricane Maria made landfall", "Hurricane Maria", "DISASTER_TYPE"),
        ("CYCLONE IDAI made landfall", "CYCLONE IDAI", "DISASTER_TYPE"),
        ("the Camp Fire grows", "Camp Fire", "DISASTER_TYPE"),
        ("after the Kerala floods", "Kerala", "LOCATION"),
        ("Florence made landfall", "Florence", "DISASTER_TYPE"),
        ("flooding in Bressuire", "flooding", "DISASTER_TYPE"),
        ("roads near Bressuire", "Bressuire", "LOCATION"),
        ("Bressuire, Poitou", "Bressuire", "LOCATION"),
        ("roads closed in Dover, OR", "OR", "LOCATION"),
        ("Italys coast burns", "Italys", "LOCATION"),
        ("Italys army helps", "Italys army", "ORGANIZATION"),
        ("New Zealand police confirm one death", "New Zealand police", "ORGANIZATION"),
        ("FEMAs plan", "FEMAs", "ORGANIZATION"),
        ("donate to the Camp Fire Relief Fund now", "Camp Fire Relief Fund", "ORGANIZATION"),
        ("says the Guardian", "Guardian", "ORGANIZATION"),
        ("read it on #kxyztv", "kxyztv", "ORGANIZATION"),
        ("the Ministry of Sport and Youth says", "Ministry of Sport and Youth", "ORGANIZATION"),
        ("Zyxwton College of Nursing gives", "Zyxwton College of Nursing", "ORGANIZATION"),
        ("the Dept. of Zyxwing says", "Dept. of Zyxwing", "ORGANIZATION"),
        ("the Zyxwton School of Public Health says", "Zyxwton School of Public Health", "ORGANIZATION"),
        ("the Bank of Samoa opens", "Bank of Samoa", "ORGANIZATION"),
        ("sent by the University of Zyxwton", "University of Zyxwton", "ORGANIZATION"),
        ("shelter at the University of Zyxwton", "University of Zyxwton", "LOCATION"),
        ("shelter at Zyxwton High School", "Zyxwton High School", "LOCATION"),
        ("Zyxwton High School gives", "Zyxwton High School", "ORGANIZATION"),
        ("Zyxwton Rovers play", "Zyxwton Rovers", "ORGANIZATION"),
        ("come on #zyxwtonfc", "zyxwtonfc", "ORGANIZATION"),
        ("Zyxwton Holdings pays", "Zyxwton Holdings", "ORGANIZATION"),
        ("the NHS asks", "NHS", "ORGANIZATION"),
        ("Health Canada warns", "Health Canada", "ORGANIZATION"),
        ("Sinn Féin votes", "Sinn Féin", "ORGANIZATION"),
        ("live: #CycloneIdaiUpdate", "CycloneIdai", "DISASTER_TYPE"),
        ("flooding in Leland, N.C. and beyond", "N.C.", "LOCATION"),
        ("closed roads #prayforpuertorico", "puertorico", "LOCATION"),
        ("wildfires everywhere", "wildfires", "DISASTER_TYPE"),
        ("Hurricane #Irma comes", "Hurricane #Irma", "DISASTER_TYPE"),
        ("roads closed #HurricaneHarvey", "HurricaneHarvey", "DISASTER_TYPE"),
        ("roads closed #Harvey", "Harvey", "DISASTER_TYPE"),
        ("roads closed #LimaEarthquake", "LimaEarthquake", "DISASTER_TYPE"),
        ("see bbc.com/news and help Nepal", "Nepal", "LOCATION"),
        ("roads closed #PuertoRico", "PuertoRico", "LOCATION"),
        ("roads closed #kerala", "kerala", "LOCATION"),
        ("roads closed #PrayForMexico", "Mexico", "LOCATION"),
        ("text to give #RedCross", "RedCross", "ORGANIZATION"),
        ("Flooding on Buffalo Bayou at Shepherd Dr", "Buffalo Bayou", "LOCATION"),
        ("Flooding on Buffalo Bayou at Shepherd Dr", "Shepherd Dr", "LOCATION"),
        ("trees down at 12 N. Invented Mill Rd.", "12 N. Invented Mill Rd", "LOCATION"),
        ("water on Main St. Stay away", "Main St", "LOCATION"),
        ("closed: Oak Ave & 5th St", "5th St", "LOCATION"),
        ("closed: Oak Ave & 5th St", "Oak Ave", "LOCATION"),
        ("Avenida de los Robles closed", "Avenida de los Robles", "LOCATION"),
        ("I-45 and US-290 are under water", "I-45", "LOCATION"),
        ("I-45 and US-290 are under water", "US-290", "LOCATION"),
        ("cars stuck on US 290 again", "US 290", "LOCATION"),
        ("avoid Hwy 6, FM 1960 and State Highway 7", "Hwy 6", "LOCATION"),
        ("avoid Hwy 6, FM 1960 and State Highway 7", "FM 1960", "LOCATION"),
        ("avoid Hwy 6, FM 1960 and State Highway 7", "State Highway 7", "LOCATION"),
        ("rain on Spring Creek", "Spring Creek", "LOCATION"),
        ("Severe flooding near I 45 tonight", "I 45", "LOCATION"),
        ("I 45 is closed", "I 45", "LOCATION"),
        ("Closed: US 59 at Kirby", "US 59", "LOCATION"),
        ("M4 closed", "M4", "LOCATION"),
        ("A12 was flooded", "A12", "LOCATION"),
        ("quake near Pt Reyes", "Pt Reyes", "LOCATION"),
        ("Invented Falls Fire Rescue is here", "Invented Falls Fire Rescue", "ORGANIZATION"),
        ("call the XYPD today", "XYPD", "ORGANIZATION"),
        ("live on Fox 99 News", "Fox 99 News", "ORGANIZATION"),
        ("news #abc99 #wral", "abc99", "ORGANIZATION"),
        ("news #abc99 #wral", "wral", "ORGANIZATION"),
        ("the 999th Invented Brigade arrives", "999th Invented Brigade", "ORGANIZATION"),
        ("the Invented Tribune reports", "Invented Tribune", "ORGANIZATION"),
        ("a gift of Invented Energy", "Invented Energy", "ORGANIZATION"),
        ("Univ. of Invented closes", "Univ. of Invented", "ORGANIZATION"),
        ("thanks #InventedAcademy", "InventedAcademy", "ORGANIZATION"),
        ("Twitter donates", "Twitter", "ORGANIZATION"),
        ("sleeping at Walmart", "Walmart", "LOCATION"),
        ("Geological Survey of India reports", "Geological Survey of India", "ORGANIZATION"),
        ("Kerala State Disaster Management Authority", "Kerala State Disaster Management Authority", "ORGANIZATION"),
        ("Invented Creek rises", "Invented Creek", "LOCATION"),
        ("Lake Invented is full", "Lake Invented", "LOCATION"),
        ("Ft Worth floods", "Ft Worth", "LOCATION"),
        ("Ft. Worth floods", "Ft. Worth", "LOCATION"),
        ("St. Louis floods", "St. Louis", "LOCATION"),
        ("Mt Vernon floods", "Mt Vernon", "LOCATION"),
        ("Trinidad & Tobago sends help", "Trinidad & Tobago", "LOCATION"),
        ("Makati floods", "Makati", "LOCATION"),
        ("Gwillimbury burns", "Gwillimbury", "LOCATION"),
        ("Marsh Harbour is gone", "Marsh Harbour", "LOCATION"),
        ("Chengannur is cut off", "Chengannur", "LOCATION"),
        ("roads closed #FtWorth", "FtWorth", "LOCATION"),
        ("aid for #Puerto_Rico", "Puerto_Rico", "LOCATION"),
        ("N. Carolina floods", "N. Carolina", "LOCATION"),
        ("S Africa sends help", "S Africa", "LOCATION"),
        ("Harris Co. under water", "Harris Co", "LOCATION"),
        ("Harris Cty under water", "Harris Cty", "LOCATION"),
        ("Vidor TX under water", "Vidor", "LOCATION"),
        ("Orange, Texas under water", "Orange", "LOCATION"),
        ("shelter at the Ana B. Silva Convention Center", "Ana B. Silva Convention Center", "LOCATION"),
        ("ash of Mt. St. Helens", "Mt. St. Helens", "LOCATION"),
        ("ash of the Volcán de Fuego", "Volcán de Fuego", "LOCATION"),
        ("Sri Lanka Floods kill many", "Sri Lanka", "LOCATION"),
        ("Dr Congo Needs Vaccines", "Dr Congo", "LOCATION"),
        ("Izmir shakes", "Izmir", "LOCATION"),
        ("Lodz is flooded", "Lodz", "LOCATION"),
        ("Tromso is cut off", "Tromso", "LOCATION"),
        ("Irma Batters Miami Beach", "Miami Beach", "LOCATION"),
        ("Hurricane Alex hits Belize", "Hurricane Alex", "DISASTER_TYPE"),
        ("Tropical Storm Danielle weakens", "Tropical Storm Danielle", "DISASTER_TYPE"),
        ("Support Red Cross", "Red Cross", "ORGANIZATION"),
        ("Ministry for the Environment says", "Ministry for the Environment", "ORGANIZATION"),
        ("Min. of Health says", "Min. of Health", "ORGANIZATION"),
    ],
)
def test_what_is_found(text: str, span: str, label: str) -> None:
    assert (span, label) in found(text)


@pytest.mark.parametrize(
    "sign", [*';&|•·+=→/\\-–—!?~*()[]"“”«»、。；！？（）｜^%$,:…', "...", "&&", " |", "| ", " •", "• ", "→ ", " /"]
)
def test_signs_part_names(sign: str) -> None:
    assert found(f"Help for Peru{sign}Ecuador now") == [("Peru", "LOCATION"), ("Ecuador", "LOCATION")]


@pytest.mark.parametrize("text", ["Help UK|Peru", "Peru→UK", "UK;Peru"])
def test_signs_part_short_names_in_capitals(text: str) -> None:
    assert sorted(found(text)) == [("Peru", "LOCATION"), ("UK", "LOCATION")]


@pytest.mark.parametrize("phone", ["1-800-RED-CROSS", "1.800.FLORIDA", "800-RED-CROSS", "+1-888-TEXAS"])
def test_a_phone_number_in_letters_names_nothing(phone: str) -> None:
    assert found(f"Call {phone} now") == []


@pytest.mark.parametrize("text", ["Sri Lanka Floods", "Sri Lanka Mourns", "Dr Congo Needs Vaccines"])
def test_a_country_is_no_person_with_a_title(text: str) -> None:
    assert "PERSON" not in [label for _, label in found(text)]


def test_signs_do_not_part_names_that_hold_them() -> None:
    assert ("Trinidad&Tobago", "LOCATION") in found("aid for Trinidad&Tobago now")
    assert ("AT&T", "ORGANIZATION") in found("AT&T donates")


@pytest.mark.parametrize(
    "text",
    [
        *("say it on Twitter", "via Facebook", "our Facebook page", "a Google map", "push ups", "clean energy now"),
        *("Direct Energy weapons", "Urban Search and Rescue", "#thankpolice", "800 Million USD", "Breaking News 12"),
    ],
)
def test_what_is_no_body(text: str) -> None:
    assert "ORGANIZATION" not in [label for _, label in found(text)]


@pytest.mark.parametrize(
    "text",
    [
        "they told us that it can or may be in me",
        "who will care for us, un peu",
        "nice reading on my mobile, most of us buy the same",
        "turkey for dinner, with china plates",
        "HELP US NOW PLEASE SAVE US ALL",
        "You OR me, Kaikoura is a word",
        "@Kerala @RedCross @FEMA follow you",
        "#ceasefire #pray #PrayForUs #hurricaneseason",
        "Nice. Reading is fun. Split the orange, Most do.",
        "Thanks Dr Invented, bring cans to the Food Drive",
        "a Flooded Street, the Closed Road, Rising River",
        "we saw 500 times, 12 St people, WXQZ here",
        "the Cut Off, cut off by the creek",
        "I 45 times said so, A 12 year old, I 5 at home",
        "Paradise is lost, Please come, Mobile phones OK",
    ],
)
def test_what_is_not_found(text: str) -> None:
    assert found(text) == []


def test_offsets_count_code_points_and_every_span_names_its_rule() -> None:
    text = "🔥🇲🇽👩‍🚒 fires near Puebla, #PrayForPeru"
    spans = list(annotate([("tweet", text)], DEFAULT))
    assert [(text[s.start : s.end], s.tweet_id, s.source, s.rule) for s in spans] == [
        ("fires", "tweet", "ruler", "wildfire"),
        ("Puebla", "tweet", "ruler", "region"),
        ("Peru", "tweet", "ruler", "country"),
    ]


def test_a_storm_in_a_hashtag_is_no_city() -> None:
    storms = found("#Florence nears, Hurricane Florence too")
    assert storms[0] == ("Florence", "DISASTER_TYPE") and ("Hurricane Florence", "DISASTER_TYPE") in storms
    assert {label for _, label in storms} == {"DISASTER_TYPE"}


PIECES = st.sampled_from(
    ["#", "@", "Puerto Rico", "#Harvey", "Hurricane", "US", "İ", "fires", " ", "\n", "7.8", "🔥", "ß"]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=80) | st.lists(PIECES, max_size=12).map("".join))
def test_any_text_gives_whole_spans_in_order_and_each_once(text: str) -> None:
    spans = list(annotate([("1", text)], DEFAULT))
    for span in spans:
        assert 0 <= span.start < span.end <= len(text)
        assert text[span.start : span.end].strip() == text[span.start : span.end]
    assert spans == sorted(set(spans))


def test_rivals_are_left_to_the_resolution() -> None:
    assert {("hurricane", "DISASTER_TYPE"), ("hurricane Irma", "DISASTER_TYPE")} <= set(found("hurricane Irma comes"))


def test_texts_are_read_as_they_are_needed() -> None:
    def texts():
        while True:
            yield "1", "fires in Chile"

    assert next(annotate(texts(), DEFAULT)).label == "DISASTER_TYPE"


def test_run_writes_the_spans_of_a_tweets_file(tmp_path: Path) -> None:
    row = {"tweet_id": "9", "text": "floods in Nepal", "class_label": "", "event": "", "split": "train"}
    write_parquet(tmp_path / "tweets.parquet", [row], TWEETS)
    run(tmp_path / "tweets.parquet", DEFAULT, tmp_path / "ruler.parquet")
    assert [tuple(span) for span in read_spans(tmp_path / "ruler.parquet")] == [
        ("9", 0, 6, "DISASTER_TYPE", "ruler", "flood"),
        ("9", 10, 15, "LOCATION", "ruler", "country"),
    ]


def test_an_unknown_lexicon_is_the_users_error() -> None:
    with pytest.raises(CrisisflowError, match="no lexicon placess"):
        list(annotate([], LexiconParams(lexicons=["placess"])))
