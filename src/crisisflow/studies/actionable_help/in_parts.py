"""Parts: arrays of many texts, made part by part, so that a killed run goes on behind its last whole part."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from crisisflow.artifacts import atomic_path
from crisisflow.progress import say

KEY = "crisisflow"  # of the file's metadata, with JSON

Item = TypeVar("Item")


class Arrays(NamedTuple):
    """The content of a file: arrays by name, and what it says of itself."""

    arrays: dict[str, np.ndarray]
    facts: dict[str, Any]


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
    """Write a safetensors file; the same arrays give the same bytes."""
    with atomic_path(path) as partial:
        try:
            # The facts in one entry: safetensors writes several in an order of chance.
            save_file(dict(arrays), partial, metadata={KEY: json.dumps(facts, sort_keys=True)})
        except SafetensorError as error:  # how safetensors names a failed write
            raise OSError(str(error)) from error


def read_arrays(path: Path) -> Arrays:
    """Read what `write_arrays` wrote.

    Raises:
        OSError, SafetensorError, ValueError: it is absent or damaged.
    """
    with safe_open(path, framework="numpy") as file:
        facts = json.loads((file.metadata() or {}).get(KEY, "{}"))
        return Arrays({name: file.get_tensor(name) for name in file.keys()}, facts)  # noqa: SIM118  it is no mapping


class Parts(NamedTuple):
    """Where parts lie until the whole is written.

    Args:
        name: of the step, for messages. folder: of the parts. size: texts of a part: what a kill costs at most.
        run_of: all that a part depends on, as JSON values; a part of another run is made anew.
    """

    name: str
    folder: Path
    size: int
    run_of: Mapping[str, Any]

    def make(
        self, texts: Sequence[Item], compute: Callable[[Sequence[Item]], dict[str, np.ndarray]]
    ) -> dict[str, np.ndarray]:
        """The arrays of all texts, those of each part behind each other.

        Args:
            compute: the arrays of some texts, by name.
        """
        begins = range(0, len(texts), self.size)
        parts = [self._part(self._path(begin), texts[begin : begin + self.size], compute) for begin in begins]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def discard(self, texts: int) -> None:
        """Remove the parts of so many texts, once the whole is written."""
        for begin in range(0, texts, self.size):
            self._path(begin).unlink(missing_ok=True)
        with suppress(OSError):
            self.folder.rmdir()

    def _path(self, begin: int) -> Path:
        return self.folder / f"part{begin // self.size:06}.safetensors"

    def _part(
        self, path: Path, texts: Sequence[Item], compute: Callable[[Sequence[Item]], dict[str, np.ndarray]]
    ) -> dict[str, np.ndarray]:
        """From its file if that is whole and of this run."""
        with suppress(OSError, SafetensorError, ValueError):
            found = read_arrays(path)
            if found.facts == self.run_of:
                say(f"{self.name}: {path.name} is there already")
                return found.arrays
        made = compute(texts)
        write_arrays(path, made, self.run_of)
        return made
