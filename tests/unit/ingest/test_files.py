"""The sources jsonl and replay: what is in files is taken once, also over rotations and restarts."""

import json
import os
import sys
from concurrent.futures import Future

import pytest

from crisisflow.errors import CrisisflowError
from crisisflow.ingest.sources.jsonl import LINE, NO_JSON, NO_UTF8, TOO_LONG, JsonlSource
from crisisflow.ingest.sources.replay import SNOWFLAKES, Replay
from crisisflow.ingest.store.records import Drop, Taken
from tests.unit.ingest.collecting import collecting, health, ids, texts, until


def line(number, **values) -> str:
    return json.dumps({"id": f"n{number}", "text": f"water {number}", **values}) + "\n"


def lines(*numbers) -> str:
    return "".join(map(line, numbers))


def once(tmp_path, path="in.jsonl"):
    """Read what is there, from the cursor of the store on."""
    with collecting(tmp_path / "store", JsonlSource(path, False, tmp_path)) as own:
        own.thread.join(30)
    assert own.errors == []


def test_a_file_is_read_once_and_then_from_its_cursor_on(tmp_path):
    file = tmp_path / "in.jsonl"
    file.write_text(lines(1, 2))
    once(tmp_path)
    once(tmp_path)
    assert ids(tmp_path / "store") == ["n1", "n2"] and health(tmp_path / "store").repeats == 0
    with file.open("a") as more:
        more.write(lines(3))
    once(tmp_path)
    found = health(tmp_path / "store")
    assert (found.taken, found.repeats, found.gaps) == (3, 0, ())


def test_damaged_lines_are_counted_and_the_next_go_on(tmp_path):
    file = tmp_path / "in.jsonl"
    file.write_bytes(
        b"\xef\xbb\xbf" + line(1).encode() + b"no json\n\n[1]\n" + b'{"text": "\xff"}\n'
        + b'{"text": "' + b"x" * (LINE + 10) + b'"}\n' + line(2).encode() + b"[" * 100_000 + b"\n"
        + line(3).encode()[:-1]
    )  # fmt: skip
    once(tmp_path)
    assert ids(tmp_path / "store") == ["n1", "n2", "n3"]
    drops = health(tmp_path / "store").drops
    assert drops == {Drop("", own): n for own, n in ((NO_JSON, 2), (NO_UTF8, 1), (TOO_LONG, 1), ("no JSON object", 1))}


def test_a_line_longer_than_what_is_read_at_once_is_whole(tmp_path):
    (tmp_path / "in.jsonl").write_text(line(1, note="x" * 300_000) + line(2))
    once(tmp_path)
    assert ids(tmp_path / "store") == ["n1", "n2"]


def test_a_followed_file_is_read_on_over_its_rotation(tmp_path):
    file = tmp_path / "in.jsonl"
    store = tmp_path / "store"
    with collecting(store, JsonlSource("in.jsonl", True, tmp_path)):
        file.write_text(lines(1) + line(2)[:5])
        until(lambda: ids(store) == ["n1"])
        with file.open("a") as more:
            more.write(line(2)[5:])
        until(lambda: ids(store) == ["n1", "n2"])
        with file.open("a") as more:
            file.rename(tmp_path / "in.jsonl.1")
            more.write(lines(3))
        file.write_text(lines(4, 5))
        until(lambda: ids(store) == ["n1", "n2", "n3", "n4", "n5"])
        file.write_text(lines(6))  # cut short and written anew
        until(lambda: len(ids(store)) == 6)
    found = health(store)
    assert found.repeats == 0 and [gap.why for gap in found.gaps] == ["the file was cut short"]


def test_a_rotation_while_nobody_reads_loses_nothing(tmp_path):
    file = tmp_path / "in.jsonl"
    file.write_text(lines(1))
    once(tmp_path)
    with file.open("a") as more:
        more.write(lines(2))
    file.rename(tmp_path / "in.jsonl.1")
    file.write_text(lines(3))
    with collecting(tmp_path / "store", JsonlSource("in.jsonl", True, tmp_path)):
        until(lambda: ids(tmp_path / "store") == ["n1", "n2", "n3"])
    assert health(tmp_path / "store").gaps == ()


@pytest.mark.parametrize(("replaced", "why"), [(True, "was replaced"), (False, "was cut short")])
def test_a_file_that_was_replaced_or_cut_short_while_nobody_read_it_is_a_gap(tmp_path, replaced, why):
    file = tmp_path / "in.jsonl"
    file.write_text(lines(1, 2))
    once(tmp_path)
    if replaced:
        (tmp_path / "other").write_text(lines(3, 4))
        (tmp_path / "other").replace(file)
    else:
        file.write_text(lines(3))
    once(tmp_path)
    found = health(tmp_path / "store")
    assert found.taken == (4 if replaced else 3)
    assert [why in gap.why and gap.since <= gap.until for gap in found.gaps] == [True]


