"""Upkeep of a store by its commands: check, back up, restore, compact, forget, purge, export."""

import json
import shutil
import sqlite3

import pytest
from prometheus_client.parser import text_string_to_metric_families

from crisisflow.cli import app
from crisisflow.errors import CrisisflowError
from crisisflow.ingest import process
from crisisflow.ingest.store.faults import StoreError
from crisisflow.ingest.store.records import Query
from crisisflow.ingest.store.sqlite import SqliteStore
from crisisflow.ingest.store.sqlite.database import FILE, KEY, alone
from crisisflow.ingest.store.sqlite.upkeep import backup, check, compact, restore
from tests.unit.ingest.store_contract import NOW, filed, native, prepared, raised, take


@pytest.fixture
def folder(tmp_path):
    with SqliteStore(tmp_path / "store") as store:
        prepared(store)
        take(
            store, filed(1, "call @someone at 555-0100-200", author="ana", url="https://example.org/ana/1"), cursor="c1"
        )
        take(store, *(filed(number, f"water {number}") for number in range(2, 20)), cursor="c2")
        raised(store, "mail")
    return tmp_path / "store"


def run(*words):
    app([str(word) for word in words], standalone_mode=False)


def test_a_sound_store_has_no_problem(folder, capsys):
    assert check(folder) == []
    run("store", "check", "--store", folder)
    assert "no problem was found" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE queue SET posts = 7", "the queue counts"),
        ("DELETE FROM posts_place_rowid; INSERT INTO posts_place_rowid VALUES (1, 77)", "index of places"),
        ("DROP TRIGGER posts_revised; UPDATE posts SET text = 'mud 222' WHERE id = 2", "index of words"),
        ("DROP TRIGGER audit_kept; UPDATE audit SET act = 'x' WHERE number = 1", "entry 1 of the audit"),
        ("PRAGMA foreign_keys = OFF; INSERT INTO post_watches VALUES (999, 'none', NULL, NULL)", "not there"),
    ],
)
def test_what_was_changed_past_the_store_is_found(folder, statement, said):
    with sqlite3.connect(folder / FILE) as connection:
        connection.executescript(statement)
    assert any(said in own for own in check(folder)), check(folder)
    with pytest.raises(CrisisflowError, match=said):
        run("store", "check", "--store", folder)


def test_compact_makes_the_indexes_anew(folder, capsys):
    with sqlite3.connect(folder / FILE) as connection:
        connection.executescript("DROP TRIGGER posts_revised; UPDATE posts SET text = 'mud 222' WHERE id = 2")
    run("store", "compact", "--store", folder)
    assert check(folder) == []
    with SqliteStore(folder) as store:
        assert native(store, words="mud") == ["n2"]
        store.purge(NOW + 1, None, "ana", NOW)
    before, after = compact(folder)
    assert 0 < after <= before
    with alone(folder, "collect"), pytest.raises(StoreError, match="another process runs `collect`"):
        compact(folder)


def test_a_backup_of_a_store_in_use_is_a_store_and_is_restored(folder, tmp_path, capsys):
    with SqliteStore(folder) as store:
        store._connection.execute("BEGIN IMMEDIATE")  # somebody writes
        store._connection.execute("DELETE FROM posts WHERE id = 1")
        run("store", "backup", tmp_path / "saved", "--store", folder)
        store._connection.execute("ROLLBACK")
        take(store, filed(50), cursor="c3")
        later = store.posts(Query(), 100)
    assert check(tmp_path / "saved") == []
    with pytest.raises(StoreError, match="is there already"):
        backup(folder, tmp_path / "saved")
    (folder / FILE).write_bytes(b"damaged" * 1000)
    run("store", "restore", tmp_path / "saved", "--store", folder)
    with SqliteStore(folder) as store:
        assert store.posts(Query(), 100) == later[1:]
        assert store.cursor("wire") == "c2"  # what came after the backup is asked for again
        assert take(store, filed(1, "call @someone at 555-0100-200")).repeated == 1
        assert [own.state for own in store.deliveries()] == ["due"]
    assert (folder.with_name("store.before") / FILE).read_bytes().startswith(b"damaged")
    with pytest.raises(StoreError, match="from an earlier restore"):
        restore(tmp_path / "saved", folder)


