"""Whether the graph helped, in plain words, and the numbers that say so."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from crisisflow.reporting.exhibits import Number
from crisisflow.studies.gnom.comparison import (
    Compared,
    Scores,
    against,
    cells_of,
    gain,
    is_control,
    mean_gain_of_paper,
    of_paper_setting,
)
from crisisflow.studies.gnom.params import Control, GnomParams
from crisisflow.studies.gnom.reproduction import paper_scores
from crisisflow.studies.gnom.score import ALL, FLOOR, WHOLE

CONTROLS: dict[Control, str] = {
    "empty": "the same network without edges",
    "rewired": "the same network with random edges",
    "parameters": "layers of the same size in place of the graph",
}


class Tally(NamedTuple):
    """Of how many comparisons the 95 % interval is above zero, below it, or holds it."""

    better: int
    worse: int
    open: int

    @classmethod
    def of(cls, compared: Iterable[Compared | None]) -> "Tally":
        """Those that were made."""
        found = Counter(own.verdict for own in compared if own is not None)
        return cls(found["holds"], found["does not hold"], found["not decided"])

    @property
    def total(self) -> int:
        return sum(self)

    def __str__(self) -> str:
        return f"better in {self.better}, worse in {self.worse}, not decided in {self.open} of {self.total}"


def against_plain(found: Scores) -> Tally:
    """GNoM against the encoder alone, in all cells but the positive control's."""
    return Tally.of(gain(cell) for *_, cell in cells_of(found))


def against_controls(found: Scores, params: GnomParams) -> dict[Control, Tally]:
    """GNoM against each kind of control, in the same cells."""
    tallies = {}
    for kind in CONTROLS:
        rows = [row for row, own in params.rows.items() if own.control == kind]
        turned = [against(cell["rows"].get(row), WHOLE) for *_, cell in cells_of(found) for row in rows]
        tally = Tally.of(-own for own in turned if own is not None)
        if tally.total:
            tallies[kind] = tally
    return tallies


def answer(found: Scores, params: GnomParams) -> list[str]:
    """The first paragraph of the report: sentences."""
    plain, controls = against_plain(found), against_controls(found, params)
    if not plain.total:
        return ["Did the graph help? This run cannot say: GNoM and the encoder alone were not both run on any setting."]
    sentences = [_verdict(plain, controls)]
    sentences.append(f"A cell is a setting with a share of the labels. GNoM against the encoder alone (TR): {plain}.")
    for kind, tally in controls.items():
        sentences.append(f"GNoM against {CONTROLS[kind]}: {tally}.")
    sentences += _of_positive_control(found, params)
    sentences.append(_of_floor(found))
    sentences.append(_of_paper(found))
    return sentences


def _verdict(plain: Tally, controls: dict[Control, Tally]) -> str:
    """Did the graph help? A gain is one of the graph only if GNoM is also above the controls."""
    begin = "Did the graph help? "
    if not controls:
        return (
            f"{begin}This run cannot say: no control was run beside GNoM but on the positive control, and a gain over "
            "TR may come from the further parameters."
        )
    decided = sum(tally.better - tally.worse for tally in controls.values())
    if any(tally.better for tally in controls.values()) and decided > 0:
        most = "In some cells" if plain.better < plain.total else "Yes, in all cells"
        return f"{begin}{most}: there GNoM is better than a network of the same size that has no graph, or another one."
    if decided < 0:
        return f"{begin}No: GNoM is worse than the same network without its graph in more cells than it is better."
    if plain.better:
        return (
            f"{begin}Not that this run could show: GNoM is better than TR in {plain.better} of {plain.total} cells, "
            "but not better than a network of the same size without the graph."
        )
    return f"{begin}Not that this run could show: GNoM is better than TR in no cell, and than no control."


def _of_positive_control(found: Scores, params: GnomParams) -> list[str]:
    """The set whose answer is only in the unlabelled texts: if the graph fails there, the network does not work."""
    sentences = []
    for setting in found.values():
        if not is_control(setting):
            continue
        cell = setting["shares"][max(setting["shares"], key=int)]
        scores = {row: own["f1"][ALL]["mean"] for row, own in cell["rows"].items()}
        empty = [row for row, own in params.rows.items() if own.control == "empty" and row in scores]
        if WHOLE in scores and empty:
            sentences.append(
                "In the positive control, whose answers only a graph of unlabelled texts can know, GNoM has a "
                f"weighted F1 of {scores[WHOLE]:.1f}, and {scores[empty[0]]:.1f} without edges."
            )
    return sentences


def _of_floor(found: Scores) -> str:
    tally = Tally.of(against(cell["rows"].get(WHOLE), FLOOR) for *_, cell in cells_of(found))
    return f"GNoM against a linear classifier over word counts: {tally}."


def _of_paper(found: Scores) -> str:
    """How much of the paper was run, and what held."""
    parts = []
    for title, some in (("with all labels", lambda share: share == 100), ("with fewer", lambda share: share < 100)):
        asked = {
            (cell.source, cell.target, cell.share)
            for cell in paper_scores()
            if some(cell.share) and cell.source != "MixUp"
        }
        run = [own[0] for one in sorted(asked) if (own := of_paper_setting(found, *one))]
        tally = Tally.of(map(gain, run))
        parts.append(f"of its {len(asked)} settings {title}, {tally.total} were run here and {tally.better} hold")
    return f"The paper says that GNoM is better than the encoder alone everywhere: {'; '.join(parts)}."


def mean_gain(found: Scores) -> tuple[float | None, float | None, Tally]:
    """GNoM less TR with the most labels: the mean over the settings, the paper's over the same ones, and the tally.

    The paper's is the mean over all of its settings where this run has none of them.
    """
    most = max((share for *_, share, _ in cells_of(found)), default=0)
    own = [
        (setting, compared) for _, setting, share, cell in cells_of(found) if share == most and (compared := gain(cell))
    ]
    if not own:
        return None, mean_gain_of_paper(), Tally(0, 0, 0)
    known = {(one.source, one.target) for one in paper_scores()}
    shared = {(setting["source"], setting["target"]) for setting, _ in own} & known
    ours = sum(compared.difference for _, compared in own) / len(own)
    return ours, mean_gain_of_paper(shared or None), Tally.of(compared for _, compared in own)


def opening_numbers(found: Scores, params: GnomParams) -> list[Number]:
    """The mean gain over TR, what is left of it over an empty graph, and the positive control."""
    ours, paper, tally = mean_gain(found)
    numbers = []
    if ours is not None:
        numbers.append(
            Number(
                f"{ours:+.1f}", "Points of weighted F1, GNoM over TR, most labels", f"{tally}; the paper: {paper:+.2f}"
            )
        )
    rows = [row for row, own in params.rows.items() if own.control == "empty"]
    turned = [against(cell["rows"].get(row), WHOLE) for *_, cell in cells_of(found) for row in rows]
    empty = [-own for own in turned if own is not None]
    if empty:
        mean = sum(own.difference for own in empty) / len(empty)
        numbers.append(Number(f"{mean:+.1f}", "Points, GNoM over the same network without edges", str(Tally.of(empty))))
    for setting in found.values():
        cell = setting["shares"][max(setting["shares"], key=int)]
        if is_control(setting) and WHOLE in cell["rows"]:
            compared = [own for row in rows if (own := against(cell["rows"].get(row), WHOLE))]
            if compared:
                difference, interval = (-compared[0]).shown
                numbers.append(
                    Number(
                        difference, "Points, GNoM over no edges, in the positive control", f"95 % interval {interval}"
                    )
                )
    return numbers
