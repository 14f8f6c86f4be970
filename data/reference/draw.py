"""How the 400 reference tweets were drawn: `python draw.py REPAIRED.parquet`, once, before any was annotated.

Forty of each class, spread over the events as evenly as the class allows, no near duplicates; each second one of an
event within a class is scored, the others are for tuning. Writes tweets.csv beside itself: no text, but its hash.
"""

import hashlib
import random
import sys
from collections import defaultdict
from pathlib import Path

from crisisflow.artifacts import RAW, read_parquet, write_csv
from crisisflow.corpus.leakage import NEAR, tokens
from crisisflow.taxonomy import EVENT_CLASSES

SEED, PER_CLASS = 2026, 40


def main(repaired: Path) -> None:
    rows = read_parquet(repaired, RAW).to_pylist()
    generator = random.Random(SEED)
    chosen: list[dict[str, str]] = []
    seen: list[frozenset[str]] = []
    for label in EVENT_CLASSES:
        waiting: dict[str, list[dict[str, str]]] = defaultdict(list)
        for row in rows:
            if row["class_label"] == label:
                waiting[row["event"]].append(row)
        events = sorted(waiting)
        for event in events:
            generator.shuffle(waiting[event])
        generator.shuffle(events)
        drawn = 0
        while drawn < PER_CLASS:
            for event in events:
                while waiting[event] and drawn < PER_CLASS:
                    row = waiting[event].pop()
                    words = tokens(row["text"])
                    if any(len(words & other) >= NEAR * len(words | other) for other in seen):
                        continue
                    seen.append(words)
                    chosen.append(row)
                    drawn += 1
                    break
    # Sorted by class and event, neighbours go to different halves.
    ordered = sorted(chosen, key=lambda row: (row["class_label"], row["event"]))
    lines = [
        [
            row["tweet_id"],
            row["event"],
            row["class_label"],
            ("tuning", "scored")[at % 2],
            hashlib.sha256(row["text"].encode()).hexdigest(),
        ]
        for at, row in enumerate(ordered)
    ]
    header = ["tweet_id", "event", "class_label", "half", "text_sha256"]
    write_csv(Path(__file__).with_name("tweets.csv"), header, sorted(lines))


main(Path(sys.argv[1]))
