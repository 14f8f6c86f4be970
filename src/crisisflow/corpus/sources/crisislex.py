"""CrisisLexT26 (Olteanu et al. 2015), 26 events in several languages; CrisisLexT6 (Olteanu et al. 2014), six events."""

from pathlib import Path

from crisisflow.corpus.sources.posts import Post, Rows, read_tsv, snowflake_time

T26_FILES = ("crisislex_t26.tsv.gz",)
T6_FILES = ("crisislex_t6.tsv.gz",)
T26_TASKS = ("information_source", "information_type", "informativeness")


def read_t26(folder: Path) -> Rows:
    """Three tasks. No language: the set has English, Spanish, Italian, Portuguese, Filipino and more, unlabelled."""
    for row in read_tsv(folder / T26_FILES[0], ("tweet_id", "event", "text", *T26_TASKS)):
        labels = tuple((task, row[task]) for task in T26_TASKS)
        yield Post(row["tweet_id"], row["text"], labels, None, row["event"], snowflake_time(row["tweet_id"]))


def read_t6(folder: Path) -> Rows:
    for row in read_tsv(folder / T6_FILES[0], ("tweet_id", "event", "text", "label")):
        labels = (("relevance", row["label"]),)
        yield Post(row["tweet_id"], row["text"], labels, "en", row["event"], snowflake_time(row["tweet_id"]))
