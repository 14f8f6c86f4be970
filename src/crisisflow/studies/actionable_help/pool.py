"""Pool: the tweets to be labelled, prepared, each with its group of near duplicates, its event and its month."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pyarrow as pa

from crisisflow.artifacts import read_json, read_parquet, write_json, write_parquet
from crisisflow.corpus.events import month_of
from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.corpus.sources.posts import POSTS
from crisisflow.corpus.texts import prepare
from crisisflow.corpus.tweet_words import tokens
from crisisflow.errors import CrisisflowError
from crisisflow.inputs import InputFile
from crisisflow.params import TextsParams
from crisisflow.progress import say
from crisisflow.studies.actionable_help.params import PoolParams

# (set, tweet_id) names a tweet. `text` is prepared. Tweets of one `group` are near duplicates, whatever their sets.
# `time` is UTC; `month` is YYYY-MM. Both are null where nothing tells them.
POOL = pa.schema(
    [
        ("set", pa.string()),
        ("tweet_id", pa.string()),
        ("text", pa.string()),
        ("group", pa.int32()),
        ("event", pa.string()),
        ("month", pa.string()),
        ("time", pa.timestamp("ms", tz="UTC")),
    ]
)


class Tweet(NamedTuple):
    """A tweet of a set, with its prepared text."""

    set: str
    tweet_id: str
    text: str
    event: str | None
    time: datetime | None

    @property
    def month(self) -> str | None:
        """YYYY-MM of its time; where nothing tells the time, that of its event."""
        return f"{self.time:%Y-%m}" if self.time else month_of(self.event)


def _tweets(name: str, posts: Path, texts: TextsParams, counts: Counter[str]) -> list[Tweet]:
    table = read_parquet(posts, POSTS).select(["tweet_id", "text", "event", "time"])
    return [
        Tweet(name, row["tweet_id"], prepare(row["text"], texts, counts), row["event"], row["time"])
        for row in table.to_pylist()
    ]


def run(
    posts: Sequence[InputFile],
    manifests: Sequence[InputFile],
    params: PoolParams,
    texts: TextsParams,
    out: Path,
    counts: Path,
) -> None:
    """Write the pool, ordered as its sets are, and what was read and dropped.

    Args:
        posts: of each set, in the order of section actionable_help.pool. manifests: what was read for each.
        params: section actionable_help.pool
        texts: section actionable_help.texts
        counts: JSON

    Raises:
        CrisisflowError: a file is of another set than params names, a set has no tweets, or the pool is smaller than
            its size.
    """
    facts = [read_json(path, "set", "files") for path in manifests]
    if [own["set"] for own in facts] != params.sets or len(posts) != len(facts):
        raise CrisisflowError(f"the posts are not those of the sets {', '.join(params.sets)}, in this order")
    prepared: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    tweets: list[Tweet] = []
    read: dict[str, dict[str, Any]] = {}
    for name, path, own in zip(params.sets, posts, facts, strict=True):
        found = _tweets(name, path, texts, prepared)
        read[name] = {"read": len(found), "files": own["files"]}
        tweets += [tweet for tweet in found if tokens(tweet.text)]
        dropped["no word"] += len(found) - sum(tweet.set == name for tweet in tweets)
    groups = groups_of([tweet.text for tweet in tweets]).tolist()
    kept = _first_of_each(tweets, groups, params.deduplicate)
    dropped[f"{params.deduplicate} duplicate"] = len(tweets) - len(kept)
    drawn = _drawn(kept, [tweets[at].set for at in kept], params)
    dropped["not drawn"] = len(kept) - len(drawn)
    kept = drawn
    rows = [{**tweets[at]._asdict(), "month": tweets[at].month, "group": groups[at]} for at in kept]
    by_set = Counter(tweets[at].set for at in kept)
    for name, own in read.items():
        own["kept"] = by_set[name]
    report = {
        "tweets": len(kept),
        "groups": len({groups[at] for at in kept}),
        "sets": read,
        "dropped": dict(sorted((+dropped).items())),
        "prepared": dict(sorted(prepared.items())),
        "without_month": sum(tweets[at].month is None for at in kept),
    }
    write_parquet(out, rows, POOL)
    write_json(counts, report)
    say(f"pool: {len(kept):,} tweets in {report['groups']:,} groups; {(+dropped).total():,} dropped")


def _first_of_each(tweets: Sequence[Tweet], groups: Sequence[int], deduplicate: str) -> list[int]:
    """The places of the tweets that are kept: the first of each text, or of each group."""
    keys: Sequence[Any] = {
        "none": range(len(tweets)),
        "exact": [tweet.text for tweet in tweets],
        "near": groups,
    }[deduplicate]
    first: dict[Any, int] = {}
    for at, key in enumerate(keys):
        first.setdefault(key, at)
    return list(first.values())


def _drawn(kept: Sequence[int], sets: Sequence[str], params: PoolParams) -> list[int]:
    """Those of the places `kept` that the size asks for, in their order.

    Args:
        sets: the set of each place.

    Raises:
        CrisisflowError: there are fewer.
    """
    generator = Random(params.seed)
    if isinstance(params.size, int):
        return _some(kept, params.size, generator, "actionable_help.pool.size", "its sets have")
    drawn: list[int] = []
    for name in params.sets:
        own = [at for at, of in zip(kept, sets, strict=True) if of == name]
        size = params.sizes.get(name, len(own))
        drawn += _some(own, size, generator, f"actionable_help.pool.size.{name}", "the set has")
    return sorted(drawn)


def _some(kept: Sequence[int], size: int, generator: Random, key: str, there: str) -> list[int]:
    if size > len(kept):
        raise CrisisflowError(f"{key} is {size:,} but {there} {len(kept):,} tweets: lower it, or all")
    return sorted(generator.sample(kept, size))
