"""The paper's numbers (Lamsal et al., arXiv 2502.16839), cell by cell in CSV files, to stand beside a run's.

The files in paper/ are transcribed from the paper's text: `table1` to `table7`, `labelling` (sections 3.2 and 4),
`text_results` (sentences of sections 4 and 5) and `figures` (what the text says of figures 1 to 3). A number is kept as
printed, such as 15.7k; `Printed` reads it.
"""

import re
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from crisisflow.errors import CrisisflowError
from crisisflow.reporting.exhibits import read_cells

FOLDER = Path(__file__).with_name("paper")
NUMBER = re.compile(r"x?(?P<sign>[+-]?)(?P<whole>[\d,]*)(?:\.(?P<decimals>\d+))?(?P<unit>[kM]?)[*%]?")
DECIMAL_PLACES = {"": 0, "k": -3, "M": -6}


class Printed(NamedTuple):
    """A number as printed, and what was rounded to it: [value - half, value + half]."""

    text: str
    value: float
    half: float

    @property
    def low(self) -> float:
        """The least number that rounds to it."""
        return self.value - self.half

    @property
    def high(self) -> float:
        """The greatest number that rounds to it."""
        return self.value + self.half


def printed(text: str) -> Printed:
    """Read a number: `15.7k` is 15,700 ± 50, `x3.5` is 3.5 ± 0.05, `1,057` is 1,057 ± 0.5.

    Raises:
        CrisisflowError: the text is no number as the paper prints them.
    """
    found = NUMBER.fullmatch(text.strip())
    if not found or not (found["whole"] or found["decimals"]):
        raise CrisisflowError(f"{text!r} is no number as the paper prints them")
    decimals = found["decimals"] or ""
    places = len(decimals) + DECIMAL_PLACES[found["unit"]]
    digits = int(found["sign"] + found["whole"].replace(",", "") + decimals)
    # Digits and places apart, since 15.7 * 1000 is not 15700 in floating point.
    scale = 10 ** abs(places)
    value, half = (digits / scale, 0.5 / scale) if places >= 0 else (float(digits * scale), 0.5 * scale)
    return Printed(text, value, half)


def paper_table(name: str) -> pd.DataFrame:
    """One of the paper's tables, each cell as printed; an empty cell is one that our text of the paper does not have.

    Raises:
        CrisisflowError: there is no such table.
    """
    return read_cells(FOLDER / f"{name}.csv")


def column(table: str, name: str) -> dict[str, Printed]:
    """A column of one of the paper's tables, by the table's first column.

    Raises:
        CrisisflowError: there is no such table, or a cell is no number.
    """
    found = paper_table(table)
    return {label: printed(cell) for label, cell in zip(found.iloc[:, 0], found[name], strict=True)}


def stated(table: str, quantity: str) -> Printed:
    """The value of a quantity of `labelling` or `text_results`."""
    return printed(paper_table(table).set_index("quantity").loc[quantity, "value"])
