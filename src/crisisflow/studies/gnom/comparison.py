"""Scores as the tables, the figures and the report read them: a run's settings beside the paper's, and verdicts."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from crisisflow.reporting.over_seeds import NOTHING, OverSeeds
from crisisflow.studies.gnom.generated import CONTROL
from crisisflow.studies.gnom.reproduction import NAMES, SECOND, Cell, paper_scores
from crisisflow.studies.gnom.score import ALL, PLAIN, WHOLE

Scores = Mapping[str, Any]  # the settings by name, of score.read_scores
Verdict = Literal["holds", "does not hold", "not decided"]
PLAIN_MODELS = ("BERT", "mBERT")


class Compared(NamedTuple):
    """A row less another one, in points, with the 95 % interval of the paired bootstrap over the test tweets."""

    difference: float
    low: float
    high: float

    def __neg__(self) -> "Compared":
        return Compared(-self.difference, -self.high, -self.low)

    @property
    def verdict(self) -> Verdict:
        """Whether the first row is better, as the paper says of GNoM."""
        if self.low > 0:
            return "holds"
        return "does not hold" if self.high < 0 else "not decided"

    @property
    def better(self) -> str:
        """The same of two rows of this run."""
        return {"holds": "better", "does not hold": "worse", "not decided": "may be chance"}[self.verdict]

    @property
    def shown(self) -> tuple[str, str]:
        """The difference, and the interval."""
        return f"{self.difference:+.2f}", f"{self.low:+.2f} to {self.high:+.2f}"


def against(row: Mapping[str, Any] | None, baseline: str, part: str = ALL) -> Compared | None:
    """A row of a setting less a baseline; None where they were not compared."""
    own = row and row["against"].get(baseline, {}).get(part)
    return Compared(**own) if own else None


def shown(own: Mapping[str, Any] | None) -> str:
    """A measure over the seeds; a dash where there is none."""
    return NOTHING if own is None else OverSeeds(own["mean"], own["deviation"], own["runs"]).shown(".2f")


def is_control(setting: Mapping[str, Any]) -> bool:
    """Whether it is the positive control, which only the graph can solve."""
    return setting["source"] == CONTROL


def cells_of(found: Scores) -> Iterator[tuple[str, Mapping[str, Any], int, Mapping[str, Any]]]:
    """Name, setting, share and content of each cell but the positive control's."""
    for name, setting in found.items():
        if not is_control(setting):
            for share, cell in setting["shares"].items():
                yield name, setting, int(share), cell


def of_paper_setting(found: Scores, source: str, target: str, share: int) -> list[Mapping[str, Any]]:
    """The cells of this run that are of a setting of the paper: one for each encoder, in the order of params.yaml."""
    return [
        cell
        for _, setting, own, cell in cells_of(found)
        if (setting["source"], setting["target"], own) == (source, target, share)
    ]


def counterpart(found: Scores, cell: Cell) -> Mapping[str, Any] | None:
    """The row of this run that stands beside a model of the paper; None where it was not run.

    Of GNoMX, and of no other model, it is that of a second encoder.
    """
    own = of_paper_setting(found, cell.source, cell.target, cell.share)
    place = int(cell.model == SECOND)
    return own[place]["rows"].get(NAMES.get(cell.model, "")) if len(own) > place else None


def mean_gain_of_paper(settings: set[tuple[str, str]] | None = None) -> float:
    """How many points GNoM is above the encoder alone with all labels, the mean over the paper's settings.

    Args:
        settings: only these, by source and target; None takes all.
    """
    scores, gains = paper_scores(), []
    for cell, value in scores.items():
        meant = settings is None or (cell.source, cell.target) in settings
        if meant and cell.share == 100 and cell.model in ("GNoMB", "GNoMM"):
            plain = next(scores[other] for name in PLAIN_MODELS if (other := cell._replace(model=name)) in scores)
            gains.append(value - plain)
    return sum(gains) / len(gains)


def gain(cell: Mapping[str, Any]) -> Compared | None:
    """GNoM less the encoder alone."""
    return against(cell["rows"].get(WHOLE), PLAIN)
