"""NEQ and QFL (Alam et al. 2018): relevant or not, with official splits. Their files are the publisher's own bytes."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from crisisflow.corpus.sources.posts import Dropped, Post, Rows, snowflake_time
from crisisflow.errors import CrisisflowError

COLUMNS = ["tweet_id", "text", "label"]
NEQ_FILES = tuple(f"2015_Nepal_Earthquake_{split}.tsv.gz" for split in ("train", "dev", "test"))
QFL_FILES = tuple(f"2013_Queensland_Floods_{split}.tsv.gz" for split in ("train", "dev", "test"))


def undamaged(line: bytes) -> str:
    """A line that is not UTF-8, read as what it was before: UTF-8, read as Windows-1252 and written as Mac Roman.

    What that lost is U+FFFD.
    """
    original = (character.encode("cp1252", "ignore") or b"\xff" for character in line.decode("mac_roman"))
    return b"".join(original).decode("utf-8", "replace")


def _lines(path: Path) -> Iterator[list[str]]:
    """The fields of each line. No quotes: the files have unbalanced ones."""
    try:
        lines = gzip.decompress(path.read_bytes()).removesuffix(b"\n").split(b"\n") if path.is_file() else []
    except (OSError, EOFError, zlib.error) as error:
        raise CrisisflowError(f"cannot read {path} ({error}); fetch it again") from error
    if not lines or lines[0].decode("utf-8-sig", "replace").split("\t") != COLUMNS:
        raise CrisisflowError(f"{path}: it is absent, or its header is not {' '.join(COLUMNS)} (tab separated)")
    for line in lines[1:]:
        try:
            yield line.decode("utf-8").split("\t")
        except UnicodeDecodeError:
            yield undamaged(line).split("\t")


def _read(folder: Path, files: tuple[str, ...], event: str, has_own_ids: bool) -> Rows:
    for name in files:
        split = name.rpartition("_")[2].partition(".")[0]
        for fields in _lines(folder / name):
            if len(fields) != len(COLUMNS):
                yield Dropped("broken line")
                continue
            tweet_id, text, label = fields
            time = snowflake_time(tweet_id) if has_own_ids else None
            yield Post(tweet_id, text, (("relevance", label),), "en", event, time, split)


def read_neq(folder: Path) -> Rows:
    """No time: its ids are paired with the wrong texts."""
    return _read(folder, NEQ_FILES, "2015_Nepal_Earthquake", False)


def read_qfl(folder: Path) -> Rows:
    return _read(folder, QFL_FILES, "2013_Queensland_Floods", True)
