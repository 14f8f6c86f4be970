"""Tweets about COVID-19.

COVIDSenti (Naseem et al. 2021), Corona NLP (Kaggle), stance towards vaccines (Poddar et al. 2022; Cotfas et al. 2021).
"""

from pathlib import Path

from crisisflow.corpus.sources.posts import Dropped, Post, Rows, read_tsv, snowflake_time, utc

COVIDSENTI_FILES = ("covidsenti.tsv.gz",)
CORONA_NLP_FILES = ("corona_nlp_test.tsv.gz",)
PODDAR_FILES = ("poddar_stance.tsv.gz",)
COTFAS_FILES = ("cotfas_stance.tsv.gz",)
EVENT = "2020_COVID19_Pandemic"
WORKERS = ("label1", "label2", "label3")


def read_covidsenti(folder: Path) -> Rows:
    for number, row in enumerate(read_tsv(folder / COVIDSENTI_FILES[0], ("subset", "sentiment", "text")), 1):
        labels = (("sentiment", row["sentiment"]), ("subset", row["subset"]))
        yield Post(f"covidsenti:{number}", row["text"], labels, "en", EVENT)


def read_corona_nlp(folder: Path) -> Rows:
    """The set gives days; `time` is their beginning."""
    for number, row in enumerate(read_tsv(folder / CORONA_NLP_FILES[0], ("tweet_at", "text", "sentiment")), 1):
        labels = (("sentiment", row["sentiment"]),)
        time = utc(row["tweet_at"], "%d-%m-%Y")
        yield Post(f"corona_nlp:{number}", row["text"], labels, "en", EVENT, time, "test")


def read_poddar(folder: Path) -> Rows:
    """The majority of three workers, and each worker's label; tweets without a majority are dropped."""
    for row in read_tsv(folder / PODDAR_FILES[0], ("tweet_id", "part", "text", "label", *WORKERS)):
        if not row["label"]:
            yield Dropped("no majority of the annotators")
            continue
        labels = (("stance", row["label"]), *((f"stance_{worker}", row[worker]) for worker in WORKERS))
        yield Post(row["tweet_id"], row["text"], labels, "en", EVENT, snowflake_time(row["tweet_id"]))


def read_cotfas(folder: Path) -> Rows:
    for row in read_tsv(folder / COTFAS_FILES[0], ("tweet_id", "text", "label")):
        labels = (("stance", row["label"]),)
        yield Post(row["tweet_id"], row["text"], labels, "en", EVENT, snowflake_time(row["tweet_id"]))