def test_a_damaged_backup_is_not_restored(folder, tmp_path):
    backup(folder, tmp_path / "saved")
    with sqlite3.connect(tmp_path / "saved" / FILE) as connection:
        connection.executescript("UPDATE queue SET posts = 7")
    with pytest.raises(StoreError, match="is damaged: the queue counts"):
        restore(tmp_path / "saved", folder)
    assert check(folder) == []
    shutil.copy(folder / KEY, tmp_path / "key")
    (tmp_path / "saved" / KEY).unlink()
    with pytest.raises(StoreError, match=r"identity\.key"):
        restore(tmp_path / "saved", folder)


@pytest.mark.parametrize("command", ["check", "compact", "sources", "export"])
def test_a_folder_without_a_store_is_told_and_none_is_made(tmp_path, command):
    with pytest.raises(CrisisflowError, match="has no store"):
        run("store", command, "--store", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_an_export_is_masked_unless_that_is_not_wished(folder, capsys):
    run("store", "export", "--store", folder, "--words", "call")
    (own,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert own["text"] == "call •••••••• at ••••••••••••" and not {"id", "url", "media"} & own.keys()
    assert "ana" not in json.dumps(own)
    run("store", "export", "--store", folder, "--words", "call", "--unmasked")
    (own,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (own["text"], own["id"]) == ("call @someone at 555-0100-200", "n1") and own["author"] != "ana"


def test_an_export_has_exactly_what_is_asked_for(folder, capsys, monkeypatch):
    monkeypatch.setattr("crisisflow.ingest.export.PAGE", 5)
    run("store", "export", "--store", folder, "--watch", "flood", "--since", "2023-11-14T22:13:20Z", "--unmasked")
    assert [json.loads(own)["id"] for own in capsys.readouterr().out.splitlines()] == [
        f"n{n}" for n in range(19, 0, -1)
    ]
    run("store", "export", "--store", folder, "--until", "2023-11-14T22:13:20Z")
    assert capsys.readouterr().out == ""
    with pytest.raises(CrisisflowError, match="--since soon is no time"):
        run("store", "export", "--store", folder, "--since", "soon")


def test_forget_and_purge(folder, capsys):
    run("store", "forget", "--store", folder, "--post", 1, "--post", 2, "--as", "ana", "--why", "asked")
    with pytest.raises(CrisisflowError, match="no further post"):
        run("store", "forget", "--store", folder, "--post", 1)
    with pytest.raises(CrisisflowError, match="--older x is no duration"):
        run("store", "purge", "--store", folder, "--older", "x")
    run("store", "purge", "--store", folder, "--older", "9000d")
    with SqliteStore(folder) as store:
        assert len(native(store)) == 17
        store.set_watches({"flood": {"retention": 3600}}, NOW)
        take(store, filed(90), now=process.now())
    run("store", "purge", "--store", folder)
    with SqliteStore(folder) as store:
        assert native(store) == ["n90"]
        acts = [(own.actor, own.act) for own in store.audit() if own.act in ("forget", "purge")]
    assert acts[:2] == [("ana", "forget"), ("ana", "forget")] and acts[-1][1] == "purge"


def test_the_sources_are_shown(folder, capsys):
    run("store", "sources", "--store", folder)
    shown = capsys.readouterr().out
    assert "wire (push): not connected" in shown and "19 posts, 0 in the last minute" in shown
    assert "19 posts wait for the analysis" in shown


def test_the_counts_are_in_the_form_of_prometheus(folder, capsys):
    run("store", "metrics", "--store", folder)
    found = {
        (own.name, *own.labels.values()): own.value
        for family in text_string_to_metric_families(capsys.readouterr().out)
        for own in family.samples
    }
    assert found["crisisflow_source_taken_total", "wire"] == found["crisisflow_queue_posts",] == 19
    assert found["crisisflow_deliveries", "mail", "rescue", "due"] == 1
    assert found["crisisflow_alerts_total", "alert", "flood-rescue"] == found["crisisflow_incidents", "open"] == 1
    assert found["crisisflow_source_last_post_timestamp_seconds", "wire"] == NOW / 1000
    assert ("crisisflow_source_last_post_timestamp_seconds", "feed") not in found
    assert found["crisisflow_store_bytes",] > 0
