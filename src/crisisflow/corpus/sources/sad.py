"""SAD (Mauriello et al. 2021): sentences on everyday stress. They are no tweets: `source` says where each is from."""

from pathlib import Path

from crisisflow.corpus.sources.posts import Post, Rows, read_tsv

FILES = ("sad_v1.tsv.gz",)
TASKS = {"is_stressor": "is_stressor", "is_covid": "is_covid", "top_label": "stressor", "Source": "source"}


def read(folder: Path) -> Rows:
    for row in read_tsv(folder / FILES[0], ("sID", "sentence", *TASKS)):
        labels = tuple((task, row[column]) for column, task in TASKS.items() if row[column])
        yield Post(f"sad:{row['sID']}", row["sentence"], labels, "en")
