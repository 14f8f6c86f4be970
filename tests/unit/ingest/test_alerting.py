"""Which alerts an incident causes over time."""

from datetime import timedelta

import pytest

from crisisflow.ingest.incident import Where
from crisisflow.ingest.routing.alerting import CLOSED, NO_LONGER, alert_id, milliseconds, plan, route
from crisisflow.ingest.routing.configuration import EXAMPLE, read_routing
from crisisflow.ingest.routing.covered import covered
from crisisflow.ingest.routing.route import Follower, replay
from crisisflow.ingest.store.records import Incident as Stored
from crisisflow.ingest.store.sqlite import SqliteStore
from crisisflow.masking import mask
from tests.unit.ingest.incidents import AT, incident

TRAFFIC = "valley-traffic-police"


@pytest.fixture(scope="module")
def routing():
    return read_routing(EXAMPLE)


def masked(post):
    return mask(post.text)


class History:
    """What an incident caused so far."""

    def __init__(self, routing):
        self.routing, self.alerts = routing, []

    def after(self, own, **delay):
        found = plan(self.routing, own, self.alerts, AT + timedelta(**delay), masked)
        self.alerts += [alert for alert, _ in found.alerts]
        return found

    def told(self, own, **delay):
        """(agency, kind, version, seconds until it is sent) of the alerts now."""
        at = milliseconds(AT + timedelta(**delay))
        return [
            (alert.content["agency"], alert.kind, alert.version, (to[0].due - at) // 1000)
            for alert, to in self.after(own, **delay).alerts
        ]


def accident(**facts):
    """An incident that only the rule traffic-accident is for."""
    return incident(classes={"caution_and_advice": 1.0}, **facts)


def test_an_alert_waits_and_what_changes_meanwhile_replaces_it(routing):
    history = History(routing)
    assert history.told(accident()) == [(TRAFFIC, "alert", 1, 30)]
    assert history.told(accident(), seconds=5) == []
    more = accident(posts=9)
    found = history.after(more, seconds=10)
    ((alert, to),) = found.alerts
    assert (alert.kind, alert.version, to[0].due) == ("alert", 2, milliseconds(AT) + 30_000)
    assert found.withdrawn == [(alert_id("i1", TRAFFIC), 2)]
    assert alert.content["references"] == []
    assert alert.content["evidence"]["posts"] == 9


def test_an_update_comes_once_the_time_of_repetition_is_over_and_names_what_it_updates(routing):
    history = History(routing)
    history.after(accident())
    found = history.after(accident(posts=9), minutes=5)
    assert found.alerts == [] and found.again == AT + timedelta(minutes=15, seconds=30)  # the escalation comes first
    taken = accident(posts=9, state="acknowledged")
    found = history.after(taken, hours=1)
    assert found.alerts == [] and found.again == AT + timedelta(hours=2, seconds=30)
    ((alert, _),) = history.after(taken, hours=3).alerts
    assert (alert.kind, alert.version, alert.id) == ("update", 2, alert_id("i1", TRAFFIC))
    assert [own["id"] for own in alert.content["references"]] == [f"{alert.id}-1"]


def test_a_closed_incident_is_cancelled_once_and_told_anew_when_it_is_open_again(routing):
    history = History(routing)
    history.after(accident())
    ((alert, _),) = history.after(accident(state="closed"), minutes=1).alerts
    assert (alert.kind, alert.version, alert.content["reason"]) == ("cancel", 2, CLOSED)
    assert history.told(accident(state="closed"), minutes=2) == []
    assert history.told(accident(), minutes=3) == [(TRAFFIC, "alert", 3, 30)]


def test_an_agency_that_is_no_longer_meant_gets_a_cancellation_and_the_right_one_an_alert(routing):
    history = History(routing)
    history.after(accident())
    pokhara = Where(name="Pokhara", kind="city", country="Nepal", latitude=28.2, longitude=83.98)
    found = history.after(accident(place=pokhara), minutes=1)
    assert [(own.content["agency"], own.kind, own.content["reason"]) for own, _ in found.alerts] == [
        ("national-traffic-police", "alert", None),
        (TRAFFIC, "cancel", NO_LONGER),
    ]


def test_without_an_acknowledgement_others_are_told_and_told_further(routing):
    history = History(routing)
    history.after(accident())
    assert history.told(accident(), minutes=15) == []  # 15 minutes after it was sent
    ((alert, _),) = history.after(accident(), minutes=16).alerts
    assert (alert.content["agency"], alert.content["escalated"]) == ("civil-defence", True)
    assert alert.content["reason"] == "Valley Traffic Police did not acknowledge within 15 minutes"
    taken = accident(state="acknowledged")
    assert [own for own in history.told(taken, minutes=17) if own[1] == "cancel"] == []
    closed = history.told(accident(state="closed"), minutes=18)
    assert {own[:2] for own in closed} == {(TRAFFIC, "cancel"), ("civil-defence", "cancel")}


def test_who_was_told_at_night_keeps_the_alert_when_the_agency_is_told_in_the_morning(routing):
    history = History(routing)
    thirst = incident(
        type="storm",
        classes={"requests_or_urgent_needs": 1.0},
        examples=({"id": "1", "text": "no drinking water here"},),
    )
    night, morning = {"hours": 12}, {"hours": 24}
    assert [own[:2] for own in history.told(thirst, **night)] == [("civil-defence", "alert")]
    assert history.alerts[0].content["reason"] == "Relief Alliance is not reached at this hour"
    assert [own[:2] for own in history.told(thirst, **morning)] == [("relief", "alert")]
    closed = history.told(thirst.model_copy(update={"state": "closed"}), hours=25)
    assert {own[:2] for own in closed} == {("civil-defence", "cancel"), ("relief", "cancel")}


def test_with_an_acknowledgement_nobody_else_is_told(routing):
    history = History(routing)
    history.after(accident())
    assert [own[0] for own in history.told(accident(state="acknowledged"), minutes=20)] == []
    assert history.told(accident(acknowledged_by=(TRAFFIC,)), minutes=21) == []
    assert [own[0] for own in history.told(accident(acknowledged_by=("ambulance",)), minutes=22)] == ["civil-defence"]


def test_an_alert_tells_what_its_rule_says_and_covers_persons_unless_the_agency_may_see_them(routing):
    found = {own.content["agency"]: own.content for own, _ in plan(routing, incident(), [], AT, masked).alerts}
    told = found[TRAFFIC]
    assert told["headline"] == "Traffic accident in Kathmandu, Nepal: 2 to 5 injured"
    assert set(told["facts"]) == {"place", "time", "injured"}
    assert told["evidence"]["statement"] == "Nobody has verified this."
    assert "985" not in told["posts"][0]["text"]
    assert "+977 985 1234567" in found["ambulance"]["posts"][0]["text"]
    verified = plan(routing, incident(verified_by="A. Person"), [], AT, masked).alerts[0][0].content
    assert verified["evidence"]["statement"] == "Verified by A. Person."


def test_people_streets_numbers_and_what_the_analysis_marked_are_covered():
    post = incident(
        examples=({"id": "1", "text": "Tomas at 12 Elm Street, call +977 985 1234567", "names": [(0, 5)]},)
    ).examples[0]
    text = covered(post)
    assert len(text) == len(post.text)
    assert not any(own in text for own in ("Tomas", "Elm", "985"))


def test_a_silence_keeps_alerts_back_and_cancels_none(routing, tmp_path):
    import shutil

    folder = shutil.copytree(EXAMPLE, tmp_path / "routing")
    (folder / "silences.yaml").write_text(
        "silences:\n  - {rule: traffic-accident, until: '2026-03-02T09:30:00Z', by: A. Person, reason: exercise}\n"
    )
    history = History(read_routing(folder))
    found = history.after(accident())
    assert found.alerts == [] and found.again == AT + timedelta(minutes=30)
    assert history.told(accident(), minutes=31) == [(TRAFFIC, "alert", 1, 30)]
    history.routing = read_routing(folder)
    assert history.told(accident(posts=8), minutes=32) == []


def test_routing_an_incident_twice_writes_it_once_and_keeps_an_acknowledgement(routing, tmp_path):
    with SqliteStore(tmp_path / "store") as store:
        store.set_watches({"manual": {}}, 0)
        assert len(route(store, routing, accident(), [], AT, masked).alerts) == 1
        assert route(store, routing, accident(), [], AT, masked).alerts == []
        known = store.incident("i1")
        assert (known.version, known.state) == (1, "open")
        assert [own.rules_hash for own in store.alerts("i1")] == [routing.hash]
        taken = known.content | {"acknowledged_by": ["ambulance"]}
        store.set_incident(Stored("i1", "manual", 2, "acknowledged", taken), [], [], 1)
        route(store, routing, accident(posts=7), [], AT + timedelta(minutes=40), masked)
        known = store.incident("i1")
        assert (known.state, known.content["acknowledged_by"]) == ("acknowledged", ["ambulance"])
        assert [own.content["agency"] for own in store.alerts("i1")] == [TRAFFIC]
        route(store, routing, accident(state="closed"), [], AT + timedelta(minutes=41), masked)
        route(store, routing, accident(), [], AT + timedelta(minutes=42), masked)
        known = store.incident("i1")
        assert (known.state, known.content["acknowledged_by"]) == ("open", [])


def test_what_the_time_brings_is_written_although_nothing_changes(routing, tmp_path):
    with SqliteStore(tmp_path / "store") as store:
        store.set_watches({"manual": {}}, 0)
        own = accident().model_dump(mode="json")
        store.set_incident(Stored("i1", "manual", 1, "open", own), [], [], milliseconds(AT))
        follower = Follower(store, routing, masked)
        start = milliseconds(AT)
        assert [line.split()[1] for line in follower.step(start)] == ["alert"]
        assert follower.step(start + 60_000) == []
        (line,) = follower.step(start + 16 * 60_000)
        assert "to civil-defence/files" in line  # nobody acknowledged
        assert follower.step(start + 17 * 60_000) == []
        again = Follower(store, routing, masked)  # a process that begins anew
        assert again.step(start + 18 * 60_000) == []
        store.set_incident(Stored("i2", "manual", 1, "open", {"id": "i2"}), [], [], start + 19 * 60_000)
        assert again.step(start + 20 * 60_000) == ["i2 is left out: confidence: field required; " + LEFT_OUT]
        assert again.step(start + 20 * 60_000) == []
        # A clock that runs back.
        store.set_incident(Stored("i3", "manual", 1, "open", own | {"id": "i3"}), [], [], start - 60_000)
        assert [line.split(":")[0] for line in again.step(start + 22 * 60_000)] == ["i3"]


LEFT_OUT = "posts: field required; authors: field required; since: field required; until: field required"


def test_a_replay_says_what_other_rules_would_tell_and_writes_nothing(routing, tmp_path):
    import shutil

    with SqliteStore(tmp_path / "store") as store:
        store.set_watches({"manual": {}}, 0)
        route(store, routing, incident(), [], AT, masked)
        assert list(replay(store.folder, routing, "manual")) == []
        folder = shutil.copytree(EXAMPLE, tmp_path / "routing")
        rules = (folder / "rules.yaml").read_text()
        (folder / "rules.yaml").write_text(
            rules.replace("type: traffic_accident, entities", "type: flood, entities").replace(
                "{type: attack,", "{type: traffic_accident,"
            )
        )
        assert list(replay(store.folder, read_routing(folder), "manual")) == [
            "i1: intelligence would be told, by security",
            "i1: valley-traffic-police would not be told; it was, by traffic-accident",
        ]
        assert len(store.alerts("i1")) == 2 and store.incident("i1").version == 1
