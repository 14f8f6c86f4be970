"""Links by which agencies acknowledge: signed, the same each time, and answered by a button alone."""

import base64
import shutil
import socket
import threading
from contextlib import contextmanager

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.errors import CrisisflowError
from crisisflow.ingest.delivery import deliver
from crisisflow.ingest.delivery.answers import Answers
from crisisflow.ingest.delivery.dispatch import Dispatcher
from crisisflow.ingest.delivery.links import Links, Taker
from crisisflow.ingest.delivery.message import message_of
from crisisflow.ingest.routing.alerting import milliseconds, route
from crisisflow.ingest.routing.configuration import EXAMPLE, read_routing
from crisisflow.ingest.store.sqlite import SqliteStore
from crisisflow.masking import mask
from tests.unit.ingest.incidents import AT, incident

NOW = milliseconds(AT)
SECRET = base64.b64encode(b"0123456789abcdef01234567").decode()
ADDRESS = "https://desk.team.example/answers"
LINKS = Links(ADDRESS, b"key")
words = st.text(max_size=20)


@given(words, words, st.integers(1, 10**9), words)
def test_a_link_tells_whose_it_is_and_is_the_same_each_time(number, alert, version, agency):
    taker = Taker(number, alert, version, agency)
    link = LINKS.link(taker)
    assert link == Links(f"{ADDRESS}/", b"key").link(taker) and link.isascii()
    assert LINKS.taker(link.removeprefix(f"{ADDRESS}/")) == taker
    assert Links(ADDRESS, b"another").taker(link.rpartition("/")[2]) is None


@given(st.text(max_size=60))
def test_what_nobody_signed_is_nobodys(token):
    assert LINKS.taker(token) is None
    own = LINKS.link(Taker("i1", "a1", 1, "rescue")).rpartition("/")[2]
    said, signature = own.split(".")
    other = base64.urlsafe_b64encode(b'["i1","a1",1,"fire"]').decode().rstrip("=")
    for changed in (f"{other}.{signature}", f"{said}.", said, f"{token}{own}" if token.strip() else "", own * 100):
        assert LINKS.taker(changed) is None


@pytest.fixture
def world(tmp_path):
    """The example with links, its store with an incident whose agencies are told, and what is sent to one of them."""
    folder = tmp_path / "routing"
    shutil.copytree(EXAMPLE, folder)
    (folder / "links.key").write_text(SECRET)
    file = folder / "agencies.yaml"
    file.write_text(f"links: {{address: '{ADDRESS}', secret: links.key, port: 0}}\n{file.read_text()}")
    routing = read_routing(folder)
    with SqliteStore(tmp_path / "store") as store:
        store.set_watches({"manual": {}}, NOW)
        change(store, routing)
        yield store, routing, folder


def change(store, routing, **facts):
    route(store, routing, incident(**facts), [], AT, lambda post: mask(post.text))


@contextmanager
def answering(store, routing, folder):
    """A client of the page behind the links, at an address of this machine."""
    links, stop = deliver.open_links(routing, folder), threading.Event()
    answers = Answers(store.folder, lambda: links, routing.directory.content.links)
    thread = threading.Thread(target=answers.run, args=(stop,))
    thread.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{answers.port}", headers={"host": "desk.team.example"}) as client:
        yield client, links
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def path_of(links, store, agency="ambulance", number="i1"):
    (told,) = (own for own in store.alerts(number) if own.content["agency"] == agency)
    return links.link(Taker(number, told.id, told.version, agency)).removeprefix("https://desk.team.example")


def test_the_page_shows_the_alert_and_its_button_acknowledges_once(world):
    store, routing, _ = world
    with answering(*world) as (client, links):
        path = path_of(links, store)
        before = client.get(path)
        assert before.status_code == 200 and "Traffic accident" in before.text and "<button>" in before.text
        assert "form-action 'self'" in before.headers["content-security-policy"]
        assert client.head(path).status_code == 200 and store.incident("i1").version == 1  # reading changes nothing
        assert "You took this" in client.post(path).text
        assert store.incident("i1").content["acknowledged_by"] == ["ambulance"]
        again = client.post(path)
        assert again.status_code == 200 and "<button>" not in client.get(path).text
        assert store.incident("i1").version == 2
    (said,) = (own for own in store.audit() if own.act == "acknowledge")
    assert (said.actor, said.subject, said.details["by"]) == ("ambulance", "incident:i1", "link")
    change(store, routing)
    assert store.incident("i1").content["acknowledged_by"] == ["ambulance"]  # routing keeps it


