"""HumAID (Alam et al. 2021): ten humanitarian classes, 19 events; the layout of the combined archive."""

from pathlib import Path

from crisisflow.corpus.events import read_events
from crisisflow.corpus.fetch import read_rows
from crisisflow.corpus.sources.posts import Post, Rows, snowflake_time

FILES = ("HumAID_data_all_combined.tar.gz", "humaid_events.tsv.gz")


def read(folder: Path) -> Rows:
    """The tweets of the archive, each with the event that the table of events names."""
    archive, table = (folder / name for name in FILES)
    events = dict(read_events(table))
    for _, row in read_rows(archive):
        tweet_id, text, label, event, split = row.values()
        event = event or events.get(tweet_id)
        yield Post(tweet_id, text, (("class", label),), "en", event, snowflake_time(tweet_id), split)
