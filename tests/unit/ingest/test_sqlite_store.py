"""The store in SQLite: the contract, and what is SQLite's own."""

import itertools
import os
import sqlite3
import stat

import pytest

from crisisflow.ingest.store.faults import FullError, StoreError
from crisisflow.ingest.store.records import Query
from crisisflow.ingest.store.sqlite import SqliteStore
from crisisflow.ingest.store.sqlite import database as module
from crisisflow.ingest.store.sqlite.database import FILE, KEY, alone, migrations
from tests.unit.ingest.store_contract import NOW, StoreContract, filed, native, prepared, raised, take


@pytest.fixture
def make_store(tmp_path):
    numbers = itertools.count()
    return lambda: SqliteStore(tmp_path / f"store{next(numbers)}")


@pytest.fixture
def store(tmp_path):
    with SqliteStore(tmp_path / "store") as found:
        yield found


@pytest.fixture
def another(store):
    with SqliteStore(store.folder) as found:
        yield found


class TestSqliteStore(StoreContract):
    """The contract."""


def test_it_is_synchronised_at_every_commit_and_nobody_else_may_read_it(store):
    settings = {name: store._number(f"PRAGMA {name}") for name in ("synchronous", "foreign_keys", "secure_delete")}
    assert settings == {"synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    assert store._rows("PRAGMA journal_mode") == [("wal",)]
    for path in (store.folder, store.folder / FILE, store.folder / KEY):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_store_of_an_earlier_version_is_migrated_with_its_posts(tmp_path):
    folder = tmp_path / "store"
    SqliteStore(folder, migrations()[:1]).close()
    with sqlite3.connect(folder / FILE) as old:
        old.execute("INSERT INTO sources (id, kind, cursor) VALUES ('wire', 'push', 'c1')")
        old.execute("INSERT INTO posts (source, native_id, text, taken) VALUES ('wire', 'n1', 'water', 1)")
    with SqliteStore(folder) as store:
        assert native(store, words="water") == ["n1"] and store.cursor("wire") == "c1"
        assert store._number("PRAGMA user_version") == len(migrations()) > 1
        prepared(store)
        raised(store, "mail")


def test_a_migration_that_is_killed_leaves_the_earlier_version(tmp_path):
    folder = tmp_path / "store"
    SqliteStore(folder, migrations()[:1]).close()
    with pytest.raises(sqlite3.OperationalError):
        SqliteStore(folder, [*migrations(), "CREATE TABLE later (id);\nINSERT INTO no_such_table VALUES (1);"])
    with sqlite3.connect(folder / FILE) as kept:
        assert kept.execute("PRAGMA user_version").fetchone() == (1,)
        assert not kept.execute("SELECT 1 FROM sqlite_master WHERE name IN ('later', 'outbox')").fetchall()


def test_a_store_of_a_newer_version_and_a_database_of_another_program_are_refused(tmp_path):
    SqliteStore(tmp_path / "newer", [*migrations(), "CREATE TABLE later (id);"]).close()
    with pytest.raises(StoreError, match=r"newer crisisflow .*version \d+, this one knows \d+\); upgrade"):
        SqliteStore(tmp_path / "newer")
    (tmp_path / "other").mkdir()
    with sqlite3.connect(tmp_path / "other" / FILE) as other:
        other.execute("CREATE TABLE t (x)")
    (tmp_path / "other" / KEY).write_bytes(bytes(32))
    with pytest.raises(StoreError, match="of another program"):
        SqliteStore(tmp_path / "other")


@pytest.mark.parametrize(("key", "said"), [(None, "cannot read .*identity.key"), (b"short", "no key of a store")])
def test_a_store_without_its_key_is_refused(tmp_path, key, said):
    SqliteStore(tmp_path).close()
    (tmp_path / KEY).unlink()
    if key is not None:
        (tmp_path / KEY).write_bytes(key)
    with pytest.raises(StoreError, match=said):
        SqliteStore(tmp_path)


def test_a_damaged_file_is_told_in_one_line(tmp_path):
    with SqliteStore(tmp_path) as store:
        prepared(store)
        take(store, *(filed(number, f"water {number} " * 50) for number in range(300)))
        store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file = tmp_path / FILE
    content = bytearray(file.read_bytes())
    content[4096 : len(content)] = os.urandom(len(content) - 4096)
    file.write_bytes(content)
    with pytest.raises(StoreError, match=r"is damaged.*crisisflow store restore"), SqliteStore(tmp_path) as store:
        store.posts(Query(), 1000)
    file.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="is damaged, or no store"):
        SqliteStore(tmp_path)


def test_a_full_disk_and_a_locked_store_are_told_and_pass(store, monkeypatch):
    prepared(store)
    pages = store._number("PRAGMA page_count")
    store._connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(FullError, match="the disk is full"):
        take(store, *(filed(number, "water " * 500) for number in range(50)), cursor="c1")
    assert native(store) == [] and store.cursor("wire") is None
    store._connection.execute("PRAGMA max_page_count = 1000000")
    take(store, filed(1))
    monkeypatch.setattr(module, "PATIENCE", 0)
    with SqliteStore(store.folder) as other:
        store._connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(FullError, match="another process keeps it locked"):
            take(other, filed(2))
        store._connection.execute("ROLLBACK")
        take(other, filed(2))


def test_no_word_of_a_forgotten_post_stays_in_the_files(store):
    prepared(store)
    take(store, *(filed(number, f"water in street {number}") for number in range(200)))
    take(store, filed(900, "Xylokarp7734 wrote this", author="Xylokarp7734"))
    take(store, filed(900, "Xylokarp7735 wrote that"))

    def everything() -> bytes:
        return b"".join(path.read_bytes() for path in store.folder.iterdir())

    assert b"ylokarp7734" in everything()
    number = store.posts(Query(words="xylokarp7735"), 1)[0].id
    store.forget([number], "ana", "asked", NOW)
    for word in (b"ylokarp773", b"n900"):
        assert word not in everything()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE audit SET actor = 'eve' WHERE number = 2", "append-only"),
        ("DELETE FROM audit", "append-only"),
    ],
)
def test_the_audit_is_append_only(store, statement, said):
    for number in range(3):
        store.note("ana", "act", f"s{number}", {}, NOW)
    with pytest.raises(sqlite3.IntegrityError, match=said):
        store._connection.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'eve' WHERE number = 2",
        "UPDATE audit SET at = 0 WHERE number = 2",
        """UPDATE audit SET details = '{"a":1}' WHERE number = 2""",
        "DELETE FROM audit WHERE number = 2",
        "DELETE FROM audit WHERE number = 1",
    ],
)
def test_an_entry_that_was_changed_past_the_store_is_found(store, statement):
    for number in range(4):
        store.note("ana", "act", f"s{number}", {}, NOW)
    assert len(list(store.audit())) == 4
    store._connection.execute("DROP TRIGGER audit_kept")
    store._connection.execute("DROP TRIGGER audit_whole")
    store._connection.execute(statement)
    with pytest.raises(StoreError, match=r"entry \d of the audit was changed"):
        list(store.audit())


def test_only_one_process_may_collect(tmp_path):
    with alone(tmp_path, "collect"):
        with pytest.raises(StoreError, match="another process runs `collect`"), alone(tmp_path, "collect"):
            pass
        with alone(tmp_path, "route"):
            pass
    with alone(tmp_path, "collect"):
        pass
