"""Requests and offers by the API, with a model of them and without one. All texts are invented."""

import pytest
from starlette.testclient import TestClient

from crisisflow.inference import Findings
from crisisflow.serving.app import create_app
from crisisflow.serving.settings import Limits, Settings
from tests.serving.conftest import ACCESS, HELP_LABELS

NEED, OFFER = "We need water in Kathmandu, Nepal, please", "I offer food and beds near Patan tonight"


@pytest.fixture(scope="module")
def without(served, results):
    """A server that has no model of requests and offers."""
    other = served._replace(help=None, version=served.version.model_copy(update={"help": None}))
    with TestClient(create_app(other, Settings(ACCESS, Limits(), results))) as client:
        yield client


def test_a_text_gets_label_probabilities_resources_and_each_place_once(served, results):
    text = f"{NEED} and Nepal"
    places = [(text.index("Kathmandu"), 9), (text.index("Nepal"), 5), (text.rindex("Nepal"), 5)]
    spans = [(start, start + length, "LOCATION", 0.9) for start, length in places]
    other = served._replace(predict=lambda texts: [Findings(spans, None, False) for _ in texts])
    with TestClient(create_app(other, Settings(ACCESS, Limits(), results))) as client:
        found = client.post("/v1/help", json={"text": text}).json()
    assert (found["label"], found["resources"], found["judged"]) == ("request", ["water"], True)
    assert found["probabilities"] == {name: 0.7 if name == "request" else 0.1 for name in HELP_LABELS}
    assert [(own["name"], own["country"]) for own in found["places"]] == [("Kathmandu", "Nepal"), ("Nepal", "Nepal")]


def test_a_text_that_only_the_model_of_requests_cuts_is_said_to_be_cut(served, results):
    other = served._replace(predict=lambda texts: [Findings([], None, False) for _ in texts])
    with TestClient(create_app(other, Settings(ACCESS, Limits(), results))) as client:
        body = {"texts": [NEED, "need food " * 1000]}
        found = client.post("/v1/help/batch", json=body).json()["predictions"]
    assert [own["truncated"] for own in found] == [False, True]


def test_a_batch_is_in_the_order_of_its_texts_and_what_is_not_english_is_not_judged(client):
    german = "Das Wasser ist in den Keller gelaufen und wir warten seit Stunden auf die Feuerwehr"
    found = client.post("/v1/help/batch", json={"texts": [OFFER, german, NEED, "need food " * 1000]}).json()
    assert [own["label"] for own in found["predictions"]] == ["offer", None, "request", "request"]
    other = found["predictions"][1]
    assert (other["judged"], other["language"]) == (False, "de")
    assert [other[name] for name in ("probabilities", "resources", "places")] == [None] * 3
    assert found["predictions"][3]["truncated"] is True


def test_without_a_model_it_is_absent_and_all_else_is_there(without):
    for path, body in (("/v1/help", {"text": NEED}), ("/v1/help/batch", {"texts": [NEED]})):
        answer = without.post(path, json=body)
        assert answer.status_code == 404
        assert answer.json() == {"detail": "this server has no model of requests and offers of help"}
        assert without.post(path, json={}).status_code == 422
    assert without.get("/v1/labels").json()["help"] == []
    assert without.get("/v1/version").json()["help"] is None
    assert without.post("/v1/predict", json={"text": NEED}).status_code == 200
    feed = stream(without, NEED)
    (tweet,) = without.get(f"/v1/live/{feed}/tweets").json()["tweets"]
    assert tweet["help"] is None
    assert without.get(f"/v1/live/{feed}/tweets", params={"help": "request"}).json()["tweets"] == []
    assert without.get(f"/v1/live/{feed}/tweets/1/requests").status_code == 404


def stream(client, *texts):
    """The id of a feed of these tweets."""
    feed = client.post("/v1/live", json={"tweets": []}).json()["id"]
    sent = client.post(f"/v1/live/{feed}/tweets", json={"tweets": [{"text": text} for text in texts]})
    assert sent.status_code == 202
    return feed


def test_tweets_of_a_feed_have_their_label_and_are_chosen_by_it(client):
    feed = stream(client, NEED, OFFER, f"{NEED} and I offer tents", "A bridge is closed")

    def labels(*wanted):
        found = client.get(f"/v1/live/{feed}/tweets", params={"help": wanted}).json()["tweets"]
        return [own["help"]["label"] for own in found]

    assert labels() == ["request", "offer", "request_and_offer", "irrelevant"]
    assert labels("offer") == ["offer"]
    assert labels("request", "request_and_offer") == ["request", "request_and_offer"]
    assert client.get(f"/v1/live/{feed}/tweets", params={"help": "maybe"}).status_code == 422


def test_an_offer_has_the_requests_that_it_fits_and_never_itself(client):
    feed = stream(client, NEED, OFFER, "We need food", "A bridge is closed", f"{NEED}, and I offer beds")

    def nearest(number):
        return client.get(f"/v1/live/{feed}/tweets/{number}/requests")

    best, other = nearest(2).json()["requests"]
    assert best == {"number": 3, "score": 0.75, "resources": ["food"], "kilometres": 12.5, "days": 0.5}
    assert (other["number"], other["resources"], other["kilometres"]) == (1, [], None)
    assert 5 not in [own["number"] for own in nearest(5).json()["requests"]]
    for number in (1, 4, 99):  # a request, neither, and none
        assert nearest(number).status_code == 404
    assert client.get("/v1/live/none/tweets/1/requests").status_code == 404
