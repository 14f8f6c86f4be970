"""Which store a folder has."""

from pathlib import Path

from crisisflow.ingest.store.faults import StoreError
from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.sqlite import SqliteStore
from crisisflow.ingest.store.sqlite.database import FILE


def open_store(folder: Path, make: bool = False) -> Store:
    """Open the store of a folder, whose tables are brought to this version.

    Args:
        make: whether one is made where there is none.

    Raises:
        StoreError: there is none, or it cannot be read, is damaged, or was written by a newer version.
    """
    if not make and not (folder / FILE).exists():
        raise StoreError(f"{folder} has no store; name the folder that `crisisflow collect --store` was given")
    return SqliteStore(folder)
