"""The model that the repository ships. All texts are invented."""

from pathlib import Path

import pytest

from crisisflow.serving.choice import Choice, choose
from crisisflow.serving.served import open_served
from crisisflow.serving.shipped import open_shipped, read
from crisisflow.studies import SHIPPED
from crisisflow.studies.humaid_ner.export_model import scores_on_generated

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "models" / SHIPPED
MOST = 25_000_000  # bytes of the folder: git keeps every version for ever

pytestmark = pytest.mark.skipif(
    not FOLDER.exists(), reason=f"models/{SHIPPED} is not in this checkout yet; crisisflow export_model writes it"
)

# One of each class, then the page's first impression.
EXAMPLES = {
    "caution_and_advice": "Flash flood warning until 9 pm: stay away from the river and avoid flooded roads.",
    "displaced_people_and_evacuations": "Over 2,000 families were evacuated and moved to shelters after the flood.",
    "infrastructure_and_utility_damage": "The earthquake destroyed the bridge and hundreds of houses; power is out.",
    "injured_or_dead_people": "At least 17 people were killed and 40 injured when the earthquake hit the town.",
    "missing_or_found_people": "My uncle has been missing since the wildfire in Paradise. Has anyone seen him?",
    "not_humanitarian": "Cannot wait for the football match tonight, my team will win this season!",
    "other_relevant_information": "Magnitude 6.1 earthquake recorded 40 km off the coast this morning.",
    "requests_or_urgent_needs": "We urgently need drinking water, food and medicine in the camp. Please help.",
    "rescue_volunteering_or_donation_effort": "Volunteers collect donations for flood victims; please donate.",
    "sympathy_and_support": "Our thoughts and prayers are with the families of the victims. Stay strong.",
}
TRAPPED = "We are trapped on the 3rd floor with two children, the water is rising, please send help"


@pytest.fixture(scope="module")
def model():
    return open_served(choose(Choice(ROOT / "results", model=FOLDER), ROOT / "params.yaml"), None, 1)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_of_each_class_gets_it(model, name):
    (found,) = model.predict([EXAMPLES[name]])
    assert max(found.probabilities, key=found.probabilities.get) == name


def test_a_trapped_family_asks_for_help(model):
    (found,) = model.predict([TRAPPED])
    assert max(found.probabilities, key=found.probabilities.get) == "requests_or_urgent_needs"
    assert "REQUEST" in {span.label for span in found.spans}


def test_it_computes_what_it_computed_when_it_was_exported():
    """Against a damaged graph, not for quality. Processors round differently, hence the room."""
    shipped = read(FOLDER)
    known = shipped.config.scores["generated"]
    assert scores_on_generated(*open_shipped(shipped, 1)) == pytest.approx(known, abs=0.02)


def test_it_is_of_real_tweets_and_says_under_which_licence():
    config, card = read(FOLDER).config, (FOLDER / "README.md").read_text(encoding="utf-8")
    assert (config.name, config.generated, config.licence) == (SHIPPED, False, "CC-BY-NC-SA-4.0")
    assert "\nlicense: cc-by-nc-sa-4.0\n" in card
    assert "**CC BY-NC-SA 4.0**" in card


def test_it_is_small_and_has_nothing_else_in_it():
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    listed = {line.split()[1] for line in (FOLDER / "SHA256SUMS").read_text().splitlines()}
    assert {path.relative_to(FOLDER).as_posix() for path in files} == {*listed, "SHA256SUMS"}
    assert sum(path.stat().st_size for path in files) <= MOST
