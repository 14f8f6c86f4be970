"""Scores as the tables, the figures and the report read them: a run's settings beside the paper's, and verdicts."""

from collections.abc import Iterator, Mapping, Sequence
from math import erfc, sqrt
from statistics import NormalDist
from typing import Any, Literal, NamedTuple

from crisisflow.reporting.over_seeds import NOTHING, OverSeeds
from crisisflow.studies.gnom.generated import CONTROL
from crisisflow.studies.gnom.params import GENERATED, Control, GnomParams
from crisisflow.studies.gnom.reproduction import NAMES, SECOND, Cell, paper_scores
from crisisflow.studies.gnom.score import ALL, PLAIN, WHOLE

Scores = Mapping[str, Any]  # the settings by name, of score.read_scores
Verdict = Literal["holds", "does not hold", "not decided"]
PLAIN_MODELS = ("BERT", "mBERT")
SIGNIFICANCE = 0.05
ERRORS = NormalDist().inv_cdf(1 - SIGNIFICANCE / 2)  # standard errors of half an interval


class Compared(NamedTuple):
    """A row less another one, in points, with the 95 % interval of the paired bootstrap over the test tweets."""

    difference: float
    low: float
    high: float

    def __neg__(self) -> "Compared":
        return Compared(*(0.0 - value for value in (self.difference, self.high, self.low)))  # no -0.0

    @property
    def verdict(self) -> Verdict:
        """Whether the first row is better, as the paper says of GNoM."""
        if self.low > 0:
            return "holds"
        return "does not hold" if self.high < 0 else "not decided"

    @property
    def p_of_better(self) -> float:
        """The two-sided p-value of a difference above zero; 1 of any other.

        From the interval: the half of it that faces zero is 1.96 standard errors (Altman and Bland 2011, "How to obtain
        the P value from a confidence interval"). So it is below 0.05 where the interval is above zero.
        """
        if self.difference <= 0:
            return 1.0
        half = self.difference - self.low
        return erfc(ERRORS * self.difference / half / sqrt(2)) if half > 0 else 0.0

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


def counted_cells(found: Scores, params: GnomParams) -> Iterator[tuple[str, Mapping[str, Any], int, Mapping[str, Any]]]:
    """Those of `cells_of` that count once in a tally: a set whose labels are mapped twice (FIRE16) counts once."""
    seen: dict[Any, str] = {}
    for name, setting, share, cell in cells_of(found):
        content = (*(_content(setting[key], params) for key in ("source", "target")), setting["encoder"])
        if seen.setdefault(content, name) == name:
            yield name, setting, share, cell


def _content(name: str, params: GnomParams) -> tuple[Any, ...]:
    """What two sets have in common that are the same tweets with other classes."""
    own = params.sets[name]
    return (name,) if own.reader == GENERATED else (own.reader, own.path, own.task, tuple(own.events or ()))


def controls_of(params: GnomParams) -> dict[Control, list[str]]:
    """The rows of each kind of control that differ from GNoM in that alone."""
    found: dict[Control, list[str]] = {}
    whole = params.rows.get(WHOLE)
    for row, own in params.rows.items():
        if whole and own.control and (own.graph, own.importance) == (whole.graph, whole.importance):
            found.setdefault(own.control, []).append(row)
    return found


def by_holm(values: Sequence[float], level: float = SIGNIFICANCE) -> list[bool]:
    """Which of these p-values are significant together (Holm 1979)."""
    found = [False] * len(values)
    for place, at in enumerate(sorted(range(len(values)), key=lambda at: values[at])):
        if values[at] > level / (len(values) - place):
            break
        found[at] = True
    return found


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


def panels_of(found: Scores) -> dict[tuple[str, str], list[str]]:
    """The settings of this run by source and target: one for each encoder, in the order of params.yaml."""
    panels: dict[tuple[str, str], list[str]] = {}
    for name, setting in found.items():
        if not is_control(setting):
            panels.setdefault((setting["source"], setting["target"]), []).append(name)
    return panels


def panel_of(cell: Cell, panels: Mapping[tuple[str, str], Sequence[str]]) -> str | None:
    """The setting of this run beside which a number of the paper stands.

    That of GNoMX stands beside the second encoder, all others beside the first one; None where it was not run.
    """
    own = panels.get((cell.source, cell.target), ())
    return own[min(int(cell.model == SECOND), len(own) - 1)] if own else None


def gain(cell: Mapping[str, Any]) -> Compared | None:
    """GNoM less the encoder alone."""
    return against(cell["rows"].get(WHOLE), PLAIN)
