"""Urban reference: tweets of unseen urban events in which the crisis phrases were marked, kept without their texts."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from crisisflow.annotation.agreement import TOKEN
from crisisflow.delimited import read_records
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.agreement import kappa
from crisisflow.studies.difficult_negatives.urban_types import urban_labels

Mark = tuple[int, int, str]  # start and end in code points, label
Marks = Mapping[str, list[Mark]]  # of each tweet, in their order


class Reference(NamedTuple):
    """The marked tweets: the event of each, the marks that count, and those of each of the two passes."""

    events: dict[str, str]
    marks: Marks
    passes: dict[str, Marks]


def read_reference(folder: Path, texts: Mapping[str, str]) -> Reference:
    """The tweets of tweets.csv with their marks; without the file none.

    Args:
        texts: by id, as the set has them.

    Raises:
        CrisisflowError: a tweet is absent or has another text than the marked one, or a line is broken.
    """
    if not (listed := folder / "tweets.csv").exists():
        return Reference({}, {}, {})
    events = {}
    for number, row in read_records(listed, ",", ("tweet_id", "event", "text_sha256")):
        text = texts.get(row["tweet_id"])
        if text is None or hashlib.sha256(text.encode()).hexdigest() != row["text_sha256"]:
            raise CrisisflowError(
                f"{listed}, line {number}: tweet {row['tweet_id']} is not in CrisisLexT26 with the text that was "
                "marked; fetch the set again"
            )
        events[row["tweet_id"]] = row["event"]
    passes: dict[str, Marks] = {}
    for name, mark in _marks(folder / "passes.csv", ("annotator",), events, texts):
        passes.setdefault(name[0], {tweet_id: [] for tweet_id in events})[mark[0]].append(mark[1])
    marks: dict[str, list[Mark]] = {tweet_id: [] for tweet_id in events}
    for _, (tweet_id, own) in _marks(folder / "spans.csv", (), events, texts):
        marks[tweet_id].append(own)
    return Reference(events, marks, passes)


def _marks(
    path: Path, key: tuple[str, ...], events: Mapping[str, str], texts: Mapping[str, str]
) -> Iterable[tuple[list[str], tuple[str, Mark]]]:
    known = urban_labels().entities
    for number, row in read_records(path, ",", (*key, "tweet_id", "start", "end", "label")):
        try:
            start, end = int(row["start"]), int(row["end"])
        except ValueError:
            raise CrisisflowError(f"{path}, line {number}: start and end must be numbers") from None
        if row["tweet_id"] not in events or row["label"] not in known:
            raise CrisisflowError(f"{path}, line {number}: give a tweet of tweets.csv and one of {', '.join(known)}")
        if not 0 <= start < end <= len(texts[row["tweet_id"]]):
            raise CrisisflowError(f"{path}, line {number}: {start}-{end} is no stretch of the tweet's text")
        yield [row[name] for name in key], (row["tweet_id"], (start, end, row["label"]))


def _labels_of_words(text: str, marks: Iterable[Mark]) -> list[int]:
    """The number of the type in which each word is; 0 in none."""
    known = urban_labels().entities
    places = [match.start() for match in TOKEN.finditer(text)]
    found = [0] * len(places)
    for start, end, label in marks:
        for at, place in enumerate(places):
            if start <= place < end:
                found[at] = known.index(label) + 1
    return found


def compared(texts: Mapping[str, str], true: Marks, found: Marks) -> dict[str, Any]:
    """How far two codings of the same tweets agree: exact spans, words, and Cohen's kappa over the words' types.

    Args:
        true: which are taken as right, and whose tweets are read.
    """
    known = len(urban_labels().entities) + 1
    table = np.zeros((known, known), dtype=np.int64)
    hits = 0
    for tweet_id, own in true.items():
        hits += len({*own} & {*found.get(tweet_id, [])})
        words = (_labels_of_words(texts[tweet_id], marks) for marks in (own, found.get(tweet_id, [])))
        np.add.at(table, tuple(np.array(each, dtype=np.int64) for each in words), 1)
    inside = int(np.trace(table) - table[0, 0])
    value = float(kappa(table)) if table.sum() else float("nan")
    return {
        "spans": _rates(hits, sum(map(len, true.values())), sum(len(found.get(own, [])) for own in true)),
        "words": _rates(inside, int(table[1:].sum()), int(table[:, 1:].sum())),
        "kappa": value if np.isfinite(value) else None,
    }


def _rates(hits: int, true: int, found: int) -> dict[str, float | int | None]:
    return {
        "true": true,
        "found": found,
        "precision": hits / found if found else None,
        "recall": hits / true if true else None,
        "f1": 2 * hits / (true + found) if true + found else None,
    }


def by_tweet(marks: Iterable[tuple[str, Mark]]) -> dict[str, list[Mark]]:
    """Marks by tweet, in their order."""
    found: dict[str, list[Mark]] = defaultdict(list)
    for tweet_id, own in marks:
        found[tweet_id].append(own)
    return dict(found)
