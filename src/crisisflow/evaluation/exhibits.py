"""The exhibits of the report: tables and figures with their captions, read from artifacts or made of facts of a run."""

import base64
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from crisisflow.annotation.source_report import readable
from crisisflow.artifacts import absent, read_json
from crisisflow.evaluation.results import NOTHING, SCORES, Figure
from crisisflow.taxonomy import SPLITS

# A cell that is a number, with what the tables put around one.
NUMBER = re.compile(r"[-+−~]?[\d,]*\.?\d+ ?%?([–±\s]+[\d.,]+)?( \(best\))?")
GAPS = {"", NOTHING, "N/A", "not run"}

LONG = 40  # characters; a longer cell has words to break it at


class Table(NamedTuple):
    """A table as it is shown; a cell is text, or Markup that is safe already."""

    caption: str
    columns: list[str]
    rows: list[list[str]]

    @property
    def wordy(self) -> list[bool]:
        """Which columns have sentences, and need room."""
        return [any(len(cell) > LONG for cell in column) for column in zip(*self.rows, strict=True)]

    @property
    def numeric(self) -> list[bool]:
        """Which columns hold numbers, and nothing else but gaps."""
        columns = [[cell for cell in column if cell not in GAPS] for column in zip(*self.rows, strict=True)]
        return [bool(cells) and all(NUMBER.fullmatch(cell) for cell in cells) for cells in columns]


class Drawing(NamedTuple):
    """A figure as it is shown: its drawing as an address, so that the page is one file and no two ids in it meet."""

    caption: str
    address: str
    numbers: str  # where the numbers behind it stand


def shown(frame: pd.DataFrame, caption: str) -> Table:
    """A frame of text; names of columns in code become words."""
    words = [name.replace("_", " ") for name in frame.columns]
    return Table(caption, [name[:1].upper() + name[1:] for name in words], frame.to_numpy().tolist())


def _read(path: Path, **options: Any) -> pd.DataFrame:
    try:
        return pd.read_csv(path, **options)
    except FileNotFoundError:
        raise absent(path) from None


def read_table(path: Path, caption: str) -> Table:
    """A CSV, each cell as it stands there.

    Raises:
        CrisisflowError: the file is absent.
    """
    return shown(_read(path, dtype=str, keep_default_na=False), caption)


def read_sources(path: Path, caption: str) -> Table:
    """The CSV of the step source_report, whose cells are plain numbers, as the other tables write theirs.

    Raises:
        CrisisflowError: the file is absent.
    """
    return shown(readable(_read(path, dtype_backend="numpy_nullable")), caption)


def read_drawing(path: Path, caption: str, numbers: str) -> Drawing:
    """An SVG; as an image it runs no script and loads nothing."""
    address = "data:image/svg+xml;base64," + base64.b64encode(path.read_bytes()).decode("ascii")
    return Drawing(caption, address, numbers)


def read_tables(captions: Path) -> dict[str, Table]:
    """The tables of a folder as tables/<name>, those of its captions.json."""
    return {
        f"tables/{name}": read_table(captions.with_name(f"{name}.csv"), caption)
        for name, caption in read_json(captions).items()
    }


def read_drawings(captions: Path) -> dict[str, Drawing]:
    """The figures of a folder as figures/<name>, those of its captions.json."""
    return {
        f"figures/{name}": read_drawing(captions.with_name(f"{name}.svg"), caption, f"figures/{name}.csv")
        for name, caption in read_json(captions).items()
    }


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
        errors: of results/errors.csv (the step errors), as text.
    """
    counts = Counter(zip(*(errors[name] for name in ("task", "kind", "found", "expected")), strict=True))
    return Table(
        "What the surest errors of the chosen row are on the validation split (at most fifty a task), the commonest "
        "first. A miss is a known span where none was found, a false one a span where none is known.",
        ["Task", "Kind", "Found", "Expected", "Errors"],
        [
            [*(part or NOTHING for part in parts), str(number)]
            for parts, number in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        ],
    )


def listed_errors(errors: pd.DataFrame) -> Table:
    """The errors one by one: ids, places (code points of the repaired text), labels, and texts where they are there."""
    caption = "The surest errors of the chosen row, by place: start and end count code points. "
    if "text" in errors:
        caption += "In the text, which is generated, what was found stands in [], what was expected in {}."
    else:
        caption += "Where the corpus is at hand, crisisflow show_errors prints them with their texts."
    return shown(errors.replace("", NOTHING), caption)


def openings(entries: Sequence[Mapping[str, Any]]) -> Table:
    """Each time that the test split was scored, of results/final_test.json (the step final_test)."""

    def score(entry: Mapping[str, Any], name: str) -> str:
        own = entry["scores"].get(name)
        return NOTHING if own is None else str(Figure(own["mean"], own.get("deviation")))

    return Table(
        "Each opening of the test split, the first one first.",
        ["Commit", "Row", "Seeds", "Test tweets", *SCORES.values()],
        [
            [
                entry["commit"],
                entry["row"],
                ", ".join(map(str, entry["seeds"])),
                f"{entry['test_tweets']:,}",
                *(score(entry, name) for name in SCORES),
            ]
            for entry in entries
        ],
    )
