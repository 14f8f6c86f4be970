"""Fetch: a source to one checked table of tweets, with a manifest of what was read."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from crisisflow.artifacts import RAW, ROW_GROUP, SPANS, batched, parquet_writer, table_of, write_json
from crisisflow.corpus.download import download
from crisisflow.corpus.events import event_name, read_events
from crisisflow.corpus.sample import generate
from crisisflow.corpus.sorting import Row, SortedTweets, sorted_tweets
from crisisflow.corpus.tables import TABLE_NAME, lines, tables
from crisisflow.errors import CrisisflowError
from crisisflow.params import SampleParams
from crisisflow.progress import say
from crisisflow.spans import Span
from crisisflow.taxonomy import CLASSES, OFFICIAL_SPLITS
from crisisflow.text_input import is_text

# The combined archive of HumAID (Alam et al. 2021) at its publisher's.
OFFICIAL_URL = "https://crisisnlp.qcri.org/data/humaid/HumAID_data_all_combined.tar.gz"
HEADER = ["tweet_id", "tweet_text", "class_label"]


def read_rows(source: Path) -> Iterator[tuple[str, Row]]:
    """Yield (where it stands, row) of all tables.

    Raises:
        CrisisflowError: a wrong header or number of columns, bad UTF-8, an empty text, an unknown class, a bad id; or
            the archive is truncated or none.
    """
    for name, number, line in lines(source):
        if not is_text(name):
            raise CrisisflowError(f"corpus.source: the name of the table {name!r} is not UTF-8; rename it")
        where = f"{name}, line {number}"
        try:
            fields = line.decode("utf-8").split("\t")
        except UnicodeDecodeError as error:
            raise CrisisflowError(f"{where}: not UTF-8 ({error.reason} at byte {error.start})") from None
        if number == 1:
            if fields != HEADER:
                raise CrisisflowError(f"{where}: the header must be {' '.join(HEADER)} (tab separated)")
            continue
        if len(fields) != len(HEADER):
            raise CrisisflowError(f"{where}: {len(fields)} columns where {len(HEADER)} are expected")
        tweet_id, text, class_label = fields
        if not re.fullmatch(r"[0-9]+", tweet_id):
            raise CrisisflowError(f"{where}: the tweet id is not a number")
        if not text.strip():
            raise CrisisflowError(f"{where}: the text is empty")
        if class_label not in CLASSES:
            raise CrisisflowError(f"{where}: unknown class {class_label!r}")
        matched = TABLE_NAME.fullmatch(Path(name).name)
        event = event_name(matched["event"]) if matched["event"] != "all" else None
        values = (tweet_id, text, class_label, event, matched["split"])
        yield where, dict(zip(RAW.names, values, strict=True))


def read_source(source: Path, tweets: SortedTweets) -> None:
    """Add all tweets of an archive or folder in HumAID's layout.

    Raises:
        CrisisflowError: the source is absent, truncated or holds no table; a line is bad; a tweet id comes twice.
    """
    if not source.exists():
        raise CrisisflowError(
            f"corpus.source: {source} does not exist; give sample, official, or the path of an archive or folder"
        )
    empty = True
    for where, row in read_rows(source):
        tweets.add(row, where)
        empty = False
    if empty:
        raise CrisisflowError(f"{source}: no tweets in a table named <event>_train.tsv, _dev.tsv or _test.tsv")


def _sha256(source: Path) -> str:
    """The digest of an archive, or of a folder's tables with their names."""
    if source.is_file():
        with source.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    whole = hashlib.sha256()
    for name, stream in tables(source):
        whole.update(f"{name}\0{hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()


class ReadCounts(NamedTuple):
    """What was written: tweets by class and official split, and how many of them are of a named event."""

    rows: Counter[tuple[str, str]]
    named: int


def _write(tweets: Iterable[tuple[Row, list[Span]]], out: Path, gold: Path) -> ReadCounts:
    """Write the rows and their spans as they come."""
    rows: Counter[tuple[str, str]] = Counter()
    named = 0
    with parquet_writer(out, RAW) as append, parquet_writer(gold, SPANS) as append_spans:
        for part in batched(tweets, ROW_GROUP):
            append(pa.Table.from_pylist([row for row, _ in part], schema=RAW))
            append_spans(table_of((span for _, spans in part for span in spans), SPANS))
            rows.update((row["class_label"], row["official_split"]) for row, _ in part)
            named += sum(row["event"] is not None for row, _ in part)
    return ReadCounts(rows, named)


def run(source: str, events: str | None, sample: SampleParams, out: Path, gold: Path, manifest: Path) -> None:
    """Write the table of tweets, the gold spans (the embedded corpus knows them; else none) and the manifest.

    Args:
        source: sample, official, or the path of an archive or folder in HumAID's layout
        events: table of tweet_id and event, for a source that does not name events
        sample: section corpus.sample
        out: the tweets, with the columns of HumAID
        gold: gold spans, where they are known
        manifest: JSON of what was read
    """
    if source == "sample":
        counts = _write(generate(sample.tweets, sample.seed), out, gold)
        facts = {"source": "sample", "sha256": None}
    else:
        path = download(OFFICIAL_URL, out.parent / "download") if source == "official" else Path(source)
        with sorted_tweets(out.with_name(f".{out.name}.sorting.partial")) as tweets:
            try:
                read_source(path, tweets)
            except CrisisflowError:
                if source == "official":
                    path.unlink()  # what came is no corpus: the next run downloads it anew
                raise
            if events is not None:
                tweets.add_events(read_events(Path(events)))
            counts = _write(((row, []) for row in tweets), out, gold)
        # A path of that name must not pass for the generated corpus, whose texts may be shown.
        facts = {"source": f"./{path.name}" if path.name == "sample" else path.name, "sha256": _sha256(path)}
    facts["rows"] = counts.rows.total()
    facts["rows_per_class_and_split"] = {
        label: {split: counts.rows[label, split] for split in OFFICIAL_SPLITS} for label in CLASSES
    }
    write_json(manifest, facts)
    say(f"fetch: {facts['rows']:,} tweets from {facts['source']}, {counts.named:,} of a named event")
