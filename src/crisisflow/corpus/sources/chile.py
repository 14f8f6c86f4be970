"""ChileEarthquakeT1 (Cobo et al. 2015): Spanish tweets of the earthquake of 2010, relevant or not."""

from pathlib import Path

from crisisflow.corpus.sources.posts import Post, Rows, read_tsv

FILES = ("ChileEarthquakeT1.tsv.gz",)


def read(folder: Path) -> Rows:
    """No time: the set gives times without a zone, and its ids are older than those that hold one."""
    for row in read_tsv(folder / FILES[0], ("tweet_id", "text", "label")):
        yield Post(row["tweet_id"], row["text"], (("relevance", row["label"]),), "es", "2010_Chile_Earthquake")
