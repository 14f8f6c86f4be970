"""Lines of JSON: a file, the files of a folder, or standard input; followed as `tail -F` does, rotation too."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from crisisflow.errors import CrisisflowError
from crisisflow.ingest import process
from crisisflow.ingest.records import post_of
from crisisflow.ingest.sources.source import Hand
from crisisflow.ingest.store.records import Post
from crisisflow.ingest.writer import GROUP
from crisisflow.text_input import STDIN, open_input

POLL = 0.25  # seconds between two looks at a file that is followed
LINE = 4_000_000  # bytes
CHUNK = 1 << 16
NO_JSON, NO_UTF8, TOO_LONG = "line that is no JSON", "line that is not UTF-8", f"line of more than {LINE:,} bytes"
REPLACED, CUT_SHORT = "the file was replaced while nobody read it", "the file was cut short"


class Mark(NamedTuple):
    """Up to where a file was read: the number of its inode, and bytes."""

    inode: int
    offset: int


class Lines:
    """The whole lines of an open file, from an offset on; the end of the file is no end of a line.

    Args:
        offset: behind the last line that was read.
    """

    def __init__(self, stream: BinaryIO, offset: int = 0) -> None:
        self._stream, self.offset = stream, offset
        self._held = bytearray()
        self._skipped = 0  # bytes of a line that is too long, so far

    def read(self, last: bool = False) -> Iterator[tuple[bytes | None, int]]:
        """Each line, or None where it is too long, and the offset behind it.

        Args:
            last: whether what stands behind the last line break is a line too.
        """
        while chunk := self._stream.read1(CHUNK):  # type: ignore[attr-defined]
            self._held += chunk
            while (end := self._held.find(b"\n")) >= 0:
                yield self._next(end, 1)
            if len(self._held) > LINE:
                self._skipped += len(self._held)
                self._held.clear()
        if last and (self._held or self._skipped):
            yield self._next(len(self._held), 0)

    def _next(self, end: int, line_break: int) -> tuple[bytes | None, int]:
        line = None if self._skipped or end > LINE else bytes(self._held[:end])
        self.offset += self._skipped + end + line_break
        del self._held[: end + line_break]
        self._skipped = 0
        return line, self.offset


def read_line(line: bytes | None) -> tuple[Post | None, tuple[str, ...]]:
    """The post of a line, and what of it was not as it should be; nothing of an empty line."""
    if line is None:
        return None, (TOO_LONG,)
    try:
        text = line.decode().removeprefix("\ufeff").strip()
    except UnicodeDecodeError:
        return None, (NO_UTF8,)
    if not text:
        return None, ()
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None, (NO_JSON,)
    return post_of(record, process.now())


class JsonlSource:
    """The source `jsonl`. Its cursor is JSON: for each file its inode and the offset behind the last line."""

    def __init__(self, path: str, follow: bool, folder: Path) -> None:
        self._stdin = path == STDIN
        self._path, self._follow = folder / path, follow

    def run(self, hand: Hand) -> None:
        """As in Source."""
        if self._stdin:
            self._read_stdin(hand)
            return
        marks = {name: Mark(*own) for name, own in json.loads(hand.cursor or "{}").items()}
        if not self._path.exists() and not self._follow:
            raise CrisisflowError(f"{self._path} does not exist")
        hand.connected()
        files: dict[str, Followed] = {}
        while True:
            for path in self._files():
                if path.name not in files:
                    files[path.name] = Followed(path, marks.get(path.name))
            read = 0
            for name in sorted(files):
                read += files[name].read(hand, marks, last=not self._follow)
            if hand.stopping.is_set() or not self._follow:
                break
            for name in [name for name, own in files.items() if own.gone]:
                files.pop(name).close()
                marks.pop(name, None)
            hand.heard()
            if not read and hand.wait(POLL):
                break
        hand.flush()
        for own in files.values():
            own.close()

    def _files(self) -> list[Path]:
        if self._path.is_dir():
            return sorted(self._path.glob("*.jsonl"))
        return [self._path] if self._path.exists() else []

    def _read_stdin(self, hand: Hand) -> None:
        hand.connected()
        lines = Lines(open_input(STDIN, "a file of JSON Lines"))
        for line, _ in lines.read(last=True):
            post, faults = read_line(line)
            hand.take([post] if post else [], faults=Counter(faults))
            if hand.stopping.is_set():
                break
        hand.flush()


class Followed:
    """A file that is read from a mark on, over its rotations.

    Args:
        mark: up to where it was read; None of a new file.
    """

    def __init__(self, path: Path, mark: Mark | None) -> None:
        self._path = path
        self._mark = mark
        self._stream: BinaryIO | None = None
        self._lines: Lines | None = None
        self.gone = False  # nothing has its name any more, and all of it was read

    def read(self, hand: Hand, marks: dict[str, Mark], last: bool) -> int:
        """Hand over what is there. Returns how many lines there were.

        Args:
            marks: of all files of the source; this one's is kept up to date.
            last: whether nothing is to come, so that what stands behind the last line break is a line.
        """
        count = 0
        while True:
            if self._stream is None and not self._open(hand):
                self.gone = True
                return count
            assert self._lines is not None and self._stream is not None
            rotated = self._rotated()
            inode = os.fstat(self._stream.fileno()).st_ino
            posts: list[Post] = []
            faults: Counter[str] = Counter()
            group = 0
            for line, offset in self._lines.read(last=last or rotated):
                post, found = read_line(line)
                posts += [post] if post else []
                faults.update(found)
                count, group = count + 1, group + 1
                marks[self._path.name] = self._mark = Mark(inode, offset)
                if group == GROUP:
                    self._hand(hand, posts, marks, faults)
                    posts, faults, group = [], Counter(), 0
                    if hand.stopping.is_set():
                        return count
            if group:
                self._hand(hand, posts, marks, faults)
            if not rotated:
                return count
            if os.fstat(self._stream.fileno()).st_size < self._lines.offset:
                hand.gap(None, process.now(), CUT_SHORT)
            self._mark = None  # all of it was read
            self.close()

    @staticmethod
    def _hand(hand: Hand, posts: list[Post], marks: dict[str, Mark], faults: "Counter[str]") -> None:
        hand.take(posts, json.dumps(marks, sort_keys=True), faults)

    def _rotated(self) -> bool:
        """Whether another file has its name now, or it was cut short; what was not read of it is read first."""
        assert self._stream is not None and self._lines is not None
        own = os.fstat(self._stream.fileno())
        try:
            named = self._path.stat()
        except FileNotFoundError:
            return True
        return named.st_ino != own.st_ino or own.st_size < self._lines.offset

    def _open(self, hand: Hand) -> bool:
        """Open the file that is to be read next: the one of the mark, wherever it was moved, else that of the name."""
        try:
            named = self._path.stat()
        except FileNotFoundError:
            named = None
        mark, self._mark = self._mark, None
        if named is None and mark is None:
            return False
        path, offset = self._path, 0
        if mark is not None and (named is None or named.st_ino != mark.inode):
            moved = self._moved(mark)
            if moved is not None:
                path, offset = moved, mark.offset
            else:
                hand.gap(None, process.now(), REPLACED)
        elif mark is not None and named is not None and named.st_size < mark.offset:
            hand.gap(None, process.now(), CUT_SHORT)
        elif mark is not None:
            offset = mark.offset
        try:
            self._stream = path.open("rb")
        except FileNotFoundError:
            return False
        self._stream.seek(offset)
        self._lines = Lines(self._stream, offset)
        return True

    def _moved(self, mark: Mark) -> Path | None:
        """Where the file of a mark is now, in the same folder."""
        for path in self._path.parent.iterdir():
            with suppress(FileNotFoundError):
                own = path.stat()
                if own.st_ino == mark.inode and own.st_size >= mark.offset:
                    return path
        return None

    def close(self) -> None:
        """Close it."""
        if self._stream is not None:
            self._stream.close()
        self._stream = self._lines = None
