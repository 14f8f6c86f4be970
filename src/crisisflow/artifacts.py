"""The artifacts' schemas, their writers (atomic, same rows same bytes) and their readers (which check)."""

import csv
import io
import json
import os
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from crisisflow.errors import CrisisflowError
from crisisflow.labels import Labels

T = TypeVar("T")

ROW_GROUP = 10_000

RAW = pa.schema(
    [
        ("tweet_id", pa.string()),
        ("text", pa.string()),
        ("class_label", pa.string()),
        ("event", pa.string()),
        ("official_split", pa.string()),
    ]
)

TWEETS = pa.schema(
    [
        ("tweet_id", pa.string()),
        ("text", pa.string()),
        ("class_label", pa.string()),
        ("event", pa.string()),
        ("split", pa.string()),
    ]
)

# start and end count Unicode code points of the repaired text; text[start:end] is the span.
SPANS = pa.schema(
    [
        ("tweet_id", pa.string()),
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("label", pa.string()),
        ("source", pa.string()),
        ("rule", pa.string()),
    ]
)

# A dropped span, the span that beat it, and the first rule of the order that told them apart.
CONFLICTS = pa.schema(
    [
        *SPANS,
        ("winner_start", pa.int32()),
        ("winner_end", pa.int32()),
        ("winner_label", pa.string()),
        ("winner_source", pa.string()),
        ("winner_rule", pa.string()),
        ("decided_by", pa.string()),
    ]
)


ALIGNED = pa.schema(
    [
        ("tweet_id", pa.string()),
        ("split", pa.string()),
        ("input_ids", pa.list_(pa.int32())),
        ("labels", pa.list_(pa.int64())),
        ("class_id", pa.int64()),
        ("truncated_spans", pa.int32()),
    ]
)


def aligned_schema(labels: Labels) -> pa.Schema:
    """ALIGNED with the metadata by which `datasets` sees ClassLabel features, whose names are these labels."""

    def sequence(feature: dict[str, Any]) -> dict[str, Any]:
        return {"feature": feature, "_type": "List"}

    features = {
        "tweet_id": {"dtype": "string", "_type": "Value"},
        "split": {"dtype": "string", "_type": "Value"},
        "input_ids": sequence({"dtype": "int32", "_type": "Value"}),
        "labels": sequence({"names": list(labels.bio), "_type": "ClassLabel"}),
        "class_id": {"names": list(labels.classes), "_type": "ClassLabel"},
        "truncated_spans": {"dtype": "int32", "_type": "Value"},
    }
    return ALIGNED.with_metadata({"huggingface": json.dumps({"info": {"features": features}}, sort_keys=True)})


# Of the validation split, at the best epoch. A column is null throughout where the model was not trained on its task or
# has no such thing: the floor knows neither subwords nor probabilities.
PREDICTIONS = pa.schema(
    [
        ("tweet_id", pa.string()),
        ("class_id", pa.int64()),
        ("predicted_class_id", pa.int64()),
        ("class_probabilities", pa.list_(pa.float32())),
        ("labels", pa.list_(pa.int64())),
        ("predicted_labels", pa.list_(pa.int64())),
        ("label_probabilities", pa.list_(pa.float32())),  # of each predicted label
    ]
)


def _is_made_here(path: Path) -> bool:
    """Whether the workflow makes this path, relative to the checkout."""
    return path.parts[0] in ("data", "results") and path.parts[1:2] != ("reference",)


def absent(path: Path) -> CrisisflowError:
    """What is said of an artifact that is not there: of one of this checkout, the command that makes it."""
    here = Path(os.path.relpath(path))
    command = f": snakemake --cores all {shlex.quote(str(here))}" if _is_made_here(here) else " first"
    return CrisisflowError(f"{path} does not exist; run the step that makes it{command}")


def check_file(path: Path, advice: str | None = None) -> None:
    """Refuse what cannot be read as a file.

    Args:
        advice: what to do where it is not there; None of an artifact.

    Raises:
        CrisisflowError: it is not there, is a folder, or may not be read.
    """
    if not path.exists():
        raise CrisisflowError(f"{path} does not exist; {advice}") if advice else absent(path)
    if path.is_dir():
        raise CrisisflowError(f"{path} is a folder; name a file")
    if not os.access(path, os.R_OK):
        raise CrisisflowError(f"cannot read {path}: permission denied")


def check_folder(path: Path) -> None:
    """Refuse what is no folder.

    Raises:
        CrisisflowError: it is not there, or a file.
    """
    if not path.is_dir():
        raise CrisisflowError(f"{path} is no folder") if path.exists() else absent(path)


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a name beside `path` to write to; it becomes `path` when the block ends well and is removed when not.

    The name is fixed, so what a killed run left is overwritten by the next.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(path)
    except OSError as error:
        raise CrisisflowError(
            f"cannot write {path}: {error.strerror or error}; free some space, check the path and the rights, "
            "then run again: nothing was left half-written"
        ) from error
    finally:
        with suppress(OSError):
            partial.unlink()


