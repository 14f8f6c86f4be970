"""The texts of a task, as the step task writes them and every row reads them."""

from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from crisisflow.artifacts import read_json, read_parquet
from crisisflow.errors import CrisisflowError

# (set, tweet_id) names a text. `text` is prepared. Texts of one `group` are near duplicates.
TASK = pa.schema(
    [
        ("set", pa.string()),
        ("tweet_id", pa.string()),
        ("text", pa.string()),
        ("label", pa.string()),
        ("split", pa.string()),
        ("group", pa.int32()),
        ("event", pa.string()),
    ]
)


class Texts(NamedTuple):
    """The texts of one split of a task, as `task` orders them."""

    ids: list[str]
    texts: list[str]
    class_ids: list[int]


class Task(NamedTuple):
    """A task: its name, its classes, and the texts of each split by the split's name."""

    name: str
    classes: list[str]
    splits: dict[str, Texts]


def read_task(tweets: Path, statistics: Path) -> Task:
    """What the step task has written.

    Raises:
        CrisisflowError: the two files are of different tasks.
    """
    facts = read_json(statistics, "task", "classes", "splits")
    table, classes = read_parquet(tweets, TASK), facts["classes"]
    splits = {}
    for split, own in facts["splits"].items():
        part = table.filter([name == split for name in table["split"].to_pylist()])
        labels = part["label"].to_pylist()
        if part.num_rows != own["used"] or not {*labels} <= {*classes}:
            raise CrisisflowError(f"{tweets} is not what {statistics} counts; make both again")
        splits[split] = Texts(part["tweet_id"].to_pylist(), part["text"].to_pylist(), list(map(classes.index, labels)))
    return Task(facts["task"], classes, splits)
