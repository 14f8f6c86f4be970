"""Tables with a delimiter (CSV, TSV), read whatever program wrote them."""

import codecs
import csv
import gzip
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from crisisflow.errors import CrisisflowError

UTF_8 = "UTF-8"
KINDS = {",": "CSV", "\t": "TSV"}  # by delimiter
STAND_IN = "\0"  # for a carriage return within a line, which csv would refuse; no table holds a NUL


def _lines(pieces: Iterable[str]) -> Iterator[str]:
    """The lines of a text that was cut at each line feed and carriage return.

    Lines end as the first one does. Where that is with a line feed, a carriage return alone belongs to a value.

    Raises:
        ValueError: the text holds a NUL character.
    """
    waiting, alone = "", None
    for piece in pieces:
        if "\0" in piece:
            raise ValueError("a NUL character")
        if alone is None:
            alone = piece.endswith("\r")
        if piece.endswith("\r") and not alone:
            waiting += piece[:-1] + STAND_IN
            continue
        yield waiting + piece
        waiting = ""
    if waiting:
        yield waiting


def parse_rows(
    pieces: Iterable[str], name: object, delimiter: str, encoding: str = UTF_8
) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, values) of each row of a table called `name`; empty lines are passed over.

    `pieces` is a text stream opened with newline="". Values are quoted as CSV has it (RFC 4180), and of any length.

    Raises:
        CrisisflowError: the stream is not of this encoding, or a quoted value is not closed.
    """
    csv.field_size_limit(sys.maxsize)
    kind = f"{KINDS[delimiter]} in {encoding}"
    number = 0
    try:
        reader = csv.reader(_lines(pieces), delimiter=delimiter, strict=True)
        for values in reader:
            number = reader.line_num
            if values:
                yield number, [value.replace(STAND_IN, "\r") for value in values]
    except UnicodeError as error:  # also of a wrong byte order mark
        raise CrisisflowError(f"{name} is no {kind}: {getattr(error, 'reason', error)}") from None
    except (csv.Error, ValueError) as error:
        raise CrisisflowError(f"{name} is no {kind}: behind line {number}: {error}") from None


def read_rows(path: Path, delimiter: str, encoding: str = UTF_8) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, values) of each row of a table, plain or .gz. A byte order mark is left out.

    Raises:
        CrisisflowError: it cannot be read, or what `parse_rows` raises.
    """
    try:
        opened = gzip.open if path.suffix == ".gz" else open
        # Of Python's encodings utf-8 alone would take the mark for a part of the first value.
        known = "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
        with opened(path, "rt", encoding=known, newline="") as stream:
            yield from parse_rows(stream, path, delimiter, encoding)
    except (OSError, EOFError, zlib.error) as error:
        raise CrisisflowError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error


def by_column(
    rows: Iterator[tuple[int, list[str]]], name: object, columns: Sequence[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line number, values by column) of a table with a header; it may have more than `columns`.

    Raises:
        CrisisflowError: the header lacks one of `columns`, or a row has another width.
    """
    _, header = next(rows, (1, []))
    header = [column.strip() for column in header]
    missing = [column for column in columns if column not in header]
    if missing:
        raise CrisisflowError(f"{name}: its header lacks {', '.join(missing)}")
    for number, values in rows:
        if len(values) != len(header):
            raise CrisisflowError(f"{name}, line {number}: as many values as the header are needed")
        yield number, dict(zip(header, values, strict=True))


def read_records(
    path: Path, delimiter: str, columns: Sequence[str], encoding: str = UTF_8
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line number, values by column) of a file; raises what `read_rows` and `by_column` raise."""
    return by_column(read_rows(path, delimiter, encoding), path, columns)
