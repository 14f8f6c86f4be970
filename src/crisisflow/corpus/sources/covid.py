"""Tweets about COVID-19.

COVIDSenti (Naseem et al. 2021), Corona NLP (Kaggle), stance towards vaccines (Poddar et al. 2022; Cotfas et al. 2021).
"""

from crisisflow.corpus.sources.formats import layout, table
from crisisflow.corpus.sources.layout import Part
from crisisflow.corpus.sources.posts import Dropped, Post, Record, number_of, snowflake_time, split_of, utc

EVENT = "2020_COVID19_Pandemic"
STANCES = ("AntiVax", "Neutral", "ProVax")
WORKERS = ("label1", "label2", "label3")
COVIDSENTI_LABELS = {"sentiment": ("neg", "neu", "pos"), "subset": ("A", "B", "C")}
CORONA_NLP_LABELS = {
    "sentiment": ("Extremely Negative", "Extremely Positive", "Negative", "Neutral", "Positive"),
}
PODDAR_LABELS = {"stance": STANCES} | {f"stance_{worker}": STANCES for worker in WORKERS}
COTFAS_LABELS = {"stance": STANCES}


def covidsenti_post(row: Record) -> Post:
    labels = (("sentiment", row["sentiment"]), ("subset", row["subset"]))
    return Post(f"covidsenti:{row['number']}", row["text"], labels, "en", EVENT)


def published_covidsenti_post(row: Record) -> Post:
    """The publisher's files are UTF-8 that was read as Mac Roman; a text that is not of this kind stays."""
    try:
        text = row["text"].encode("mac_roman").decode("utf-8")
    except UnicodeError:
        text = row["text"]
    return covidsenti_post({**row, "text": text})


def corona_nlp_post(row: Record) -> Post:
    """The set gives days; `time` is their beginning."""
    labels = (("sentiment", row["sentiment"]),)
    time = utc(row, "tweet_at", "%d-%m-%Y")
    split = split_of({"split": "test", **row})
    return Post(f"corona_nlp:{row['number']}", row["text"], labels, "en", EVENT, time, split)


def poddar_post(row: Record) -> Post | Dropped:
    """The majority of three workers, and each worker's label; tweets without a majority are dropped."""
    if not row["label"]:
        return Dropped("no majority of the annotators")
    tweet_id = number_of(row)
    labels = (("stance", row["label"]), *((f"stance_{worker}", row[worker]) for worker in WORKERS))
    return Post(tweet_id, row["text"], labels, "en", EVENT, snowflake_time(tweet_id))


def cotfas_post(row: Record) -> Post:
    tweet_id = number_of(row)
    return Post(tweet_id, row["text"], (("stance", row["label"]),), "en", EVENT, snowflake_time(tweet_id))


COVIDSENTI_LAYOUTS = (
    layout((Part("covidsenti.tsv"),), table("\t", ("subset", "sentiment", "text")), covidsenti_post),
    layout(
        (Part("COVIDSenti-<subset:A|B|C>.csv", 3),),
        table(",", {"text": "tweet", "sentiment": "label"}),
        published_covidsenti_post,
    ),
)
CORONA_NLP_LAYOUTS = (
    layout((Part("corona_nlp_test.tsv"),), table("\t", ("tweet_at", "text", "sentiment")), corona_nlp_post),
    layout(
        (Part("Corona_NLP_<split:test>.csv"),),
        table(",", {"tweet_at": "TweetAt", "text": "OriginalTweet", "sentiment": "Sentiment"}, "latin-1"),
        corona_nlp_post,
        (Part("Corona_NLP_<split:train>.csv"),),
    ),
)
PODDAR_LAYOUTS = (
    layout((Part("poddar_stance.tsv"),), table("\t", ("tweet_id", "text", "label", *WORKERS)), poddar_post),
    layout(
        (Part("data_2020.csv"), Part("our_labelled_data_additional.csv")),
        table(
            ",",
            {"tweet_id": "id", "text": "tweet", "label": "majority_label"} | {worker: worker for worker in WORKERS},
        ),
        poddar_post,
    ),
)
COTFAS_LAYOUTS = (
    layout((Part("cotfas_stance.tsv"),), table("\t", ("tweet_id", "text", "label")), cotfas_post),
    layout((Part("cotfas.csv"),), table(",", {"tweet_id": "id", "text": "tweet", "label": "label"}), cotfas_post),
)
