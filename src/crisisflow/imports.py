"""What is imported: other packages without those that they import only to see whether they are there."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _Absent:
    """A finder of Python's import that refuses one module."""

    def __init__(self, module: str) -> None:
        self.module = module

    def find_spec(self, name: str, *_: Any) -> None:
        """Nothing: Python asks the next finder, but not for this module."""
        if name == self.module:
            raise ModuleNotFoundError(f"{name} is left out here", name=name)


@contextmanager
def left_out(module: str) -> Iterator[None]:
    """Within it a module is not there, unless it was imported before; afterwards it can be imported.

    Some packages import a large one only to see whether it is there: spaCy does so with torch, pyarrow with pandas.
    """
    finder = _Absent(module)
    # Not None in sys.modules, Python's own sign for it: compiled packages such as pyarrow take that for the module.
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
