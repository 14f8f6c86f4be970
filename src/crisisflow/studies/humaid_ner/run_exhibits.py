"""Exhibits that the report makes of facts of a run: the corpus, the annotation sources, the errors, the test split."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from crisisflow.annotation.source_report import readable
from crisisflow.reporting.exhibits import Table, read_frame, shown
from crisisflow.reporting.over_seeds import NOTHING, OverSeeds
from crisisflow.studies.humaid_ner.rows import SCORE_HEADINGS
from crisisflow.taxonomy import SPLITS


def read_sources(path: Path, caption: str) -> Table:
    """The CSV of the step source_report, whose cells are plain numbers, as the other tables write theirs.

    Raises:
        CrisisflowError: the file is absent.
    """
    return shown(readable(read_frame(path, dtype_backend="numpy_nullable")), caption)


def classes_and_splits(corpus: Mapping[str, Any]) -> Table:
    """Tweets by class and split, of the statistics of the step subset."""
    counts = corpus["tweets_per_class_and_split"]
    rows = [
        [label, *(f"{own[split]:,}" for split in SPLITS), f"{sum(own.values()):,}"] for label, own in counts.items()
    ]
    return Table("Tweets by humanitarian class and split.", ["Class", *map(str.capitalize, SPLITS), "Total"], rows)


def kinds_of_errors(errors: pd.DataFrame) -> Table:
    """How often each confusion is among the most confident errors.

    Args:
        errors: of results/humaid_ner/errors.csv (the step confident_errors), as text.
    """
    counts = Counter(zip(*(errors[name] for name in ("task", "kind", "found", "expected")), strict=True))
    return Table(
        "What the most confident errors of the chosen row are on the validation split (at most fifty a task), the "
        "commonest first. A miss is a known span where none was found, a false one a span where none is known.",
        ["Task", "Kind", "Found", "Expected", "Errors"],
        [
            [*(part or NOTHING for part in parts), str(number)]
            for parts, number in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        ],
    )


def listed_errors(errors: pd.DataFrame) -> Table:
    """The errors one by one: ids, places (code points of the repaired text), labels, and texts where they are there."""
    caption = "The most confident errors of the chosen row, by place: start and end count code points. "
    if "text" in errors:
        caption += "In the text, which is generated, what was found stands in [], what was expected in {}."
    else:
        caption += "Where the corpus is at hand, crisisflow show_errors prints them with their texts."
    return shown(errors.replace("", NOTHING), caption)


def openings(entries: Sequence[Mapping[str, Any]]) -> Table:
    """Each time that the test split was scored, of results/humaid_ner/final_test.json (the step final_test)."""

    def score(entry: Mapping[str, Any], name: str) -> str:
        own = entry["scores"].get(name)
        return NOTHING if own is None else str(OverSeeds(own["mean"], own.get("deviation")))

    return Table(
        "Each opening of the test split, the first one first.",
        ["Commit", "Row", "Seeds", "Test tweets", *SCORE_HEADINGS.values()],
        [
            [
                entry["commit"],
                entry["row"],
                ", ".join(map(str, entry["seeds"])),
                f"{entry['test_tweets']:,}",
                *(score(entry, name) for name in SCORE_HEADINGS),
            ]
            for entry in entries
        ],
    )
