"""All processes of a store together: one that dies is started anew, and they end in order."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from crisisflow.ingest.operate import commands
from crisisflow.ingest.store.records import Query
from crisisflow.ingest.store.sqlite import SqliteStore
from tests.unit.ingest.collecting import PATIENCE, until

CONFIG = """
sources:
  - {id: lines, kind: jsonl, path: incoming/}
watches:
  - {id: flood, sources: [lines], terms: {en: [flood]}}
"""


def children(process, name):
    """The processes of this name that it started."""
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(own) for own in listed if name.encode() in Path(f"/proc/{own}/cmdline").read_bytes().split(b"\0")]


def operate(folder):
    arguments = [sys.executable, "-m", "crisisflow", "operate", "--config", "operations.yaml", "--store", "store"]
    return subprocess.Popen(arguments, cwd=folder, stderr=subprocess.PIPE, text=True, start_new_session=True)


def test_the_processes_are_in_the_order_of_what_they_hand_on():
    assert list(commands("s", Path("c"), None)) == ["collect", "analyse", "route", "deliver"]


def test_a_process_that_dies_is_started_anew_and_all_end_on_ctrl_c(tmp_path):
    (tmp_path / "operations.yaml").write_text(CONFIG)
    (tmp_path / "incoming").mkdir()
    process = operate(tmp_path)
    try:
        (first,) = until(lambda: children(process, "collect"))
        (tmp_path / "incoming" / "a.jsonl").write_text('{"id": "1", "text": "flood at the bridge"}\n')
        with SqliteStore(tmp_path / "store") as store:
            until(lambda: store.posts(Query(), 1))
            os.kill(first, signal.SIGKILL)
            until(lambda: [own for own in children(process, "collect") if own != first])
            died = [own for own in store.audit() if own.subject == "process:collect"]
        assert [(own.act, own.details["why"]) for own in died] == [("died", "signal 9")]
        second = operate(tmp_path)
        assert "operate" in second.communicate(timeout=PATIENCE)[1]
        assert second.returncode == 2
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=PATIENCE)[1]
        assert process.returncode == 0
        assert "operate: ending" in said
    finally:
        process.kill()
