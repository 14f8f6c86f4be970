"""Subset and split: stratified by class, the same rows from the same seed."""

from array import array
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from crisisflow.artifacts import RAW, TWEETS, parquet_writer, read_in_parts, write_json
from crisisflow.corpus.events import UNKNOWN, event_name
from crisisflow.corpus.leakage import crossing_duplicates
from crisisflow.corpus.stratify import draw
from crisisflow.errors import CrisisflowError
from crisisflow.inputs import InputFile
from crisisflow.params import Positive, Seed, SplitParams
from crisisflow.progress import say
from crisisflow.taxonomy import CLASSES, SPLITS

# The numbers of the classes give the draw that their names would give: in both the order is that of the alphabet.
CLASSES = sorted(CLASSES)
UNDRAWN = len(SPLITS)


def split_sizes(total: int, shares: SplitParams) -> dict[str, int]:
    """Tweets per split; rounding goes to test. 60,000 at 72/14/14 gives 43,200, 8,400 and 8,400."""
    train, validation = round(total * shares.train), round(total * shares.validation)
    return {"train": train, "validation": validation, "test": total - train - validation}


def _values(tweets: Path, *columns: str) -> Iterator[tuple[str, ...]]:
    """The values of some columns of a tweets file, row by row, read as they are needed."""
    for table in read_in_parts(tweets, TWEETS):
        yield from zip(*(table[column].to_pylist() for column in columns), strict=True)


def _statistics(tweets: Path) -> dict[str, Any]:
    rows: Counter[tuple[str, str]] = Counter()
    events: Counter[str] = Counter()
    for (label, split, event), count in Counter(_values(tweets, "class_label", "split", "event")).items():
        rows[label, split] += count
        events[event_name(event) or UNKNOWN] += count
    return {
        "tweets": rows.total(),
        "tweets_per_split": {split: sum(rows[label, split] for label in CLASSES) for split in SPLITS},
        "tweets_per_class_and_split": {label: {split: rows[label, split] for split in SPLITS} for label in CLASSES},
        "tweets_per_event": dict(events),
        "duplicates_across_splits": crossing_duplicates(_values(tweets, "text", "split")),
    }


def _show(statistics: dict[str, Any]) -> None:
    width = max(map(len, CLASSES))
    say(f"{'class':{width}}" + "".join(f"{split:>12}" for split in SPLITS))
    for label, counts in statistics["tweets_per_class_and_split"].items():
        say(f"{label:{width}}" + "".join(f"{counts[split]:>12,}" for split in SPLITS))
    say(f"{'total':{width}}" + "".join(f"{statistics['tweets_per_split'][split]:>12,}" for split in SPLITS))
    exact, near = (statistics["duplicates_across_splits"][kind] for kind in ("exact", "near"))
    say(
        f"across splits: {exact['texts']} exact texts ({exact['tweets']} tweets), "
        f"{near['pairs']} near pairs (Jaccard >= {near['jaccard']})"
    )


def _draw_splits(labels: Sequence[Hashable], total: int, shares: SplitParams, seed: int) -> np.ndarray:
    """For each tweet the place of its split in SPLITS, or UNDRAWN; `total` are drawn, stratified by label.

    Raises:
        CrisisflowError: a class is too small to be stratified.
    """
    chosen, _ = draw(list(range(len(labels))), labels, total, seed)
    sizes = split_sizes(total, shares)
    train, held_out = draw(chosen, labels, sizes["train"], seed)
    validation, test = draw(held_out, labels, sizes["validation"], seed)
    splits = np.full(len(labels), UNDRAWN, np.uint8)
    for at, members in enumerate((train, validation, test)):
        splits[members] = at
    return splits


def _write(repaired: Path, splits: np.ndarray, out: Path) -> None:
    """Write the drawn tweets, each with its split, part by part."""
    names = np.array(SPLITS)
    first = 0
    with parquet_writer(out, TWEETS) as append:
        for table in read_in_parts(repaired, RAW):
            own = splits[first : first + table.num_rows]
            first += table.num_rows
            drawn = np.flatnonzero(own != UNDRAWN)
            split = pa.array(names[own[drawn]], pa.string())
            append(table.take(drawn).drop_columns(["official_split"]).append_column(TWEETS.field("split"), split))


def run(
    repaired: InputFile,
    size: Positive | Literal["all"],
    split: SplitParams,
    seed: Seed,
    out: Path,
    statistics: Path,
) -> None:
    """Write the drawn tweets, ordered by id, each with its split, and the statistics of the result.

    The texts pass part by part. What grows with the tweets is the draw and after it the search for duplicates (see
    `crossing_duplicates`).

    Args:
        repaired: the tweets of the step repair
        size: tweets to draw, or all
        split: section corpus.split
        statistics: JSON
    """
    labels = array("B")
    for table in read_in_parts(repaired, RAW):
        labels.extend(map(CLASSES.index, table["class_label"].to_pylist()))
    if size != "all" and size > len(labels):
        raise CrisisflowError(
            f"corpus.size is {size:,} but the source has {len(labels):,} tweets; lower it, or say all"
        )
    total = len(labels) if size == "all" else size
    try:
        splits = _draw_splits(labels, total, split, seed)
    except CrisisflowError:
        # It fails again, and then names the classes: as names they take many times the memory.
        splits = _draw_splits([CLASSES[number] for number in labels], total, split, seed)
    _write(repaired, splits, out)
    facts = _statistics(out)
    _show(facts)
    write_json(statistics, facts)
