"""Tweets that mention a need or an offer of resources (Dutt et al. 2019; Basu et al. 2018 for the second file)."""

from pathlib import Path

from crisisflow.corpus.sources.posts import SPLITS, Post, Rows, read_tsv, snowflake_time

NEED_OFFER_FILES = ("need_offer_tweets.tsv.gz",)
OTHER_FILES = ("nepal_need_offer_other.tsv.gz",)


def read_need_offer(folder: Path) -> Rows:
    """A tweet that stands there as need and as offer gets both labels. `label_origin`: published_gold or unverified."""
    for row in read_tsv(folder / NEED_OFFER_FILES[0], ("tweet_id", "event", "label", "text", "label_origin")):
        labels = (("need_offer", row["label"]), ("label_origin", row["label_origin"]))
        yield Post(row["tweet_id"], row["text"], labels, "en", row["event"], snowflake_time(row["tweet_id"]))


def read_need_offer_other(folder: Path) -> Rows:
    for number, row in enumerate(read_tsv(folder / OTHER_FILES[0], ("split", "label", "text")), 1):
        labels = (("need_offer", row["label"]),)
        split = SPLITS[row["split"]]
        yield Post(f"need_offer_other:{number}", row["text"], labels, "en", "2015_Nepal_Earthquake", None, split)
