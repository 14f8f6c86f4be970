"""The database of a folder: opening, migrating, transactions, and its errors in words."""

import fcntl
import os
import re
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from crisisflow.ingest.store.faults import FullError, StoreError
from crisisflow.ingest.store.tables.base import Tables
from crisisflow.ingest.store.tables.scripts import scripts

FILE, KEY = "store.sqlite", "identity.key"
APPLICATION = 0x43524953  # what the file says it is: "CRIS"
OLDEST = (3, 37, 0)  # STRICT tables
PATIENCE = 30  # seconds that another writer may take
PASSING = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written",
    sqlite3.SQLITE_READONLY: "it may not be written",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_BUSY: "another process keeps it locked",
    sqlite3.SQLITE_LOCKED: "another process keeps it locked",
}
DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


@contextmanager
def told(file: Path) -> Iterator[None]:
    """Errors of SQLite as one line about the file.

    Raises:
        FullError: the same may be tried again later. StoreError: the file is damaged.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in PASSING:
            raise FullError(f"{file}: {PASSING[code]} ({error}); nothing was written, try again") from error
        if code in DAMAGED:
            advice = "restore a backup with: crisisflow store restore"
            raise StoreError(f"{file} is damaged, or no store ({error}); {advice}") from error
        raise


def migrations() -> list[str]:
    """The scripts that lead from each version of the tables to the next, the first from none to 1."""
    return [shared + own for shared, own in scripts("sqlite")]


def statements(script: str) -> Iterator[str]:
    """The statements of a script: sqlite3's own executescript would end the transaction that it runs in."""
    found = ""
    for line in re.sub(r"--.*", "", script).splitlines(keepends=True):
        found += line
        if sqlite3.complete_statement(found):
            yield found
            found = ""


def connect(file: Path) -> sqlite3.Connection:
    """A connection to a file that is there, with the settings that each connection needs."""
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=PATIENCE)
    connection.isolation_level = None  # transactions are begun by hand
    for setting in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON", "cache_size = -65536"):
        connection.execute(f"PRAGMA {setting}")
    return connection


def create(folder: Path) -> None:
    """Make the folder of a store and its key, where they are not there, and an empty database file.

    The key comes first: whoever finds the file finds the key. Nobody else may read either.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file, key = folder / FILE, folder / KEY
        if file.exists():
            return
        if not key.exists():
            partial = folder / f".{KEY}.{secrets.token_hex(4)}.partial"
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(secrets.token_bytes(32))
                out.flush()
                os.fsync(out.fileno())
            with suppress(FileExistsError):  # another process was first
                os.link(partial, key)
            partial.unlink()
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600))
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    except OSError as error:
        raise StoreError(f"cannot make a store in {folder}: {error.strerror or error}") from error


def read_key(folder: Path) -> bytes:
    """The key of a store's hashes.

    Raises:
        StoreError: it is not there, or not whole.
    """
    try:
        key = (folder / KEY).read_bytes()
    except OSError as error:
        raise StoreError(f"cannot read {folder / KEY} ({error.strerror}); it belongs to the store's backup") from error
    if len(key) != 32:
        raise StoreError(f"{folder / KEY} is no key of a store; copy the one of the store's backup")
    return key


class Database(Tables):
    """The database of a store.

    Args:
        folder: of the store; it is made where it is not there.
        migrate: scripts of migrations; those of this version.

    Raises:
        StoreError: it cannot be read or written, is damaged, or was written by a newer version.
    """

    BYTES = "length(CAST(text AS BLOB))"

    def __init__(self, folder: Path, migrate: Sequence[str] | None = None) -> None:
        if sqlite3.sqlite_version_info < OLDEST:
            raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old for a store; use a Python with 3.37 or newer")
        create(folder)
        self.folder, self.file = folder, folder / FILE
        self.name = str(self.file)
        self._grouped = False  # whether a transaction of `grouped` is open
        self._key = read_key(folder)
        with told(self.file):
            self._connection = connect(self.file)
            try:
                self._migrate(migrations() if migrate is None else migrate)
            except BaseException:
                self._connection.close()
                raise

    def _migrate(self, scripts: Sequence[str]) -> None:
        self._check_version(len(scripts))
        if self._number("PRAGMA user_version") == len(scripts):
            return
        self._connection.execute("PRAGMA journal_mode = WAL")
        with self._writing():
            self._check_version(len(scripts))
            version = self._number("PRAGMA user_version")  # another process may have been first
            for script in scripts[version:]:
                for statement in statements(script):
                    self._connection.execute(statement)
            self._connection.execute(f"PRAGMA application_id = {APPLICATION}")
            self._connection.execute(f"PRAGMA user_version = {len(scripts)}")

    def _check_version(self, known: int) -> None:
        version, application = self._number("PRAGMA user_version"), self._number("PRAGMA application_id")
        if application != APPLICATION and (application or self._number("SELECT count(*) FROM sqlite_master")):
            raise StoreError(f"{self.file} is a database of another program; name another folder")
        if version > known:
            raise StoreError(
                f"{self.file} was written by a newer crisisflow (its tables have version {version}, this one knows "
                f"{known}); upgrade crisisflow, or restore a backup of that time into another folder"
            )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction that writes: whole when the block ends well, and nothing of it when not."""
        if self._grouped:
            yield
            return
        with told(self.file):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # SQLite may have ended it by itself
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """A transaction that reads one state of the store."""
        if self._grouped:
            yield
            return
        with told(self.file):
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("ROLLBACK")

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
        return self._connection.execute(statement, values).fetchall()

    def _change(self, statement: str, *values: Any) -> int:
        return self._connection.execute(statement, values).rowcount

    def _change_each(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        self._connection.executemany(statement, values)

    def _bytes(self) -> int:
        return self._number("PRAGMA page_count") * self._number("PRAGMA page_size")

    def close(self) -> None:
        """Close it."""
        self._connection.close()


@contextmanager
def alone(folder: Path, what: str) -> Iterator[None]:
    """Do something that only one process may do with a store at a time.

    Raises:
        StoreError: another process does it.
    """
    create(folder)
    with (folder / f".{what}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreError(
                f"another process runs `{what}` on {folder}; end it first, or name another store"
            ) from None
        yield


def copy(source: Path, target: Path) -> None:
    """Copy a database while others may write it (SQLite's online backup), and its key."""
    target.mkdir(mode=0o700, parents=True)
    key = target / KEY
    with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(read_key(source))
    os.close(os.open(target / FILE, os.O_WRONLY | os.O_CREAT, 0o600))
    with told(source / FILE), closing(connect(source / FILE)) as read, closing(connect(target / FILE)) as written:
        read.backup(written, pages=4096, sleep=0.01)
        written.execute("PRAGMA journal_mode = WAL")
