"""CrisisNLP: LREC 2016, labelled by paid workers (Imran et al. 2016), and Sandy of SWDM 2013 (Imran et al. 2013)."""

from pathlib import Path

from crisisflow.corpus.sources.posts import Post, Rows, read_tsv, snowflake_time

LREC2016_FILES = ("crisisnlp_lrec2016_crowdflower.tsv.gz",)
SANDY_FILES = ("crisisnlp_swdm2013_sandy.tsv.gz",)
SPANISH = "2014_Chile_Earthquake_cl"


def read_lrec2016(folder: Path) -> Rows:
    for row in read_tsv(folder / LREC2016_FILES[0], ("tweet_id", "event", "text", "label")):
        language = "es" if row["event"] == SPANISH else "en"
        labels = (("class", row["label"]),)
        yield Post(row["tweet_id"], row["text"], labels, language, row["event"], snowflake_time(row["tweet_id"]))


def read_sandy(folder: Path) -> Rows:
    """The set has no tweet ids; its unit ids are kept as `sandy:<unit>`."""
    for row in read_tsv(folder / SANDY_FILES[0], ("unit_id", "text", "type_of_message", "eyewitness")):
        eyewitness = (("eyewitness", row["eyewitness"]),) if row["eyewitness"] else ()
        labels = (("type_of_message", row["type_of_message"]), *eyewitness)
        yield Post(f"sandy:{row['unit_id']}", row["text"], labels, "en", "2012_Sandy_Hurricane")
