"""Gold sets: texts with spans that are known to be right, against which the annotation is scored.

Three sources: the embedded corpus (by construction), IDRISI-R (human location mentions; Suwaileh et al. 2023) and this
project's reference annotations (data/reference, all ten types; docs/annotation.md says who made them).
"""

import csv
import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from crisisflow.annotation.span import Span, read_spans
from crisisflow.artifacts import RAW, read_parquet
from crisisflow.errors import CrisisflowError
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

    Raises:
        CrisisflowError: a text is not the one that was annotated.
    """
    tweets, annotated = folder / "tweets.csv", folder / "spans.csv"
    spans: dict[str, list[Span]] = defaultdict(list)
    for row in _rows(annotated):
        spans[row["tweet_id"]].append(
            Span(row["tweet_id"], int(row["start"]), int(row["end"]), row["label"], "gold", "reference")
        )
    texts = read_parquet(repaired, RAW)
    known = dict(zip(texts["tweet_id"].to_pylist(), texts["text"].to_pylist(), strict=True))
    halves: dict[str, list[GoldTweet]] = defaultdict(list)
    for row in _rows(tweets):
        text = known.get(row["tweet_id"])
        if text is None:
            continue
        if hashlib.sha256(text.encode()).hexdigest() != row["text_sha256"]:
            raise CrisisflowError(
                f"{tweets}: tweet {row['tweet_id']} has another text than the annotated one; "
                "use the repairs of the presets (corpus.repair)"
            )
        halves[row["half"]].append(GoldTweet(row["tweet_id"], row["event"], text, sorted(spans[row["tweet_id"]])))
    for half in sorted(halves):
        yield GoldSet(f"reference_{half}", ENTITY_TYPES, halves[half])


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


def _rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            yield from csv.DictReader(lines)
    except OSError as error:
        raise CrisisflowError(f"cannot read {path}: {error.strerror}") from error
