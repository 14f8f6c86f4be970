"""A share of items, with its interval."""

from typing import NamedTuple

CONFIDENCE = 0.95


class Proportion(NamedTuple):
    """A share, and its 95 % interval."""

    value: float
    low: float
    high: float


def wilson(right: float, of: int) -> Proportion:
    """The share `right / of` with its 95 % interval after Wilson (1927, J. Am. Stat. Assoc. 22).

    Args:
        right: may be a mean over seeds, and so no whole number. of: at least 1.
    """
    from statistics import NormalDist

    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    share = right / of
    centre = (share + z**2 / (2 * of)) / (1 + z**2 / of)
    half = z / (1 + z**2 / of) * (share * (1 - share) / of + z**2 / (4 * of**2)) ** 0.5
    # At 0 and 1 a bound is the share itself, but for its last bits.
    return Proportion(share, max(0.0, min(centre - half, share)), min(1.0, max(centre + half, share)))
