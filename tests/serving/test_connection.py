"""Connections: what one may ask of them, over real sockets."""

import asyncio
import json
import socket
import threading
import time
from contextlib import contextmanager

import httpx
import pytest

from crisisflow.inference import Findings
from crisisflow.serving.app import create_app
from crisisflow.serving.guard import BodyLimit
from crisisflow.serving.served import Served
from crisisflow.serving.settings import Limits, Settings
from tests.serving.conftest import ACCESS, listening
from tests.serving.test_api import metric


async def hello(scope, receive, send):
    """An app that needs no model."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"hi"})


@contextmanager
def connected(port):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        yield connection


def all_of(connection) -> bytes:
    """What comes until the server closes."""
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
    return b"".join(parts)


HEAD = b"GET / HTTP/1.1\r\nhost: localhost\r\n"


@pytest.mark.parametrize("sent", [b"", HEAD, HEAD + b"\r\n" + HEAD])
def test_a_head_that_does_not_come_is_not_waited_for(sent):
    with listening(hello, limits=Limits(head_seconds=0.05)) as port, connected(port) as connection:
        connection.sendall(sent)
        assert all_of(connection).count(b"200 OK") == sent.count(b"\r\n\r\n")


def test_a_head_has_a_limit():
    with listening(hello, limits=Limits(head=1000)) as port, connected(port) as connection:
        connection.sendall(HEAD + b"x: " + b"y" * 2000)
        assert all_of(connection).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("sent", [b"no HTTP\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", HEAD + b"host: localhost\r\n\r\n"])
def test_what_is_no_request_is_told_as_any_other_problem(sent):
    with listening(hello) as port, connected(port) as connection:
        connection.sendall(sent)
        head, _, body = all_of(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/json" in head.lower()
    assert json.loads(body) == {"detail": "Invalid HTTP request received."}


def test_one_connection_too_many_is_told_when_to_come_again():
    with listening(hello, limits=Limits(connections=2)) as port:
        with connected(port) as first, connected(port):
            with connected(port) as third:
                assert all_of(third).startswith(b"HTTP/1.1 503 ")  # although it asks nothing
            refused = httpx.get(f"http://127.0.0.1:{port}/")
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
            assert refused.json() == {"detail": "too many connections"}
            first.sendall(HEAD + b"connection: close\r\n\r\n")
            assert all_of(first).endswith(b"hi")
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200


def test_the_bodies_of_all_requests_have_a_limit_together():
    async def talk():
        go, inside, sent = asyncio.Event(), asyncio.Event(), []

        async def app(scope, receive, send):
            inside.set()
            await go.wait()
            await hello(scope, receive, send)

        guard = BodyLimit(app, Limits(bodies=100))

        async def ask(length):
            body = [{"type": "http.request", "body": b"x" * length}]

            async def receive():
                return body.pop() if body else await asyncio.Event().wait()

            async def send(message):
                if message["type"] == "http.response.start":
                    sent.append((message["status"], dict(message["headers"]).get(b"retry-after")))

            await guard({"type": "http", "method": "POST"}, receive, send)

        first = asyncio.create_task(ask(60))
        await inside.wait()
        await ask(60)
        go.set()
        await first
        await ask(60)
        return sent, guard.held

    assert asyncio.run(talk()) == ([(503, b"2"), (200, None), (200, None)], 0)


def test_who_has_left_is_not_computed(served, results):
    computing, go, seen = threading.Event(), threading.Event(), []

    def held(texts: list[str]) -> list[Findings]:
        seen.extend(texts)
        if "held" in texts:
            computing.set()
            assert go.wait(60)
        return served.predict(texts)

    def ask(connection, text):
        body = json.dumps({"text": text}).encode()
        head = (
            b"POST /v1/predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\n"
        )
        connection.sendall(head + f"content-length: {len(body)}\r\n\r\n".encode() + body)

    app = create_app(Served(held, *served[1:]), Settings(ACCESS, Limits(), results))
    with listening(app) as port, connected(port) as first, connected(port) as stays:
        address = f"http://127.0.0.1:{port}"

        def wait_for(waiting):
            end = time.monotonic() + 60
            while metric(address, "crisisflow_waiting") != waiting:
                assert time.monotonic() < end

        try:
            ask(first, "held")
            assert computing.wait(60)
            ask(stays, "stays")
            with connected(port) as leaves:
                ask(leaves, "leaves")
                wait_for(2)
            wait_for(1)
        finally:
            go.set()
        assert all_of(first).startswith(b"HTTP/1.1 200 ")
        assert all_of(stays).startswith(b"HTTP/1.1 200 ")
    assert "stays" in seen
    assert "leaves" not in seen


def test_a_stream_of_events_goes_on_over_a_real_connection(served, results):
    app = create_app(served, Settings(ACCESS, Limits(), results))
    with listening(app) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
        feed = http.post("/v1/live", json={"tweets": []}).json()["id"]
        with http.stream("GET", f"/v1/live/{feed}/events") as watching:
            lines = watching.iter_lines()
            for text in ("flood", "fire"):
                http.post(f"/v1/live/{feed}/tweets", json={"tweets": [{"text": text}]})
                data = next(line for line in lines if line.startswith("data: {"))
                assert json.loads(data[6:])["text"] == text
            http.delete(f"/v1/live/{feed}")
            assert "event: end" in list(lines)
