"""Exhibits: tables and figures with their captions, read from artifacts."""

import base64
import re
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from crisisflow.artifacts import absent, read_json
from crisisflow.reporting.over_seeds import NOTHING

# A cell that is a number, with what the tables put around one.
NUMBER = re.compile(r"[-+−~]?[\d,]*\.?\d+ ?%?([–±\s]+[\d.,]+)?( \(best\))?")
# Why a cell has no number.
NOT_RUN, NOT_RUN_HERE, NOT_PRINTED, NOT_IN_TEXT, TOO_FEW, ONE_SEED, OTHER_DATA = (
    "not run",
    "not run here",
    "not in the paper",
    "not in our text",
    "too few",
    "one seed",
    "other data",
)
GAPS = {"", NOTHING, "N/A", NOT_RUN, NOT_RUN_HERE, NOT_PRINTED, NOT_IN_TEXT, TOO_FEW, ONE_SEED, OTHER_DATA}

# Columns of names, which stay as they stand: a row may be called 01, NA or null.
NAMES = ("study", "row", "event", "label", "score")

LONG = 40  # characters; a longer cell has words to break it at
FOLDED = 20  # rows; a table with more is shown folded
# Of a caption, what it is called: its first sentence, behind the number that the paper gives it.
TITLE = re.compile(r"(?:(?:Table|Figure) \d+\. )?.+?(?=[.:](?: |$)|$)", re.DOTALL)


class Number(NamedTuple):
    """A number with which a report begins.

    Args:
        measure: what it is. beside: what it is to be compared with, in words.
    """

    value: str
    measure: str
    beside: str


class Table(NamedTuple):
    """A table as it is shown; a cell is text, or Markup that is safe already."""

    caption: str
    columns: list[str]
    rows: list[list[str]]

    @property
    def title(self) -> str:
        """The first sentence of the caption."""
        found = TITLE.match(self.caption)
        return found[0] if found else ""

    @property
    def long(self) -> bool:
        """Whether it is shown folded."""
        return len(self.rows) > FOLDED

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
    numbers: str  # the file of the numbers behind it, from the folder of the page


def shown(frame: pd.DataFrame, caption: str) -> Table:
    """A frame of text; names of columns in code become words."""
    words = [name.replace("_", " ") for name in frame.columns]
    return Table(caption, [name[:1].upper() + name[1:] for name in words], frame.to_numpy().tolist())


def read_frame(path: Path, **options: Any) -> pd.DataFrame:
    """A CSV as a frame: an empty cell is a gap and no other is, and the columns NAMES are text.

    Args:
        options: pandas', in place of these.

    Raises:
        CrisisflowError: the file is absent.
    """
    as_written = {"dtype": dict.fromkeys(NAMES, str), "keep_default_na": False, "na_values": [""]}
    try:
        return pd.read_csv(path, **(as_written | options))
    except FileNotFoundError:
        raise absent(path) from None


def read_cells(path: Path) -> pd.DataFrame:
    """A CSV as a frame of text, each cell as it stands there.

    Raises:
        CrisisflowError: the file is absent.
    """
    return read_frame(path, dtype=str, na_values=None)


def read_table(path: Path, caption: str) -> Table:
    """A CSV, each cell as it stands there.

    Raises:
        CrisisflowError: the file is absent.
    """
    return shown(read_cells(path), caption)


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
