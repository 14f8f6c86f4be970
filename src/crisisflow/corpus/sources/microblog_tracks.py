"""FIRE 2016 Microblog and SMERP 2017: several classes a tweet, all about the crisis (no negatives)."""

from pathlib import Path

from crisisflow.corpus.sources.posts import SPLITS, Post, Rows, read_tsv, snowflake_time

FIRE16_FILES = ("fire16_labelled.tsv.gz",)
SMERP17_FILES = ("smerp17_labelled.tsv.gz",)
# The numbers of the copies, named by content; FIRE's are its topics 1 to 7.
FIRE16_CLASSES = (
    "resources_available",
    "resources_needed",
    "medical_available",
    "medical_needed",
    "resources_at_places",
    "ngo_or_government_activity",
    "damage",
)
SMERP17_CLASSES = ("resources_available", "resources_needed", "damage_and_casualties", "rescue")


def _read(path: Path, names: tuple[str, ...], event: str) -> Rows:
    for row in read_tsv(path, ("tweet_id", "split", "text", "classes")):
        labels = tuple(("class", names[int(number)]) for number in row["classes"].split(","))
        tweet_id = row["tweet_id"]
        yield Post(tweet_id, row["text"], labels, "en", event, snowflake_time(tweet_id), SPLITS[row["split"]])


def read_fire16(folder: Path) -> Rows:
    return _read(folder / FIRE16_FILES[0], FIRE16_CLASSES, "2015_Nepal_Earthquake")


def read_smerp17(folder: Path) -> Rows:
    return _read(folder / SMERP17_FILES[0], SMERP17_CLASSES, "2016_Italy_Earthquake")
