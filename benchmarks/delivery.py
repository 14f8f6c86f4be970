"""Do alerts arrive although processes are killed? `python benchmarks/delivery.py` (200 kills, some minutes).

kills: `route` and `deliver` are killed with -9 at random moments, while incidents change, and while the receivers
answer 503, close without an answer, answer late, acknowledge, and take messages of which the answer is lost.
Afterwards every alert that the rules demand must have been received, a repeat must have the id and the bytes of the
first, the versions of an alert must have been received in order, and SQLite's integrity check must say ok. The pauses
between attempts and the claims are shortened, so that more happens between two kills; nothing else is. The test
tests/unit/ingest/test_crash.py runs the same with 20 kills.

rival: 1,000 alerts are accepted, then one kill -9 and a restart. Once the receiver is down until the restart, once it
is up all the time. The same is done with Prometheus Alertmanager, if it is installed (Debian: prometheus-alertmanager).
By design Alertmanager trusts its sender to repeat an alert; here nobody repeats. A receiver takes 20 ms for an answer.

latency: alerts at a steady rate to ten receivers, one of which hangs: the time from the incident that causes an alert
to its request at the receiver, of the other nine. The pauses are as they are.

backlog: alerts wait for a receiver that is down while another gets its own; then it is up again.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import NamedTuple

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from crisisflow.ingest.incident import Incident
from crisisflow.ingest.routing.configuration import EXAMPLE, read_routing
from crisisflow.ingest.store.sqlite import SqliteStore
from tests.unit.ingest.receivers import Got, serving

STEPS = 4  # changes of each incident: an alert and updates; the last one of some is a cancellation
CLOSED = 5  # each so manieth is closed
AGENCIES = ("north", "south", "east")
SECRET = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # of the specification's own example
PATIENCE = 120  # seconds in which everything must have arrived
ALERTMANAGER = "prometheus-alertmanager"


class Found(NamedTuple):
    """What became of the alerts."""

    kills: int
    alerts: int  # versions, by agency
    received: int  # requests that a receiver took
    missing: list[str]
    other_ids: list[str]
    out_of_order: list[str]
    integrity: str


def configure(folder: Path, port: int, names: Sequence[str] = AGENCIES, by_word: bool = False) -> Path:
    """A configuration of agencies with webhooks at a local port, and one rule for each.

    Args:
        by_word: whether an agency is told only of incidents with its name in a post.
    """
    folder.mkdir(parents=True)
    ontology = (EXAMPLE / "ontology.yaml").read_text(encoding="utf-8")
    kinds = "".join(f"  {name}_service: a service\n" for name in names)  # of one kind, they had equal claims
    (folder / "ontology.yaml").write_text(ontology.replace("\ntypes:\n", f"{kinds}\ntypes:\n"), encoding="utf-8")
    (folder / "key").write_text(SECRET)
    agencies, rules = [], []
    for name in names:
        agencies.append(
            f"  {name}:\n    name: {name}\n    kind: {name}_service\n    area: {{everywhere: true}}\n    channels:\n"
            f"      - {{channel: webhook, name: hook, url: 'http://127.0.0.1:{port}/{name}', secrets: [key],\n"
            "         private_addresses: true, timeout: 2s, concurrency: 4, rate: 10000}\n"
        )
        words = f", words: [{name}]" if by_word else ""
        rules.append(
            f"  - id: to-{name}\n    when: {{state: [open, acknowledged]{words}}}\n    to: {{agency: {name}}}\n"
            "    tell: [place, posts]\n    priority: high\n    repeat: 0s\n"
        )
    (folder / "agencies.yaml").write_text(f"desk: {names[0]}\nagencies:\n{''.join(agencies)}")
    (folder / "rules.yaml").write_text("rules:\n" + "".join(rules))
    return folder


def incident(number: int, step: int, text: str = "The river rises") -> Incident:
    """A generated incident after so many changes."""
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    return Incident.model_validate(
        {
            "id": f"i{number}",
            "state": "closed" if step == STEPS - 1 and number % CLOSED == 0 else "open",
            "type": "flood",
            "confidence": 0.9,
            "posts": 3 + step,
            "authors": 2,
            "since": at,
            "until": at,
            "examples": [{"id": "1", "text": text}],
        }
    )


# The processes. A zygote has imported everything, and forks them: they start within milliseconds.


def route_all(store: Path, configured: Path, incidents: int, steps: int) -> None:
    """Route all changes of all incidents; what the store has already is left out."""
    from crisisflow.ingest.routing.alerting import route

    routing = read_routing(configured)
    with SqliteStore(store) as opened:
        if not opened.watches():
            opened.set_watches({"manual": {}}, 0)
        for step in range(steps):
            for number in range(incidents):
                own = incident(number, step)
                known = opened.incident(own.id)
                if known is None or known.content["posts"] < own.posts:
                    route(opened, routing, own, [], datetime.now(UTC), lambda post: post.text)
    (store / "routed").touch()


def deliver_shortened(store: Path, configured: Path) -> None:
    """Deliver with short claims and pauses."""
    from crisisflow.ingest.delivery import deliver, schedule

    schedule.FIRST = schedule.PROBE = 20
    schedule.LONGEST = schedule.LONGEST_PROBE = 200
    deliver.PAUSE = 0.02
    deliver.run(store, configured, False, lease=400)


def route_paced(store: Path, configured: Path, count: int, rate: int, names: Sequence[str]) -> None:
    """Route new incidents at a steady rate, to the agencies in turn; each post tells when it came."""
    from crisisflow.ingest.routing.alerting import route

    routing = read_routing(configured)
    with SqliteStore(store) as opened:
        opened.set_watches({"manual": {}}, 0)
        began = time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            own = incident(number, 0, f"{names[number % len(names)]} {time.time_ns()}")
            route(opened, routing, own, [], datetime.now(UTC), lambda post: post.text)
    (store / "routed").touch()


def zygote(store: Path, configured: Path, incidents: int, steps: int) -> None:
    """Fork a process for each line of standard input, and print its id."""
    import crisisflow.ingest.delivery.channels.webhook
    import crisisflow.ingest.delivery.deliver
    import crisisflow.ingest.routing.alerting

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if process := os.fork():
            print(process, flush=True)
            continue
        code = 1
        try:
            kind, *names = line.split()
            if kind == "route":
                route_all(store, configured, incidents, steps)
            elif kind == "pace":
                route_paced(store, configured, incidents, steps, names)
            elif kind == "deliver":
                deliver_shortened(store, configured)
            else:
                crisisflow.ingest.delivery.deliver.run(store, configured, False)
            code = 0
        finally:
            os._exit(code)


class Processes:
    """The processes of a zygote."""

    def __init__(self, store: Path, configured: Path, incidents: int, steps: int) -> None:
        arguments = [str(store), str(configured), str(incidents), str(steps)]
        self._zygote = subprocess.Popen(
            [sys.executable, __file__, "--zygote", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._own: dict[str, int] = {}

    def run(self, kind: str) -> None:
        """Start one, if it does not run."""
        if psutil.pid_exists(self._own.get(kind, 2**22 + 1)):
            return
        assert self._zygote.stdin and self._zygote.stdout
        print(kind, file=self._zygote.stdin, flush=True)
        self._own[kind] = int(self._zygote.stdout.readline())

    def kill(self, kind: str) -> bool:
        """Kill one with -9; False where it had ended."""
        own = self._own.pop(kind, None)
        if own is None:
            return False
        try:
            os.kill(own, signal.SIGKILL)
        except ProcessLookupError:
            return False
        while psutil.pid_exists(own):
            time.sleep(0.001)
        return True

    def close(self) -> None:
        """Kill all."""
        for kind in list(self._own):
            self.kill(kind)
        self._zygote.kill()
        self._zygote.communicate()


class Fickle:
    """Receivers that fail at random, and keep what they took, in order."""

    def __init__(self, chance: random.Random) -> None:
        self._chance, self._lock = chance, Lock()
        self.taken: list[Got] = []

    def answer(self, got: Got) -> tuple[int, dict[str, str], bytes] | None:
        """503 for a quarter; of the others some are taken without an answer in time, or with an acknowledgement."""
        with self._lock:
            draw, taken = self._chance.random(), self._chance.random()
            if draw < 0.25:
                return 503, {}, b""
            self.taken.append(got)
        if draw < 0.33:
            return None
        if draw < 0.36:
            time.sleep(0.5)  # longer than a claim; the claim is renewed
        return 200, {}, b'{"acknowledged": true}' if taken < 0.2 else b"thanks"


def crash(folder: Path, incidents: int, kills: int, chance: random.Random) -> Found:
    """Kill the processes so many times, then let them end, and look at what arrived."""
    fickle = Fickle(random.Random(chance.random()))
    store = folder / "store"
    with serving(fickle.answer) as server:
        configured = configure(folder / "routing", server.port)
        SqliteStore(store).close()
        processes = Processes(store, configured, incidents, STEPS)
        try:
            for number in range(kills):
                processes.run("route")
                processes.run("deliver")
                time.sleep(chance.uniform(0.0, 0.3))
                which = "route" if number % 3 == 0 else "deliver"
                if not processes.kill(which):
                    processes.kill("deliver")
            ends = time.monotonic() + PATIENCE
            while time.monotonic() < ends and not ((store / "routed").exists() and settled(store)):
                processes.run("route") if not (store / "routed").exists() else None
                processes.run("deliver")
                time.sleep(0.05)
        finally:
            processes.close()
        return judged(store, fickle.taken, incidents, kills)


def settled(store: Path) -> bool:
    """Whether nothing is on its way any more."""
    with SqliteStore(store) as opened:
        return {own.state for own in opened.deliveries()} <= {"delivered", "withdrawn"}


def judged(store: Path, taken: Sequence[Got], incidents: int, kills: int) -> Found:
    """Compare what the rules demand with what arrived."""
    received: dict[tuple[str, str], list[int]] = {}  # versions in order, by agency and incident
    first: dict[tuple[str, str, int], tuple[str, bytes]] = {}
    other_ids = []
    for got in taken:
        body = json.loads(got.body)
        place = (got.path.strip("/"), body["incident"])
        received.setdefault(place, []).append(body["version"])
        said = (got.headers["webhook-id"], got.body)
        known = first.setdefault((*place, body["version"]), said)
        if known != said or got.headers["webhook-id"] != f"{body['alert']}-{body['version']}":
            other_ids.append(f"{place} version {body['version']}")
    out_of_order = [
        f"{place}: {versions}"
        for place, versions in received.items()
        if (own := list(dict.fromkeys(versions))) != sorted(own)
    ]
    missing = []
    with SqliteStore(store) as opened:
        rows = opened.deliveries()
        states = {(own.receiver, own.incident, own.version): own.state for own in rows}
        list(opened.audit())  # raises where it was changed
    for number in range(incidents):
        for agency in AGENCIES:
            for version in range(1, STEPS + 1):
                place = (agency, f"i{number}", version)
                # What was cancelled before it was sent is withdrawn; its cancellation is the last version.
                withdrawn = states.get(place) == "withdrawn" and number % CLOSED == 0 and version < STEPS
                if place not in states or (place not in first and not withdrawn):
                    missing.append(f"{place}: {states.get(place, 'not written')}")
    with sqlite3.connect(store / "store.sqlite") as database:
        integrity = database.execute("PRAGMA integrity_check").fetchone()[0]
    return Found(kills, len(rows), len(taken), missing, other_ids, out_of_order, integrity)


# Beside Alertmanager


def ours(folder: Path, count: int, down_first: bool) -> tuple[int, float]:
    """Accept alerts, kill and start again; how many of `count` arrived, and in how many seconds after the restart."""
    with served(down_first) as (server, start):
        store, configured = folder / "store", configure(folder / "routing", server.port)
        processes = Processes(store, configured, -(-count // len(AGENCIES)), 1)
        try:
            SqliteStore(store).close()
            processes.run("deliver")
            processes.run("route")
            wait(lambda: (store / "routed").exists())
            processes.kill("deliver")
            start()
            began = time.monotonic()
            processes.run("deliver")
            wait(lambda: settled(store))
        finally:
            processes.close()
        arrived = {got.headers["webhook-id"] for got in server.got}
        return len(arrived), time.monotonic() - began


def alertmanager(folder: Path, count: int, down_first: bool) -> int:
    """The same with Alertmanager: how many of `count` accepted alerts arrived within a minute after the restart."""
    import httpx

    with served(down_first) as (server, start):
        folder.mkdir()
        (folder / "alertmanager.yml").write_text(
            "route: {receiver: hook, group_by: ['...'], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}\n"
            f"receivers: [{{name: hook, webhook_configs: [{{url: 'http://127.0.0.1:{server.port}/am'}}]}}]\n"
        )
        port = free_port()
        command = [
            *(ALERTMANAGER, f"--config.file={folder / 'alertmanager.yml'}", f"--storage.path={folder / 'data'}"),
            *(f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=error"),
        ]
        with started(command) as process:
            ready(port)
            accepted = 0
            alerts = [{"labels": {"alertname": "flood", "id": str(number)}} for number in range(count)]
            for begin in range(0, count, 50):
                answer = httpx.post(f"http://127.0.0.1:{port}/api/v2/alerts", json=alerts[begin : begin + 50])
                accepted += 50 if answer.status_code == 200 else 0
            assert accepted == count
            process.kill()
            process.wait()
        start()
        with started(command):
            ready(port)
            seen, quiet = -1, time.monotonic()
            while time.monotonic() - quiet < 20:  # nothing new for so long
                if len(server.got) != seen:
                    seen, quiet = len(server.got), time.monotonic()
                time.sleep(0.2)
        return len({one["labels"]["id"] for got in server.got for one in json.loads(got.body)["alerts"]})


# Latency and backlog


def latency(folder: Path, seconds: int, rate: int) -> list[float]:
    """Seconds from an incident to the request at its receiver, of nine receivers while a tenth hangs; sorted."""
    names = [f"agency{number}" for number in range(10)]
    took: list[float] = []

    def answer(got: Got) -> tuple[int, dict[str, str], bytes] | None:
        if got.path == f"/{names[0]}":
            time.sleep(30)
            return None
        sent = int(json.loads(got.body)["posts"][0]["text"].split()[1])
        took.append((time.time_ns() - sent) / 1e9)
        return 200, {}, b""

    with serving(answer) as server:
        store, configured = folder / "store", configure(folder / "routing", server.port, names, by_word=True)
        processes = Processes(store, configured, seconds * rate, rate)
        try:
            SqliteStore(store).close()
            processes.run("send")
            processes.run(f"pace {' '.join(names)}")
            wanted = seconds * rate - len(range(0, seconds * rate, len(names)))
            wait(lambda: len(took) >= wanted)
        finally:
            processes.close()
    return sorted(took)


def backlog(folder: Path, count: int) -> tuple[float, float, bool]:
    """Alerts a second to a receiver that is up again, the longest wait of another one meanwhile, and if in order."""
    names, down, at = ["dead", "well"], True, []
    order: dict[str, list[int]] = {}
    took: list[float] = []

    def answer(got: Got) -> tuple[int, dict[str, str], bytes] | None:
        if got.path == "/dead":
            if down:
                return 503, {}, b""
            body = json.loads(got.body)
            order.setdefault(body["incident"], []).append(body["version"])
            at.append(time.monotonic())
        else:
            took.append((time.time_ns() - int(json.loads(got.body)["posts"][0]["text"].split()[1])) / 1e9)
        return 200, {}, b""

    with serving(answer) as server:
        store, configured = folder / "store", configure(folder / "routing", server.port, names, by_word=True)
        processes = Processes(store, configured, 2 * count, 100)
        try:
            SqliteStore(store).close()
            processes.run("send")
            processes.run(f"pace {' '.join(names)}")
            wait(lambda: (store / "routed").exists())
            down = False
            wait(lambda: len(at) >= count)
        finally:
            processes.close()
    in_order = all(versions == sorted(versions) for versions in order.values())
    return (len(at) - 1) / (max(at) - min(at)), max(took), in_order


@contextmanager
def served(down_first: bool):
    """A receiver, and a function that starts it; without `down_first` it is up already."""
    down = down_first

    def answer(got: Got) -> tuple[int, dict[str, str], bytes] | None:
        time.sleep(0.02)
        return (503, {}, b"") if down else (200, {}, b"")

    with serving(answer) as server:

        def start() -> None:
            nonlocal down
            if down:
                down = False
                server.got.clear()

        yield server, start


@contextmanager
def started(command: Sequence[str]):
    """A process, killed at the end."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    """A port that nobody has now."""
    import socket

    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        return own.getsockname()[1]


def ready(port: int) -> None:
    """Wait until Alertmanager answers."""
    import httpx

    def answers() -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(f"http://127.0.0.1:{port}/-/ready").status_code == 200
        return False

    wait(answers)


def wait(done: Callable[[], bool]) -> None:
    """Wait until something is so."""
    ends = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > ends:
            raise SystemExit("it does not come to an end")
        time.sleep(0.05)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--alerts", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--zygote", nargs=4)
    given = parser.parse_args()
    if given.zygote:
        store, configured, incidents, steps = given.zygote
        zygote(Path(store), Path(configured), int(incidents), int(steps))
        return
    with TemporaryDirectory() as folder:
        took = latency(Path(folder) / "latency", 20, 50)
        shares = ", ".join(f"p{own} {took[len(took) * own // 100]:.3f} s" for own in (50, 95, 99))
        print(f"latency at 50 alerts/s, one of ten receivers hangs: {shares}, longest {took[-1]:.3f} s")
        speed, longest, in_order = backlog(Path(folder) / "backlog", 1000)
        print(f"backlog of 1,000: {speed:.0f} alerts/s, in order: {in_order}; longest of another: {longest:.3f} s")
        found = crash(Path(folder) / "kills", given.kills, given.kills, random.Random(given.seed))
        print(f"kills: {found.kills}; alerts: {found.alerts}; requests taken: {found.received}")
        print(
            f"missing: {len(found.missing)}; other ids: {len(found.other_ids)}; out of order: "
            f"{len(found.out_of_order)}; integrity: {found.integrity}"
        )
        for case, down_first in (("receiver down until the restart", True), ("receiver up", False)):
            arrived, seconds = ours(Path(folder) / f"ours{down_first}", given.alerts, down_first)
            wanted = -(-given.alerts // len(AGENCIES)) * len(AGENCIES)
            print(f"one kill, {case}: crisisflow {arrived} of {wanted}, the last {seconds:.1f} s after the restart")
            if shutil.which(ALERTMANAGER):
                rival = alertmanager(Path(folder) / f"rival{down_first}", given.alerts, down_first)
                print(f"one kill, {case}: Alertmanager {rival} of {given.alerts}")


if __name__ == "__main__":
    main()
