"""Pool: ordinary tweets in the style of both sides, each once, and none that is a crisis tweet of the corpus."""

import hashlib
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from crisisflow.artifacts import TWEETS, read_parquet, write_json, write_parquet
from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.corpus.normalise import normalise
from crisisflow.corpus.normalise_steps import Step
from crisisflow.corpus.sources.texts import read_texts
from crisisflow.corpus.tweet_words import tokens
from crisisflow.errors import CrisisflowError
from crisisflow.inputs import InputFile
from crisisflow.progress import say
from crisisflow.studies.difficult_negatives.collection import NOT_CRISIS
from crisisflow.studies.difficult_negatives.generated import generate
from crisisflow.studies.difficult_negatives.params import SAMPLE, PoolParams

# `text` is normalised, `original` as it came. `words`: of the text, parted at blanks. `source`: null where none is
# told.
POOL = pa.schema(
    [
        ("text_id", pa.string()),
        ("source", pa.string()),
        ("original", pa.string()),
        ("text", pa.string()),
        ("words", pa.int32()),
    ]
)


class Given(NamedTuple):
    """A text as its source has it."""

    text_id: str
    source: str | None
    text: str


def text_id(text: str) -> str:
    """The name of a text that has none: the sha256 of its bytes."""
    return hashlib.sha256(text.encode()).hexdigest()


def _given(params: PoolParams) -> list[Given]:
    if params.source == SAMPLE:
        tweets = generate(params.sample.tweets, params.sample.seed)
        return [Given(text_id(own.text), own.kind, own.text) for own in tweets]
    rows = read_texts(Path(params.source), ("id", "source"))
    return [Given(row.values.get("id") or text_id(row.text), row.values.get("source"), row.text) for row in rows]


def run(tweets: InputFile, urban: InputFile, params: PoolParams, steps: list[Step], out: Path, counts: Path) -> None:
    """Write the pool in the order of its source, and what was read and dropped.

    Args:
        tweets: the corpus; a text with the words of one of its humanitarian tweets is dropped
        urban: tweets of the step urban; so is a text with the words of one of these
        params: section difficult_negatives.pool
        steps: difficult_negatives.normalise
        counts: JSON

    Raises:
        CrisisflowError: the table is not to be read, two different texts have one id, or nothing is left.
    """
    given = _given(params)
    corpus = [row for path in (tweets, urban) for row in read_parquet(path, TWEETS).to_pylist()]
    crisis = {tokens(row["text"]) for row in corpus if row["class_label"] != NOT_CRISIS}
    dropped: Counter[str] = Counter()
    chosen: list[Given] = []
    texts: list[str] = []
    for own in given:
        if params.kinds is not None and own.source not in params.kinds:
            dropped["another kind"] += 1
            continue
        text = normalise(own.text, steps).text
        words = tokens(text)
        if not words:
            dropped["no word"] += 1
        elif words in crisis or tokens(own.text) in crisis:
            dropped["crisis tweet of the corpus"] += 1
        else:
            chosen.append(own)
            texts.append(text)
    first: dict[int, int] = {}
    for at, group in enumerate(groups_of(texts).tolist()):
        first.setdefault(group, at)
    dropped["near duplicate"] = len(texts) - len(first)
    rows = [{**chosen[at]._asdict(), "original": chosen[at].text, "text": texts[at]} for at in first.values()]
    for row in rows:
        row["words"] = len(row["text"].split())
    if not rows:
        raise CrisisflowError(f"no text of the pool {params.source} is left: {_told(dropped)}; give another table")
    repeated = [name for name, times in Counter(row["text_id"] for row in rows).items() if times > 1]
    if repeated:
        raise CrisisflowError(
            f"{params.source}: {len(repeated)} ids of the pool name two texts, {repeated[0]} for one; "
            "mend the column id"
        )
    write_parquet(out, rows, POOL)
    by_source = Counter(row["source"] or "" for row in rows)
    write_json(
        counts,
        {
            "read": len(given),
            "texts": len(rows),
            "dropped": dict(sorted((+dropped).items())),
            "sources": dict(sorted(by_source.items())),
        },
    )
    say(f"pool: {len(rows):,} of {len(given):,} texts; dropped: {_told(dropped)}")


def _told(dropped: Counter[str]) -> str:
    return ", ".join(f"{number:,} {reason}" for reason, number in sorted((+dropped).items())) or "none"
