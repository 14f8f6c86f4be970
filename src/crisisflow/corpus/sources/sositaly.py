"""SoSItalyT4 (Cresci et al. 2015): Italian tweets of four disasters, with or without damage or not relevant."""

from crisisflow.corpus.sources.formats import layout, table
from crisisflow.corpus.sources.layout import Part
from crisisflow.corpus.sources.posts import BadValueError, Post, Record, number_of, utc

EVENTS = {
    "0": "2013_Sardinia_Flood",
    "1": "2009_LAquila_Earthquake",
    "2": "2012_Emilia_Earthquake",
    "3": "2014_Genova_Flood",
}
LABELS = {"class": ("damage", "no damage", "not relevant")}


def post(row: Record) -> Post:
    if row["disaster"] not in EVENTS:
        raise BadValueError("disaster is not a number from 0 to 3")
    form = "%Y-%m-%dT%H:%M:%S.%fZ" if row["created_at"][:1].isdigit() else "%a %b %d %H:%M:%S +0000 %Y"
    time = utc(row, "created_at", form)
    return Post(number_of(row), row["text"], (("class", row["class"]),), "it", EVENTS[row["disaster"]], time)


COLUMNS = ("text", "created_at", "disaster", "class")
LAYOUTS = (
    layout((Part("SoSItalyT4.tsv"),), table("\t", ("tweet_id", *COLUMNS)), post),
    layout(
        (Part("Cresci-SWDM15.csv"),), table(",", {"tweet_id": "id"} | dict(zip(COLUMNS, COLUMNS, strict=True))), post
    ),
)