def test_all_files_of_a_folder_are_read_and_new_ones_as_they_come(tmp_path):
    folder, store = tmp_path / "in", tmp_path / "store"
    folder.mkdir()
    (folder / "b.jsonl").write_text(lines(2))
    (folder / "a.jsonl").write_text(lines(1))
    (folder / "a.txt").write_text(lines(9))
    with collecting(store, JsonlSource("in", True, tmp_path)):
        until(lambda: ids(store) == ["n1", "n2"])
        (folder / "c.jsonl").write_text(lines(3))
        with (folder / "a.jsonl").open("a") as more:
            more.write(lines(4))
        until(lambda: set(ids(store)) == {"n1", "n2", "n3", "n4"})
        (folder / "b.jsonl").unlink()
        (folder / "d.jsonl").write_text(lines(5))
        until(lambda: "n5" in ids(store))
    once(tmp_path, "in")
    assert health(store).repeats == 0 and len(ids(store)) == 5


def test_standard_input(tmp_path, monkeypatch):
    read, write = os.pipe()
    with os.fdopen(read) as stdin, os.fdopen(write, "w") as out:
        monkeypatch.setattr(sys, "stdin", stdin)
        out.write(lines(1, 2) + line(3)[:-1])
        out.close()
        once(tmp_path, "-")
    assert ids(tmp_path / "store") == ["n1", "n2", "n3"]


def test_a_file_that_is_not_there_is_told_unless_it_is_waited_for(tmp_path):
    with collecting(tmp_path / "store", JsonlSource("none.jsonl", False, tmp_path)) as own:
        own.thread.join(30)
    assert isinstance(own.errors[0], CrisisflowError) and "none.jsonl does not exist" in str(own.errors[0])


# Replay


class Told:
    """A hand that notes what it is given, and a clock that waits no time."""

    def __init__(self, cursor=None):
        self.cursor, self.given, self.waited, self.source = cursor, [], [], "s"

    def connected(self):
        pass

    def flush(self):
        pass

    def take(self, events, cursor=None, faults=None):
        self.given.append(([own.native_id for own in events], cursor, dict(faults or {})))
        done = Future()
        done.set_result(Taken())
        return done

    def wait(self, seconds):
        self.waited.append(seconds)
        return False


def test_a_replay_keeps_the_order_and_the_distances_of_time(tmp_path):
    file = tmp_path / "old.jsonl"
    times = {"n1": "2013-04-15T18:50:00Z", "n2": "2013-04-15T18:49:00Z", "n3": "2013-04-15T19:49:00Z"}
    file.write_text("".join(line(own[1:], created_at=time) for own, time in times.items()) + "no json\n")
    hand = Told()
    Replay(file, 3600e3).run(hand)
    given = [own for events, _, _ in hand.given for own in events]
    assert given == ["n2", "n1", "n3"] and hand.given[-1][1] == "3"
    assert hand.given[0] == ([], None, {NO_JSON: 1})
    slow = Told()
    Replay(file, 60).run(slow)
    assert slow.waited == pytest.approx([0, 1, 60], abs=0.5)


def test_a_replay_goes_on_at_its_cursor(tmp_path):
    file = tmp_path / "old.jsonl"
    file.write_text("".join(line(own, created_at=1_366_051_740 + own) for own in range(5)))
    hand = Told(cursor="3")
    Replay(file, 1e9).run(hand)
    assert [own for events, _, _ in hand.given for own in events] == ["n3", "n4"]


def test_the_id_of_a_tweet_tells_its_time(tmp_path):
    file = tmp_path / "old.jsonl"
    number = (1_366_051_740_000 - SNOWFLAKES) << 22
    file.write_text("".join(json.dumps({"id": str(number + (own << 22)), "text": "x"}) + "\n" for own in (3000, 0)))
    hand = Told()
    Replay(file, 1).run(hand)
    assert hand.waited == pytest.approx([0, 3], abs=0.5)
    file.write_text(lines(1))
    with pytest.raises(CrisisflowError, match="no post has a time"):
        Replay(file, 1).run(Told())
    with pytest.raises(CrisisflowError, match=r"none\.jsonl does not exist"):
        Replay(tmp_path / "none.jsonl", 1)


def test_replayed_posts_are_as_if_they_were_written_now(tmp_path):
    file = tmp_path / "old.jsonl"
    file.write_text("".join(line(own, created_at=1_366_051_740 + own) for own in range(200)))
    with collecting(tmp_path / "store", Replay(file, 1e9), window={"last": "1h"}) as own:
        own.thread.join(30)
    assert len(texts(tmp_path / "store")) == 200
