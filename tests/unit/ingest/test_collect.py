"""Collect: a process that is killed at any moment has kept every post that a source was told is taken."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

import httpx
import pytest
from websockets.sync.server import serve

from crisisflow.cli import app
from crisisflow.errors import CrisisflowError
from crisisflow.ingest import collect
from crisisflow.ingest.operations import QueueLimits
from crisisflow.ingest.store.faults import FullError, StoreError
from crisisflow.ingest.store.records import Filed, Intake, Membership, Post
from crisisflow.ingest.store.sqlite import SqliteStore
from crisisflow.ingest.store.sqlite.database import alone
from crisisflow.ingest.store.sqlite.upkeep import check
from crisisflow.ingest.writer import Writer
from tests.unit.ingest.collecting import NOW, PATIENCE, ids, until
from tests.unit.ingest.test_streams import event, name

KILLS = 20
CONFIG = """\
sources:
  - {{id: wire, kind: push, port: {port}}}
  - {{id: lines, kind: jsonl, path: in.jsonl}}
  - {{id: sky, kind: bluesky, url: "ws://127.0.0.1:{sky}/subscribe", jump: 1d}}
watches:
  - {{id: flood, sources: [wire, lines, sky], keywords: {{languages: [en]}}, outside: keep}}
"""
START = "import sys; from pathlib import Path; from crisisflow.ingest.collect import run; run(*map(Path, sys.argv[1:]))"


def free_port() -> int:
    import socket

    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        return own.getsockname()[1]


class Sky:
    """A Jetstream server that has an event a few milliseconds, and sends them from any cursor on."""

    def __init__(self):
        self.events, self.closed = [], threading.Event()
        self.server = serve(self._serve, "127.0.0.1", 0)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.port = self.server.socket.getsockname()[1]

    def _serve(self, connection):
        cursor = int(connection.request.path.partition("cursor=")[2] or 0)
        at = 0
        try:
            while not self.closed.is_set():
                if at < len(self.events):
                    number, text = self.events[at]
                    at += 1
                    if number >= cursor:
                        connection.send(text)
                else:
                    self.closed.wait(0.005)
        except Exception:  # its reader was killed
            return

    def add(self, number):
        self.events.append((number * 1000, event(number, "a flood", at=number * 1000)))

    def close(self):
        self.closed.set()
        self.server.shutdown()


class Feeding:
    """Feeds all three sources without a pause, and notes what was taken by its answer."""

    def __init__(self, folder, port, sky):
        self.told, self.written, self.ended = [], 0, threading.Event()
        self.folder, self.port, self.sky = folder, port, sky
        self.threads = [threading.Thread(target=own, daemon=True) for own in (self._push, self._write)]
        for own in self.threads:
            own.start()

    def _push(self):
        number = 0
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=5) as client:
            while not self.ended.wait(0.002):
                number += 1
                batch = [f"p{number}-{own}" for own in range(random.randint(1, 20))]
                posts = [{"id": own, "text": f"flood {own}"} for own in batch]
                try:
                    if client.post("/v1/watches/flood/posts", json=posts).status_code == 202:
                        self.told += batch
                except httpx.HTTPError:
                    self.ended.wait(0.01)

    def _write(self):
        with (self.folder / "in.jsonl").open("w") as out:
            while not self.ended.wait(0.01):
                self.written += 1
                out.write(json.dumps({"id": f"l{self.written}", "text": "flood"}) + "\n")
                out.flush()
                self.sky.add(self.written)

    def end(self):
        self.ended.set()
        for own in self.threads:
            own.join(PATIENCE)


def test_a_killed_collect_has_kept_every_post_that_a_source_was_told_is_taken(tmp_path):
    port, sky, store = free_port(), Sky(), tmp_path / "store"
    (tmp_path / "operations.yaml").write_text(CONFIG.format(port=port, sky=sky.port))
    (tmp_path / "in.jsonl").touch()
    chance = random.Random(26)
    feeding = Feeding(tmp_path, port, sky)

    def start():
        words = [sys.executable, "-c", START, str(tmp_path / "operations.yaml"), str(store)]
        return subprocess.Popen(words, stderr=subprocess.PIPE, text=True)

    answered = []
    for _ in range(KILLS):
        with start() as process:
            told = len(feeding.told)
            end = time.monotonic() + chance.uniform(0.0, 0.15)
            until(lambda told=told: len(feeding.told) > told or process.poll() is not None)
            feeding.ended.wait(end - time.monotonic())
            assert process.poll() is None, process.stderr.read()
            process.send_signal(signal.SIGKILL)
        answered.append(len(feeding.told))
    feeding.end()
    with start() as process:
        wanted = {*feeding.told, *(f"l{own}" for own in range(1, feeding.written + 1))}
        wanted |= {name(own) for own in range(1, feeding.written + 1)}
        until(lambda: wanted <= {*ids(store)})
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0, process.stderr.read()
    sky.close()
    found = ids(store)
    assert len(found) == len(set(found)) and len(answered) == KILLS
    assert check(store) == []


# Ending, and what is refused


def config(folder, path="in.jsonl", follow="false"):
    file = folder / "operations.yaml"
    file.write_text(
        f"sources: [{{id: lines, kind: jsonl, path: {path}, follow: {follow}}}]\n"
        "watches: [{id: all, sources: [lines]}]\n"
    )
    return file


def test_it_ends_when_no_source_has_more(tmp_path, capsys):
    (tmp_path / "in.jsonl").write_text('{"id": 1, "text": "water"}\n')
    app(["collect", "--config", str(config(tmp_path)), "--store", str(tmp_path / "store")], standalone_mode=False)
    assert ids(tmp_path / "store") == ["1"]
    with SqliteStore(tmp_path / "store") as store:
        assert list(store.watches()) == ["all"]
    assert "collect: ended" in capsys.readouterr().err


def test_two_on_one_store_are_refused(tmp_path):
    with alone(tmp_path / "store", "collect"), pytest.raises(StoreError, match="another process runs `collect`"):
        collect.run(config(tmp_path), tmp_path / "store")


def test_a_source_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(CrisisflowError, match="has no source other"):
        collect.run(config(tmp_path), tmp_path / "store", ["other"])
    assert not (tmp_path / "store").exists()


def test_a_failing_source_is_tried_again_and_its_trouble_is_shown_masked(tmp_path, monkeypatch, capsys):
    tries = []

    class Failing:
        def run(self, hand):
            tries.append(hand.cursor)
            if len(tries) < 3:
                raise OSError("cannot reach @someone")

    monkeypatch.setattr(collect, "make", lambda *_: Failing())
    monkeypatch.setattr(collect.Pause, "seconds", lambda self: 0)
    collect.run(config(tmp_path), tmp_path / "store")
    assert tries == [None] * 3
    said = capsys.readouterr().err
    assert said.count("lines: OSError: cannot reach ••••••••; it is tried again") == 2


def test_a_plug_in_of_another_package_is_a_source(tmp_path, monkeypatch):
    from crisisflow.ingest.sources import registry

    class Own:
        def __init__(self, count):
            self.count = count

        def run(self, hand):
            hand.connected()
            hand.take([Post(f"o{number}", "water") for number in range(self.count)], "1")
            hand.flush()

    class Point:
        name = "mine"

        @staticmethod
        def load():
            return Own

    monkeypatch.setattr(registry, "entry_points", lambda group: [Point] if group == "crisisflow.sources" else [])
    file = tmp_path / "operations.yaml"
    text = "sources: [{id: own, kind: plugin, plugin: mine, options: {count: 3}}]\nwatches: [{id: w, sources: [own]}]\n"
    file.write_text(text)
    collect.run(file, tmp_path / "store")
    assert ids(tmp_path / "store") == ["o0", "o1", "o2"]
    file.write_text(text.replace("count", "counts"))
    with pytest.raises(CrisisflowError, match="source own: plug-in mine: TypeError"):
        collect.run(file, tmp_path / "store")
    file.write_text(text.replace("plugin: mine", "plugin: other"))
    with pytest.raises(
        CrisisflowError, match=r"no plug-in other in the entry points crisisflow\.sources; there are: mine"
    ):
        collect.run(file, tmp_path / "store")


# The writer


@pytest.fixture
def writer(tmp_path):
    with SqliteStore(tmp_path) as store:
        store.set_sources({"s": "test"})
        store.set_watches({"w": {}}, NOW)
    found = Writer(tmp_path, QueueLimits())
    found.start()
    yield found
    found.end(PATIENCE)


def intake(number, watch="w"):
    return Intake("s", [Filed(Post(f"n{number}", "water"), (Membership(watch),))], f"c{number}")


def test_a_faulty_intake_does_not_take_others_with_it(writer, tmp_path):
    futures = [writer.take(intake(number, "none" if number == 2 else "w")) for number in range(5)]
    for number, own in enumerate(futures):
        assert (own.exception(PATIENCE) is None) == (number != 2)
    assert ids(tmp_path) == ["n0", "n1", "n3", "n4"]


def test_while_the_disk_is_full_nothing_is_lost_and_the_order_is_kept(writer, tmp_path, monkeypatch):
    real, full = SqliteStore.take, threading.Event()
    full.set()

    def take(self, *values):
        if full.is_set():
            raise FullError("the disk is full")
        return real(self, *values)

    monkeypatch.setattr(SqliteStore, "take", take)
    monkeypatch.setattr("crisisflow.ingest.writer.PAUSES", (0.001, 0.001))
    futures = [writer.take(intake(number)) for number in range(200)]
    until(lambda: writer.trouble)
    assert not any(own.done() for own in futures)
    full.clear()
    for own in futures:
        own.result(PATIENCE)
    assert ids(tmp_path) == [f"n{number}" for number in range(200)] and writer.trouble is None


def test_a_writer_that_has_ended_lets_nobody_wait(writer, monkeypatch):
    def damaged(self, *values):
        raise StoreError("the store is damaged")

    monkeypatch.setattr(SqliteStore, "take", damaged)
    assert isinstance(writer.take(intake(1)).exception(PATIENCE), StoreError)
    until(lambda: writer.failed)
    with pytest.raises(StoreError, match="damaged"):
        writer.take(intake(2))


def test_a_process_told_to_end_ends_in_order(tmp_path):
    (tmp_path / "in.jsonl").write_text('{"id": 1, "text": "water"}\n')
    file, store = config(tmp_path, follow="true"), tmp_path / "store"
    words = [sys.executable, "-c", START, str(file), str(store)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env={**os.environ}) as process:
        until(lambda: (store / "store.sqlite").exists() and ids(store) == ["1"])
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stderr.read().endswith("collect: ended\n")
