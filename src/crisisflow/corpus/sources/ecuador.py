"""The Ecuador earthquake of 2016 in English and Spanish (Torres and Vaca 2019), labelled by three annotators."""

import re
from functools import partial

from crisisflow.corpus.sources.crisisnlp import NINE_CLASSES
from crisisflow.corpus.sources.formats import layout, table
from crisisflow.corpus.sources.layout import Layout, Part
from crisisflow.corpus.sources.posts import Dropped, Post, Record, number_of, utc

CATEGORIES = ("category", "category_a1", "category_a2", "category_a3")
# Not yes and no, which YAML may take for truth values.
RELATED = {"yes": "related", "no": "unrelated"}
LABELS = {"crisis_related": tuple(RELATED.values())} | dict.fromkeys(CATEGORIES, NINE_CLASSES)


def post(row: Record, language: str) -> Post | Dropped:
    """A row of the set has an id that a spreadsheet cut."""
    if re.fullmatch(r"[0-9.]+E\+[0-9]+", row["tweet_id"]):
        return Dropped("id that lost its digits")
    labels = tuple((task, RELATED.get(row[task], row[task])) for task in LABELS)
    time = utc(row, "timestamp", "%Y-%m-%d %H:%M:%S")
    return Post(number_of(row), row["text"], labels, language, "2016_Ecuador_Earthquake", time)


def _layouts(language: str) -> tuple[Layout, ...]:
    records = table("\t", ("tweet_id", "text", "timestamp", *LABELS))
    return (layout((Part(f"2016_ecuador_eq_{language}.tsv"),), records, partial(post, language=language)),)


EN_LAYOUTS, ES_LAYOUTS = _layouts("en"), _layouts("es")
