"""Ordinary English tweets of TweetEval (Barbieri et al. 2020); the label `source` is the task that each is from."""

from pathlib import Path

from crisisflow.corpus.sources.posts import SPLITS, Post, Rows, read_tsv

FILES = ("tweets_background.tsv.gz",)


def read(folder: Path) -> Rows:
    for number, row in enumerate(read_tsv(folder / FILES[0], ("source", "split", "text")), 1):
        labels = (("source", row["source"]),)
        yield Post(f"background:{number}", row["text"], labels, "en", official_split=SPLITS[row["split"]])
