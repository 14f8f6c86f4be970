"""Gold sets: texts with spans that are known to be right, against which the annotation is scored.

Three sources: the embedded corpus (by construction), IDRISI-R (human location mentions; Suwaileh et al. 2023) and this
project's reference annotations (data/reference, all ten types; docs/annotation.md says who made them).
"""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from crisisflow.annotation import standoff
from crisisflow.annotation.span import Span, read_spans
from crisisflow.artifacts import RAW, read_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.progress import say
from crisisflow.taxonomy import ENTITY_TYPES, EntityType


class GoldTweet(NamedTuple):
    """A text and its gold spans, in their order."""

    tweet_id: str
    event: str
    text: str
    spans: list[Span]


class GoldSet(NamedTuple):
    """Tweets of which every span of the types `labels` is known."""

    name: str
    labels: tuple[str, ...]
    tweets: list[GoldTweet]


def generated(repaired: Path, gold: Path) -> Iterator[GoldSet]:
    """The embedded corpus, if it is the source: only then `gold` holds spans."""
    spans: dict[str, list[Span]] = defaultdict(list)
    for span in read_spans(gold):
        spans[span.tweet_id].append(span)
    if spans:
        rows = read_parquet(repaired, RAW).to_pylist()
        tweets = [GoldTweet(row["tweet_id"], row["event"], row["text"], spans[row["tweet_id"]]) for row in rows]
        yield GoldSet("generated", ENTITY_TYPES, tweets)


def reference(repaired: Path, folder: Path) -> Iterator[GoldSet]:
    """The reference annotations, `reference_tuning` and `reference_scored`, of the tweets that the corpus holds.

    There is none where the folder lacks tweets.csv or spans.csv.

    Raises:
        CrisisflowError: a text is not the one that was annotated, or a line is broken.
    """
    tweets, annotated = folder / "tweets.csv", folder / "spans.csv"
    if not (tweets.exists() and annotated.exists()):
        return
    listed = standoff.read_tweets(tweets, repaired)
    marks = standoff.read_marks(annotated, ("tweet_id",), listed)
    here = {tweet_id: tweet for tweet_id, tweet in listed.items() if tweet.text is not None}
    if len(here) < len(listed):
        share = f"{len(here):,}" if here else "none"
        say(f"reference annotations: {share} of the {len(listed):,} annotated tweets of HumAID stand in this corpus")
    for half in standoff.HALVES:
        chosen = [
            GoldTweet(
                tweet_id,
                tweet.event,
                tweet.text,
                [Span(tweet_id, *mark, "gold", "reference") for mark in sorted(marks[tweet_id,])],
            )
            for tweet_id, tweet in here.items()
            if tweet.half == half
        ]
        if chosen:
            yield GoldSet(f"reference_{half}", ENTITY_TYPES, chosen)


def idrisi(folder: Path) -> Iterator[GoldSet]:
    """IDRISI-R: one set per `*.jsonl.gz` of a folder, location mentions only, in IDRISI's own texts.

    Raises:
        CrisisflowError: the folder holds no such file, or a line is broken.
    """
    files = sorted(folder.glob("*.jsonl.gz"))
    if not files:
        raise CrisisflowError(f"annotation.quality.idrisi: {folder} holds no *.jsonl.gz; or say null")
    for file in files:
        tweets = []
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    tweets.append(_idrisi_tweet(json.loads(line)))
                except (ValueError, KeyError, TypeError) as error:
                    raise CrisisflowError(f"{file}, line {number}: no tweet of IDRISI-R: {error}") from None
        yield GoldSet(f"idrisi_{file.name.partition('.')[0]}", (EntityType.LOCATION,), tweets)


def _idrisi_tweet(row: dict[str, object]) -> GoldTweet:
    tweet_id, text = str(row["tweet_id"]), str(row["text"])
    spans = []
    for mention in row["location_mentions"]:
        start, end = mention["start"], mention["end"]
        if text[start:end] != mention["text"]:
            raise ValueError(f"offsets {start}-{end} are not those of the mention")
        spans.append(Span(tweet_id, start, end, EntityType.LOCATION.value, "gold", "idrisi"))
    return GoldTweet(tweet_id, str(row["event"]), text, sorted(spans))
