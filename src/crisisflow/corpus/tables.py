"""The tables of a source in HumAID's layout: an archive or a folder, whose links are followed."""

import gzip
import lzma
import posixpath
import re
import stat
import tarfile
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO

from crisisflow.errors import CrisisflowError
from crisisflow.taxonomy import OFFICIAL_SPLITS

# all_train.tsv in the combined archive, hurricane_maria_2017_train.tsv and the like in the per-event ones.
TABLE_NAME = re.compile(rf"(?P<event>.+)_(?P<split>{'|'.join(OFFICIAL_SPLITS)})\.tsv")
# What holds a table and is not read as one: packed by itself, or in capitals.
UNREAD = re.compile(rf"(?P<table>.+_(?:{'|'.join(OFFICIAL_SPLITS)})\.tsv)(?:\.(?:gz|bz2|xz|zst|zip))?", re.IGNORECASE)
FILE_SUFFIX = re.compile(r"\.[A-Za-z]\w{0,4}")  # of a name without one that is a link, the target may be a folder
LINKS = 40  # one after another; more are taken for a circle
BROKEN = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)


def _is_litter(name: str) -> bool:
    """Whether it is one of the `._` twins that macOS puts beside each file."""
    return posixpath.basename(name).startswith("._")


def _is_table(name: str) -> bool:
    """Whether a file is one of HumAID's tables."""
    return not _is_litter(name) and TABLE_NAME.fullmatch(posixpath.basename(name)) is not None


def _refuse_unread(source: Path, names: Iterable[str]) -> None:
    """Refuse a file that only looks like a table, unless the table lies beside it.

    Raises:
        CrisisflowError: there is one; its tweets would be left out.
    """
    there = {name for name in names if not _is_litter(name)}
    are_read = set(filter(_is_table, there))
    for name in sorted(there - are_read):
        like = UNREAD.fullmatch(posixpath.basename(name))
        if like and posixpath.join(posixpath.dirname(name), like["table"]) not in are_read:
            raise CrisisflowError(
                f"corpus.source: {source}: {name} is not read; unpack or rename it (<event>_train.tsv, _dev.tsv or "
                "_test.tsv), or remove it"
            )


def _refuse_another_meaning(source: Path, name: str, other: str) -> None:
    """Refuse two names of one file that tell different events or splits: the tweets can be of one only.

    Raises:
        CrisisflowError: they do.
    """
    first, second = (TABLE_NAME.fullmatch(posixpath.basename(each)) for each in (name, other))
    if first and second and first.groups() != second.groups():
        raise CrisisflowError(
            f"corpus.source: {source}: {name} and {other} are one file, and their names tell different events or "
            "splits; remove one of them"
        )


def _may_hold_tables(link: str) -> bool:
    """Whether a link may be a table, or a folder with tables in it."""
    suffix = posixpath.splitext(link)[1]
    return _is_table(link) or not (_is_litter(link) or FILE_SUFFIX.fullmatch(suffix))


def _entries(folder: Path) -> Iterator[Path]:
    """Everything in a folder and its folders but these; each folder once, a link to it only if there is no other way.

    Raises:
        CrisisflowError: a folder cannot be read.
    """
    waiting, seen = deque([folder]), set()
    while waiting:
        at = waiting.popleft()
        try:
            number = at.stat()
            if (number.st_dev, number.st_ino) in seen:
                continue
            seen.add((number.st_dev, number.st_ino))
            paths = sorted(at.iterdir())
        except OSError as error:
            raise CrisisflowError(f"corpus.source: cannot read {at}: {error.strerror}") from error
        for path in paths:
            if not path.is_dir():
                yield path
            elif path.is_symlink():
                waiting.append(path)
            else:
                waiting.appendleft(path)


def _in_folder(source: Path) -> Iterator[tuple[str, IO[bytes]]]:
    found: dict[tuple[int, int], Path] = {}
    entries = sorted(_entries(source), key=lambda path: (path.is_symlink(), path))
    _refuse_unread(source, [str(path.relative_to(source)) for path in entries])
    for path in entries:
        if not (_is_table(path.name) or (path.is_symlink() and _may_hold_tables(path.name))):
            continue
        try:
            facts = path.stat()
        except OSError as error:
            raise CrisisflowError(
                f"corpus.source: {path} leads nowhere ({error.strerror}); mend or remove it"
            ) from None
        if _is_table(path.name):
            if not stat.S_ISREG(facts.st_mode):
                raise CrisisflowError(f"corpus.source: {path} is no plain file; replace or remove it")
            first = found.setdefault((facts.st_dev, facts.st_ino), path)
            _refuse_another_meaning(source, *(str(each.relative_to(source)) for each in (first, path)))
    for path in sorted(found.values()):
        with path.open("rb") as stream:
            yield str(path.relative_to(source)), stream


