"""The API: answers, refusals, and what it never tells."""

import asyncio
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from starlette.testclient import TestClient

from crisisflow.inference import Findings, find, torch_forward
from crisisflow.labels import Labels
from crisisflow.serving.app import create_app
from crisisflow.serving.served import Served
from crisisflow.serving.settings import HOSTS, Access, Limits, Settings
from crisisflow.serving.study import read_study
from crisisflow.taxonomy import CLASSES, ENTITY_TYPES
from tests.serving.conftest import ACCESS, HELP_LABELS, listening

TOKEN = "a-token-of-some-length"


def test_a_text_gets_its_entities_and_class_in_one_answer(client, row):
    text = "👩‍👩‍👧 17 people killed near Marawi, cafe\u0301 flooded 🔥"
    answer = client.post("/v1/predict", json={"text": text}).json()
    (expected,) = find(row, torch_forward(row), [text])
    assert [(own["start"], own["end"], own["label"]) for own in answer["entities"]] == [s[:3] for s in expected.spans]
    assert [own["text"] for own in answer["entities"]] == [text[start:end] for start, end, *_ in expected.spans]
    assert list(answer["class"]["scores"]) == list(CLASSES)
    assert (
        answer["class"]["score"]
        == max(answer["class"]["scores"].values())
        == pytest.approx(max(expected.probabilities.values()), abs=1e-3)
    )
    assert answer["truncated"] is False


def filters(app):
    """The values by which the description lets tweets be chosen."""
    operation = app.get("/openapi.json").json()["paths"]["/v1/live/{feed}/tweets"]["get"]
    items = {own["name"]: own["schema"]["items"] for own in operation["parameters"] if "items" in own["schema"]}
    return {name: items[name].get("enum") for name in ("class", "type", "help")}


def test_the_description_names_the_classes_and_types_of_the_row(client, served, results):
    assert filters(client) == {"class": list(CLASSES), "type": list(ENTITY_TYPES), "help": list(HELP_LABELS)}
    other = served._replace(labels=Labels(("PLACE", "NAME"), ()), help=None)
    with TestClient(create_app(other, Settings(ACCESS, Limits(), results))) as app:
        assert app.get("/v1/labels").json() == {"entities": ["PLACE", "NAME"], "classes": [], "help": [], "topics": []}
        assert filters(app) == {"class": None, "type": ["PLACE", "NAME"], "help": None}
        assert app.get("/v1/live/none/tweets", params={"type": "LOCATION"}).status_code == 422


def test_a_batch_is_as_its_texts_alone(client):
    texts = ["17 dead in Kerala", "\u200b", "water needed"]
    together = client.post("/v1/predict/batch", json={"texts": texts}).json()["predictions"]
    for own, text in zip(together, texts, strict=True):
        alone = client.post("/v1/predict", json={"text": text}).json()
        spans = [[(one["start"], one["end"], one["label"]) for one in found["entities"]] for found in (own, alone)]
        assert spans[0] == spans[1]
        assert own["class"]["label"] == alone["class"]["label"]
        assert own["class"]["scores"] == pytest.approx(alone["class"]["scores"], abs=1e-3)


def test_what_is_served_is_told(client, served, results):
    facts = client.get("/v1/version").json()
    assert (facts["row"], facts["seed"], facts["preset"], facts["runtime"]) == ("both", "13", "sample", "onnx")
    assert facts["model"] == served.version.model
    assert facts["recorded"] is False
    assert len(facts["params"]) == 64
    labels = {"entities": list(ENTITY_TYPES), "classes": list(CLASSES), "help": list(HELP_LABELS), "topics": []}
    assert client.get("/v1/labels").json() == labels
    assert facts["help"]["name"] == "row words, seed 1" and facts["topics"] is None
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready", "model": "row both, seed 13"}
    assert (facts["name"], facts["generated"]) == ("row both, seed 13", True)
    assert facts["trained_on"].endswith(" generated tweets")
    description = client.get("/openapi.json").json()["info"]["description"]
    assert description.endswith(f"Served is row both, seed 13, trained on {facts['trained_on']}.")


