"""Disasters on Social Media (CrowdFlower 2015), and the part of it that Kaggle uses in a competition for beginners.

Never train on one and test on the other.
"""

from urllib.parse import unquote

from crisisflow.corpus.sources.formats import layout, table
from crisisflow.corpus.sources.layout import Part
from crisisflow.corpus.sources.posts import Post, Record, number_of

CROWDFLOWER_LABELS = {"relevance": ("Can't Decide", "Not Relevant", "Relevant")}
KAGGLE_LABELS = {"disaster": ("0", "1")}


def crowdflower_post(row: Record) -> Post:
    """The set lost its tweet ids; its unit ids are kept as `crowdflower:<unit>`."""
    unit = number_of(row, "unit_id")
    # The keyword is what the tweet was found by; a few have none.
    labels = (("relevance", row["choose_one"]), ("keyword", unquote(row["keyword"])))
    return Post(f"crowdflower:{unit}", row["text"], tuple(own for own in labels if own[1]), "en")


def kaggle_post(row: Record) -> Post:
    own = number_of(row, "id")
    return Post(f"kaggle:{own}", row["text"], (("disaster", row["target"]),), "en", official_split="train")


CROWDFLOWER_LAYOUTS = (
    layout((Part("crowdflower_dfe.tsv"),), table("\t", ("unit_id", "keyword", "text", "choose_one")), crowdflower_post),
    layout(
        (Part("socialmedia-disaster-tweets-DFE.csv"),),
        table(
            ",", {"unit_id": "_unit_id", "keyword": "keyword", "text": "text", "choose_one": "choose_one"}, "latin-1"
        ),
        crowdflower_post,
    ),
)
KAGGLE_COLUMNS = ("id", "text", "target")
KAGGLE_LAYOUTS = (
    layout((Part("kaggle_nlp_getting_started_train.tsv"),), table("\t", KAGGLE_COLUMNS), kaggle_post),
    layout((Part("train.csv"),), table(",", KAGGLE_COLUMNS), kaggle_post),
)
