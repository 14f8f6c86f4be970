"""The dataset as it is exported: each tweet of the corpus with its resolved spans."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from crisisflow.artifacts import TWEETS, read_in_parts
from crisisflow.errors import CrisisflowError
from crisisflow.spans import Span, by_tweet, read_spans


class Tweet(NamedTuple):
    """A tweet of the corpus (the columns of artifacts.TWEETS) and its spans in their order, none over another."""

    tweet_id: str
    text: str
    class_label: str
    event: str | None
    split: str
    spans: list[Span]


def read_dataset(tweets: Path, resolved: Path) -> Iterator[Tweet]:
    """The tweets in the order of their ids, merged with their spans as both files are read.

    Raises:
        CrisisflowError: a file is absent, damaged or not in the order of its tweet ids, or there are spans of a tweet
            that the corpus lacks.
    """
    waiting = by_tweet(read_spans(resolved), resolved)
    ahead = next(waiting, [])
    for table in read_in_parts(tweets, TWEETS):
        for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
            own: list[Span] = []
            if ahead and ahead[0].tweet_id == row[0]:
                own, ahead = ahead, next(waiting, [])
            yield Tweet(*row, own)
    if ahead:
        raise CrisisflowError(
            f"{resolved}: tweet {ahead[0].tweet_id} is not in {tweets}, or not in the order of the ids; "
            "make both in one run of the workflow"
        )
