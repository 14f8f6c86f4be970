"""Tables with a delimiter (CSV, TSV), read whatever program wrote them."""

import csv
import gzip
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from crisisflow.errors import CrisisflowError

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


def parse_rows(pieces: Iterable[str], name: object, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, values) of each row of a table called `name`; empty lines are passed over.

    `pieces` is a text stream opened with newline="". Values are quoted as CSV has it (RFC 4180), and of any length.

    Raises:
        CrisisflowError: the stream is not UTF-8, or a quoted value is not closed.
    """
    csv.field_size_limit(sys.maxsize)
    kind = {",": "CSV", "\t": "TSV"}[delimiter]
    number = 0
    try:
        reader = csv.reader(_lines(pieces), delimiter=delimiter, strict=True)
        for values in reader:
            number = reader.line_num
            if values:
                yield number, [value.replace(STAND_IN, "\r") for value in values]
    except UnicodeDecodeError as error:
        raise CrisisflowError(f"{name} is no {kind} in UTF-8: {error.reason}") from None
    except (csv.Error, ValueError) as error:
        raise CrisisflowError(f"{name} is no {kind} in UTF-8: behind line {number}: {error}") from None


def read_rows(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, values) of each row of a table in UTF-8, plain or .gz. A byte order mark is left out.

    Raises:
        CrisisflowError: it cannot be read, or what `parse_rows` raises.
    """
    try:
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8-sig", newline="") as stream:
            yield from parse_rows(stream, path, delimiter)
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


def read_records(path: Path, delimiter: str, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line number, values by column) of a file; raises what `read_rows` and `by_column` raise."""
    return by_column(read_rows(path, delimiter), path, columns)
