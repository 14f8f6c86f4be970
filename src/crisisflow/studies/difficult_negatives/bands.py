"""Settings: which tweets are taken as negatives, and how many for each positive, by name.

A band of the paper is a stretch of the standardised similarity z to the anchor of a class. The paper's own bands have
both ends: `2sigma` is 1 < |z| ≤ 2. `2sigma_upper` and `2sigma_lower` are one end of it. Of `percentile_…` z is that of
the rank in the sample, as if the similarities were normal; of `nearest_…` the similarity is that to the nearest
positive of the class in place of its anchor. `3sigma_upper_x2` has two negatives for each positive.
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

NO, RANDOM, RANDOM_PLUS, RANDOM_MATCHED, TOP = "none", "random", "random+", "random_matched", "top"
MODEL = "model"  # the tweets in which a first tagger, trained without negatives, marks most
JUDGED = ("dfe", "stream")  # negatives that people judged, from the sets of extra_tests
NOT_MINED = (NO, RANDOM, RANDOM_MATCHED, *JUDGED)  # training settings for which the pool is not mined
PLUS = 10  # negatives of random+ for each positive
RATIOS = {"quarter": 0.25, "half": 0.5, "x2": 2.0, "x4": 4.0}  # of negatives to positives; without one as many
UPPER, LOWER, BOTH = "upper", "lower", "both"

Scale = Literal["anchor", "nearest", "percentile"]
SCALES: tuple[Scale, ...] = ("anchor", "nearest", "percentile")

_BAND = r"(?:(?P<scale>nearest|percentile)_)?(?P<sigmas>[123])sigma(?:_(?P<end>upper|lower))?"
_RATIO = rf"(?:_(?P<ratio>{'|'.join(RATIOS)}))?"
_MINED = rf"{RANDOM}|{RANDOM_MATCHED}|{TOP}|{_BAND}"
_TAKEN = re.compile(rf"(?P<base>{_MINED}|{MODEL}|{'|'.join(JUDGED)}){_RATIO}")
_TESTED, _OWN = re.compile(rf"random\+|{_MINED}"), re.compile(rf"(?:{_MINED}){_RATIO}")

BANDS = (
    "1sigma, 2sigma and 3sigma, each also with _upper or _lower behind it and with nearest_ or percentile_ before it"
)
HOW_MANY = f"behind each may stand how many for each positive: {', '.join(f'_{own}' for own in RATIOS)}"


def _described(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def checked_train(name: str) -> str:
    """The name, if it is a training setting.

    Raises:
        ValueError: it is none; it says which there are.
    """
    if name != NO and not _TAKEN.fullmatch(name):
        others = _described((RANDOM, RANDOM_MATCHED, TOP, MODEL, *JUDGED))
        raise ValueError(f"no training setting is called {name}; there are {NO}; {BANDS}; {others}; {HOW_MANY}")
    return name


def checked_test(name: str) -> str:
    """The name, if it is a test setting.

    Raises:
        ValueError: it is none; it says which there are.
    """
    if not _TESTED.fullmatch(name):
        others = _described((RANDOM, RANDOM_PLUS, RANDOM_MATCHED, TOP))
        raise ValueError(f"no test setting is called {name}; there are {BANDS}; {others}")
    return name


def checked_own(name: str) -> str:
    """The name, if it is a setting of tables of one's own.

    Raises:
        ValueError: it is none; it says which there are.
    """
    if not _OWN.fullmatch(name):
        others = _described((RANDOM, RANDOM_MATCHED, TOP))
        raise ValueError(f"no band is called {name}; there are {BANDS}; {others}; {HOW_MANY}")
    return name


def base_of(name: str) -> str:
    """The name of a setting without how many."""
    found = _TAKEN.fullmatch(name)
    return RANDOM if name == RANDOM_PLUS else found["base"] if found else name


def ratio_of(name: str) -> float:
    """Negatives for each positive."""
    if name == RANDOM_PLUS:
        return PLUS
    found = _TAKEN.fullmatch(name)
    return 0.0 if not found else RATIOS.get(found["ratio"], 1.0)


def random_of(name: str) -> str | None:
    """The training setting with as many random negatives; None of one that has none, or random ones itself."""
    found = _TAKEN.fullmatch(name)
    if not found or found["base"] == RANDOM:
        return None
    return f"{RANDOM}_{found['ratio']}" if found["ratio"] else RANDOM


def quota_of(name: str, positives: int) -> int:
    """How many negatives a setting takes for so many positives; of a setting with any one at least."""
    return max(int(ratio_of(name) * positives + 0.5), 1) if name != NO else 0


class Band(NamedTuple):
    """A stretch of z: low < |z| ≤ high (of the first band also z = 0), at one end or both."""

    name: str
    scale: Scale
    low: int
    high: int
    end: str

    def holds(self, z: np.ndarray) -> np.ndarray:
        """Of each value whether it lies in the band."""
        size = np.abs(z)
        inside = (size <= self.high) & ((size > self.low) if self.low else True)
        if self.end == UPPER:
            return inside & (z > 0)
        return inside & (z < 0) if self.end == LOWER else inside


def band_of(name: str) -> Band | None:
    """The band of a setting; None of one that has none, such as `random`."""
    found = _TAKEN.fullmatch(name)
    if not found or not found["sigmas"]:
        return None
    sigmas = int(found["sigmas"])
    return Band(name, found["scale"] or "anchor", sigmas - 1, sigmas, found["end"] or BOTH)
