"""The formats in which publishers pass posts on, each read to records: (line number, values by column)."""

import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from crisisflow.corpus.sources.layout import Layout, Part, SourceFile
from crisisflow.corpus.sources.posts import BadValueError, Dropped, Post, Record, Rows
from crisisflow.delimited import by_column, parse_rows
from crisisflow.errors import CrisisflowError

Records = Callable[[SourceFile], Iterator[tuple[int, dict[str, str]]]]


def decoded(file: SourceFile, fallback: str | None = None) -> str:
    """The text of a file in UTF-8, without a byte order mark; `fallback` is the encoding of one that is not.

    Raises:
        CrisisflowError: it is not UTF-8 and there is no fallback.
    """
    content = file.content()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if fallback:
            return content.decode(fallback)
        line = content.count(b"\n", 0, error.start) + 1
        raise CrisisflowError(f"{file.name}, line {line}: not UTF-8 ({error.reason}); fetch it again") from None


def lines_of(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text with their numbers. They end as the first one does; a last empty one is left out."""
    end = "\r\n" if text.partition("\n")[0].endswith("\r") else "\n"
    yield from enumerate(text.removesuffix(end).split(end) if text else [], 1)


def table(delimiter: str, columns: tuple[str, ...] | Mapping[str, str], fallback: str | None = None) -> Records:
    """Records of a CSV or TSV file with a header. A mapping of columns gives the publisher's name of each of ours."""
    theirs = columns if isinstance(columns, Mapping) else {column: column for column in columns}

    def records(file: SourceFile) -> Iterator[tuple[int, dict[str, str]]]:
        rows = parse_rows(io.StringIO(decoded(file, fallback), newline=""), file.name, delimiter)
        for number, row in by_column(rows, file.name, tuple(theirs.values())):
            yield number, {own: row[name] for own, name in theirs.items()}

    return records


def json_lines(columns: Mapping[str, tuple[str, ...]]) -> Records:
    """Records of a file with a JSON object a line. `columns` gives the keys that each of ours may have there.

    Values are texts; of a list, the number of its items.
    """

    def records(file: SourceFile) -> Iterator[tuple[int, dict[str, str]]]:
        for number, line in lines_of(decoded(file)):
            where = f"{file.name}, line {number}"
            try:
                found = json.loads(line)
            except (ValueError, RecursionError):
                raise CrisisflowError(f"{where}: not JSON; fetch it again") from None
            record = {}
            for own, keys in columns.items():
                values = [found[key] for key in keys if key in found] if isinstance(found, dict) else []
                if not values or not isinstance(values[0], str | list):
                    raise CrisisflowError(f"{where}: it lacks {' or '.join(keys)}")
                record[own] = values[0] if isinstance(values[0], str) else str(len(values[0]))
            yield number, record

    return records


def separated(separator: str, columns: tuple[str, ...]) -> Records:
    """Records of a file without header or quotes, whose lines have a separator between values."""

    def records(file: SourceFile) -> Iterator[tuple[int, dict[str, str]]]:
        for number, line in lines_of(decoded(file)):
            values = line.split(separator, len(columns) - 1)
            if len(values) != len(columns):
                raise CrisisflowError(f"{file.name}, line {number}: it needs {separator.join(columns)}")
            yield number, dict(zip(columns, values, strict=True))

    return records


def texts(file: SourceFile) -> Iterator[tuple[int, dict[str, str]]]:
    """Records of a file with a text a line."""
    return ((number, {"text": line}) for number, line in lines_of(decoded(file)))


def layout(
    parts: tuple[Part, ...], records: Records, post: Callable[[Record], Post | Dropped], may_have: tuple[Part, ...] = ()
) -> Layout:
    """A layout whose files are read to records, each of which is a post.

    `post` gets the columns, what the file's path says, and `number`, which counts the records of all files.
    """

    def read(root: Path, files: list[SourceFile]) -> Rows:
        number = 0
        for file in files:
            before = number
            for line, record in records(file):
                number += 1
                where = f"{file.name}, line {line}"
                try:
                    yield where, post(file.said | record | {"number": str(number)})
                except BadValueError as error:
                    raise CrisisflowError(f"{where}: {error}") from None
            if number == before:
                raise CrisisflowError(f"{file.name} has no posts; fetch it again")

    return Layout(parts, read, may_have)
