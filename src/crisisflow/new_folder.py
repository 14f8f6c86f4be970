"""A folder that is written whole or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crisisflow.errors import CrisisflowError


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Yield a folder beside `out` to fill; it becomes `out` when the block ends well and is removed when not.

    Raises:
        CrisisflowError: `out` is there already. What an export with texts left behind would be taken for a part of
            another without.
    """
    if out.exists():
        raise CrisisflowError(f"{out} is there already; name another folder, or remove it first")
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # what a killed export left
    try:
        yield partial
        partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
