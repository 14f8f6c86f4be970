"""The endpoint, against a real server on loopback that is slow, fails, talks nonsense or hangs up."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from crisisflow.errors import CrisisflowError
from crisisflow.studies.actionable_help.labellers import endpoint
from crisisflow.studies.actionable_help.labellers.answers import opened
from crisisflow.studies.actionable_help.labels import IRRELEVANT, OFFER, REQUEST
from crisisflow.studies.actionable_help.params import EndpointParams

TEXTS = ["We need tents in Springfield", "Free soup at the school", "The road is closed"]
KEY = "sk-never-to-be-seen"


def completion(content: Any) -> bytes:
    return json.dumps(
        {"choices": [{"message": {"role": "assistant", "content": content}}], "usage": {"total_tokens": 7}}
    ).encode()


def sensible(text: str) -> bytes:
    label = REQUEST if "need" in text else OFFER if "Free" in text else IRRELEVANT
    return completion(json.dumps({"label": label}))


class Server:
    """Answers as `answer` says: a body, or a status with headers and a body, or None to hang up."""

    def __init__(self) -> None:
        self.answer: Callable[[str], Any] = sensible
        self.asked: list[dict[str, Any]] = []
        self.received: list[str] = []
        self.released = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"]))
                body = json.loads(raw)
                outer.received.append(f"{self.path}\n{self.headers}\n{raw.decode()}")
                outer.asked.append(body)
                found = outer.answer(body["messages"][-1]["content"])
                if found is None:
                    self.close_connection = True
                    return
                status, headers, content = found if isinstance(found, tuple) else (200, {}, found)
                try:
                    self.send_response(status)
                    for name, value in {"Content-Type": "application/json", **headers}.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                except OSError:
                    pass  # who asked has gone

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/v1"


@pytest.fixture
def server() -> Iterator[Server]:
    own = Server()
    thread = threading.Thread(target=own.http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield own
    own.released.set()
    own.http.shutdown()
    own.http.server_close()


class Label:
    """Labels by the server; notes how long was waited between attempts."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.answers, self.waited = server, folder / "answers.sqlite", []

    def __call__(self, texts: list[str] = TEXTS, **instead: Any) -> list[str | None]:
        whole = {
            "kind": "endpoint",
            "url": self.server.url,
            "model": "tiny",
            "prompt": "actionable",
            "key": None,
            "allow_remote": False,
            "concurrency": 2,
            "timeout": 30.0,
            "attempts": 4,
            "seed": 13,
            "max_tokens": 20,
        }
        params = EndpointParams.model_validate({**whole, **instead})
        return [own.label for own in endpoint.label(texts, params, self.answers, self.waited.append)]


@pytest.fixture
def label(server, tmp_path) -> Label:
    return Label(server, tmp_path)


def failing(times: int, *failures: Any) -> Callable[[str], Any]:
    """Fails so many times, in turn in these ways, and is sensible then."""
    left = [failures[at % len(failures)] for at in range(times)]
    lock = threading.Lock()

    def answer(text: str) -> Any:
        with lock:
            failure = left.pop(0) if left else sensible(text)
        return failure

    return answer


def test_it_asks_for_one_label_each_and_a_second_run_asks_nothing(label, server) -> None:
    assert label() == [REQUEST, OFFER, IRRELEVANT]
    assert len(server.asked) == 3
    assert all((body["temperature"], body["seed"], body["model"]) == (0, 13, "tiny") for body in server.asked)
    assert "behavioural_guidance" in server.asked[0]["messages"][0]["content"]
    assert label(concurrency=1, timeout=1.0, attempts=1) == [REQUEST, OFFER, IRRELEVANT]
    assert len(server.asked) == 3
    # another model, or another text, is another question
    assert label(["We need rice"], model="other") == [REQUEST]
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    "failures",
    [
        [(500, {}, b"oops"), (503, {}, b"")],
        [(429, {"Retry-After": "7"}, b"slow down")],
        [None],  # hangs up
    ],
)
def test_what_may_pass_is_asked_again(label, server, failures) -> None:
    server.answer = failing(2, *failures)
    assert label(concurrency=1) == [REQUEST, OFFER, IRRELEVANT]
    assert (len(server.asked), len(label.waited)) == (5, 2)
    if isinstance(failures[0], tuple) and failures[0][1]:
        assert label.waited == [7.0, 7.0]
    else:
        assert 0 < label.waited[0] < label.waited[1] <= endpoint.MOST_WAIT


def test_a_wait_that_the_endpoint_asks_for_has_a_bound(label, server) -> None:
    server.answer = failing(1, (429, {"Retry-After": "86400"}, b""))
    assert label(concurrency=1) == [REQUEST, OFFER, IRRELEVANT]
    assert label.waited == [endpoint.MOST_WAIT]


def test_a_server_that_stalls_is_asked_again_and_then_refused(label, server) -> None:
    def stall(_: str) -> None:
        server.released.wait()

    server.answer = stall
    with pytest.raises(CrisisflowError, match=r"no answer in 2 attempts: no answer within 0\.05 seconds"):
        label(TEXTS[:1], timeout=0.05, attempts=2)
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "content",
    [
        "banana",
        "request",
        '{"label": "Request"}',
        '{"label": "help"}',
        '{"label": null}',
        '{"label": ["request"]}',
        '{"label": "request", "why": "it asks"}',
        'Sure! {"label": "request"}',
        '```json\n{"label": "request"}\n```',
        "[" * 100_000,
        "",
        None,
        {"label": "request"},
    ],
)
def test_what_is_no_label_is_unusable_and_never_irrelevant(label, server, content) -> None:
    server.answer = lambda text: completion(content) if "need" in text else sensible(text)
    assert label() == [None, OFFER, IRRELEVANT]
    assert label() == [None, OFFER, IRRELEVANT]
    assert len(server.asked) == 3


