"""NEQ and QFL (Alam et al. 2018): relevant or not, with official splits."""

from collections.abc import Callable, Iterator
from functools import partial

from crisisflow.corpus.sources.formats import layout
from crisisflow.corpus.sources.layout import Layout, Part, SourceFile
from crisisflow.corpus.sources.posts import Post, Record, number_of, snowflake_time, split_of
from crisisflow.errors import CrisisflowError

COLUMNS = ["tweet_id", "text", "label"]
LABELS = {"relevance": ("not_relevant", "relevant")}


def undamaged(line: bytes) -> str:
    """A line that is not UTF-8, read as what it was before: UTF-8, read as Windows-1252 and written as Mac Roman.

    What that lost is U+FFFD.
    """
    original = (character.encode("cp1252", "ignore") or b"\xff" for character in line.decode("mac_roman"))
    return b"".join(original).decode("utf-8", "replace")


def damaged(line: bytes) -> str:
    """A line that is not UTF-8, as it is: each byte that is none of UTF-8 is U+FFFD."""
    return line.decode("utf-8", "replace")


def records(file: SourceFile, repair: Callable[[bytes], str] = undamaged) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines of a file, of which some are not UTF-8. No quotes: the files have unbalanced ones.

    Args:
        repair: what a line that is not UTF-8 is read as.
    """
    lines = file.content().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    end = b"\r" if lines[0].endswith(b"\r") else b""
    if lines[0].removesuffix(end).decode("utf-8", "replace").split("\t") != COLUMNS:
        raise CrisisflowError(f"{file.name}: its header must be {' '.join(COLUMNS)} (tab separated)")
    for number, line in enumerate(lines[1 : -1 if lines[-1] == b"" else None], 2):
        own = line.removesuffix(end)
        try:
            values = own.decode("utf-8").split("\t")
        except UnicodeDecodeError:
            values = repair(own).split("\t")
        if len(values) != len(COLUMNS):
            raise CrisisflowError(f"{file.name}, line {number}: as many values as the header are needed")
        yield number, dict(zip(COLUMNS, values, strict=True))


def neq_post(row: Record) -> Post:
    """No time: its ids are paired with the wrong texts."""
    labels = (("relevance", row["label"]),)
    return Post(number_of(row), row["text"], labels, "en", "2015_Nepal_Earthquake", None, split_of(row))


def qfl_post(row: Record) -> Post:
    tweet_id = number_of(row)
    labels = (("relevance", row["label"]),)
    time = snowflake_time(tweet_id)
    return Post(tweet_id, row["text"], labels, "en", "2013_Queensland_Floods", time, split_of(row))


def _parts(event: str) -> tuple[Part, ...]:
    return tuple(Part(f"{event}_<split:{split}>.tsv") for split in ("train", "dev", "test"))


NEQ_LAYOUTS: tuple[Layout, ...] = (layout(_parts("2015_Nepal_Earthquake"), records, neq_post),)
NEQ_DAMAGED_LAYOUTS: tuple[Layout, ...] = (
    layout(_parts("2015_Nepal_Earthquake"), partial(records, repair=damaged), neq_post),
)
QFL_LAYOUTS: tuple[Layout, ...] = (layout(_parts("2013_Queensland_Floods"), records, qfl_post),)
