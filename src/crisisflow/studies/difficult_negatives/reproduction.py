"""The paper's numbers (Zhang, Lo and Win Myint, PACIS 2023), to stand beside a run's, and what follows from them.

The files in paper/ are transcribed from the paper's text. It has Tables 2 and 4; Tables 1, 3, 5 and 6 are pictures, of
which the text says little. An empty cell is one that the text does not have.
"""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from crisisflow.reporting.exhibits import read_cells

FOLDER = Path(__file__).with_name("paper")
PRINTED = {"none": "no", "random": "random", "random+": "random+", "1sigma": "1σ", "2sigma": "2σ", "3sigma": "3σ"}
TRAIN = ("none", "random", "1sigma", "2sigma", "3sigma")  # as this study names them
TESTS = {"random": "random", "random+": "random_plus", "1sigma": "1sigma", "2sigma": "2sigma", "3sigma": "3sigma"}
BEST = "2sigma"  # of Table 4
GAIN = 1.54  # points of F1 of train[2σ] over train[random] on test[random+], "Exp. 1"
NEGATIVES = {"random": 1, "random_plus": 10, "1sigma": 1, "2sigma": 1, "3sigma": 1}  # for each positive of a test


def paper_table(name: str) -> pd.DataFrame:
    """One of the paper's tables, each cell as printed."""
    return read_cells(FOLDER / f"{name}.csv")


class Parts(NamedTuple):
    """What F1 of one training setting is made of.

    Args:
        f1: on the positives alone, in percent. false: by test setting, false spans in its negatives for each true span.
    """

    f1: float
    false: dict[str, float]


def decomposed(f1: dict[str, float]) -> Parts:
    """F1 by test setting, in percent, taken apart.

    The true spans, and the false ones within the positives, are the same whichever negatives a test has. From
    1 / F1 = 1 + (FP + FN) / 2 TP follows 1 / F(random+) - 1 / F(random) = 9 FP / 2 TP, where FP is of the negatives of
    `random`; hence F1 without negatives, and the false spans of every other test.

    Args:
        f1: with the keys of NEGATIVES, of tests with the same positives.
    """
    inverse = {name: 100 / value for name, value in f1.items()}
    of_random = (inverse["random_plus"] - inverse["random"]) / (NEGATIVES["random_plus"] - NEGATIVES["random"])
    without = inverse["random"] - of_random
    false = {name: 2 * (own - without) for name, own in inverse.items() if name != "random_plus"}
    return Parts(100 / without, false)


def decomposition() -> dict[str, Parts]:
    """The paper's Table 4 by training setting, taken apart."""
    table = paper_table("table4_f1").set_index("train")
    return {
        train: decomposed({name: float(row[f"test_{name}"]) for name in NEGATIVES}) for train, row in table.iterrows()
    }
