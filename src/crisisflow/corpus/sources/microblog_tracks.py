"""FIRE 2016 Microblog and SMERP 2017: several classes a tweet, all about the crisis (no negatives)."""

import json
from collections.abc import Callable, Iterator

from crisisflow.corpus.sources.formats import decoded, layout, table
from crisisflow.corpus.sources.layout import Part, SourceFile
from crisisflow.corpus.sources.posts import BadValueError, Post, Record, number_of, snowflake_time, split_of
from crisisflow.errors import CrisisflowError

# The numbers of the files, named by content; FIRE's are its topics 1 to 7.
FIRE16_CLASSES = (
    "resources_available",
    "resources_needed",
    "medical_available",
    "medical_needed",
    "resources_at_places",
    "ngo_or_government_activity",
    "damage",
)
SMERP17_CLASSES = ("resources_available", "resources_needed", "damage_and_casualties", "rescue")
FIRE16_LABELS = {"class": FIRE16_CLASSES}
SMERP17_LABELS = {"class": SMERP17_CLASSES}


def _post_of(classes: tuple[str, ...], event: str) -> Callable[[Record], Post]:
    by_number = {str(number): name for number, name in enumerate(classes)}

    def post(row: Record) -> Post:
        tweet_id, numbers = number_of(row), row["classes"].split(",")
        if not set(numbers) <= by_number.keys():
            raise BadValueError(f"classes are not numbers from 0 to {len(classes) - 1}")
        labels = tuple(("class", by_number[number]) for number in numbers)
        return Post(tweet_id, row["text"], labels, "en", event, snowflake_time(tweet_id), split_of(row))

    return post


def records(file: SourceFile) -> Iterator[tuple[int, dict[str, str]]]:
    """The tweets of a JSON object of tweet ids, each with text and classes."""
    try:
        tweets = json.loads(decoded(file))
        rows = [
            {"tweet_id": tweet_id, "text": tweet["tweet_text"], "classes": ",".join(map(str, tweet["classes"]))}
            for tweet_id, tweet in tweets.items()
        ]
    except (ValueError, RecursionError):
        raise CrisisflowError(f"{file.name} is not JSON; fetch it again") from None
    except (AttributeError, KeyError, TypeError):
        raise CrisisflowError(f"{file.name} is not tweet ids, each with tweet_text and classes") from None
    if not all(isinstance(row["text"], str) for row in rows):
        raise CrisisflowError(f"{file.name} is not tweet ids, each with tweet_text and classes")
    yield from enumerate(rows, 1)


fire16_post = _post_of(FIRE16_CLASSES, "2015_Nepal_Earthquake")
TABLE = table("\t", ("tweet_id", "split", "text", "classes"))
FIRE16_LAYOUTS = (
    layout((Part("fire16_labelled.tsv"),), TABLE, fire16_post),
    layout(
        (Part("labelled_tweets_<split:train>.json"), Part("labelled_tweets_<split:test>.json")), records, fire16_post
    ),
)
SMERP17_LAYOUTS = (layout((Part("smerp17_labelled.tsv"),), TABLE, _post_of(SMERP17_CLASSES, "2016_Italy_Earthquake")),)
