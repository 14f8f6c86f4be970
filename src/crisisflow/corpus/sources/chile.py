"""ChileEarthquakeT1 (Cobo et al. 2015): Spanish tweets of the earthquake of 2010, relevant or not."""

from crisisflow.corpus.sources.formats import layout, table
from crisisflow.corpus.sources.layout import Part
from crisisflow.corpus.sources.posts import Post, Record, number_of

LABELS = {"relevance": ("not_relevant", "relevant")}


def post(row: Record) -> Post:
    """No time: the set gives times without a zone, and its ids are older than those that hold one."""
    return Post(number_of(row), row["text"], (("relevance", row["label"]),), "es", "2010_Chile_Earthquake")


LAYOUTS = (layout((Part("ChileEarthquakeT1.tsv"),), table("\t", ("tweet_id", "text", "label")), post),)
