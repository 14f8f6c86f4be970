"""Deliveries: back-off, breaker, rate, what an attempt leads to, and crashes and failures in any order."""

import json
import random
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from crisisflow.ingest.delivery import deliver
from crisisflow.ingest.delivery.dispatch import Dispatcher
from crisisflow.ingest.delivery.line import Line
from crisisflow.ingest.delivery.message import Message
from crisisflow.ingest.delivery.result import Result
from crisisflow.ingest.delivery.schedule import FAILURES, PROBE, Breaker, Rate, pause
from crisisflow.ingest.delivery.settle import ENABLE, disabled, settle, subject
from crisisflow.ingest.process import Configuration
from crisisflow.ingest.routing.agencies import Webhook
from crisisflow.ingest.routing.alerting import milliseconds, route
from crisisflow.ingest.routing.configuration import EXAMPLE, read_routing
from crisisflow.ingest.store.faults import FullError
from crisisflow.ingest.store.sqlite import SqliteStore
from crisisflow.masking import mask
from tests.unit.ingest.incidents import AT, incident

NOW = milliseconds(AT)
POLICE, AMBULANCE = ("valley-traffic-police", "files"), ("ambulance", "files")
DELIVERED = Result("delivered", "200")


@pytest.fixture(scope="module")
def routing():
    return read_routing(EXAMPLE)


@given(st.integers(1, 100), st.randoms(use_true_random=False))
def test_a_pause_is_five_seconds_doubling_to_an_hour_with_a_fifth_of_jitter(attempt, chance):
    whole = min(5_000 * 2 ** (attempt - 1), 3_600_000)
    assert 0.8 * whole - 1 <= pause(attempt, chance) <= min(1.2 * whole + 1, 3_600_000)


def test_a_breaker_opens_probes_with_growing_pauses_and_closes():
    breaker = Breaker()
    for _ in range(FAILURES):
        assert breaker.allows(0)
        breaker.sent()
        breaker.failed(0)
    assert not breaker.allows(PROBE - 1) and breaker.allows(PROBE)
    breaker.failed(PROBE)  # what was on its way before
    assert breaker.allows(PROBE)
    breaker.sent()
    assert not breaker.allows(PROBE)  # one probe at a time
    breaker.failed(PROBE)
    assert not breaker.allows(PROBE + 2 * PROBE - 1) and breaker.allows(PROBE + 2 * PROBE)
    for _ in range(20):
        breaker.sent()
        breaker.failed(0)
    assert not breaker.allows(59_999) and breaker.allows(60_000)
    assert breaker.answered() and not breaker.answered()
    assert breaker.allows(0)


def test_a_rate_lets_a_seconds_worth_through_at_once_and_then_one_after_the_other():
    rate = Rate(2)
    sent = []
    for now in range(NOW, NOW + 3_000, 100):
        while rate.allows(now):
            rate.sent()
            sent.append(now - NOW)
    assert sent[:3] == [0, 0, 500] and len(sent) == 2 + 5


class Scripted:
    """A receiver that answers as it is told."""

    def __init__(self, answer=lambda message: DELIVERED):
        self.answer, self.got = answer, []

    def send(self, message):
        self.got.append(message)
        return self.answer(message)


def line(receiver=None, **values) -> Line:
    given = {"channel": "webhook", "name": "files", "url": "https://a.example/", "secrets": ["a"], "rate": 10_000}
    return Line(Webhook.model_validate(given | values), receiver or Scripted())


class World:
    """A store with a clock."""

    def __init__(self, routing, folder):
        self.routing, self.now = routing, NOW
        self.store = SqliteStore(folder)
        self.store.set_watches({"manual": {}}, NOW)

    def raise_alerts(self, number="i1", **facts):
        route(self.store, self.routing, incident(id=number, **facts), [], AT, lambda post: mask(post.text))

    def claim(self, own=AMBULANCE):
        return self.store.claim(own[0], "w1", self.now, self.now + 10_000, own[1])

    def states(self, own=AMBULANCE):
        return [row.state for row in self.store.deliveries(receiver=own[0]) if row.channel == own[1]]


@pytest.fixture
def world(routing, tmp_path):
    found = World(routing, tmp_path / "store")
    yield found
    found.store.close()