class _Members:
    """The members of an archive by their names; of two with one name, the last counts, as it does for tar."""

    def __init__(self, members: Iterable[tarfile.TarInfo]) -> None:
        self._by_name = {posixpath.normpath(member.name).lstrip("/"): member for member in members}
        self._folders = {str(parent) for name in self._by_name for parent in Path(name).parents}

    def __iter__(self) -> Iterator[tuple[str, tarfile.TarInfo]]:
        """Names and members, in the order in which the archive holds them."""
        yield from sorted(self._by_name.items(), key=lambda item: item[1].offset)

    def behind(self, name: str) -> tuple[str, tarfile.TarInfo | None] | None:
        """Name and member (None of a folder that is none itself) to which a name leads; None where it leads nowhere."""
        parts = deque(name.split("/"))
        done: list[str] = []
        links = 0
        while parts:
            part = parts.popleft()
            if part in ("", "."):
                continue
            if part == "..":
                if not done:
                    return None
                done.pop()
                continue
            done.append(part)
            member = self._by_name.get("/".join(done))
            if member is not None and (member.issym() or member.islnk()):
                links += 1
                if links > LINKS or (member.issym() and member.linkname.startswith("/")):
                    return None
                # A symbolic link counts from its folder, a hard one from the archive's root.
                done = done[:-1] if member.issym() else []
                parts.extendleft(reversed(member.linkname.split("/")))
        found = "/".join(done)
        member = self._by_name.get(found)
        return (found, member) if member is not None or found in self._folders or not found else None


def _in_archive(source: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with tarfile.open(source) as archive:
        members = _Members(archive.getmembers())
        _refuse_unread(source, [name for name, member in members if not member.isdir()])
        names: dict[str, str] = {}  # of what is read, the name under which it is
        for name, member in members:
            is_link = member.issym() or member.islnk()
            if not (_is_table(name) or (is_link and _may_hold_tables(name))):
                continue
            place = f"{source}: {name}"
            found = members.behind(name) if is_link else (name, member)
            if found is None:
                raise CrisisflowError(
                    f"{place} is a link to {member.linkname}, which is not in the archive; "
                    "pack it again with the files behind its links (tar --dereference)"
                )
            target, content = found
            if not _is_table(name) or content is None or content.isdir():
                continue
            if not content.isfile():
                raise CrisisflowError(f"{place} is no plain file; pack the archive again without it")
            # What a link names as well is read once, under its own name where that is a table's.
            first = names.setdefault(target, target if _is_table(target) else name)
            _refuse_another_meaning(source, first, name)
            if first == name:
                yield member.name, archive.extractfile(content)


def tables(source: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield (name, content) of each table of an archive or folder; nothing of an archive is unpacked to disk.

    Raises:
        CrisisflowError: a folder cannot be read, a link leads nowhere or out of the archive, a file only looks like a
            table, or the names of one file tell different events or splits.
    """
    return _in_folder(source) if source.is_dir() else _in_archive(source)


def lines(source: Path) -> Iterator[tuple[str, int, bytes]]:
    """Yield (table, line number, line without its end) of all tables; of an empty one the first line is empty.

    Lines end as the first one does: with a line feed, before which a carriage return may stand, or with a carriage
    return alone. A byte order mark is left out.

    Raises:
        CrisisflowError: the archive is truncated or none; or what `tables` raises.
    """
    try:
        for name, stream in tables(source):
            first = stream.readline().removeprefix(b"\xef\xbb\xbf")
            head = [first] if first.endswith(b"\n") else first.removesuffix(b"\r").split(b"\r")
            for number, line in enumerate(chain(head, stream), start=1):
                yield name, number, line.removesuffix(b"\n").removesuffix(b"\r")
    except BROKEN as error:
        reason = str(error).splitlines()[0]
        raise CrisisflowError(f"{source}: truncated or no tar archive ({reason}); fetch it again") from error
    except OSError as error:
        raise CrisisflowError(f"{source}: cannot be read ({error}); fetch it again, or check its rights") from error
