"""CrisisLexT26 (Olteanu et al. 2015), 26 events in several languages; CrisisLexT6 (Olteanu et al. 2014), six events."""

from crisisflow.corpus.sources.formats import layout, table
from crisisflow.corpus.sources.layout import Part
from crisisflow.corpus.sources.posts import Post, Record, number_of, snowflake_time

T26_LABELS = {
    "information_source": (
        "Business",
        "Eyewitness",
        "Government",
        "Media",
        "NGOs",
        "Not applicable",
        "Not labeled",
        "Outsiders",
    ),
    "information_type": (
        "Affected individuals",
        "Caution and advice",
        "Donations and volunteering",
        "Infrastructure and utilities",
        "Not applicable",
        "Not labeled",
        "Other Useful Information",
        "Sympathy and support",
    ),
    "informativeness": ("Not applicable", "Not related", "Related - but not informative", "Related and informative"),
}
T6_LABELS = {"relevance": ("off-topic", "on-topic")}


def t26_post(row: Record) -> Post:
    """Three tasks. No language: the set has English, Spanish, Italian, Portuguese, Filipino and more, unlabelled."""
    tweet_id = number_of(row)
    labels = tuple((task, row[task].strip()) for task in T26_LABELS)
    return Post(tweet_id, row["text"], labels, None, row["event"], snowflake_time(tweet_id))


def t6_post(row: Record) -> Post:
    tweet_id = number_of(row)
    labels = (("relevance", row["label"].strip()),)
    return Post(tweet_id, row["text"], labels, "en", row["event"], snowflake_time(tweet_id))


T26_LAYOUTS = (
    layout((Part("crisislex_t26.tsv"),), table("\t", ("tweet_id", "event", "text", *T26_LABELS)), t26_post),
    layout(
        (Part("<event>-tweets_labeled.csv", 26),),
        table(
            ",",
            {
                "tweet_id": "Tweet ID",
                "text": "Tweet Text",
                "information_source": "Information Source",
                "information_type": "Information Type",
                "informativeness": "Informativeness",
            },
        ),
        t26_post,
    ),
)
T6_LAYOUTS = (
    layout((Part("crisislex_t6.tsv"),), table("\t", ("tweet_id", "event", "text", "label")), t6_post),
    layout(
        (Part("<event>-ontopic_offtopic.csv", 6),),
        table(",", {"tweet_id": "tweet id", "text": "tweet", "label": "label"}),
        t6_post,
    ),
)
