"""CrisisNLP: LREC 2016, labelled by paid workers (Imran et al. 2016), and Sandy of SWDM 2013 (Imran et al. 2013)."""

from crisisflow.corpus.sources.formats import layout, table
from crisisflow.corpus.sources.layout import Part
from crisisflow.corpus.sources.posts import Post, Record, number_of, snowflake_time

SPANISH = "2014_Chile_Earthquake_cl"
# Of natural disasters. The labels of Ebola and MERS come on top.
NINE_CLASSES = (
    "caution_and_advice",
    "displaced_people_and_evacuations",
    "donation_needs_or_offers_or_volunteering_services",
    "infrastructure_and_utilities_damage",
    "injured_or_dead_people",
    "missing_trapped_or_found_people",
    "not_related_or_irrelevant",
    "other_useful_information",
    "sympathy_and_emotional_support",
)
LREC2016_LABELS = {
    "class": (
        *NINE_CLASSES,
        "affected_people",
        "deaths_reports",
        "disease_signs_or_symptoms",
        "disease_transmission",
        "prevention",
        "treatment",
    )
}
SANDY_LABELS = {
    "type_of_message": (
        "Can not judge (not in English, too short, etc.)",
        "Informative: casualties (people injured or dead)",
        "Informative: caution or advice",
        "Informative: celebrities or authorities react to the event or visit the area",
        "Informative: damage (building, road, lines, etc.)",
        "Informative: information source with extensive coverage (radio, tv, website, etc.)",
        "Informative: offers/gives donations of money, goods, or free services",
        "Informative: other",
        "Informative: other type of photos/videos (not in the above classes)",
        "Informative: people missing, or lost people found",
        "Informative: requests donations of money, goods, or free services",
        "Not informative: personal only",
        "Not informative: unrelated to the disaster",
    ),
    "eyewitness": ("true",),
}


def lrec2016_post(row: Record) -> Post:
    tweet_id = number_of(row)
    language = "es" if row["event"] == SPANISH else "en"
    labels = (("class", row["label"]),)
    return Post(tweet_id, row["text"], labels, language, row["event"], snowflake_time(tweet_id))


def sandy_post(row: Record) -> Post:
    """The set has no tweet ids; its unit ids are kept as `sandy:<unit>`."""
    eyewitness = (("eyewitness", row["eyewitness"]),) if row["eyewitness"] else ()
    labels = (("type_of_message", row["type_of_message"]), *eyewitness)
    return Post(f"sandy:{number_of(row, 'unit_id')}", row["text"], labels, "en", "2012_Sandy_Hurricane")


LREC2016_LAYOUTS = (
    layout(
        (Part("crisisnlp_lrec2016_crowdflower.tsv"),),
        table("\t", ("tweet_id", "event", "text", "label")),
        lrec2016_post,
    ),
    layout(
        (Part("<event>/<file>_labeled_data.tsv", 12),),
        table("\t", {"tweet_id": "tweet_id", "text": "tweet_text", "label": "label"}),
        lrec2016_post,
    ),
)
SANDY_LAYOUTS = (
    layout(
        (Part("crisisnlp_swdm2013_sandy.tsv"),),
        table("\t", ("unit_id", "text", "type_of_message", "eyewitness")),
        sandy_post,
    ),
)
