"""Subset and split: stratified by class, the same rows from the same seed."""

from collections import Counter
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from crisisflow.artifacts import RAW, TWEETS, read_parquet, write_json, write_parquet
from crisisflow.corpus.leakage import crossing_duplicates
from crisisflow.corpus.stratify import draw
from crisisflow.errors import CrisisflowError
from crisisflow.params import SplitParams
from crisisflow.progress import say
from crisisflow.taxonomy import EVENT_CLASSES, SPLITS


def split_sizes(total: int, shares: SplitParams) -> dict[str, int]:
    """Tweets per split; rounding goes to test. 60,000 at 72/14/14 gives 43,200, 8,400 and 8,400."""
    train, validation = round(total * shares.train), round(total * shares.validation)
    return {"train": train, "validation": validation, "test": total - train - validation}


def _statistics(table: pa.Table) -> dict[str, Any]:
    rows = Counter(zip(table["class_label"].to_pylist(), table["split"].to_pylist(), strict=True))
    events = Counter(table["event"].to_pylist())
    return {
        "tweets": table.num_rows,
        "tweets_per_split": {split: sum(rows[label, split] for label in EVENT_CLASSES) for split in SPLITS},
        "tweets_per_class_and_split": {
            label: {split: rows[label, split] for split in SPLITS} for label in EVENT_CLASSES
        },
        "tweets_per_event": {event or "unknown": count for event, count in events.items()},
        "duplicates_across_splits": crossing_duplicates(table["text"].to_pylist(), table["split"].to_pylist()),
    }


def _show(statistics: dict[str, Any]) -> None:
    width = max(map(len, EVENT_CLASSES))
    say(f"{'class':{width}}" + "".join(f"{split:>12}" for split in SPLITS))
    for label, counts in statistics["tweets_per_class_and_split"].items():
        say(f"{label:{width}}" + "".join(f"{counts[split]:>12,}" for split in SPLITS))
    say(f"{'total':{width}}" + "".join(f"{statistics['tweets_per_split'][split]:>12,}" for split in SPLITS))
    exact, near = (statistics["duplicates_across_splits"][kind] for kind in ("exact", "near"))
    say(
        f"across splits: {exact['texts']} exact texts ({exact['tweets']} tweets), "
        f"{near['pairs']} near pairs (Jaccard >= {near['jaccard']})"
    )


def run(repaired: Path, size: int | Literal["all"], split: SplitParams, seed: int, out: Path, statistics: Path) -> None:
    """Write the drawn tweets, ordered by id, each with its split, and the statistics of the result."""
    table = read_parquet(repaired, RAW)
    if size != "all" and size > table.num_rows:
        raise CrisisflowError(
            f"corpus.size is {size:,} but the source has {table.num_rows:,} tweets; lower it, or say all"
        )
    total = table.num_rows if size == "all" else size
    labels = table["class_label"].to_pylist()
    chosen, _ = draw(list(range(table.num_rows)), labels, total, seed)
    sizes = split_sizes(total, split)
    train, held_out = draw(chosen, labels, sizes["train"], seed)
    validation, test = draw(held_out, labels, sizes["validation"], seed)
    split_of = {
        position: name for name, members in zip(SPLITS, (train, validation, test), strict=True) for position in members
    }
    tweets = table.take(chosen).drop_columns(["official_split"]).append_column("split", [[split_of[p] for p in chosen]])
    facts = _statistics(tweets)
    _show(facts)
    write_parquet(out, tweets, TWEETS)
    write_json(statistics, facts)