def test_an_endpoint_that_gives_no_label_at_all_is_refused(label, server) -> None:
    server.answer = lambda _: completion('{"label": "flood"}')
    with pytest.raises(CrisisflowError, match="gave no label for any of 3 texts"):
        label()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>It works!</html>"), "text/html that is no chat"),
        (b'{"error": "no model"}', "application/json that is no chat completion"),
        (b"[]", "no chat completion"),
        ((404, {}, b""), "status 404; check url and model"),
        ((302, {"Location": "http://example.org/"}, b""), "status 302"),
        ((401, {}, b""), r"refuses a question without a key \(status 401\)"),
        ((500, {}, b""), "no answer in 4 attempts: status 500"),
        (None, "no answer in 4 attempts: the connection failed"),
    ],
)
def test_an_endpoint_that_is_none_is_refused_in_one_line(label, server, answer, reason) -> None:
    server.answer = lambda _: answer
    with pytest.raises(CrisisflowError, match=reason) as refused:
        label()
    assert "\n" not in str(refused.value)


def test_after_a_failure_the_same_command_goes_on(label, server) -> None:
    texts = [f"We need {number} tents" for number in range(8)]
    lock, left = threading.Lock(), [5]

    def answer(text: str) -> Any:
        with lock:
            left[0] -= 1
            return sensible(text) if left[0] >= 0 else (500, {}, b"")

    server.answer = answer
    with pytest.raises(CrisisflowError, match="the same command goes on"):
        label(texts)
    server.answer, before = sensible, len(server.asked)
    assert label(texts) == [REQUEST] * 8
    assert len(server.asked) - before == 3


def test_no_handle_number_address_or_key_leaves_or_is_kept(label, server, monkeypatch, capfd) -> None:
    monkeypatch.setenv("HELP_KEY", KEY)
    texts = ["@someone we need tents, call +1 555 010 9999 or mail tents@example.org", "Free soup, ask @USER"]
    assert label(texts, key="HELP_KEY") == [REQUEST, OFFER]
    assert all(f"Bearer {KEY}" in request for request in server.received)
    sent = "".join(request.replace(f"Bearer {KEY}", "") for request in server.received)
    for private in ("someone", "010", "9999", "tents@", "example.org", "@USER", KEY):
        assert private not in sent, private
    assert "we need tents" in sent
    server.answer = lambda _: (401, {}, b"")
    with pytest.raises(CrisisflowError, match="the key in HELP_KEY") as refused:
        label(["The road"], key="HELP_KEY")
    said = "".join(capfd.readouterr()) + str(refused.value)
    kept = label.answers.read_bytes()
    assert KEY not in said and KEY.encode() not in kept
    assert "555" not in said and b"soup" not in kept and b"example.org" not in kept


def test_a_key_that_is_not_set_is_told_before_anything_is_sent(label, server, monkeypatch) -> None:
    monkeypatch.delenv("HELP_KEY", raising=False)
    with pytest.raises(CrisisflowError, match="HELP_KEY, which has the endpoint's key, is not set"):
        label(key="HELP_KEY")
    monkeypatch.setenv("HELP_KEY", "schlüssel")
    with pytest.raises(CrisisflowError, match="HELP_KEY holds no key"):
        label(key="HELP_KEY")
    assert not server.asked


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://api.example.org/v1", "api.example.org is not this machine"),
        ("http://192.0.2.7:8080/v1", "not this machine"),
        ("http://0.0.0.0:8080/v1", "not this machine"),
        ("http://localhost.example.org/v1", "not this machine"),
        ("http://2130706433/v1", "not this machine"),
        ("http://127.0.0.1@example.org/v1", "must be http"),
        ("http://127.0.0.1:port/v1", "must be http"),
        ("ftp://127.0.0.1/v1", "must be http"),
        ("127.0.0.1:8080", "must be http"),
        ("http://me:secret@127.0.0.1/v1", "must be http"),
    ],
)
def test_a_remote_endpoint_needs_leave(label, url, reason) -> None:
    with pytest.raises(CrisisflowError, match=reason) as refused:
        label(url=url)
    assert "secret" not in str(refused.value)


def test_a_proxy_of_the_environment_is_not_used(label, server, monkeypatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert label() == [REQUEST, OFFER, IRRELEVANT]


def test_nobody_listens(label, server) -> None:
    server.http.server_close()
    with pytest.raises(CrisisflowError, match=r"the connection failed \(ConnectError\)"):
        label(attempts=1)


def test_a_file_that_is_no_store_of_answers_is_refused(label) -> None:
    label.answers.write_text("not a database, though it is long enough to be taken for the header of one " * 20)
    with pytest.raises(CrisisflowError, match="cannot keep answers in"):
        label()


def test_a_kept_answer_outlives_the_process(tmp_path) -> None:
    with opened(tmp_path / "deep" / "a.sqlite") as answers:
        answers.keep("k", "one")
        answers.keep("k", "two")
    with opened(tmp_path / "deep" / "a.sqlite") as answers:
        assert (answers.get("k"), answers.get("other")) == ("two", None)
