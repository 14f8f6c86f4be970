"""Troubles of the service itself: the desk is told once, and told when they are over."""

from collections import namedtuple

import pytest

from crisisflow.ingest.delivery import troubles
from crisisflow.ingest.delivery.message import message_of
from crisisflow.ingest.delivery.troubles import DOWN, PAUSES, QUIET, REMEMBERED, Lookout
from crisisflow.ingest.incident import Incident
from crisisflow.ingest.routing.configuration import EXAMPLE, read_routing
from crisisflow.ingest.routing.route import Follower
from crisisflow.ingest.store.records import SERVICE
from crisisflow.ingest.store.sqlite import SqliteStore
from tests.unit.ingest.store_contract import NOW, claim, filed, prepared, raised, take

MINUTE = 60_000
Usage = namedtuple("Usage", "total used free")


@pytest.fixture(scope="module")
def routing():
    return read_routing(EXAMPLE)


@pytest.fixture
def store(tmp_path):
    with SqliteStore(tmp_path / "store") as found:
        yield prepared(found)


def told(store):
    """Kind and headline of each message to the desk about the service, in order."""
    alerts = [own for one, _ in store.incidents(0, SERVICE) for own in store.alerts(one.id)]
    return [(own.kind, own.content["headline"]) for own in sorted(alerts, key=lambda own: own.content["due"])]


def test_a_channel_that_takes_nothing_for_an_hour_is_told_once_and_when_it_is_over(store, routing):
    raised(store, "mail")
    store.finish(claim(store), "failed", "503", NOW, retry=NOW + DOWN)
    lookout = Lookout(store, None)
    lookout.tell(routing, NOW + DOWN - 1)
    assert told(store) == []
    for minute in range(3):
        lookout.tell(routing, NOW + DOWN + minute * MINUTE)
    said = "rescue/mail has taken no message for an hour"
    assert told(store) == [("alert", said)]
    rows = [(own.receiver, own.state) for own in store.deliveries(receiver="civil-defence")]
    assert len(rows) == len(routing.directory.content.agencies["civil-defence"].channels)
    again = claim(store, now=NOW + DOWN)
    lookout.tell(routing, NOW + DOWN)  # it is being tried, and not over
    store.finish(again, "delivered", "202", NOW + DOWN + 5 * MINUTE)
    Lookout(store, None).tell(routing, NOW + DOWN + 6 * MINUTE)  # also after a restart
    assert told(store) == [("alert", said), ("cancel", said)]
    raised(store, "mail", version=2, now=NOW)
    store.finish(claim(store, now=NOW + DOWN), "failed", "503", NOW, retry=NOW + 2 * DOWN)
    lookout.tell(routing, NOW + 2 * DOWN)
    assert [kind for kind, _ in told(store)] == ["alert", "cancel", "alert"]
    ids = {own.id for one, _ in store.incidents(0, SERVICE) for own in store.alerts(one.id)}
    assert len(ids) == 2  # the second time is another alert


def habit(store, pause, posts=25, connected=True):
    """A source that brings a post each `pause` ms; the time of its last."""
    if connected:
        store.connected("wire", NOW)
    with store.grouped():
        for number in range(posts):
            take(store, filed(number), now=NOW + number * pause)
    return NOW + (posts - 1) * pause


@pytest.mark.parametrize("pause", [100, 20_000, 5 * MINUTE])
def test_a_source_that_is_silent_beyond_its_habit_is_told(store, routing, pause):
    last = habit(store, pause)
    lookout, beyond = Lookout(store, None), max(QUIET, PAUSES * pause)
    lookout.tell(routing, last + beyond)
    assert told(store) == []
    lookout.tell(routing, last + beyond + 1)
    assert told(store) == [("alert", f"The source wire has brought no post for {beyond // MINUTE} minutes")]
    take(store, filed(900), now=last + beyond + 2)
    lookout.tell(routing, last + beyond + 3)
    assert [kind for kind, _ in told(store)] == ["alert", "cancel"]


@pytest.mark.parametrize("values", [{"connected": False}, {"posts": 5}])
def test_a_source_that_ended_or_has_no_habit_yet_may_be_silent(store, routing, values):
    last = habit(store, 1_000, **values)
    Lookout(store, None).tell(routing, last + 100 * QUIET)
    assert told(store) == []


def test_a_source_that_is_no_longer_configured_may_be_silent(store, routing):
    last = habit(store, 1_000)
    store.set_sources({"feed": "feed"})
    Lookout(store, None).tell(routing, last + 100 * QUIET)
    assert told(store) == []


def test_a_full_disk_is_told(store, routing, monkeypatch):
    lookout = Lookout(store, store.folder)
    for used, kinds in ((94, []), (95, ["alert"]), (99, ["alert"]), (80, ["alert", "cancel"])):
        monkeypatch.setattr(troubles.shutil, "disk_usage", lambda folder, used=used: Usage(100, used, 100 - used))
        lookout.tell(routing, NOW + used)
        assert [kind for kind, _ in sorted(told(store))] == kinds
    assert told(store)[0][1] == "The disk of the store is 95% full"


def test_a_clock_that_was_set_back_is_told_at_once(store, routing):
    lookout = Lookout(store, None)
    for at in (NOW, NOW - 900, NOW + 5):  # less than a second is a correction
        lookout.step(routing, at)
    assert told(store) == []
    lookout.step(routing, NOW - MINUTE)
    ((kind, said),) = told(store)
    assert kind == "alert" and said.startswith("The clock was set back")
    lookout.tell(routing, NOW - MINUTE + REMEMBERED)
    assert [kind for kind, _ in told(store)] == ["alert", "cancel"]


def test_a_trouble_is_an_incident_that_no_rule_routes_and_its_alert_a_message(store, routing):
    habit(store, 1_000)
    lookout = Lookout(store, None)
    lookout.tell(routing, NOW + 100 * QUIET)
    ((own, _),) = store.incidents(0, SERVICE)
    assert Incident.model_validate(own.content).watch == SERVICE
    assert Follower(store, routing, lambda post: post.text).step(NOW + 100 * QUIET) == []
    (alert,) = store.alerts(own.id)
    message = message_of(alert, own.id)
    assert message.agency == "civil-defence" and "has brought no post" in message.as_text()