def test_the_rules_give_a_second_opinion(client):
    text = "At least 17 people killed as Hurricane Florence nears Wilmington"
    answer = client.post("/v1/explain", json={"text": text}).json()
    found = {text[own["start"] : own["end"]]: (own["label"], own["source"]) for own in answer["entities"]}
    assert found["At least 17 people killed"] == ("CASUALTY", "regex")
    assert found["Hurricane Florence"] == ("DISASTER_TYPE", "ruler")
    assert any(own["decided_by"] == "length" for own in answer["conflicts"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 422),
        (b"\xff", 400),
        (b"{}", 422),
        (b'{"text": 1}', 422),
        (b'{"text": "a", "more": 1}', 422),
        (b'{"text": "\\ud83d"}', 422),
        (json.dumps({"text": "secret " * 2000}).encode(), 422),
        (b"[" * 100_000, 400),
    ],
)
def test_what_is_no_request_is_refused_in_a_line_without_repeating_it(client, body, status):
    answer = client.post("/v1/predict", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert list(answer.json()) == ["detail"]
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("text", ["", " \n\t", "\u3000\x1c\x85\ufeff"])
def test_a_text_of_white_space_is_refused_everywhere_and_said_to_be_none(client, text):
    feed = client.post("/v1/live", json={"tweets": []}).json()["id"]
    tweets = {"tweets": [{"text": "flood"}, {"text": text}]}
    for path, request, where in [
        ("/v1/predict", {"text": text}, "body.text"),
        ("/v1/explain", {"text": text}, "body.text"),
        ("/v1/predict/batch", {"texts": ["flood", text]}, "body.texts.1"),
        ("/v1/live", tweets, "body.tweets.1.text"),
        (f"/v1/live/{feed}/tweets", tweets, "body.tweets.1.text"),
    ]:
        answer = client.post(path, json=request)
        assert (answer.status_code, answer.json()) == (422, {"detail": f"{where}: there is no text"})
    described = client.get("/openapi.json").json()["components"]["schemas"]["TextRequest"]["properties"]["text"]
    assert not re.search(described["pattern"], text)


JSON = b'{"text": "flood"}'


@pytest.mark.parametrize("kind", [None, "", "text/plain", "application/x-www-form-urlencoded", "text/json"])
def test_what_is_not_said_to_be_json_is_told_so(client, kind):
    answer = client.post("/v1/predict", content=JSON, headers={} if kind is None else {"content-type": kind})
    expected = (415, {"detail": "a request's content-type must be application/json"})
    assert (answer.status_code, answer.json()) == expected


def test_every_operation_that_takes_json_describes_the_refusal_of_anything_else(client):
    operations = [own for path in client.get("/openapi.json").json()["paths"].values() for own in path.values()]
    assert {"requestBody" in own for own in operations if "415" in own["responses"]} == {True}
    assert {"415" in own["responses"] for own in operations if "requestBody" in own} == {True}


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8"])
def test_json_may_be_said_in_several_ways(client, kind):
    assert client.post("/v1/predict", content=JSON, headers={"content-type": kind}).status_code == 200


@pytest.mark.parametrize(
    "request_", [{"texts": []}, {"texts": ["a"] * 257}, {"texts": ["x" * 10_001]}, {"texts": "abc"}]
)
def test_batches_have_limits(client, request_):
    assert client.post("/v1/predict/batch", json=request_).status_code == 422


def test_the_texts_of_a_batch_have_a_limit_together(served, results):
    with TestClient(create_app(served, Settings(ACCESS, Limits(batch_characters=20), results))) as client:
        feed = client.post("/v1/live", json={"tweets": []}).json()["id"]
        for length, status in ((10, 2), (11, 4)):
            texts = ["x" * length] * 2
            assert client.post("/v1/predict/batch", json={"texts": texts}).status_code // 100 == status
            tweets = {"tweets": [{"text": text} for text in texts]}
            assert client.post(f"/v1/live/{feed}/tweets", json=tweets).status_code // 100 == status


def test_bodies_have_a_limit(served, results):
    with TestClient(create_app(served, Settings(ACCESS, Limits(body=100), results))) as client:
        assert client.post("/v1/predict", json={"text": "x" * 50}).status_code == 200
        answer = client.post("/v1/predict", json={"text": "x" * 100})
        assert (answer.status_code, answer.json()) == (413, {"detail": "a request may have 100 bytes"})


def test_a_body_that_does_not_come_is_not_waited_for(served, results):
    app = create_app(served, Settings(ACCESS, Limits(body_seconds=0.01), results))
    sent = []

    async def never():
        await asyncio.Event().wait()

    async def note(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/predict", "headers": [(b"host", b"localhost")]}
    asyncio.run(app(scope, never, note))
    assert sent[0]["status"] == 408


def test_with_a_token_nobody_comes_without_it(served, results):
    settings = Settings(Access(token=TOKEN, hosts=ACCESS.hosts), Limits(), results)
    with TestClient(create_app(served, settings)) as client:
        for wrong in ({}, {"authorization": "Bearer no"}, {"authorization": TOKEN}):
            answer = client.post("/v1/predict", content=b"{", headers=wrong)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert client.get("/metrics", headers=wrong).status_code == 401
            assert client.get("/v1/live", headers=wrong).status_code == 401
        right = {"authorization": f"Bearer {TOKEN}"}
        assert client.post("/v1/predict", json={"text": "flood"}, headers=right).status_code == 200
        assert client.get("/metrics", headers=right).status_code == 200
        assert client.get("/healthz").status_code == client.get("/").status_code == 200
        assert client.get("/openapi.json").json()["components"]["securitySchemes"]


def test_other_sites_and_names_are_refused(served, results, client):
    cross = {"origin": "https://a.example", "access-control-request-method": "POST"}
    assert "access-control-allow-origin" not in client.options("/v1/predict", headers=cross).headers
    access = Access(origins=("https://a.example",), hosts=ACCESS.hosts)
    with TestClient(create_app(served, Settings(access, Limits(), results))) as open_to_one:
        assert open_to_one.options("/v1/predict", headers=cross).headers["access-control-allow-origin"]
        other = {**cross, "origin": "https://b.example"}
        assert "access-control-allow-origin" not in open_to_one.options("/v1/predict", headers=other).headers


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost:80:80", "", "127.0.0.1@evil"])
def test_another_name_is_refused_as_other_requests_are(client, host):
    answer = client.get("/healthz", headers={"host": host})
    expected = (400, {"detail": "this server does not answer under that name; --allow-host adds one"})
    assert (answer.status_code, answer.json()) == expected
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_own_names_are_taken_with_any_port_and_in_any_case(served, results):
    with TestClient(create_app(served, Settings(Access(hosts=(*HOSTS, "Our.example")), Limits(), results))) as client:
        for host in ("localhost", "LOCALHOST:9000", "127.0.0.1:1", "[::1]", "[::1]:8000", "our.example"):
            assert client.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1/version",
        "/nothing",
        "/page/index.html",
        "/v1/studies/humaid_ner/figures/figure4",
        "/v1/studies/humaid_ner/report",
    ],
)
def test_every_answer_has_the_security_headers(client, path):
    headers = client.get(path).headers
    policy = {name: sources for name, *sources in map(str.split, headers["content-security-policy"].split(";"))}
    assert policy["default-src"] == ["'none'"]
    assert policy.get("script-src", ["'self'"]) == ["'self'"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


def test_metrics_count_requests_and_batches_without_texts(client):
    client.post("/v1/predict", json={"text": "unheardof"})
    client.get("/no/such/path")
    said = client.get("/metrics").text
    assert 'crisisflow_requests_total{method="POST",route="/v1/predict",status="200"}' in said
    assert 'route="other"' in said
    assert "crisisflow_batch_texts_count" in said
    assert "unheardof" not in said
    assert "/no/such/path" not in said


def test_a_failing_model_tells_nothing_of_itself(served, results):
    def broken(texts: list[str]) -> list[Findings]:
        if texts == ["flood"] or len(texts[0]) > 50:  # the warm-up
            return served.predict(texts)
        raise RuntimeError("inner secret")

    with TestClient(
        create_app(Served(broken, *served[1:]), Settings(ACCESS, Limits(), results)), raise_server_exceptions=False
    ) as client:
        answer = client.post("/v1/predict", json={"text": "help"})
        assert (answer.status_code, answer.json()) == (500, {"detail": "the server failed; its log says more"})


def test_a_flood_is_refused_with_a_time_and_the_rest_is_answered(served, results):
    app = create_app(served, Settings(ACCESS, Limits(waiting=8), results))

    async def flood():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            asks = (http.post("/v1/predict", json={"text": f"flood {n}"}) for n in range(200))
            return await asyncio.gather(*asks)

    with TestClient(app) as client:  # runs the lifespan
        answers = client.portal.call(flood)
        assert {answer.status_code for answer in answers} == {200, 503}
        assert all(int(own.headers["retry-after"]) >= 1 for own in answers if own.status_code == 503)
        assert client.post("/v1/predict", json={"text": "after"}).status_code == 200


def test_many_clients_at_once_are_all_answered_in_common_batches(served, results):
    computed, go, batches = threading.Event(), threading.Event(), []

    def held(texts: list[str]) -> list[Findings]:
        if any("dead" in text for text in texts):
            batches.append(len(texts))
            computed.set()
            assert go.wait(60)
        return served.predict(texts)

    app = create_app(Served(held, *served[1:]), Settings(ACCESS, Limits(), results))
    with listening(app) as port, ThreadPoolExecutor(33) as clients:

        def ask(number):
            return httpx.post(f"{address}/v1/predict", json={"text": f"{number} dead"}, timeout=60).status_code

        address = f"http://127.0.0.1:{port}"
        first = clients.submit(ask, 0)
        assert computed.wait(60)
        others = [clients.submit(ask, number) for number in range(1, 33)]
        while metric(address, "crisisflow_waiting") < 32:
            assert not any(own.done() for own in others)
        go.set()
        assert [own.result() for own in (first, *others)] == [200] * 33
        assert batches == [1, 16, 16]
        assert metric(address, "crisisflow_batch_texts_sum") == 37  # four of them the warm-up: two texts, two models
        assert metric(address, "crisisflow_waiting") == 0


def metric(address, name):
    said = httpx.get(f"{address}/metrics").text.splitlines()
    return float(next(line for line in said if line.startswith(f"{name} ")).rsplit(" ", 1)[1])


def test_every_table_stands_in_the_study_in_the_order_of_the_captions(tmp_path):
    (tmp_path / "tables").mkdir()
    for name in ("sources", "table1", "table3", "scores"):
        (tmp_path / "tables" / f"{name}.csv").write_text("a\n1\n")
    captions = {"table3": "Three.", "table1": "One.", "scores": "Scores.", "gone": "Not here."}
    (tmp_path / "tables" / "captions.json").write_text(json.dumps(captions))
    assert [table.name for table in read_study(tmp_path).tables] == ["table3", "table1", "scores", "sources"]


def test_a_table_with_a_long_cell_is_shown_and_one_that_cannot_be_read_is_left_out(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "long.csv").write_text(f"a\n{'x' * 200_000}\n")
    (tmp_path / "tables" / "bad.csv").write_bytes(b"a\n\xff\n")
    (table,) = read_study(tmp_path).tables
    assert (table.name, table.rows) == ("long", [["x" * 200_000]])


def test_the_study_is_what_the_results_show_now(client, results):
    study = client.get("/v1/studies/humaid_ner").json()
    assert study["chosen_row"] == "both"
    assert study["tables"] == [
        {
            "name": "table3",
            "caption": "Table 3. The rows.",
            "header": ["Row", "CLS"],
            "rows": [["both", "<b>0.5</b>"]],
        }
    ]
    assert [figure["name"] for figure in study["figures"]] == ["figure4"]
    assert client.get("/v1/studies/humaid_ner/figures/figure4").headers["content-type"] == "image/svg+xml"
    assert study["report"]
    report = client.get("/v1/studies/humaid_ner/report")
    assert report.headers["content-type"].startswith("text/html")
    assert report.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert client.get("/v1/studies/humaid_ner/tables/table3").text == 'Row,CLS\nboth,"<b>0.5</b>"\n'
    assert client.get("/v1/studies/humaid_ner/tables/table4").status_code == 404
    for wrong in ("figure5", "..%2Fmetrics", "a.b"):
        assert client.get(f"/v1/studies/humaid_ner/figures/{wrong}").status_code in (404, 422)


def test_all_studies_with_results_are_listed_the_served_one_first(client, results, another_study):
    (results.parent / "no headline").mkdir(exist_ok=True)
    assert client.get("/v1/studies").json() == {
        "studies": [
            {"name": "humaid_ner", "title": "humaid_ner"},
            {"name": another_study, "title": "<b>Negatives</b>"},
        ]
    }
    there = client.get(f"/v1/studies/{another_study}").json()
    assert (there["chosen_row"], there["report"], there["tables"][0]["rows"]) == (None, False, [["A"]])
    assert client.get(f"/v1/studies/{another_study}/tables/table9").text == "Row\nA\n"
    for wrong in ("none", "no%20headline", "..", "%2e%2e", "..%2Fhumaid_ner", "a" * 65):
        for below in ("", "/report", "/tables/table3", "/figures/figure4"):
            assert client.get(f"/v1/studies/{wrong}{below}").status_code in (404, 422), wrong


def test_what_is_not_english_is_not_judged_and_said_to_be_so(client):
    spanish, english = "Inundación deja cinco muertos en la ciudad y muchas casas destruidas", "17 dead in Kerala"
    answer = client.post("/v1/predict", json={"text": spanish}).json()
    assert answer == {"entities": None, "class": None, "truncated": False, "language": "es", "judged": False}
    several = client.post("/v1/predict/batch", json={"texts": [english, spanish, english]}).json()["predictions"]
    assert [(own["language"], own["judged"], own["class"] is None) for own in several] == [
        ("en", True, False),
        ("es", False, True),
        ("en", True, False),
    ]
    feed = client.post("/v1/live", json={"tweets": []}).json()["id"]
    client.post(f"/v1/live/{feed}/tweets", json={"tweets": [{"text": spanish}]})
    (tweet,) = client.get(f"/v1/live/{feed}/tweets").json()["tweets"]
    assert (tweet["language"], tweet["judged"], tweet["entities"], tweet["class"]) == ("es", False, [], None)
