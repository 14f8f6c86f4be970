"""Tweets that mention a need or an offer of resources (Dutt et al. 2019; Basu et al. 2018 for the second set)."""

from crisisflow.corpus.sources.formats import layout, separated, table
from crisisflow.corpus.sources.layout import Part
from crisisflow.corpus.sources.posts import BadValueError, Post, Record, number_of, snowflake_time, split_of

PLACES = {"nepal": "2015_Nepal_Earthquake", "italy": "2016_Italy_Earthquake", "chennai": "2015_Chennai_Floods"}
NEED_OFFER_LABELS = {"need_offer": ("need", "offer"), "label_origin": ("published_gold", "unverified")}
OTHER_LABELS = {"need_offer": ("need", "offer", "other")}
# A line of the second set as it is published, in the form for a language model.
BEGIN, END = "[CLS] ", " [SEP]"
NUMBERS = {"__label__0": "other", "__label__1": "need", "__label__2": "offer"}


def need_offer_post(row: Record) -> Post:
    """A tweet that stands there as need and as offer gets both labels. `label_origin`: published_gold or unverified."""
    tweet_id = number_of(row)
    labels = (("need_offer", row["label"]), ("label_origin", row["label_origin"]))
    return Post(tweet_id, row["text"], labels, "en", row["event"], snowflake_time(tweet_id))


def published_need_offer_post(row: Record) -> Post:
    """Nobody says how the tweets of Chennai were labelled."""
    origin = "unverified" if row["place"] == "chennai" else "published_gold"
    label = row["kind"].removesuffix("s")
    return need_offer_post({**row, "event": PLACES[row["place"]], "label": label, "label_origin": origin})


def other_post(row: Record) -> Post:
    labels = (("need_offer", row["label"]),)
    tweet_id = f"need_offer_other:{row['number']}"
    return Post(tweet_id, row["text"], labels, "en", "2015_Nepal_Earthquake", None, split_of(row))


def published_other_post(row: Record) -> Post:
    text = row["text"].rstrip("\r")
    if row["label"] not in NUMBERS or not (text.startswith(BEGIN) and text.endswith(END)):
        raise BadValueError(f"a line is __label__0, 1 or 2, then {BEGIN}text{END}")
    text = text.removeprefix(BEGIN).removesuffix(END)
    return other_post({**row, "label": NUMBERS[row["label"]], "text": text})


NEED_OFFER_LAYOUTS = (
    layout(
        (Part("need_offer_tweets.tsv"),),
        table("\t", ("tweet_id", "event", "label", "text", "label_origin")),
        need_offer_post,
    ),
    layout(
        tuple(Part(f"INPUT/<place:{place}>_<kind:needs|offers>.txt", 2) for place in PLACES),
        separated("<||>", ("tweet_id", "text")),
        published_need_offer_post,
    ),
)
OTHER_LAYOUTS = (
    layout((Part("nepal_need_offer_other.tsv"),), table("\t", ("split", "label", "text")), other_post),
    layout(
        (Part("<split:val>_nepal"), Part("<split:test>_nepal")),
        separated(" ", ("label", "text")),
        published_other_post,
        (Part("<split:train>_nepal"),),
    ),
)
