"""Read set: a public set, or a table of one's own, to one table of posts with the labels of the study."""

import hashlib
from pathlib import Path

from crisisflow.artifacts import check_file
from crisisflow.corpus.public_set import collect, digests, write_set
from crisisflow.corpus.sources import table
from crisisflow.corpus.sources.posts import Dropped, Rows
from crisisflow.corpus.sources.sets import files_of, rows_of
from crisisflow.errors import CrisisflowError
from crisisflow.studies.actionable_help.params import LabelParams, SetParams

ADVICE = "name the file that actionable_help.sets should read"


def run(name: str, params: SetParams, posts: Path, manifest: Path) -> None:
    """Write the posts of a set, ordered as in its files, and the manifest.

    Args:
        name: of the set in section actionable_help.sets
        params: its section there
        posts: in the columns of a public set
        manifest: JSON of what was read and dropped

    Raises:
        CrisisflowError: a file is absent, cut short, of another encoding or without a named column; an id lost its
            digits; a label is not in its map; or no post is left.
    """
    path = Path(params.path)
    if params.columns is None:
        layout, files = files_of(params.reader, path)
        rows = rows_of(params.reader, path, layout, files)
        hashes = digests(path, files)
    else:
        check_file(path, ADVICE)
        own = params.columns
        sources = {task: label.source for task, label in params.labels.items()}
        columns = table.Columns(own.text, own.tweet_id, own.event, sources)
        rows = table.read(path, name, table.DELIMITERS[params.reader], params.encoding, columns)
        hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()}
    read, dropped = collect(_labelled(rows, params))
    about = {"set": name, "terms": params.terms, "files": hashes}
    write_set(about, path, read, dropped, posts, manifest)


def _labelled(rows: Rows, params: SetParams) -> Rows:
    """The posts with the study's labels. A table has no others, and a public set keeps its own besides."""
    is_table = params.columns is not None
    for where, row in rows:
        if isinstance(row, Dropped):
            yield where, row
            continue
        labels = [] if is_table else [(task, value) for task, value in row.labels if task not in params.labels]
        for task, label in params.labels.items():
            source = task if is_table else label.source
            labels += [(task, _mapped(value, task, label, where)) for own, value in row.labels if own == source]
        yield where, row._replace(labels=tuple(dict.fromkeys(labels)))


def _mapped(value: str, task: str, label: LabelParams, where: str) -> str:
    """The label for a value. One that is not in the map is not shown: where the wrong column is named, it is a text."""
    if label.values is None:
        return value
    if value not in label.values:
        known = ", ".join(label.values)
        raise CrisisflowError(f"{where}: {label.source} is none of {known}, the values of the map of {task}")
    return label.values[value]
