"""crisisflow deliver: send what the store has for the agencies, until it is stopped."""

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from crisisflow.errors import CrisisflowError
from crisisflow.ingest.delivery.answers import Answers
from crisisflow.ingest.delivery.channels.opened import open_receiver
from crisisflow.ingest.delivery.channels.webhook import read_webhook_secret
from crisisflow.ingest.delivery.dispatch import LEASE, Dispatcher, Lines
from crisisflow.ingest.delivery.line import Line
from crisisflow.ingest.delivery.links import Links
from crisisflow.ingest.delivery.message import Message
from crisisflow.ingest.delivery.result import Result
from crisisflow.ingest.delivery.settle import ENABLE, disabled, subject
from crisisflow.ingest.delivery.troubles import Lookout
from crisisflow.ingest.process import Configuration, now, stopping
from crisisflow.ingest.routing.agencies import Channel
from crisisflow.ingest.routing.configuration import Routing, read_routing
from crisisflow.ingest.routing.content import UNVERIFIED, Evidence, written
from crisisflow.ingest.store.faults import FullError
from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.opening import Where, alone, folder_beside, folder_of_disk, open_store
from crisisflow.progress import say

PAUSE = 0.1  # seconds between looks into the store
LAST = 10.0  # seconds for what is on its way when it is stopped
OPERATOR = "operator"  # who used the command line, in the audit


def open_lines(routing: Routing, configured: Path, store: Where, why: Mapping[str, str], before: Lines) -> Lines:
    """A line to each channel; one whose configuration is as before goes on.

    Args:
        configured: folder of agencies.yaml. store: where the store is.
        why: of disabled channels, by their subject in the audit.
    """
    found: Lines = {}
    for agency, own in routing.directory.content.agencies.items():
        for channel in own.channels:
            known = before.get((agency, channel.name))
            line = known if known and known.channel == channel else _line(routing, channel, configured, store)
            line.disabled = why.get(subject(agency, channel.name))
            found[agency, channel.name] = line
    return found


def open_links(routing: Routing, configured: Path) -> Links | None:
    """The links by which agencies acknowledge, where agencies.yaml has them.

    Raises:
        CrisisflowError: their secret cannot be read.
    """
    own = routing.directory.content.links
    return Links(own.address, read_webhook_secret(configured / own.secret)) if own else None


def _line(routing: Routing, channel: Channel, configured: Path, store: Where) -> Line:
    return Line(channel, open_receiver(channel, routing.directory.content.cap, configured, folder_beside(store)))


def run(folder: Where, configured: Path, once: bool, lease: int = LEASE, end: threading.Event | None = None) -> None:
    """Send what is due, until a signal or `end`; with `once` until nothing more can be sent now.

    Raises:
        CrisisflowError: the configuration is not valid at the start, or another process delivers from this store.
    """
    with alone(folder, "deliver"), open_store(folder, make=True) as store, stopping(end) as stop:
        configuration = Configuration(configured, "deliver")
        lines = open_lines(configuration.routing, configured, folder, disabled(store), {})
        links = open_links(configuration.routing, configured)
        dispatcher = Dispatcher(store, configuration.routing, lines, now, lease, links)
        _say_unknown(store, lines)
        if not once and (options := configuration.routing.directory.content.links):
            answers = Answers(folder, lambda: dispatcher.links, options)
            say(f"deliver: links are answered at http://{answers.host}:{answers.port}")
            threading.Thread(target=answers.run, args=(stop,), daemon=True).start()
        lookout = Lookout(store, folder_of_disk(folder))
        while not stop.is_set():
            try:
                if not once:
                    lookout.step(dispatcher.routing, now())
                busy = dispatcher.step()
            except FullError as error:
                say(f"deliver: {error}")
                stop.wait(1)
                continue
            if once and not busy:
                return
            dispatcher.wake.wait(PAUSE)
            configuration.changed(lambda routing: take(dispatcher, routing, configured, folder))
        until = time.monotonic() + LAST
        while dispatcher.finish() and time.monotonic() < until:
            dispatcher.wake.wait(PAUSE)


