"""IDRISI-R, English, random split (Suwaileh et al. 2023): HumAID tweets with location mentions.

Here text, class, and whether a tweet names a place.
"""

from crisisflow.corpus.sources.formats import json_lines, layout
from crisisflow.corpus.sources.layout import Part
from crisisflow.corpus.sources.posts import Post, Record, number_of, snowflake_time, split_of

EVENTS = 19
# Seven of HumAID's ten.
CLASSES = (
    "caution_and_advice",
    "displaced_people_and_evacuations",
    "infrastructure_and_utility_damage",
    "injured_or_dead_people",
    "missing_or_found_people",
    "requests_or_urgent_needs",
    "rescue_volunteering_or_donation_effort",
)
LABELS = {"class": CLASSES, "has_location": ("no", "yes")}
KEYS = {name: (name,) for name in ("tweet_id", "text", "class", "location_mentions")}


def post(row: Record) -> Post:
    """The tweet with its class, and as `has_location` (yes or no) whether people marked a place in it.

    The places themselves are gold spans: annotation/gold.py reads these.
    """
    tweet_id = number_of(row)
    labels = (("class", row["class"]), ("has_location", "no" if row["location_mentions"] == "0" else "yes"))
    return Post(tweet_id, row["text"], labels, "en", row["event"], snowflake_time(tweet_id), split_of(row))


LAYOUTS = (
    layout((Part("<split:train>.jsonl"), Part("<split:dev>.jsonl")), json_lines(KEYS | {"event": ("event",)}), post),
    layout(
        tuple(Part(f"gold-random-json/<event>/<split:{split}>.jsonl", EVENTS) for split in ("train", "dev")),
        json_lines(KEYS | {"class": ("humAID_class", "info_class")}),  # the second is what its readme says
        post,
    ),
)
