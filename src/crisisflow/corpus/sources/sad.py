"""SAD (Mauriello et al. 2021): sentences on everyday stress. They are no tweets: `source` says where each is from."""

from crisisflow.corpus.sources.formats import layout, table
from crisisflow.corpus.sources.layout import Part
from crisisflow.corpus.sources.posts import Post, Record, number_of

TASKS = {"is_stressor": "is_stressor", "is_covid": "is_covid", "top_label": "stressor", "Source": "source"}
LABELS = {
    "is_stressor": ("0", "1"),
    "is_covid": ("0", "1"),
    "stressor": (
        "Emotional Turmoil",
        "Everyday Decision Making",
        "Family Issues",
        "Financial Problem",
        "Health, Fatigue, or Physical Pain",
        "Other",
        "School",
        "Social Relationships",
        "Work",
    ),
    "source": (
        "Inquire",
        "InquireComposited",
        "mTurk_synthetic",
        "mTurk_synthetic_covid",
        "mTurk_synthetic_covid_2",
        "popbots_live",
    ),
}
COLUMNS = ("sID", "sentence", *TASKS)


def post(row: Record) -> Post:
    labels = tuple((task, row[column]) for column, task in TASKS.items() if row[column])
    return Post(f"sad:{number_of(row, 'sID')}", row["sentence"], labels, "en")


LAYOUTS = (
    layout((Part("sad_v1.tsv"),), table("\t", COLUMNS), post),
    layout((Part("SAD_v1.csv"),), table(",", COLUMNS), post),  # the publisher's spreadsheet, saved as CSV
)
