"""A table of texts: CSV, TSV, JSON Lines or Parquet with a column `text`, as anybody may have one."""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from crisisflow.artifacts import check_file
from crisisflow.delimited import read_records, read_rows
from crisisflow.errors import CrisisflowError
from crisisflow.text_input import is_text

TEXT = "text"
MOST = 100_000  # characters of a text; a longer one is no tweet
DELIMITERS = {".csv": ",", ".tsv": "\t"}
KINDS = (*DELIMITERS, ".jsonl", ".parquet")
ADVICE = f"name a table with a column `{TEXT}`: {', '.join(KINDS)}, all but the last also .gz"


class TextRow(NamedTuple):
    """A text, and the values of the other columns that were asked for and are there; an empty value is none."""

    text: str
    values: Mapping[str, str]


def read_texts(path: Path, columns: Sequence[str] = (), needed: Sequence[str] = ()) -> list[TextRow]:
    """The rows of a table, in its order.

    Args:
        columns: further ones that are read where they are there. needed: further ones that must be there.

    Raises:
        CrisisflowError: the file is absent, of no such kind, damaged, not UTF-8 or without rows; it lacks a column; or
            a text is longer than MOST.
    """
    check_file(path, ADVICE)
    kind = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    if kind not in KINDS or path.suffixes[-2:] == [".parquet", ".gz"]:
        raise CrisisflowError(f"{path} is of no kind that is read here; {ADVICE}")
    asked = [TEXT, *needed, *columns]
    if kind in DELIMITERS:
        records = _delimited(path, DELIMITERS[kind], asked, needed)
    else:
        records = _parquet(path, asked, needed) if kind == ".parquet" else _json_lines(path, needed)
    found = []
    for where, record in records:
        text = record[TEXT]
        if len(text) > MOST:
            raise CrisisflowError(f"{where}: the text has {len(text):,} characters and is no tweet; leave it out")
        values = {name: record[name] for name in asked[1:] if record.get(name)}
        found.append(TextRow(text, values))
    if not found:
        raise CrisisflowError(f"{path} has no rows; {ADVICE}")
    return found


def _lacks(path: Path, missing: Sequence[str]) -> CrisisflowError:
    return CrisisflowError(f"{path}: it lacks the column {', '.join(missing)}; {ADVICE}")


def _delimited(
    path: Path, delimiter: str, asked: Sequence[str], needed: Sequence[str]
) -> Iterator[tuple[str, Mapping[str, str]]]:
    _, header = next(read_rows(path, delimiter), (1, []))
    there = [column.strip() for column in header]
    if missing := [name for name in (TEXT, *needed) if name not in there]:
        raise _lacks(path, missing)
    for line, record in read_records(path, delimiter, [name for name in asked if name in there]):
        yield f"{path}, line {line}", record


def _parquet(path: Path, asked: Sequence[str], needed: Sequence[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    try:
        there = pq.read_schema(path).names
        if missing := [name for name in (TEXT, *needed) if name not in there]:
            raise _lacks(path, missing)
        table = pq.read_table(path, columns=[name for name in asked if name in there])
    except (pa.ArrowInvalid, OSError) as error:
        raise CrisisflowError(f"{path} is no readable Parquet file: {error}") from None
    for number, row in enumerate(table.to_pylist(), 1):
        if not isinstance(row[TEXT], str):
            raise CrisisflowError(f"{path}, row {number}: the text is empty; leave the row out")
        yield f"{path}, row {number}", {name: str(own) for name, own in row.items() if own is not None}


def _json_lines(path: Path, needed: Sequence[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, 1):
                where = f"{path}, line {number}"
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                except (ValueError, RecursionError):
                    raise CrisisflowError(f"{where}: no JSON") from None
                if not isinstance(row, dict) or any(not isinstance(row.get(name), str) for name in (TEXT, *needed)):
                    raise CrisisflowError(f"{where}: it lacks {' or '.join((TEXT, *needed))}, or that is no text")
                if not is_text(row[TEXT]):
                    raise CrisisflowError(f"{where}: half of a surrogate pair stands in the text; leave the row out")
                yield where, {name: str(own) for name, own in row.items() if own is not None}
    except UnicodeError as error:
        raise CrisisflowError(f"{path} is not UTF-8: {error.reason}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise CrisisflowError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
