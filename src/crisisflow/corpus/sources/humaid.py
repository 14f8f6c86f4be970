"""HumAID (Alam et al. 2021): ten humanitarian classes, 19 events; its archives and folders as they are published."""

from pathlib import Path

from crisisflow.corpus.events import read_events
from crisisflow.corpus.fetch import read_rows
from crisisflow.corpus.sources.layout import Layout, Part, SourceFile
from crisisflow.corpus.sources.posts import Post, Rows, snowflake_time

ARCHIVE, EVENTS = "HumAID_data_all_combined.tar.gz", "humaid_events.tsv"
LABELS: dict[str, tuple[str, ...]] = {"class": ()}  # read_rows refuses what is none of its classes


def _read(source: Path, events: dict[str, str | None]) -> Rows:
    """The tweets of an archive or folder. The event is that of the file's name, else that of the table of events."""
    for where, row in read_rows(source):
        tweet_id, text, label, event, split = row.values()
        event = event or events.get(tweet_id)
        yield where, Post(tweet_id, text, (("class", label),), "en", event, snowflake_time(tweet_id), split)


def _read_beside(root: Path, files: list[SourceFile]) -> Rows:
    """The archive in a folder, with a table of events beside it where there is one."""
    archive, *table = (root.resolve().parent / file.name for file in files)
    return _read(archive, dict(read_events(table[0])) if table else {})


LAYOUTS = (
    Layout((Part(ARCHIVE),), _read_beside, (Part(EVENTS),)),
    Layout((Part("<event>_<split:train|dev|test>.tsv", None),), lambda root, files: _read(root, {})),
)
