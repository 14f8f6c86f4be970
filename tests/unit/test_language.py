"""Languages: another one is told where a text surely is in it, and never by the names in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.language import language_of

ENGLISH = [
    "Flood in Kerala",
    "17 dead",
    "help us pls",
    "omg the power is out again smh",
    "BRIDGE IS DOWN AND NOBODY CAN GET OUT OF TOWN",
    "RT @someone: 40 families evacuated from Kathmandu, tents needed #Nepal http",
    "Magnitude 6.2 earthquake near L’Aquila",
    "",
    "🔥🔥🔥",
    "#terremoto #Ecuador",
]
OTHERS = {
    "Inundación deja cinco muertos en la ciudad": "es",
    "INUNDACION DEJA CINCO MUERTOS EN LA CIUDAD": "es",
    "Terremoto: al menos diez muertos y muchas casas destruidas": "es",
    "Des inondations ont détruit plusieurs maisons près du fleuve": "fr",
    "Überschwemmung am Rhein, viele Menschen sind obdachlos": "de",
    "Forte terremoto, almeno dieci morti e molte case distrutte": "it",
    "Banjir besar melanda kota, ribuan warga mengungsi": "id",
    "Kailangan po namin ng tubig at pagkain dito": "tl",
    "नेपालमा भूकम्प, धेरै मानिस मरे": "ne",
    "地震で多くの人が死亡しました": "ja",
    "น้ำท่วมหนักที่เชียงใหม่": "th",
    "Сильное наводнение, погибли десять человек": "ru",
}
PLACES = ["Zamboanga", "Cagayan de Oro", "Santa Cruz de la Sierra", "Saint-Étienne", "Reykjavík", "काठमाडौं", "東京"]


@pytest.mark.parametrize("text", ENGLISH)
def test_english_and_what_says_too_little_is_english(text):
    assert language_of(text) == "en"


@pytest.mark.parametrize(("text", "language"), OTHERS.items())
def test_another_language_is_told(text, language):
    assert language_of(text) == language


@given(
    st.lists(st.sampled_from(PLACES), max_size=3), st.sampled_from(["Flood in", "Pray for", "17 people killed near"])
)
def test_names_of_places_decide_nothing(places, text):
    assert language_of(f"{text} {', '.join(places)}") == "en"
    assert language_of("Inundación deja cinco muertos en la ciudad, " + ", ".join(places)) == "es"


@given(st.text())
def test_every_text_has_a_language(text):
    assert language_of(text)
