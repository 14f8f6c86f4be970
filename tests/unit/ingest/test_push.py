"""The source push, over real HTTP: 202 means that it is on disk."""

import json
import threading

import httpx
import pytest

from crisisflow.ingest.operations import PushSource, QueueLimits
from crisisflow.ingest.sources.push import PushServer
from crisisflow.ingest.store.records import Drop
from crisisflow.ingest.store.sqlite import SqliteStore
from tests.unit.ingest.collecting import collecting, health, ids, texts, until

TOKEN = "0123456789abcdef"


@pytest.fixture
def push(tmp_path):
    """A function that starts a server, and gives a client and the store's folder."""
    running, clients = [], []

    def start(limits=None, token=False, **watch):
        (tmp_path / "token").write_text(TOKEN)
        options = PushSource(id="s", kind="push", port=0, token_file="token" if token else None)
        server = PushServer(options, ["flood"], tmp_path)
        context = collecting(tmp_path / "store", server, limits=limits, **watch)
        own = context.__enter__()
        running.append(context)
        until(lambda: server.port)
        client = httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=30)
        clients.append(client)
        return client, own

    yield start
    for client in clients:
        client.close()
    for context in running:
        context.__exit__(None, None, None)


def post(client, body, kind="application/json", watch="flood", **headers):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(f"/v1/watches/{watch}/posts", content=content, headers={"content-type": kind, **names})


def test_posts_are_on_disk_when_they_are_answered(push, tmp_path):
    client, _ = push()
    answer = post(client, [{"id": "a", "text": "water"}, {"text": ""}, 3])
    assert answer.status_code == 202
    assert texts(tmp_path / "store") == ["water"]
    assert answer.json()["new"] == 1
    assert answer.json()["unread"] == [{"number": 1, "reason": "no text"}, {"number": 2, "reason": "no JSON object"}]
    assert health(tmp_path / "store").drops == {Drop("", "no text"): 1, Drop("", "no JSON object"): 1}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"id": "a", "text": "water"}, "application/json"),
        ({"posts": [{"id": "a", "text": "water"}]}, "application/json; charset=utf-8"),
        (b'{"id": "a", "text": "water"}\n\nno json\n', "application/x-ndjson"),
    ],
)
def test_forms_of_a_body(push, tmp_path, body, kind):
    client, _ = push()
    assert post(client, body, kind).status_code == 202
    assert ids(tmp_path / "store") == ["a"]


def test_repeats_are_harmless_by_native_ids_and_by_an_idempotency_key(push, tmp_path):
    client, _ = push()
    posts = [{"text": "water"}, {"text": "water"}]
    assert post(client, posts, idempotency_key="k1").json()["new"] == 2
    assert post(client, posts, idempotency_key="k1").json()["repeated"] == 2
    assert post(client, posts, idempotency_key="k2").json()["new"] == 2
    assert post(client, {"id": "a", "text": "water"}).json()["new"] == 1
    assert post(client, {"id": "a", "text": "more water"}).json()["revised"] == 1
    assert len(ids(tmp_path / "store")) == 5


@pytest.mark.parametrize(
    ("body", "values", "status", "said"),
    [
        (b"{", {}, 400, "no JSON"),
        (b"[" * 100_000, {}, 400, "no JSON"),
        ([{"text": "x"}] * 1_001, {}, 413, "1,000 posts"),
        (b"x" * 4_000_001, {}, 413, "bytes"),
        ({}, {"watch": "none"}, 404, "no watch"),
        ({"text": "x"}, {"idempotency_key": "k" * 201}, 400, "Idempotency-Key"),
        ({"text": "x"}, {"host": "evil.example.org"}, 400, "does not answer under that name"),
    ],
)
def test_what_is_refused(push, tmp_path, body, values, status, said):
    client, _ = push()
    answer = post(client, body, **values)
    assert answer.status_code == status and said in answer.json()["detail"]
    assert ids(tmp_path / "store") == []


def test_a_token_is_asked_for(push, tmp_path):
    client, _ = push(token=True)
    assert post(client, {"text": "x"}).status_code == 401
    assert post(client, {"text": "x"}, authorization="Bearer wrong").status_code == 401
    assert post(client, {"text": "x"}, authorization=f"Bearer {TOKEN}").status_code == 202


def test_a_full_queue_is_told_with_a_time_to_come_again(push, tmp_path):
    client, own = push(limits=QueueLimits(posts=3, megabytes=1))
    assert post(client, [{"text": f"water {number}"} for number in range(4)]).status_code == 202
    answer = post(client, {"text": "more"})
    assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0
    with SqliteStore(tmp_path / "store") as store:
        assert store.queue()[::2] == (3, 1)  # the oldest was set aside, and is still there
        store.analysed([own.id for own in store.waiting(2)])
    own.hand.heard()
    own.hand.take([])  # the next commit looks at the queue again
    own.hand.flush()
    assert post(client, {"text": "more"}).status_code == 202
    assert len(ids(tmp_path / "store")) == 5


def test_while_the_store_cannot_be_written_posts_are_refused_and_none_is_lost(push, tmp_path):
    client, own = push()
    with SqliteStore(tmp_path / "store") as store:
        # Another process holds the store for longer than the writer's patience.
        own.writer.trouble = "the disk is full"
        answer = post(client, {"id": "a", "text": "water"})
        assert answer.status_code == 503 and "cannot be written" in answer.json()["detail"]
        assert store.queue().posts == 0
    own.writer.trouble = None
    assert post(client, {"id": "a", "text": "water"}).status_code == 202


def test_many_clients_at_once_share_commits(push, tmp_path):
    client, _ = push()
    answers = []

    def send(number):
        answers.append(post(client, [{"id": f"{number}-{own}", "text": "water"} for own in range(20)]).status_code)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(16)]
    for own in threads:
        own.start()
    for own in threads:
        own.join()
    assert answers == [202] * 16 and len(set(ids(tmp_path / "store"))) == 320
