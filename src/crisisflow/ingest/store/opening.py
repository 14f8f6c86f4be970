"""Which store an option --store names: a folder with SQLite's file, or the address of a PostgreSQL database."""

from contextlib import AbstractContextManager
from pathlib import Path

from crisisflow.errors import CrisisflowError
from crisisflow.ingest.store.faults import StoreError
from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.sqlite import SqliteStore
from crisisflow.ingest.store.sqlite import database as sqlite

SCHEMES = ("postgresql://", "postgres://")
Where = str | Path  # a folder, or an address with one of the schemes


def address_of(where: Where) -> str | None:
    """The address of a PostgreSQL database; None of a folder."""
    return where if isinstance(where, str) and where.startswith(SCHEMES) else None


def open_store(where: Where, make: bool = False) -> Store:
    """Open a store, whose tables are brought to this version.

    Args:
        make: whether one is made where there is none.

    Raises:
        StoreError: there is none, or it cannot be read, is damaged, or was written by a newer version.
        CrisisflowError: PostgreSQL's client is not installed.
    """
    if address := address_of(where):
        _check_client()
        from crisisflow.ingest.store.postgres import PostgresStore

        return PostgresStore(address, make)
    folder = Path(where)
    if not make and not (folder / sqlite.FILE).exists():
        raise StoreError(f"{folder} has no store; name the folder that `crisisflow collect --store` was given")
    return SqliteStore(folder)


def alone(where: Where, what: str) -> AbstractContextManager[None]:
    """Do something that only one process may do with a store at a time.

    Raises:
        StoreError: another process does it.
    """
    if address := address_of(where):
        _check_client()
        from crisisflow.ingest.store.postgres import database as postgres

        return postgres.alone(address, what)
    return sqlite.alone(Path(where), what)


def folder_beside(where: Where) -> Path:
    """The folder to which paths are relative that belong to a store: its own, or the working directory."""
    return Path.cwd() if address_of(where) else Path(where)


def folder_of_disk(where: Where) -> Path | None:
    """A folder on the disk of a store; None where that is another machine's to watch."""
    return None if address_of(where) else Path(where)


def folder_of(where: Where, what: str) -> Path:
    """The folder of a store in SQLite.

    Raises:
        StoreError: it is another one; `what` says what its administrator does instead.
    """
    if address_of(where):
        raise StoreError(f"this is for a store in a folder; with PostgreSQL, {what}")
    return Path(where)


def _check_client() -> None:
    from importlib.util import find_spec

    if find_spec("psycopg") is None:
        raise CrisisflowError("a store in PostgreSQL needs psycopg: pip install 'crisisflow[postgres]'")
