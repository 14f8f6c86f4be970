"""Numbers over the seeds of a run."""

from collections.abc import Iterable
from statistics import mean, stdev
from typing import NamedTuple

NOTHING = "–"


class OverSeeds(NamedTuple):
    """A number over the seeds: its mean and, with more than one seed, its sample standard deviation."""

    mean: float
    deviation: float | None
    seeds: int = 1

    @classmethod
    def over(cls, values: Iterable[float]) -> "OverSeeds":
        """Of one value a seed."""
        found = [float(value) for value in values]  # `statistics` knows no numbers of numpy
        return cls(mean(found), stdev(found) if len(found) > 1 else None, len(found))

    @property
    def half_interval(self) -> float | None:
        """Half the 95 % interval of the mean by Student's t, t_(0.975, n - 1) s / sqrt(n); None of one seed."""
        if self.deviation is None:
            return None
        from scipy.special import stdtrit  # the quantile of t alone; scipy.stats takes a second to import

        return float(stdtrit(self.seeds - 1, 0.975)) * self.deviation / self.seeds**0.5

    def shown(self, form: str) -> str:
        """In this format, such as `.3f`."""
        deviation = "" if self.deviation is None else f" ± {self.deviation:{form.removeprefix('+')}}"
        return f"{self.mean:{form}}{deviation}"

    def __str__(self) -> str:
        return self.shown(".3f")
