"""The Ecuador earthquake of 2016 in English and Spanish (Torres and Vaca 2019), labelled by three annotators."""

import re
from pathlib import Path

from crisisflow.corpus.sources.posts import Dropped, Post, Rows, read_tsv, utc

EN_FILES = ("2016_ecuador_eq_en.tsv.gz",)
ES_FILES = ("2016_ecuador_eq_es.tsv.gz",)
TASKS = ("crisis_related", "category", "category_a1", "category_a2", "category_a3")


def _read(path: Path, language: str) -> Rows:
    for row in read_tsv(path, ("tweet_id", "text", "timestamp", *TASKS)):
        if not re.fullmatch("[0-9]+", row["tweet_id"]):
            yield Dropped("id that lost its digits")
            continue
        labels = tuple((task, row[task]) for task in TASKS)
        time = utc(row["timestamp"], "%Y-%m-%d %H:%M:%S")
        yield Post(row["tweet_id"], row["text"], labels, language, "2016_Ecuador_Earthquake", time)


def read_en(folder: Path) -> Rows:
    return _read(folder / EN_FILES[0], "en")


def read_es(folder: Path) -> Rows:
    return _read(folder / ES_FILES[0], "es")
