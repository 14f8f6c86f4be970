"""HTTP: every route under every method and odd headers; each refusal has one form, and HEAD is GET without a body."""

import json
import socket

import pytest
from starlette.testclient import TestClient

from crisisflow.serving.app import create_app
from crisisflow.serving.settings import Access, Limits, Settings
from tests.serving.conftest import ACCESS, listening

FILES = [
    "/",
    "/docs",
    "/page/app.js",
    "/page/world.json",
    "/v1/studies/humaid_ner/report",
    "/v1/studies/humaid_ner/tables/table3",
    "/v1/studies/humaid_ner/figures/figure4",
]
OTHERS = [
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/v1/labels",
    "/v1/version",
    "/v1/live",
    "/v1/studies",
    "/v1/studies/humaid_ner",
]
WRONG = [
    "/nothing",
    "/page",
    "/page/none.js",
    "/page/..%2Fapp.py",
    "/v1/studies/humaid_ner/tables/none",
    "/v1/studies/humaid_ner/figures/A",
    "/v1/studies/..",
    "/v1/studies/none/report",
]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"]
HEADERS = [
    {},
    {"range": "bytes=0-3"},
    {"range": "bytes=999999999-"},
    {"range": "bytes=5-1"},
    {"range": "lines=1-2"},
    {"range": "bytes"},
    {"range": "bytes=a-b"},
    {"range": "bytes=0-0,2-2"},
    {"range": "bytes=0-0,999999999-"},
    {"if-none-match": "*"},
    {"if-modified-since": "yesterday"},
    {"host": "evil.example"},
    {"origin": "https://b.example", "access-control-request-method": "POST"},
    {"origin": "https://a.example", "access-control-request-method": "PUT"},
    {"accept": "application/xml"},
    {"content-type": "text/plain"},
    {"content-type": "application/json"},
    {"last-event-id": "?"},
    {"expect": "100-continue"},
]


@pytest.fixture(scope="module")
def open_client(served, results):
    """Of a server that one other site may ask."""
    access = Access(origins=("https://a.example",), hosts=ACCESS.hosts)
    with TestClient(create_app(served, Settings(access, Limits(), results)), follow_redirects=False) as client:
        while client.get("/readyz").status_code == 503:
            pass
        yield client


def check_problem(answer) -> None:
    assert answer.headers["content-type"] == "application/json", answer.text
    assert list(answer.json()) == ["detail"]
    assert answer.json()["detail"].strip()


@pytest.mark.parametrize("headers", HEADERS, ids=str)
def test_every_refusal_is_a_problem(open_client, headers):
    paths = [*FILES, *OTHERS, *WRONG, *open_client.get("/openapi.json").json()["paths"]]
    refused = 0
    for path in paths:
        for method in ["GET", "HEAD", "OPTIONS"] if headers else METHODS:
            answer = open_client.request(
                method, path.replace("{feed}", "none").replace("{name}", "none"), headers=headers
            )
            assert answer.status_code < 500, (method, path)
            if answer.status_code >= 400 and method != "HEAD":
                check_problem(answer)
                refused += 1
            if answer.status_code == 405 and "GET" in answer.headers["allow"]:
                assert "HEAD" in answer.headers["allow"]
            if method == "HEAD":
                assert answer.content == b""
    assert refused


@pytest.mark.parametrize("path", [*FILES, *OTHERS, *WRONG])
def test_head_is_get_without_a_body(client, path):
    got, head = client.get(path), client.head(path)
    assert head.status_code == got.status_code
    # The metrics have counted a request more.
    ours = {name: value for name, value in head.headers.items() if (path, name) != ("/metrics", "content-length")}
    assert ours.items() <= got.headers.items()
    assert head.headers.keys() == got.headers.keys()
    assert head.content == b""


def test_head_of_a_feed_ends_although_the_feed_does_not(client):
    feed = client.post("/v1/live", json={"tweets": []}).json()["id"]
    answer = client.head(f"/v1/live/{feed}/events")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert client.head("/v1/live/none/events").status_code == 404
    assert client.delete(f"/v1/live/{feed}").status_code == 204


def test_head_asks_for_the_token_too_and_is_counted_as_head(served, results):
    token = "a-token-of-some-length"
    with TestClient(create_app(served, Settings(Access(token=token, hosts=ACCESS.hosts), Limits(), results))) as client:
        assert client.head("/v1/version").status_code == 401
        right = {"authorization": f"Bearer {token}"}
        assert client.head("/v1/version", headers=right).status_code == 200
        said = client.get("/metrics", headers=right).text
        assert 'crisisflow_requests_total{method="HEAD",route="/v1/version",status="200"} 1.0' in said


@pytest.mark.parametrize("path", FILES)
def test_a_range_that_a_file_does_not_have_is_told_with_its_size(client, path):
    size = len(client.get(path).content)
    answer = client.get(path, headers={"range": f"bytes={size}-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{size}"
    check_problem(answer)
    part = client.get(path, headers={"range": "bytes=0-3"})
    assert (part.status_code, len(part.content)) == (206, 4)
    assert client.head(path, headers={"range": f"bytes={size}-"}).status_code == 200  # a range means nothing there


@pytest.mark.parametrize(
    "request_",
    [
        b"HEAD / HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"CONNECT localhost:80 HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"GET http://localhost/none HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"GET none HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"GET /%ff%zz HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: localhost\r\nhost: b.example\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nno number\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: localhost\r\nrange: bytes=9999999-\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
)
def test_what_is_hardly_http_gets_an_answer_of_the_same_form(port, request_):
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        connection.sendall(request_.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1))
        with connection.makefile("rb") as file:
            head, _, body = file.read().partition(b"\r\n\r\n")
    status = int(head.split()[1])
    if request_.startswith(b"HEAD"):
        assert (status, body) == (200, b"")
        assert b"content-length" in head.lower()
    else:
        assert 400 <= status < 500
        assert list(json.loads(body)) == ["detail"]


@pytest.fixture(scope="module")
def port(served, results):
    with listening(create_app(served, Settings(ACCESS, Limits(), results))) as port:
        yield port
