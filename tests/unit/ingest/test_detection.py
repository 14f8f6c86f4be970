"""Detection: what bursts is told once, and what is only busy, repeated or new is not."""

import json
import random

import pytest
from typer.testing import CliRunner

from crisisflow.cli import app
from crisisflow.errors import CrisisflowError
from crisisflow.ingest.detection import BIN, Detector, Seen, detect
from crisisflow.ingest.operations import Operations
from crisisflow.ingest.proposals import proposals
from crisisflow.ingest.store.records import Filed, Intake, Membership, Post
from crisisflow.ingest.store.sqlite import SqliteStore
from crisisflow.places.named_in_text import named_in

START = 1_772_366_400_000  # a bin begins
HOUR = 3_600_000
EVERYDAY = ("bakery", "weather", "football", "garden", "traffic", "concert", "school", "market")


def seen(number: int, at: int, *terms: str, kinds: tuple[str, ...] = (), said: str | None = None, place: str = ""):
    places = frozenset({place} - {""})
    return Seen(number, at, said or f"{number} {' '.join(terms)}", frozenset(terms), places, frozenset(kinds))


def everyday(hours: int, an_hour: int, first: int = 0, begin: int = START) -> list[Seen]:
    """Posts that come at random."""
    chance = random.Random(7 + begin)
    times = sorted(begin + chance.randrange(hours * HOUR) for _ in range(hours * an_hour))
    return [seen(first + number, at, *chance.sample(EVERYDAY, 2)) for number, at in enumerate(times)]


def burst(at: int, posts: int, first: int = 10_000, **values) -> list[Seen]:
    return [
        seen(first + number, at + number * 60_000, "bridge", "collapsed", kinds=("accident",), **values)
        for number in range(posts)
    ]


def found(posts: list[Seen], *settings):
    return list(detect(sorted(posts, key=lambda own: (own.at, own.post)), Detector(*settings)))


def test_a_burst_is_told_with_its_terms_place_and_posts_and_told_once():
    at = START + 10 * HOUR
    (own,) = found(everyday(12, 30) + burst(at, 12, place="Riverton"))
    assert at < own.at <= at + 3 * BIN
    assert (own.reasons[0].what, own.reasons[0].term) == ("place", "Riverton")  # fewer places than words are tested
    assert set(own.posts) <= set(range(10_000, 10_012)) and len(own.posts) >= 5
    (own,) = found(everyday(12, 30) + burst(at, 3) + burst(at, 3, 11_000) + burst(at, 3, 12_000) + burst(at, 3, 13_000))
    assert {reason.term for reason in own.reasons} == {"bridge", "collapsed", "accident", "disaster"}


def test_what_goes_on_for_hours_is_one_detection_and_what_comes_long_after_is_another():
    at = START + 10 * HOUR
    long = [own for hour in range(3) for own in burst(at + hour * HOUR, 12, 10_000 + 100 * hour)]
    assert len(found(everyday(12, 30) + long)) == 1
    later = burst(at + 40 * HOUR, 12, 20_000)
    assert len(found(everyday(52, 30) + long + later)) == 2


def test_posts_at_random_are_no_event_nor_is_a_busy_evening():
    assert found(everyday(48, 30)) == []
    assert found(everyday(24, 30) + everyday(3, 300, 5_000, START + 24 * HOUR), 1.0, 0.0) == []


def test_a_thousand_copies_of_a_text_are_one():
    copies = [seen(10_000 + n, START + 10 * HOUR + n * 500, "bridge", kinds=("fire",), said="x") for n in range(1_000)]
    assert found(everyday(12, 30) + copies) == []


def test_what_tells_of_no_disaster_is_left_out():
    talk = [seen(10_000 + n, START + 10 * HOUR + n * 60_000, "final", "goal") for n in range(12)]
    assert found(everyday(12, 30) + talk) == []
    assert len(found(everyday(12, 30) + talk, 1.0, 0.0)) == 1


def test_without_two_hours_of_a_past_nothing_is_told_also_after_a_pause_of_days():
    assert found(burst(START, 30)) == []
    assert found(everyday(12, 30) + burst(START + 90 * HOUR, 30)) == []


def test_after_a_pause_of_hours_everyday_words_are_no_event():
    assert found(everyday(8, 30) + everyday(3, 30, 5_000, START + 14 * HOUR), 1.0, 0.0) == []


@pytest.fixture
def folder(tmp_path):
    """A store with a sentinel watch, in whose last hour a bridge collapses."""
    chance = random.Random(3)
    texts = [
        (START + chance.randrange(10 * HOUR), f"{' '.join(chance.sample(EVERYDAY, 2))} number {n}") for n in range(300)
    ]
    texts += [(START + 9 * HOUR + n * 60_000, f"Viaduct gone in Kathmandu, train derailed, sign {n}") for n in range(9)]
    with SqliteStore(tmp_path / "store") as store:
        store.set_sources({"wire": "push"})
        store.set_watches({"sentinel": {"sources": ["wire"]}, "other": {}}, START)
        for number, (at, text) in enumerate(sorted(texts)):
            event = Filed(Post(f"n{number}", text, created=0 if number == 5 else at), (Membership("sentinel"),))
            store.take([Intake("wire", [event])], at)
    return tmp_path / "store"


def test_a_detection_proposes_a_watch_that_operations_yaml_takes(folder):
    with SqliteStore(folder) as store:
        (own,) = proposals(store, "sentinel", 0, named_in, Detector())
        assert list(proposals(store, "other", 0, named_in, Detector())) == []
        with pytest.raises(CrisisflowError, match="there is no watch flood; there are: other, sentinel"):
            list(proposals(store, "flood", 0, named_in, Detector()))
    assert own["places"] == ["Kathmandu"] and 5 <= own["posts"] <= 9 and len(own["first"]) == 5
    assert own["at"].startswith("2026-03-01T21:") and "different texts within" in own["reasons"][0]
    assert {"derailed", "train"} <= set(own["watch"]["terms"]["en"])
    Operations.model_validate({"sources": [{"id": "wire", "kind": "push"}], "watches": [own["watch"]]})


def test_the_command_writes_json_lines_and_changes_nothing(folder):
    before = (folder / "store.sqlite").read_bytes()
    arguments = ["detect", "--store", str(folder), "--watch", "sentinel", "--since", "2026-03-01T00:00:00Z"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    assert json.loads(line)["places"] == ["Kathmandu"]
    assert (folder / "store.sqlite").read_bytes() == before
