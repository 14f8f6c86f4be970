"""Fetch: a source to one checked table of tweets, with a manifest of what was read."""

import csv
import gzip
import hashlib
import io
import re
import tarfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from crisisflow.annotation.span import write_spans
from crisisflow.artifacts import RAW, write_json, write_parquet
from crisisflow.corpus.download import download
from crisisflow.corpus.sample import generate
from crisisflow.errors import CrisisflowError
from crisisflow.params import SampleParams
from crisisflow.progress import say
from crisisflow.taxonomy import EVENT_CLASSES, OFFICIAL_SPLITS

# The combined archive of HumAID (Alam et al. 2021) at its publisher's.
OFFICIAL_URL = "https://crisisnlp.qcri.org/data/humaid/HumAID_data_all_combined.tar.gz"
HEADER = ["tweet_id", "tweet_text", "class_label"]
# all_train.tsv in the combined archive, hurricane_maria_2017_train.tsv and the like in the per-event ones.
TABLE_NAME = re.compile(rf"(?P<event>.+)_(?P<split>{'|'.join(OFFICIAL_SPLITS)})\.tsv")

Row = dict[str, str | None]


def _is_table(name: str) -> bool:
    """Whether a file is one of HumAID's tables; macOS puts a `._` twin beside each, which is not."""
    base = Path(name).name
    return not base.startswith("._") and TABLE_NAME.fullmatch(base) is not None


def _tables(source: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of each table of an archive or folder; nothing of an archive is unpacked to disk."""
    if source.is_dir():
        for path in sorted(source.rglob("*.tsv")):
            if _is_table(path.name):
                yield str(path.relative_to(source)), path.read_bytes()
        return
    try:
        with tarfile.open(source) as archive:
            for member in archive:
                if member.isfile() and _is_table(member.name):
                    yield member.name, archive.extractfile(member).read()
    except (tarfile.ReadError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        reason = str(error).splitlines()[0]
        raise CrisisflowError(f"{source}: truncated or no tar archive ({reason}); fetch it again") from error


def _read_table(name: str, content: bytes) -> Iterator[tuple[int, Row]]:
    """Yield (line number, row) of one table.

    Raises:
        CrisisflowError: a wrong header or number of columns, bad UTF-8, an empty text, an unknown class, a bad id.
    """
    matched = TABLE_NAME.fullmatch(Path(name).name)
    event = matched["event"] if matched["event"] != "all" else None
    for number, raw in enumerate(content.removesuffix(b"\n").split(b"\n"), start=1):
        try:
            fields = raw.decode("utf-8").removesuffix("\r").split("\t")
        except UnicodeDecodeError as error:
            raise CrisisflowError(f"{name}, line {number}: not UTF-8 ({error.reason} at byte {error.start})") from None
        if number == 1:
            if fields != HEADER:
                raise CrisisflowError(f"{name}, line 1: the header must be {' '.join(HEADER)} (tab separated)")
            continue
        if len(fields) != len(HEADER):
            raise CrisisflowError(f"{name}, line {number}: {len(fields)} columns where {len(HEADER)} are expected")
        tweet_id, text, class_label = fields
        if not re.fullmatch(r"[0-9]+", tweet_id):
            raise CrisisflowError(f"{name}, line {number}: the tweet id is not a number")
        if not text.strip():
            raise CrisisflowError(f"{name}, line {number}: the text is empty")
        if class_label not in EVENT_CLASSES:
            raise CrisisflowError(f"{name}, line {number}: unknown class {class_label!r}")
        yield (
            number,
            {
                "tweet_id": tweet_id,
                "text": text,
                "class_label": class_label,
                "event": event,
                "official_split": matched["split"],
            },
        )


def read_source(source: Path) -> list[Row]:
    """All tweets of an archive or folder in HumAID's layout, ordered by tweet id.

    Raises:
        CrisisflowError: the source is absent, truncated or holds no table; a line is bad; a tweet id comes twice.
    """
    if not source.exists():
        raise CrisisflowError(
            f"corpus.source: {source} does not exist; give sample, official, or the path of an archive or folder"
        )
    rows: dict[str, Row] = {}
    seen: dict[str, str] = {}
    for name, content in _tables(source):
        for number, row in _read_table(name, content):
            where = f"{name}, line {number}"
            if row["tweet_id"] in seen:
                raise CrisisflowError(f"{where}: tweet id {row['tweet_id']} was already in {seen[row['tweet_id']]}")
            seen[row["tweet_id"]] = where
            rows[row["tweet_id"]] = row
    if not rows:
        raise CrisisflowError(f"{source}: no tweets in a table named <event>_train.tsv, _dev.tsv or _test.tsv")
    return [rows[tweet_id] for tweet_id in sorted(rows)]


def read_events(path: Path) -> dict[str, str]:
    """The event of each tweet id, from a tab-separated table (plain or .gz) with columns tweet_id and event."""
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise CrisisflowError(f"corpus.events: cannot read {path} ({error})") from error
    table = csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    if not {"tweet_id", "event"} <= set(table.fieldnames or ()):
        raise CrisisflowError(f"corpus.events: {path}, line 1: the header must name tweet_id and event")
    return {row["tweet_id"]: row["event"] for row in table}


def _sha256(source: Path) -> str:
    """The digest of an archive, or of a folder's tables with their names."""
    if source.is_file():
        with source.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    whole = hashlib.sha256()
    for name, content in _tables(source):
        whole.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return whole.hexdigest()


def _manifest(source: str, sha256: str | None, rows: Iterable[Row]) -> dict[str, Any]:
    counts: Counter[tuple[str, str]] = Counter((row["class_label"], row["official_split"]) for row in rows)
    return {
        "source": source,
        "sha256": sha256,
        "rows": counts.total(),
        "rows_per_class_and_split": {
            label: {split: counts[label, split] for split in OFFICIAL_SPLITS} for label in EVENT_CLASSES
        },
    }


def run(source: str, events: str | None, sample: SampleParams, out: Path, gold: Path, manifest: Path) -> None:
    """Write the table of tweets, the gold spans (the embedded corpus knows them; else none) and the manifest.

    Args:
        source: `sample`, `official`, or the path of an archive or folder in HumAID's layout.
        events: a table (tweet_id, event) for a source that does not name events, or None.
    """
    spans = []
    if source == "sample":
        rows, spans = generate(sample.tweets, sample.seed)
        facts = _manifest("sample", None, rows)
    else:
        path = download(OFFICIAL_URL, out.parent / "download") if source == "official" else Path(source)
        try:
            rows = read_source(path)
        except CrisisflowError:
            if source == "official":
                path.unlink()  # what came is no corpus: the next run downloads it anew
            raise
        if events is not None:
            known = read_events(Path(events))
            rows = [{**row, "event": row["event"] or known.get(row["tweet_id"])} for row in rows]
        facts = _manifest(path.name, _sha256(path), rows)
    write_parquet(out, rows, RAW)
    write_spans(gold, spans)
    write_json(manifest, facts)
    named = sum(row["event"] is not None for row in rows)
    say(f"fetch: {len(rows):,} tweets from {facts['source']}, {named:,} of a named event")