def test_a_closed_incident_is_not_acknowledged(world):
    store, routing, _ = world
    with answering(*world) as (client, links):
        path = path_of(links, store)
        change(store, routing, state="closed")
        assert "is closed" in client.post(path).text
    assert store.incident("i1").content["acknowledged_by"] == []


def test_a_link_that_is_not_valid_and_another_host_are_refused(world):
    store = world[0]
    with answering(*world) as (client, links):
        own = path_of(links, store)
        for path in ("/answers/x.y", "/", own[:-2], own.replace(".", "x.")):
            for answer in (client.get(path), client.post(path)):
                assert answer.status_code == 404 and "not valid" in answer.text
        assert client.get(own, headers={"host": "evil.example"}).status_code == 400
        assert client.post(own, content=b"x" * 20_000).status_code == 413
        gone = links.link(Taker("i9", "a9", 1, "ambulance")).removeprefix("https://desk.team.example")
        assert client.get(gone).status_code == client.post(gone).status_code == 404
    assert store.incident("i1").version == 1


def test_no_word_of_an_alert_is_markup(world):
    store, routing, _ = world
    place = incident().place.model_copy(update={"name": "<script>alert(1)</script>"})
    change(store, routing, id="i2", place=place)
    with answering(*world) as (client, links):
        page = client.get(path_of(links, store, number="i2")).text
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_messages_have_the_link_of_their_agency_but_cancellations_none(world):
    store, routing, folder = world
    links = deliver.open_links(routing, folder)
    sent = []

    class Receiver:
        def send(self, message):
            sent.append(message)
            return deliver.Result("delivered", "200")

    lines = deliver.open_lines(routing, folder, store.folder, {}, {})
    for own in lines.values():
        own.receiver = Receiver()
    dispatcher = Dispatcher(store, routing, lines, lambda: NOW + 60_000, links=links)
    while dispatcher.step():
        dispatcher.wake.wait(5)
    assert {own.agency for own in sent} >= {"ambulance", "valley-traffic-police"}
    for own in sent:
        taker = links.taker(own.acknowledge.rpartition("/")[2])
        assert taker == (own.incident, own.alert, own.version, own.agency)
        assert own.acknowledge in own.as_text() and own.acknowledge.encode() in own.as_json()
    (told,) = (own for own in store.alerts("i1") if own.content["agency"] == "ambulance")
    cancelled = message_of(told._replace(kind="cancel"), "i1", "https://desk.team.example/x")
    assert cancelled.acknowledge is None


def test_deliver_answers_at_the_links_until_it_ends(world):
    store, _, folder = world
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    file = folder / "agencies.yaml"
    file.write_text(file.read_text().replace("port: 0", f"port: {port}"))
    end = threading.Event()
    process = threading.Thread(target=deliver.run, args=(store.folder, folder, False), kwargs={"end": end})
    process.start()
    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=8)) as client:
            path = path_of(deliver.open_links(read_routing(folder), folder), store)
            assert "You took this" in client.post(f"http://127.0.0.1:{port}{path}").text
    finally:
        end.set()
        process.join(20)
    assert not process.is_alive() and store.incident("i1").content["acknowledged_by"] == ["ambulance"]


def test_a_link_needs_a_secret_in_a_file(world):
    _, routing, folder = world
    (folder / "links.key").write_text("short")
    with pytest.raises(CrisisflowError, match=r"links\.key: not a secret"):
        deliver.open_links(routing, folder)
    file = folder / "agencies.yaml"
    file.write_text(file.read_text().replace("links.key", "whsec_abcdefgh"))
    with pytest.raises(CrisisflowError, match="the secret itself stands there"):
        read_routing(folder)
