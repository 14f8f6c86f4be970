"""Which files a public set is made of, and where they are: in a folder, a zip or tar archive, or by themselves."""

import gzip
import lzma
import os
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from crisisflow.corpus.sources.posts import Rows
from crisisflow.errors import CrisisflowError

SHOWN = 5  # file names in a message
TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
BROKEN = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    RuntimeError,  # a zip with a password, or packed in a way that Python does not have
)


def _reason(error: Exception) -> str:
    """Why something cannot be read, in one line."""
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(":")


class SourceFile(NamedTuple):
    """A file of a set: what messages call it, what its path says (event, split), and its bytes, still gzipped."""

    name: str
    said: dict[str, str]
    raw: Callable[[], bytes]

    def content(self) -> bytes:
        """Its bytes, unpacked if its name ends with .gz.

        Raises:
            CrisisflowError: it is damaged.
        """
        try:
            return gzip.decompress(self.raw()) if self.name.endswith(".gz") else self.raw()
        except BROKEN as error:
            raise CrisisflowError(f"cannot read {self.name} ({_reason(error)}); fetch it again") from error


class Part(NamedTuple):
    """The files of one kind.

    `path` is the end of their paths. `<event>` in it is any word, `<split:train|dev>` one of these; the reader is told
    both. `.gz` may follow. `files` is how many there must be; None for one or more.
    """

    path: str
    files: int | None = 1

    def said(self, path: str) -> dict[str, str] | None:
        """What a file's path says; None if it is not of this part."""
        pieces = re.split(r"<(\w+)(?::([^>]+))?>", self.path)
        pattern = re.escape(pieces[0])
        for name, words, text in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
            value = "|".join(map(re.escape, words.split("|"))) if words else "[^/]+"
            pattern += f"(?P<{name}>{value}){re.escape(text)}"
        found = re.fullmatch(rf"(?:.*/)?{pattern}(?:\.gz)?", path)
        return found.groupdict() if found else None

    def is_met(self, found: int) -> bool:
        return found == self.files if self.files is not None else found > 0

    def __str__(self) -> str:
        return self.path if self.files == 1 else f"{self.files or 'one or more'} of {self.path}"


class Layout(NamedTuple):
    """A form in which a set is passed on: its parts in the order in which they are read, and what reads them.

    `read` gets the path of the set as well, for a reader that opens it by itself.
    """

    parts: tuple[Part, ...]
    read: Callable[[Path, list[SourceFile]], Rows]
    may_have: tuple[Part, ...] = ()  # read where they are there

    def files(self, listed: dict[str, Callable[[], bytes]]) -> list[tuple[Part, list[SourceFile]]]:
        """The files of each part, in the order of their paths."""
        told = [(part, {path: part.said(path) for path in listed}) for part in (*self.parts, *self.may_have)]
        return [
            (part, [SourceFile(path, said, listed[path]) for path, said in files.items() if said is not None])
            for part, files in told
        ]

    def __str__(self) -> str:
        return ", ".join(map(str, self.parts))


def _hidden(path: str) -> bool:
    """Whether it is one of the `._` twins that macOS puts beside each file, or in a folder such as .git."""
    return any(piece.startswith(".") for piece in path.split("/"))


def _in_folder(root: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not _hidden(name)]
        for name in files:
            path = Path(folder, name)
            if path.is_file():
                yield path.relative_to(root.parent).as_posix(), path.read_bytes


def _in_zip(root: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    def read(name: str) -> bytes:
        with zipfile.ZipFile(root) as archive:
            return archive.read(name)

    with zipfile.ZipFile(root) as archive:
        names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
    yield from ((name, partial(read, name)) for name in names)


def _in_tar(root: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    def read(name: str) -> bytes:
        with tarfile.open(root) as archive, archive.extractfile(name) as stream:
            return stream.read()

    with tarfile.open(root) as archive:
        yield from ((member.name, partial(read, member.name)) for member in archive.getmembers() if member.isfile())


def listed(root: Path) -> dict[str, Callable[[], bytes]]:
    """The files at `root`, each by its path; nothing is unpacked to disk. In a folder, paths begin with its name.

    Raises:
        CrisisflowError: there is nothing, or the archive is damaged.
    """
    if not root.exists():
        raise CrisisflowError(f"{root} does not exist")
    root = root.resolve()
    try:
        if root.is_dir():
            found = list(_in_folder(root))
        elif root.name.endswith(".zip"):
            found = list(_in_zip(root))
        elif root.name.endswith(TAR):
            found = list(_in_tar(root))
        else:
            found = [(root.name, root.read_bytes)]
    except BROKEN as error:
        raise CrisisflowError(f"cannot read {root} ({_reason(error)}); fetch it again") from error
    return dict(sorted((path, raw) for path, raw in found if not _hidden(path.removeprefix(f"{root.name}/"))))


def find(name: str, layouts: tuple[Layout, ...], root: Path) -> tuple[Layout, list[SourceFile]]:
    """The layout that the set `name` has at `root`, and its files.

    Raises:
        CrisisflowError: it has none of them, or two; or `root` cannot be read.
    """
    there = listed(root)
    found = [(layout, layout.files(there)) for layout in layouts]
    met = [
        (layout, [file for _, files in parts for file in files])
        for layout, parts in found
        if all(part.is_met(len(files)) for part, files in parts[: len(layout.parts)])
    ]
    if len(met) == 1:
        return met[0]
    if met:
        both = " and ".join(str(layout) for layout, _ in met)
        raise CrisisflowError(f"{root} has the set {name} more than once: {both}; leave one of them")
    seen = [f"{len(files)} of {part.path}" for _, parts in found for part, files in parts if files]
    names = seen or list(there)[:SHOWN]
    more = f" and {len(there) - SHOWN} more" if not seen and len(there) > SHOWN else ""
    expected = "; or ".join(map(str, layouts))
    raise CrisisflowError(
        f"{root} is not the set {name}: it needs {expected}; found {', '.join(names) or 'no file'}{more} "
        "(docs/public_sets.md)"
    )
