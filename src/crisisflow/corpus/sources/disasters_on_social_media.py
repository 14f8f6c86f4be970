"""Disasters on Social Media (CrowdFlower 2015), and the part of it that Kaggle uses in a competition for beginners.

Never train on one and test on the other.
"""

from pathlib import Path

from crisisflow.corpus.sources.posts import Post, Rows, read_tsv

CROWDFLOWER_FILES = ("crowdflower_dfe.tsv.gz",)
KAGGLE_FILES = ("kaggle_nlp_getting_started_train.tsv.gz",)


def read_crowdflower(folder: Path) -> Rows:
    """The set lost its tweet ids; its unit ids are kept as `crowdflower:<unit>`."""
    for row in read_tsv(folder / CROWDFLOWER_FILES[0], ("unit_id", "text", "choose_one")):
        yield Post(f"crowdflower:{row['unit_id']}", row["text"], (("relevance", row["choose_one"]),), "en")


def read_kaggle(folder: Path) -> Rows:
    for row in read_tsv(folder / KAGGLE_FILES[0], ("id", "text", "target")):
        yield Post(f"kaggle:{row['id']}", row["text"], (("disaster", row["target"]),), "en", official_split="train")
