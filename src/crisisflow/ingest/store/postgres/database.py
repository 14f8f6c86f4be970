"""The database of a store in PostgreSQL: connecting, migrating, transactions, and its errors in words."""

import functools
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from crisisflow.ingest.store.faults import FullError, StoreError
from crisisflow.ingest.store.tables.base import Tables
from crisisflow.ingest.store.tables.scripts import for_postgres, scripts

OLDEST = 150_000
PATIENCE = 30  # seconds that another writer may take
SETTINGS = {"lock_timeout": f"{PATIENCE}s", "synchronous_commit": "on", "client_encoding": "UTF8"}
LOCK = "hashtextextended('crisisflow:' || ? || ':' || current_schema(), 0)"


def check_address(address: str) -> None:
    """Refuse a password that all may read: in the address, and so in the list of processes.

    Raises:
        StoreError: there is one, or the address cannot be read.
    """
    try:
        found = conninfo_to_dict(address)
    except psycopg.ProgrammingError as error:
        raise StoreError(f"the address of the store cannot be read: {_line(error)}") from None
    if "password" in found:
        raise StoreError(
            "the address of the store has a password in it; write it into ~/.pgpass, or name a file with ?passfile="
        )


def named(address: str) -> str:
    """What messages call a store."""
    found = conninfo_to_dict(address)
    return f"the database {found.get('dbname', '')} at {found.get('host', 'this machine')}"


@contextmanager
def told(name: str) -> Iterator[None]:
    """Errors of PostgreSQL as one line.

    Raises:
        FullError: the same may be tried again later. StoreError: that would not help.
    """
    try:
        yield
    except (
        psycopg.errors.DiskFull,
        psycopg.errors.LockNotAvailable,
        psycopg.errors.ReadOnlySqlTransaction,
        psycopg.errors.TooManyConnections,
    ) as error:
        raise FullError(f"{name}: {_line(error)}; nothing was written, try again") from error
    except (psycopg.errors.DataCorrupted, psycopg.errors.IndexCorrupted) as error:
        raise StoreError(f"{name} is damaged ({_line(error)}); restore a backup") from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise StoreError(f"{name}: {_line(error)}; an administrator of the database must allow it") from error
    except psycopg.OperationalError as error:
        raise FullError(f"{name} cannot be reached: {_line(error)}; try again") from error


