"""Gold sets: texts with spans that are known to be right, against which the annotation is scored.

Four sources: the embedded corpus (by construction), IDRISI-R (human location mentions; Suwaileh et al. 2023), sets of
tweets outside of HumAID in which people marked names, and this project's reference annotations (data/reference, all ten
types; docs/annotation_reference.md says who made them).
"""

import gzip
import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

from crisisflow.annotation import standoff
from crisisflow.artifacts import RAW, read_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.progress import say
from crisisflow.spans import Span, read_spans
from crisisflow.taxonomy import ENTITY_TYPES, EntityType

T = TypeVar("T")

SIGNS = ("#", "@")
OUTSIDE = "outside_"
# What the sets call their types, in lower case, as the guideline's types. What is not here is no type of the guideline.
OUTSIDE_TYPES = {
    **dict.fromkeys(("per", "person"), EntityType.PERSON),
    **dict.fromkeys(("org", "group", "corporation"), EntityType.ORGANIZATION),
    **dict.fromkeys(("loc", "location", "point", "area", "road", "river"), EntityType.LOCATION),
}


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
        say(f"reference annotations: {share} of the {len(listed):,} annotated tweets of HumAID are in this corpus")
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
    for name, rows in _read(folder, "idrisi", "tweet of IDRISI-R", _idrisi_tweet):
        yield GoldSet(f"idrisi_{name}", (EntityType.LOCATION,), rows)


def _read(
    folder: Path, key: str, kind: str, read: Callable[[dict[str, object], int], T]
) -> Iterator[tuple[str, list[T]]]:
    """The name of each `*.jsonl.gz` of a folder, and what `read` makes of its lines and their numbers."""
    files = sorted(folder.glob("*.jsonl.gz"))
    if not files:
        raise CrisisflowError(f"annotation.quality.{key}: {folder} holds no *.jsonl.gz; or say null")
    for file in files:
        rows = []
        try:
            with gzip.open(file, "rt", encoding="utf-8") as lines:
                for number, line in enumerate(lines, 1):
                    try:
                        rows.append(read(json.loads(line), number))
                    except (ValueError, KeyError, TypeError, AttributeError) as error:
                        raise CrisisflowError(f"{file}, line {number}: no {kind}: {error}") from None
        except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
            raise CrisisflowError(f"{file}: no gzip file of UTF-8 text: {error}") from None
        yield file.name.partition(".")[0], rows


def _idrisi_tweet(row: dict[str, object], _: int) -> GoldTweet:
    tweet_id, text = str(row["tweet_id"]), str(row["text"])
    spans = []
    for mention in row["location_mentions"]:
        start, end = mention["start"], mention["end"]
        if text[start:end] != mention["text"]:
            raise ValueError(f"offsets {start}-{end} are not those of the mention")
        spans.append(Span(tweet_id, start, end, EntityType.LOCATION.value, "gold", "idrisi"))
    return GoldTweet(tweet_id, str(row["event"]), text, sorted(spans))


class Tagged(NamedTuple):
    """The words of a tweet and their BIO labels."""

    tokens: list[str]
    labels: list[str]


def outside(folder: Path) -> Iterator[GoldSet]:
    """Tweets outside of HumAID in which people marked names: one set per `*.jsonl.gz` of a folder.

    A line is {"tokens": [...], "labels": [...]}, with BIO labels of any of the sets of `OUTSIDE_TYPES`. The text is the
    words with a blank between them. What the guideline does not annotate is left out: handles, which some sets label,
    and the sign of a hashtag.

    Raises:
        CrisisflowError: the folder holds no such file, or a line is broken.
    """
    for name, rows in _read(folder, "outside", "words with BIO labels", _tagged):
        signs = Counter(token if token in SIGNS else token[0] + "_" for row in rows for token in row.tokens)
        split = frozenset(sign for sign in SIGNS if signs[sign] > signs[f"{sign}_"])
        width = len(str(len(rows)))
        tweets = [_outside_tweet(f"{name}:{at:0{width}}", row, split) for at, row in enumerate(rows, 1)]
        here = {OUTSIDE_TYPES[kind] for row in rows for label in row.labels if (kind := _kind(label)) in OUTSIDE_TYPES}
        yield GoldSet(f"{OUTSIDE}{name}", tuple(label for label in ENTITY_TYPES if label in here), tweets)


def _kind(label: str) -> str:
    """The type of a BIO label, in lower case; empty for O."""
    return label[2:].lower()


def _tagged(row: dict[str, object], _: int) -> Tagged:
    tokens, labels = row["tokens"], row["labels"]
    if not isinstance(tokens, list) or not isinstance(labels, list) or len(tokens) != len(labels):
        raise ValueError("tokens and labels are no lists of the same length")
    for token, label in zip(tokens, labels, strict=True):
        if not isinstance(token, str) or not token or any(map(str.isspace, token)):
            raise ValueError(f"the token {token!r} is no word")
        if not isinstance(label, str) or (label != "O" and label[:2] not in ("B-", "I-")):
            raise ValueError(f"the label {label!r} is none of O, B-... and I-...")
    return Tagged(tokens, labels)


def _outside_tweet(tweet_id: str, row: Tagged, split: frozenset[str]) -> GoldTweet:
    """The tweet; `split` are the signs that the set's tokenizer parted from the word behind them, mostly at least."""
    text, stretches = "", []
    for at, (token, label) in enumerate(zip(*row, strict=True)):
        joined = at and row.tokens[at - 1] in split
        text += token if joined or not text else f" {token}"
        start, end = len(text) - len(token), len(text)
        # "I-" without a beginning of its type begins one.
        if label[:1] == "I" and stretches and stretches[-1][2] == at and stretches[-1][3] == _kind(label):
            stretches[-1] = (stretches[-1][0], end, at + 1, _kind(label))
        elif label != "O":
            stretches.append((start, end, at + 1, _kind(label)))
    spans = []
    for start, end, _, kind in stretches:
        start += text[start] == "#"
        if kind not in OUTSIDE_TYPES or start == end or "@" in (text[start], text[start - 1 : start]):
            continue
        spans.append(Span(tweet_id, start, end, OUTSIDE_TYPES[kind].value, "gold", "outside"))
    return GoldTweet(tweet_id, "outside", text, spans)
