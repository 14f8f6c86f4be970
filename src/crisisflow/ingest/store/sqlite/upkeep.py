"""Upkeep of a store's folder: check, back up, restore, compact."""

import shutil
from contextlib import ExitStack, closing
from pathlib import Path

from crisisflow.ingest.store.faults import StoreError
from crisisflow.ingest.store.sqlite import SqliteStore
from crisisflow.ingest.store.sqlite.database import FILE, alone, connect, copy, told

PROCESSES = ("collect", "route", "deliver")  # which have a store open for long


def check(folder: Path) -> list[str]:
    """What is wrong with a store, in lines; none where all is well.

    Raises:
        StoreError: it cannot be opened.
    """
    with SqliteStore(folder) as store:
        return store.problems()


def backup(folder: Path, out: Path) -> None:
    """Copy a store into a new folder while others may write it; the copy is a store too.

    Raises:
        StoreError: the folder is there, or something cannot be read or written.
    """
    if not (folder / FILE).exists():
        raise StoreError(f"{folder} has no store")
    if out.exists():
        raise StoreError(f"{out} is there already; name a new folder")
    partial = out.with_name(f".{out.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        copy(folder, partial)
        SqliteStore(partial).close()
        partial.replace(out)
    except OSError as error:
        raise StoreError(f"cannot write {out}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def restore(saved: Path, folder: Path) -> None:
    """Make a store of a backup, after checking it; a store that is there is kept beside it as NAME.before.

    Raises:
        StoreError: the backup is damaged, or the store is in use.
    """
    if problems := check(saved):
        raise StoreError(f"{saved} is damaged: {problems[0]}")
    fresh, before = folder.with_name(f".{folder.name}.restored"), folder.with_name(f"{folder.name}.before")
    shutil.rmtree(fresh, ignore_errors=True)
    backup(saved, fresh)
    try:
        if folder.exists():
            if before.exists():
                raise StoreError(f"{before} is there already, from an earlier restore; move it away")
            with ExitStack() as locks:
                for name in PROCESSES:
                    locks.enter_context(alone(folder, name))
                folder.rename(before)
        fresh.rename(folder)
    except OSError as error:
        raise StoreError(f"cannot write {folder}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def compact(folder: Path) -> tuple[int, int]:
    """Make the indexes anew and give unused pages back to the disk. Returns its bytes before and after.

    Raises:
        StoreError: it is damaged, in use, or the disk has no room for a second copy.
    """
    file = folder / FILE
    if not file.exists():
        raise StoreError(f"{folder} has no store")
    with ExitStack() as locks:
        for name in PROCESSES:
            locks.enter_context(alone(folder, name))
        before = file.stat().st_size
        SqliteStore(folder).close()
        with told(file), closing(connect(file)) as connection:
            connection.execute("INSERT INTO posts_text (posts_text) VALUES ('rebuild')")
            connection.execute("INSERT INTO posts_text (posts_text) VALUES ('optimize')")
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return before, file.stat().st_size