def connect(address: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection on which transactions are begun by hand.

    Values are written into the statements by psycopg, so that one that is null needs no type.
    """
    connection = psycopg.connect(
        address, autocommit=True, cursor_factory=psycopg.ClientCursor, connect_timeout=PATIENCE
    )
    connection.prepare_threshold = None
    for setting, value in SETTINGS.items():
        connection.execute("SELECT set_config(%s, %s, FALSE)", (setting, value))
    return connection


@functools.lru_cache(maxsize=1_000)
def with_names(statement: str) -> str:
    """A statement with psycopg's placeholders for `?` and `?1`."""
    return re.sub(r"\?(\d*)", lambda own: f"%(v{own[1]})s" if own[1] else "%s", statement.replace("%", "%%"))


def arguments(statement: str, values: Sequence[Any]) -> Sequence[Any] | dict[str, Any]:
    """The values of a statement, by number where it has numbers."""
    numbered = re.search(r"\?\d", statement)
    return {f"v{place}": value for place, value in enumerate(values, 1)} if numbered else values


class Database(Tables):
    """A schema of a database, the first of the search path.

    Args:
        address: as libpq has it, without a password.
        make: whether tables are made where there are none.
        migrate: scripts of migrations; those of this version.

    Raises:
        StoreError: it cannot be reached or used, or was written by a newer version, or has no store.
    """

    BYTES = "octet_length(text)"

    def __init__(self, address: str, make: bool = True, migrate: Sequence[str] | None = None) -> None:
        check_address(address)
        self.address, self.name = address, named(address)
        self._grouped = False
        known = [for_postgres(shared) + own for shared, own in scripts("postgres")] if migrate is None else migrate
        with told(self.name):
            self._connection = connect(address)
            try:
                self._migrate(known, make)
                self._key = bytes(self._number("SELECT key FROM store"))
            except BaseException:
                self._connection.close()
                raise

    def _migrate(self, known: Sequence[str], make: bool) -> None:
        if self._connection.info.server_version < OLDEST or self._number("SHOW server_encoding") != "UTF8":
            raise StoreError(f"{self.name} must be PostgreSQL 15 or newer, with the encoding UTF8")
        if self._version(known, make) == len(known):
            return
        with self._writing():
            version = self._version(known, make)  # another process may have been first
            if version == 0:
                self._connection.execute("CREATE TABLE store (version BIGINT NOT NULL, key BYTEA NOT NULL)")
                self._change("INSERT INTO store VALUES (0, ?)", secrets.token_bytes(32))
            for script in known[version:]:
                self._connection.execute(script)
            self._change("UPDATE store SET version = ?", len(known))

    def _version(self, known: Sequence[str], make: bool) -> int:
        own = self._rows("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        tables = {name for (name,) in own} - {"spatial_ref_sys"}
        if "store" not in tables:
            if tables:
                raise StoreError(f"{self.name} has tables of another program; make a database for the store")
            if not make:
                raise StoreError(f"{self.name} has no store; `crisisflow collect --store` makes it")
            return 0
        version: int = self._number("SELECT version FROM store")
        if version > len(known):
            raise StoreError(
                f"{self.name} was written by a newer crisisflow (its tables have version {version}, this one knows "
                f"{len(known)}); upgrade crisisflow"
            )
        return version

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction that writes; the writers of a store wait for each other, as in SQLite."""
        if self._grouped:
            yield
            return
        with self._transaction("BEGIN"):
            self._rows(f"SELECT pg_advisory_xact_lock({LOCK})", "write")
            yield
            self._connection.execute("COMMIT")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        if self._grouped:
            yield
            return
        with self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"):
            yield
            self._connection.execute("COMMIT")

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        """A transaction that the block ends; after an error it is rolled back."""
        with told(self.name):
            if self._connection.closed:  # it was lost
                self._connection = connect(self.address)
            self._connection.execute(begin)
            try:
                yield
            except BaseException:
                with suppress(psycopg.Error):
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def grouped(self) -> Iterator[None]:
        """As in Store."""
        with self._writing():
            self._grouped = True
            try:
                yield
            finally:
                self._grouped = False

    def _rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(with_names(statement), arguments(statement, values)).fetchall()

    def _change(self, statement: str, *values: Any) -> int:
        return self._connection.execute(with_names(statement), arguments(statement, values)).rowcount

    def _change_each(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        """All of them in one message."""
        cursor = psycopg.ClientCursor(self._connection)
        if found := "; ".join(cursor.mogrify(with_names(statement), arguments(statement, own)) for own in values):
            cursor.execute(found)

    def _alone(self, statement: str) -> None:
        """Execute a statement that must not be in a transaction."""
        with told(self.name):
            self._connection.execute(statement)

    def _bytes(self) -> int:
        return self._number(
            "SELECT coalesce(sum(pg_total_relation_size(own.oid)), 0)::bigint FROM pg_class own "
            "WHERE own.relkind = 'r' AND own.relnamespace = current_schema()::regnamespace"
        )

    def close(self) -> None:
        """Close it."""
        self._connection.close()


@contextmanager
def alone(address: str, what: str) -> Iterator[None]:
    """Do something that only one process may do with a store at a time.

    Raises:
        StoreError: another process does it.
    """
    check_address(address)
    with told(named(address)):
        connection = connect(address)
    with connection:
        held = connection.execute(f"SELECT pg_try_advisory_lock({with_names(LOCK)})", (what,)).fetchone()
        if held != (True,):
            raise StoreError(f"another process runs `{what}` on {named(address)}; end it first, or name another store")
        yield


def _line(error: psycopg.Error) -> str:
    return " ".join(str(error).split())