def test_an_attempt_that_failed_is_due_again_and_dead_in_the_end_which_the_desk_is_told_once(world):
    world.raise_alerts()
    own = line(give_up_after="1m")
    times = []
    while claim := world.claim():
        times.append((world.now - NOW) // 1000)
        settle(world.store, world.routing, own, claim, Result("failed", "503"), world.now)
        (row,) = world.store.deliveries(receiver="ambulance")
        world.now = row.next if row.state == "failed" else world.now
    assert world.states() == ["dead"]
    assert times[-1] == 60 and 4 <= len(times) <= 6
    told = [own for own in world.store.alerts("i1") if own.content["agency"] == "civil-defence"]
    assert [(own.kind, own.priority) for own in told] == [("alert", "urgent")]
    assert told[0].content["headline"].startswith("Not delivered to National Ambulance Service: Traffic accident")
    assert "503 (attempt" in told[0].content["reason"]
    assert len(world.store.deliveries("due", "civil-defence")) == 2  # both channels of the desk
    # Given up by a worker that is killed before it notes so: the desk is told once all the same.
    assert world.store.redeliver(claim_of(world, "ambulance"), "ana", world.now)


def claim_of(world, receiver):
    return world.store.deliveries(receiver=receiver)[0].id


def test_the_desk_is_told_once_although_a_worker_is_killed_before_it_notes_the_end(world, monkeypatch):
    world.raise_alerts()
    claim = world.claim()
    monkeypatch.setattr(world.store, "finish", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        settle(world.store, world.routing, line(), claim, Result("dead", "550"), world.now)
    monkeypatch.undo()
    world.now += 10_000
    settle(world.store, world.routing, line(), world.claim(), Result("dead", "550"), world.now)
    assert world.states() == ["dead"]
    assert len([own for own in world.store.alerts("i1") if own.id.startswith("dead-")]) == 1


def test_what_the_desk_does_not_get_is_dead_and_raises_nothing_further(world):
    world.raise_alerts(place=None)
    world.now += 30_000
    claim = world.claim(("civil-defence", "files"))
    settle(world.store, world.routing, line(), claim, Result("dead", "550"), world.now)
    assert not [own for own in world.store.alerts("i1") if own.id.startswith("dead-")]
    assert world.states(("civil-defence", "files")) == ["dead"]


def test_a_receiver_that_asks_for_time_gets_it(world):
    world.raise_alerts()
    settle(world.store, world.routing, line(), world.claim(), Result("failed", "429", later=600), world.now)
    assert world.store.deliveries("failed")[0].next == NOW + 600_000


def test_an_acknowledgement_is_on_record_with_the_agency_and_its_reference(world):
    world.raise_alerts()
    result = Result("delivered", "200", reference="case 7", acknowledged=True)
    settle(world.store, world.routing, line(), world.claim(), result, world.now)
    known = world.store.incident("i1")
    assert (known.state, known.content["acknowledged_by"]) == ("open", ["ambulance"])
    assert world.store.deliveries("delivered")[0].reference == "case 7"
    (entry,) = [own for own in world.store.audit() if own.act == "acknowledge"]
    assert (entry.actor, entry.subject, entry.details["reference"]) == ("ambulance", "incident:i1", "case 7")


def test_a_channel_that_is_gone_is_disabled_until_somebody_enables_it(world):
    world.raise_alerts()
    own = line()
    settle(world.store, world.routing, own, world.claim(), Result("dead", "410 Gone", disables=True), world.now)
    assert own.disabled == "410 Gone"
    assert disabled(world.store) == {"channel:ambulance/files": "410 Gone"}
    world.store.note("operator", ENABLE, subject("ambulance", "files"), {}, world.now)
    assert disabled(world.store) == {}


def test_a_channel_that_answers_again_gets_at_once_what_waited(world):
    own = line()
    for number in range(FAILURES + 1):
        world.raise_alerts(f"i{number}")
    for _ in range(FAILURES):
        settle(world.store, world.routing, own, world.claim(), Result("failed", "refused"), world.now)
    assert own.breaker.is_open and world.states().count("failed") == FAILURES
    settle(world.store, world.routing, own, world.claim(), DELIVERED, world.now)
    assert not own.breaker.is_open
    assert {row.next for row in world.store.deliveries("failed")} == {world.now}


# The dispatcher


def drain(dispatcher: Dispatcher, world: World, rounds: int = 400) -> None:
    """Step until nothing more can be sent now."""
    for _ in range(rounds):
        if not dispatcher.step():
            return
        dispatcher.wake.wait(0.02)
    raise AssertionError("it goes on and on")


def dispatcher_of(world: World, lines: dict) -> Dispatcher:
    return Dispatcher(world.store, world.routing, lines, lambda: world.now)


def test_what_is_due_is_sent_in_order_and_a_channel_that_hangs_delays_no_other(world):
    hold = threading.Event()
    stuck, quick = Scripted(lambda message: hold.wait(30) and DELIVERED), Scripted()
    lines = {POLICE: line(stuck, timeout="1s", concurrency=1), AMBULANCE: line(quick)}
    for number in range(5):
        world.raise_alerts(f"i{number}")
    world.now += 60_000
    dispatcher = dispatcher_of(world, lines)
    for _ in range(100):
        dispatcher.step()
        if len(quick.got) == 5:
            break
        dispatcher.wake.wait(5)
    assert world.states().count("delivered") + world.states().count("sending") == 5
    world.now += 2_000
    dispatcher.step()
    assert world.states(POLICE).count("sending") == 1  # its time is not over
    world.now += 1_000
    dispatcher.step()
    assert "failed" in world.states(POLICE) and len(stuck.got) == 1  # its thread still counts
    hold.set()
    for _ in range(100):
        if "delivered" in world.states(POLICE):
            break
        dispatcher.wake.wait(5)
        dispatcher.finish()
    assert "delivered" in world.states(POLICE)  # late, but it arrived


def test_a_claim_is_renewed_while_it_is_sent(world):
    hold = threading.Event()
    lines = {AMBULANCE: line(Scripted(lambda message: hold.wait(30) and DELIVERED), timeout="1m")}
    world.raise_alerts()
    dispatcher = dispatcher_of(world, lines)
    dispatcher.step()
    for _ in range(5):
        world.now += 6_000
        dispatcher.step()
        assert world.claim() is None
    hold.set()
    drain(dispatcher, world)
    assert world.states() == ["delivered"]


def test_what_could_not_be_written_is_sent_once_more(world, monkeypatch):
    own = line()
    world.raise_alerts()
    world.raise_alerts("i2")
    dispatcher = dispatcher_of(world, {AMBULANCE: own})
    claims = iter([world.store.claim, lambda *_: (_ for _ in ()).throw(FullError("the disk is full"))])
    monkeypatch.setattr(world.store, "claim", lambda *values: next(claims)(*values))
    with pytest.raises(FullError):
        dispatcher.step()
    monkeypatch.undo()
    assert own.receiver.got == [] and world.states() == ["due", "due"] and own.under_way == 0
    dispatcher.step()
    while dispatcher._ended.qsize() < 2:
        dispatcher.wake.wait(0.02)
    monkeypatch.setattr(world.store, "finish", lambda *_, **__: (_ for _ in ()).throw(FullError("the disk is full")))
    with pytest.raises(FullError):
        dispatcher.step()
    monkeypatch.undo()
    world.now += 60_000
    dispatcher.step()
    assert own.under_way == 0 and sorted(world.states()) == ["delivered", "failed"]  # the second answer was not read
    world.now += 60_000
    drain(dispatcher, world)
    assert world.states() == ["delivered", "delivered"] and own.under_way == 0
    assert len({sent.id for sent in own.receiver.got}) == 2


def test_a_disabled_channel_sends_nothing_and_the_desk_is_told(world):
    own, desk = line(), line()
    own.disabled = "410 Gone"
    world.raise_alerts()
    drain(dispatcher_of(world, {AMBULANCE: own, ("civil-defence", "files"): desk}), world)
    assert world.states() == ["dead"] and own.receiver.got == []
    assert [sent.headline[:13] for sent in desk.receiver.got] == ["Not delivered"]


def test_a_receiver_that_raises_fails_and_what_is_for_an_unknown_channel_waits(world):
    def fault(message):
        raise RuntimeError("call +977 985 1234567")

    world.raise_alerts()
    world.now += 60_000
    drain(dispatcher_of(world, {AMBULANCE: line(Scripted(fault))}), world)
    assert world.states() == ["failed"] and world.states(POLICE) == ["due"]
    (attempt,) = world.store.attempts(claim_of(world, "ambulance"))
    assert attempt.answer.startswith("RuntimeError: call ") and "985" not in attempt.answer


def test_a_changed_configuration_is_taken_only_when_it_is_valid(tmp_path, capsys, routing):
    import shutil

    folder = shutil.copytree(EXAMPLE, tmp_path / "routing")
    world = World(routing, tmp_path / "store")
    lines = deliver.open_lines(routing, folder, tmp_path, {}, {})
    dispatcher = dispatcher_of(world, lines)
    configuration = Configuration(folder, "deliver")

    def take(found):
        deliver.take(dispatcher, found, folder, tmp_path)

    agencies = folder / "agencies.yaml"
    whole = agencies.read_text()
    agencies.write_text(whole.replace("desk: civil-defence", "desk: nobody"))
    configuration.reload(take)
    assert "there is no agency nobody; the old configuration goes on" in capsys.readouterr().err
    assert dispatcher.routing is routing
    agencies.write_text(whole.replace("name: files, folder: delivered/ambulance", "name: other, folder: delivered/a"))
    configuration.reload(take)
    assert ("ambulance", "other") in dispatcher.lines and AMBULANCE not in dispatcher.lines
    assert dispatcher.lines[POLICE] is lines[POLICE]  # with its breaker and rate
    world.store.close()


# Any order


class DeliveryMachine(RuleBasedStateMachine):
    """Alerts, attempts, crashes, answers, time-outs, lost answers, redeliveries and withdrawals in any order.

    Never lost, never under another id, in order per incident and receiver.
    """

    make = None

    def __init__(self):
        super().__init__()
        self.world = self.make()
        self.line = line(give_up_after="7d")
        self.line.chance = random.Random(0)
        self.claims, self.received = [], []
        self.posts = {"i1": 3, "i2": 3}
        self.at = AT

    @rule(number=st.sampled_from(["i1", "i2"]), state=st.sampled_from(["open", "closed"]))
    def happens(self, number, state):
        from datetime import UTC, datetime

        self.posts[number] += 1
        own = incident(id=number, posts=self.posts[number], state=state)
        at = datetime.fromtimestamp(self.world.now / 1000, UTC)
        route(self.world.store, self.world.routing, own, [], at, lambda post: "")

    @rule()
    def claims_one(self):
        if claim := self.world.claim():
            self.claims.append(claim)

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), what=st.sampled_from(["delivered", "failed", "ours", "crash", "answer lost", "dead"]))
    def ends(self, data, what):
        claim = self.claims.pop(data.draw(st.integers(0, len(self.claims) - 1)))
        if what in ("delivered", "answer lost"):
            self.received.append((claim.incident, claim.alert.version, claim.alert.id))
        result = {
            "delivered": DELIVERED,
            "failed": Result("failed", "refused"),
            "ours": Result("failed", "400", ours=True),
            "dead": Result("dead", "550", ours=True),
        }.get(what)
        if result:
            settle(self.world.store, self.world.routing, self.line, claim, result, self.world.now)

    @rule(seconds=st.sampled_from([1, 11, 4000]))
    def time_passes(self, seconds):
        self.world.now += seconds * 1000

    @precondition(lambda self: self.ended())
    @rule(data=st.data())
    def redeliver(self, data):
        self.world.store.redeliver(data.draw(st.sampled_from(self.ended())), "ana", self.world.now)

    def ended(self):
        return [own.id for own in self.world.store.deliveries("dead", "ambulance")]

    @invariant()
    def nothing_is_received_before_what_came_before_it_or_under_another_id(self):
        first = list(dict.fromkeys(self.received))
        for number in self.posts:
            own = [version for at, version, _ in first if at == number]
            given_up = {row.version for row in self.world.store.deliveries(receiver="ambulance") if self.was_dead(row)}
            kept = [version for version in own if version not in given_up]
            assert kept == sorted(kept)
            assert len({identity for at, _, identity in first if at == number}) <= 1

    def was_dead(self, row):
        return row.state == "dead" or any(own.outcome == "dead" for own in self.world.store.attempts(row.id))

    def teardown(self):
        # In the end everything is received, was withdrawn for a later version, or stands before somebody as dead.
        world = self.world
        for _ in range(60):
            world.now += 3_700_000
            while claim := world.claim():
                self.received.append((claim.incident, claim.alert.version, claim.alert.id))
                settle(world.store, world.routing, self.line, claim, DELIVERED, world.now)
        received = {(number, version) for number, version, _ in self.received}
        for row in world.store.deliveries(receiver="ambulance"):
            assert row.state in ("delivered", "withdrawn", "dead")
            if row.state == "delivered":
                assert (row.incident, row.version) in received
            if row.state == "dead":
                assert any(own.id.startswith("dead-") for own in world.store.alerts(row.incident))
            if row.state == "withdrawn":
                assert any(own.version > row.version for own in world.store.alerts(row.incident) if own.id == row.alert)
        world.store.close()


def test_deliveries_hold_what_they_promise_in_any_order(routing, tmp_path):
    numbers = iter(range(10**6))
    DeliveryMachine.make = staticmethod(lambda: World(routing, tmp_path / f"store{next(numbers)}"))
    run_state_machine_as_test(
        DeliveryMachine,
        settings=settings(
            max_examples=8, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_the_published_schema_of_a_message_is_that_of_the_code():
    from pathlib import Path

    published = Path(__file__).parents[3] / "docs" / "alert.schema.json"
    said = "run: crisisflow schema --of alert --out docs/alert.schema.json"
    assert json.loads(published.read_text()) == Message.model_json_schema(), said
