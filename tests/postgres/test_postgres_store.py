"""The store in PostgreSQL: the contract, and what is PostgreSQL's own."""

import json
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from crisisflow.cli import app
from crisisflow.ingest.store.faults import FullError, StoreError
from crisisflow.ingest.store.opening import alone, open_store
from crisisflow.ingest.store.postgres import PostgresStore
from crisisflow.ingest.store.sqlite import SqliteStore
from crisisflow.ingest.store.tables.scripts import for_postgres, scripts
from tests.unit.ingest.store_contract import NOW, StoreContract, filed, native, prepared, raised, take


@pytest.fixture
def make_store(server):
    return lambda: PostgresStore(server.database())


@pytest.fixture
def store(server):
    with PostgresStore(server.database()) as found:
        yield found


@pytest.fixture
def another(store):
    with PostgresStore(store.address) as found:
        yield found


class TestPostgresStore(StoreContract):
    """The contract."""


def run(*words):
    app([str(word) for word in words], standalone_mode=False)


def execute(store: PostgresStore, statement: str) -> list[tuple]:
    """A statement past the store."""
    with psycopg.connect(store.address, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_a_store_has_the_tables_of_the_other_and_is_synchronised(store, tmp_path):
    with SqliteStore(tmp_path / "store") as other:
        found = {name for (name,) in other._rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
    tables = {name for name in found if not name.startswith(("posts_", "sqlite_"))}
    own = {name for (name,) in execute(store, "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")}
    assert own == tables | {"store"} and "outbox" in own
    assert store._number("SHOW synchronous_commit") == "on"


def test_a_migration_that_is_killed_leaves_the_earlier_version(server):
    address = server.database()
    first = for_postgres(scripts("postgres")[0][0]) + scripts("postgres")[0][1]
    with PostgresStore(address, migrate=[first]) as old:
        prepared(old)
        old._change("INSERT INTO posts (source, native_id, text, taken) VALUES ('wire', 'n1', 'water', 1)")
    with pytest.raises(psycopg.errors.UndefinedTable):
        PostgresStore(
            address, migrate=[first, "CREATE TABLE later (id BIGINT)", "INSERT INTO no_such_table VALUES (1)"]
        )
    with PostgresStore(address) as store:
        assert native(store, words="water") == ["n1"]
        assert execute(store, "SELECT to_regclass('later'), version FROM store") == [(None, len(scripts("postgres")))]
        raised(store, "mail")


def test_a_store_of_a_newer_version_and_tables_of_another_program_are_refused(server, store):
    execute(store, "UPDATE store SET version = version + 1")
    with pytest.raises(StoreError, match=r"newer crisisflow .* upgrade crisisflow"):
        PostgresStore(store.address)
    address = server.database()
    with pytest.raises(StoreError, match="has no store"):
        open_store(address)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE TABLE t (x BIGINT)")
    with pytest.raises(StoreError, match="of another program"):
        PostgresStore(address)


@pytest.mark.parametrize("address", ["postgresql://ana:hunter2@h/db", "postgresql://h/db?password=hunter2"])
def test_a_password_in_the_address_is_refused_and_not_shown(address):
    with pytest.raises(StoreError, match="has a password in it") as error:
        open_store(address)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("address", "said"),
    [("postgresql://h/db?no_such=1", "cannot be read"), ("postgresql:///db?host=/no/such/folder", "cannot be reached")],
)
def test_an_address_that_leads_nowhere_is_told_in_one_line(address, said):
    with pytest.raises(StoreError, match=said) as error:
        open_store(address)
    assert "\n" not in str(error.value)


def test_a_server_that_ends_loses_nothing_and_the_store_goes_on_when_it_is_back(server, store):
    prepared(store)
    take(store, filed(1), cursor="c1")
    server.restart()  # it ends at once, as in a crash
    with pytest.raises(FullError, match=r"cannot be reached: .*; try again"):
        take(store, filed(2), cursor="c2")
    take(store, filed(2), cursor="c2")
    assert native(store) == ["n2", "n1"] and store.cursor("wire") == "c2"


def test_another_writer_is_waited_for_but_not_forever(store, another, monkeypatch):
    prepared(store)
    another._connection.execute("SET lock_timeout = '50ms'")
    with store.grouped():
        take(store, filed(1))
        assert native(another) == []  # readers do not wait
        with pytest.raises(FullError, match="lock timeout"):
            take(another, filed(2))
    take(another, filed(2))
    assert native(another) == ["n2", "n1"]


def test_many_writers_at_once_keep_the_audit_and_the_queue_whole(store):
    prepared(store)

    def write(worker: int) -> None:
        with PostgresStore(store.address) as own:
            for number in range(10):
                take(own, filed(100 * worker + number))
                own.note(f"w{worker}", "act", "s", {}, NOW)

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(write, range(4)))
    assert store.problems() == [] and store.queue().posts == 40 and len(list(store.audit())) == 42


def test_the_audit_is_append_only_and_a_change_past_that_is_found(store):
    for number in range(3):
        store.note("ana", "act", f"s{number}", {}, NOW)
    for statement in ("UPDATE audit SET actor = 'eve' WHERE number = 2", "DELETE FROM audit", "TRUNCATE audit"):
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            execute(store, statement)
    execute(store, "ALTER TABLE audit DISABLE TRIGGER audit_kept")
    execute(store, "UPDATE audit SET actor = 'eve' WHERE number = 2")
    assert any("entry 2 of the audit was changed" in own for own in store.problems())


def test_only_one_process_may_collect(server):
    address = server.database()
    with alone(address, "collect"):
        with pytest.raises(StoreError, match="another process runs `collect`"), alone(address, "collect"):
            pass
        with alone(address, "route"), alone(server.database(), "collect"):
            pass
    with alone(address, "collect"):
        pass


def test_the_commands_open_it(store, tmp_path, capsys):
    (tmp_path / "posts.jsonl").write_text('{"id": "1", "text": "Flood at the bridge"}\n')
    (tmp_path / "operations.yaml").write_text(
        "sources: [{id: lines, kind: jsonl, path: posts.jsonl, follow: false}]\n"
        "watches: [{id: flood, sources: [lines], terms: {en: [flood]}}]\n"
    )
    run("collect", "--config", tmp_path / "operations.yaml", "--store", store.address)
    run("store", "check", "--store", store.address)
    run("people", "add", "ana", "--role", "lead", "--store", store.address)
    run("audit", "verify", "--store", store.address)
    capsys.readouterr()
    run("store", "export", "--store", store.address, "--words", "bridge")
    assert json.loads(capsys.readouterr().out)["text"] == "Flood at the bridge"
    raised(store, "mail")
    run("deliver", "--status", "--store", store.address)
    assert "rescue/mail: 1 due" in capsys.readouterr().out
    with pytest.raises(StoreError, match="use pg_dump"):
        run("store", "backup", tmp_path / "saved", "--store", store.address)
