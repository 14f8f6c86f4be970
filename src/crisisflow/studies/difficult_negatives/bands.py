"""Bands: which tweets a setting takes as negatives, by name.

A band of the paper is a stretch of the standardised similarity z to the anchor of a class. The paper's own bands have
both ends: `2sigma` is 1 < |z| ≤ 2. `2sigma_upper` and `2sigma_lower` are one end of it. Of `percentile_…` z is that of
the rank in the sample, as if the similarities were normal; of `nearest_…` the similarity is that to the nearest
positive of the class in place of its anchor.
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

NO, RANDOM, RANDOM_PLUS, RANDOM_MATCHED, TOP = "none", "random", "random+", "random_matched", "top"
WITHOUT_BAND = (RANDOM, RANDOM_MATCHED, TOP)
NOT_MINED = (NO, RANDOM, RANDOM_MATCHED)  # training settings that look at no similarity
PLUS = 10  # negatives of random+ for each positive
UPPER, LOWER, BOTH = "upper", "lower", "both"

Scale = Literal["anchor", "nearest", "percentile"]
SCALES: tuple[Scale, ...] = ("anchor", "nearest", "percentile")

_NAME = re.compile(r"(?:(?P<scale>nearest|percentile)_)?(?P<sigmas>[123])sigma(?:_(?P<end>upper|lower))?")
PATTERN = rf"(?:{'|'.join(WITHOUT_BAND)}|(?:nearest_|percentile_)?[123]sigma(?:_upper|_lower)?)"  # of a name


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
    """The band of a name; None of a setting that has none, such as `random`."""
    found = _NAME.fullmatch(name)
    if not found:
        return None
    sigmas = int(found["sigmas"])
    return Band(name, found["scale"] or "anchor", sigmas - 1, sigmas, found["end"] or BOTH)


def bands_of(names: Sequence[str]) -> list[Band]:
    """The bands among settings, in their order."""
    return [band for band in map(band_of, names) if band is not None]
