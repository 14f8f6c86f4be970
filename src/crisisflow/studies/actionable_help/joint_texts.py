"""The texts that a joint mini learns from and is scored on: the leading study's tweets, and unlabelled crisis texts.

All are as the leading study's models read them: repaired, with their URLs, handles and emoji.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, Literal, NamedTuple

import pyarrow as pa

from crisisflow.artifacts import TWEETS, read_json, read_parquet
from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.corpus.sources.posts import POSTS
from crisisflow.corpus.stratify import draw_training
from crisisflow.corpus.texts import prepare
from crisisflow.errors import CrisisflowError
from crisisflow.labels import Labels
from crisisflow.params import Count, Positive, TextsParams
from crisisflow.spans import Span, read_spans
from crisisflow.studies.actionable_help.mini_corpus import MINI_CORPUS
from crisisflow.studies.actionable_help.row_params import CORPUS

TRAIN, VALIDATION, UNLABELLED = "train", "validation", "unlabelled"
# As corpus.repair leaves the leading study's tweets.
REPAIRED = TextsParams(repair=True, entities=True, urls=False, mentions=False, emoji=False, white_space=False)

# `class_id` is null, and `spans` are empty, of an unlabelled text.
JOINT_TEXTS = pa.schema(
    [
        ("set", pa.string()),
        ("tweet_id", pa.string()),
        ("part", pa.string()),
        ("text", pa.string()),
        ("class_id", pa.int64()),
        (
            "spans",
            pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string())])),
        ),
    ]
)

Row = dict[str, Any]


class Unlabelled(NamedTuple):
    """The unlabelled texts, and how many were left out for what reason."""

    rows: list[Row]
    dropped: Counter[str]


def labelled_rows(tweets: Path, resolved: Path, labels: Labels) -> dict[str, list[Row]]:
    """The tweets of each split, in their order, with class and spans.

    Args:
        tweets: artifacts.TWEETS. resolved: their spans.
        labels: what the class ids mean.

    Raises:
        CrisisflowError: a tweet is of another class than the labels have.
    """
    spans: dict[str, list[Span]] = defaultdict(list)
    for span in read_spans(resolved):
        spans[span.tweet_id].append(span)
    found: dict[str, list[Row]] = defaultdict(list)
    for row in read_parquet(tweets, TWEETS).to_pylist():
        if row["class_label"] not in labels.classes:
            raise CrisisflowError(f"{tweets} has the class {row['class_label']!r}, which the teacher does not know")
        own = [{"start": span.start, "end": span.end, "label": span.label} for span in spans[row["tweet_id"]]]
        found[row["split"]].append(
            {
                "set": CORPUS,
                "tweet_id": row["tweet_id"],
                "part": row["split"],
                "text": row["text"],
                "class_id": labels.classes.index(row["class_label"]),
                "spans": own,
            }
        )
    return found


def drawn(train: Sequence[Row], taught: int, tweets: Positive | Literal["all"], seed: int) -> list[Row]:
    """The training tweets of the student: of those that its teacher learnt from, so many or all.

    Args:
        taught: how many the teacher learnt from, with this seed.

    Raises:
        CrisisflowError: there are fewer than the teacher learnt from, or a class is too small to be stratified.
    """
    if taught > len(train):
        raise CrisisflowError(
            f"the teacher learnt from {taught:,} tweets, and the train split has {len(train):,}: the corpus is another "
            "one; give the tweets of the run that trained it"
        )
    for size in (taught, tweets):
        if size != "all" and size < len(train):
            train = [train[at] for at in draw_training([row["class_id"] for row in train], size, seed)]
    return list(train)


def candidates(corpus: Path, tweets: Sequence[Row], sets: Mapping[str, Path]) -> Iterator[Row]:
    """The texts of the minis' corpus as they were before they were prepared, only repaired.

    Args:
        corpus: of the step mini_corpus. tweets: of the shared corpus. sets: the posts of the other sets, by name.

    Raises:
        CrisisflowError: a set of the corpus is not among them, or lacks a post.
    """
    wanted: dict[str, list[str]] = defaultdict(list)
    for row in read_parquet(corpus, MINI_CORPUS).select(["set", "tweet_id"]).to_pylist():
        wanted[row["set"]].append(row["tweet_id"])
    for name, ids in wanted.items():
        if name == CORPUS:
            text_of = {row["tweet_id"]: row["text"] for row in tweets}
        elif name in sets:
            # Of posts with one id the first.
            posts = reversed(read_parquet(sets[name], POSTS).select(["tweet_id", "text"]).to_pylist())
            text_of = {row["tweet_id"]: row["text"] for row in posts}
        else:
            raise CrisisflowError(
                f"{corpus} has texts of {name}, whose posts are not given; there are: {', '.join(sets)}"
            )
        for tweet_id in ids:
            if tweet_id not in text_of:
                raise CrisisflowError(f"{corpus} has a text of {name} that its posts lack; make the corpus again")
            text = prepare(text_of[tweet_id], REPAIRED)
            yield {"set": name, "tweet_id": tweet_id, "part": UNLABELLED, "text": text, "class_id": None, "spans": []}


def unlabelled(found: Sequence[Row], known: Sequence[Row], size: Count | Literal["all"], seed: int) -> Unlabelled:
    """Those of the texts on which only the teacher speaks, in their order.

    Left out are all near duplicates of a known tweet, and of an earlier text.

    Args:
        known: the tweets that the student learns with their labels, and all that a model is scored on.
        size: how many are drawn at random.
    """
    dropped: Counter[str] = Counter()
    if size == 0:
        return Unlabelled([], dropped)
    groups = groups_of([row["text"] for row in (*found, *known)]).tolist()
    of_known = set(groups[len(found) :])
    chosen: dict[int, Row] = {}
    for row, group in zip(found, groups, strict=False):
        if group in of_known:
            dropped["near duplicate of a labelled tweet"] += 1
        elif group in chosen:
            dropped["near duplicate"] += 1
        else:
            chosen[group] = row
    rows = list(chosen.values())
    if size != "all" and size < len(rows):
        dropped["not drawn"] = len(rows) - size
        rows = [rows[at] for at in sorted(Random(seed).sample(range(len(rows)), size))]
    return Unlabelled(rows, dropped)


def posts_by_set(posts: Sequence[Path], manifests: Sequence[Path]) -> dict[str, Path]:
    """The posts of each set, whose name its manifest says."""
    names = [read_json(path, "set")["set"] for path in manifests]
    return dict(zip(names, posts, strict=True))
