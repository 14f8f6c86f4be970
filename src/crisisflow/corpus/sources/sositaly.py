"""SoSItalyT4 (Cresci et al. 2015): Italian tweets of four disasters, with or without damage or not relevant."""

from pathlib import Path

from crisisflow.corpus.sources.posts import Post, Rows, read_tsv, utc

FILES = ("SoSItalyT4.tsv.gz",)
EVENTS = ("2013_Sardinia_Flood", "2009_LAquila_Earthquake", "2012_Emilia_Earthquake", "2014_Genova_Flood")


def read(folder: Path) -> Rows:
    for row in read_tsv(folder / FILES[0], ("tweet_id", "text", "created_at", "disaster", "class")):
        form = "%Y-%m-%dT%H:%M:%S.%fZ" if row["created_at"][:1].isdigit() else "%a %b %d %H:%M:%S +0000 %Y"
        labels = (("class", row["class"]),)
        event = EVENTS[int(row["disaster"])]
        yield Post(row["tweet_id"], row["text"], labels, "it", event, utc(row["created_at"], form))