def take(dispatcher: Dispatcher, routing: Routing, configured: Path, folder: Where) -> None:
    """Let a dispatcher go on with another configuration.

    Raises:
        CrisisflowError: a channel cannot be opened; then nothing has changed.
    """
    lines = open_lines(routing, configured, folder, disabled(dispatcher.store), dispatcher.lines)
    links = open_links(routing, configured)
    dispatcher.routing, dispatcher.lines, dispatcher.links = routing, lines, links
    _say_unknown(dispatcher.store, lines)


def _say_unknown(store: Store, lines: Lines) -> None:
    waiting = {(own.receiver, own.channel) for state in ("due", "failed") for own in store.deliveries(state)}
    for receiver, channel in sorted(waiting - lines.keys()):
        say(f"deliver: {receiver}/{channel} is not in agencies.yaml; what is for it waits")


def status(folder: Where) -> list[str]:
    """A line for each channel that was ever used: how many deliveries are in each state, and the oldest that waits."""
    with open_store(folder, make=True) as store:
        why = disabled(store)
        counts: dict[tuple[str, str], dict[str, int]] = {}
        oldest: dict[tuple[str, str], int] = {}
        for own in store.deliveries():
            key = own.receiver, own.channel
            states = counts.setdefault(key, {})
            states[own.state] = states.get(own.state, 0) + 1
            if own.state in ("due", "sending", "failed"):
                oldest[key] = min(oldest.get(key, own.since), own.since)
    lines = []
    for (receiver, channel), states in sorted(counts.items()):
        said = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        line = f"{receiver}/{channel}: {said}"
        if (receiver, channel) in oldest:
            line += (
                f"; the oldest waits since {written(datetime.fromtimestamp(oldest[receiver, channel] // 1000, UTC))}"
            )
        if subject(receiver, channel) in why:
            line += f"; disabled: {why[subject(receiver, channel)]}"
        lines.append(line)
    return lines


def dead_letters(folder: Where) -> list[str]:
    """A line for each delivery that was given up: its number, where it should have gone, and the last answer."""
    with open_store(folder, make=True) as store:
        lines = []
        for own in store.deliveries("dead"):
            answer = next((one.answer for one in reversed(store.attempts(own.id)) if one.answer), "no answer")
            lines.append(f"{own.id}: {own.alert}-{own.version} to {own.receiver}/{own.channel}: {answer}")
        return lines


def redeliver(folder: Where, delivery: int) -> None:
    """Make a delivery due again under its id.

    Raises:
        CrisisflowError: there is none of this number that ended.
    """
    with open_store(folder, make=True) as store:
        if not store.redeliver(delivery, OPERATOR, now()):
            raise CrisisflowError(f"{folder} has no delivery {delivery} that was delivered, given up or withdrawn")


def enable(folder: Where, channel: str) -> None:
    """Let a disabled channel be used again."""
    with open_store(folder, make=True) as store:
        if f"channel:{channel}" not in disabled(store):
            raise CrisisflowError(f"the channel {channel} is not disabled")
        store.note(OPERATOR, ENABLE, f"channel:{channel}", {}, now())


def send_test(folder: Where, configured: Path, named: str) -> Result:
    """Send a test message by a channel (agency/channel); nothing of it is stored.

    Raises:
        CrisisflowError: there is no such channel.
    """
    routing = read_routing(configured)
    agency, _, name = named.partition("/")
    own = routing.directory.content.agencies.get(agency)
    channel = next((one for one in own.channels if one.name == name), None) if own else None
    if own is None or channel is None:
        known = (f"{key}/{one.name}" for key, of in routing.directory.content.agencies.items() for one in of.channels)
        raise CrisisflowError(f"no channel {named}; there are: {', '.join(known)}")
    made = written(datetime.fromtimestamp(now() // 1000, UTC))
    message = Message(
        id=f"test-{now()}-1",
        alert=f"test-{now()}",
        version=1,
        kind="alert",
        made=made,
        incident="test",
        rule="test",
        rules_hash=routing.hash,
        priority="low",
        references=[],
        agency=agency,
        agency_name=own.name,
        headline="Test message: nothing happened",
        reason="this is a test",
        instead_of=None,
        escalated=False,
        incident_state="open",
        category="Other",
        facts={},
        evidence=Evidence(posts=0, authors=0, confidence=0.0, verified_by=None, statement=UNVERIFIED),
        posts=[],
    )
    return open_receiver(channel, routing.directory.content.cap, configured, folder_beside(folder)).send(message)
