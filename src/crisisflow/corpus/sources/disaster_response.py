"""Multilingual Disaster Response Messages (Munro 2012), in English: SMS and news. Several labels a message."""

from crisisflow.corpus.sources.formats import layout, table
from crisisflow.corpus.sources.layout import Part
from crisisflow.corpus.sources.posts import BadValueError, Post, Record, number_of, split_of

CATEGORIES = (
    *("related", "request", "offer", "aid_related", "medical_help", "medical_products", "search_and_rescue"),
    *("security", "military", "child_alone", "water", "food", "shelter", "clothing", "money", "missing_people"),
    *("refugees", "death", "other_aid", "infrastructure_related", "transport", "buildings", "electricity", "tools"),
    *("hospitals", "shops", "aid_centers", "other_infrastructure", "weather_related", "floods", "storm", "fire"),
    *("earthquake", "cold", "other_weather", "direct_report", "actionable_haiti"),
)
VALUES = {"0", "1", "2", "NULL", ""}  # 2 is in `related` only; the publisher does not say what it means
LABELS = {"genre": ("direct", "news"), "category": CATEGORIES}
COLUMNS = ("id", "split", "message", "genre", *CATEGORIES)


def post(row: Record) -> Post:
    """Labels: `genre`, and `category` for each column that is 1. In the validation part every `offer` is 0."""
    if wrong := [name for name in CATEGORIES if row[name] not in VALUES]:
        raise BadValueError(f"{wrong[0]} is neither 0 nor 1")
    on = (name for name in CATEGORIES if row[name] == "1")
    labels = (("genre", row["genre"]), *(("category", name) for name in on))
    message_id = f"disaster_response:{number_of(row, 'id')}"
    return Post(message_id, row["message"], labels, "en", official_split=split_of(row))


LAYOUTS = (
    layout((Part("disaster_response_validation_test.tsv"),), table("\t", COLUMNS), post),
    layout(
        (Part("disaster_response_validation.csv"), Part("disaster_response_test.csv")),
        table(",", COLUMNS),
        post,
        (Part("disaster_response_training.csv"),),
    ),
)