@contextmanager
def parquet_writer(path: Path, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """Yield a function that appends a table; the file is there when the block ends well, and nothing of it when not.

    At most a row group and the last table are held. The bytes depend on the rows and their order alone, not on the
    tables in which they came: every row group but the last has ROW_GROUP rows, each column in one piece.
    """
    waiting = schema.empty_table()

    def append(table: pa.Table) -> None:
        nonlocal waiting
        # A cast imports pyarrow.compute, which takes as long as a small file.
        same = table.schema.equals(schema, check_metadata=True)
        waiting = pa.concat_tables([waiting, table if same else table.cast(schema)])
        while waiting.num_rows >= ROW_GROUP:
            writer.write_table(waiting.slice(0, ROW_GROUP).combine_chunks())
            waiting = waiting.slice(ROW_GROUP)

    with atomic_path(path) as partial, pq.ParquetWriter(partial, schema, compression="zstd") as writer:
        yield append
        if waiting.num_rows:
            writer.write_table(waiting.combine_chunks())


def write_parquet(path: Path, rows: pa.Table | Sequence[Mapping[str, Any]], schema: pa.Schema) -> None:
    """Write rows in their order, under `schema`."""
    with parquet_writer(path, schema) as append:
        append(rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(list(rows), schema=schema))


def table_of(rows: Iterable[Sequence[Any]], schema: pa.Schema) -> pa.Table:
    """Rows, each with its values in the order of the schema's columns, as a table."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table([pa.array(values, type) for values, type in zip(columns, schema.types, strict=True)], schema=schema)


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of `size` items, the last one of what remains (Python 3.12 has it in itertools)."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch


def _renewal(path: Path) -> str:
    """What to do about a damaged file: only what the workflow makes may be deleted."""
    return "delete it and run again" if _is_made_here(Path(os.path.relpath(path))) else "give a sound one"


@contextmanager
def _opened(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(path) as file:
            found = file.schema_arrow
            if not found.equals(schema, check_metadata=False):
                missing = [name for name in schema.names if name not in found.names]
                detail = f"it lacks {', '.join(missing)}" if missing else "its column types differ"
                raise CrisisflowError(f"{path} was written by another version: {detail}; {_renewal(path)}")
            yield file
    except FileNotFoundError:
        raise absent(path) from None
    except (pa.ArrowInvalid, OSError) as error:
        raise CrisisflowError(f"{path} is no readable Parquet file ({error}); {_renewal(path)}") from error


def read_parquet(path: Path, schema: pa.Schema) -> pa.Table:
    """Read an artifact; one that is absent, damaged or of another schema raises CrisisflowError."""
    with _opened(path, schema) as file:
        return file.read()


def read_metadata(path: Path, schema: pa.Schema) -> Mapping[bytes, bytes]:
    """What an artifact's schema says beside its columns; raises what `read_parquet` raises."""
    with _opened(path, schema) as file:
        return file.schema_arrow.metadata or {}


def count_rows(path: Path, schema: pa.Schema) -> int:
    """The number of rows of an artifact; raises what `read_parquet` raises."""
    with _opened(path, schema) as file:
        return file.metadata.num_rows


def read_in_parts(path: Path, schema: pa.Schema, rows: range | None = None) -> Iterator[pa.Table]:
    """Read an artifact, or only `rows` of it, one row group at a time; raises what `read_parquet` raises."""
    with _opened(path, schema) as file:
        first = 0
        for group in range(file.num_row_groups):
            last = first + file.metadata.row_group(group).num_rows
            wanted = range(first, last) if rows is None else range(max(first, rows.start), min(last, rows.stop))
            if wanted:
                yield file.read_row_group(group).slice(wanted.start - first, len(wanted))
            first = last


def write_json(path: Path, value: Any) -> None:
    """Write sorted, indented JSON; a NaN raises ValueError, since JSON has none."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path, *keys: str) -> Any:
    """Read a JSON artifact; with `keys`, an object that has them.

    Raises:
        CrisisflowError: it is absent, damaged, or lacks a key.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise absent(path) from None
    except (ValueError, RecursionError) as error:
        raise CrisisflowError(f"{path} is no readable JSON ({error}); {_renewal(path)}") from error
    lacks = [key for key in keys if not isinstance(found, dict) or key not in found]
    if lacks:
        raise CrisisflowError(f"{path} was written by another version: it lacks {', '.join(lacks)}; make it again")
    return found


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Write a CSV with Unix line ends."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_text(path, buffer.getvalue())


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text."""
    with atomic_path(path) as partial:
        partial.write_text(text, encoding="utf-8")
