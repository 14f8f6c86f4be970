"""Whether the graph helped, in plain words, and the numbers that say so."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from crisisflow.reporting.exhibits import Number
from crisisflow.studies.gnom.comparison import (
    SIGNIFICANCE,
    Compared,
    Scores,
    against,
    by_holm,
    cells_of,
    controls_of,
    counted_cells,
    gain,
    is_control,
    mean_gain_of_paper,
    of_paper_setting,
)
from crisisflow.studies.gnom.params import Control, GnomParams
from crisisflow.studies.gnom.reproduction import paper_scores
from crisisflow.studies.gnom.score import ALL, FLOOR, PLAIN, WHOLE

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


class Judged(NamedTuple):
    """A cell that can tell the graph from the mere parameters: GNoM less TR, and less each control that ran there."""

    name: str
    share: int
    plain: Compared
    controls: list[tuple[str, Compared]]  # rows; one without edges at least

    @property
    def p_of_help(self) -> float:
        """The p-value of being better than all of them, which is the largest one (an intersection-union test)."""
        return max(self.plain.p_of_better, *(own.p_of_better for _, own in self.controls))

    @property
    def worse_than(self) -> list[str]:
        """The controls that GNoM is worse than."""
        return [row for row, own in self.controls if own.verdict == "does not hold"]

    def __str__(self) -> str:
        return f"{self.name} with {self.share} %"


def judged_cells(found: Scores, params: GnomParams) -> list[Judged]:
    """The cells where TR and a graph without edges ran beside GNoM, without the positive control's."""
    rows = controls_of(params)
    cells = []
    for name, _, share, cell in counted_cells(found, params):
        plain = gain(cell)
        controls = {
            row: -own
            for kind in CONTROLS
            for row in rows.get(kind, ())
            if (own := against(cell["rows"].get(row), WHOLE)) is not None
        }
        if plain is not None and controls.keys() & {*rows.get("empty", ())}:
            cells.append(Judged(name, share, plain, [*controls.items()]))
    return cells


def helped(cells: Sequence[Judged]) -> list[Judged]:
    """The cells where GNoM is better than TR and than every control that ran there, by Holm's correction."""
    significant = by_holm([cell.p_of_help for cell in cells])
    return [cell for cell, own in zip(cells, significant, strict=True) if own]


def against_plain(found: Scores, params: GnomParams) -> Tally:
    """GNoM against the encoder alone, in all cells but the positive control's."""
    return Tally.of(gain(cell) for *_, cell in counted_cells(found, params))


def against_controls(found: Scores, params: GnomParams) -> dict[Control, Tally]:
    """GNoM against each kind of control, in all cells but the positive control's."""
    tallies, rows = {}, controls_of(params)
    for kind in CONTROLS:
        turned = [
            against(cell["rows"].get(row), WHOLE)
            for *_, cell in counted_cells(found, params)
            for row in rows.get(kind, ())
        ]
        tally = Tally.of(-own for own in turned if own is not None)
        if tally.total:
            tallies[kind] = tally
    return tallies


def answer(found: Scores, params: GnomParams) -> list[str]:
    """The first paragraph of the report: sentences."""
    plain, cells = against_plain(found, params), judged_cells(found, params)
    if not plain.total:
        begin = "Did the graph help? This run cannot say: GNoM and the encoder alone were not both run on any setting."
        return [begin, *_of_positive_control(found, params)]
    sentences = [verdict(cells)]
    if cells:
        sentences.append(_of_chance(len(cells), len(params.seeds)))
    sentences += _of_positive_control(found, params)
    sentences.append(f"GNoM against the encoder alone (TR), by uncorrected intervals: {plain}.")
    if cells:
        shares = ", ".join(str(share) for share in sorted({cell.share for cell in cells}, reverse=True))
        sentences.append(
            f"The controls ran in {len(cells)} of these {plain.total} cells, with {shares} % of the labels. In the "
            "other cells a gain over TR may come from the further parameters."
        )
    for kind, tally in against_controls(found, params).items():
        sentences.append(f"GNoM against {CONTROLS[kind]}: {tally}.")
    sentences.append(_of_floor(found, params))
    sentences.append(_of_paper(found, params))
    return sentences


def verdict(cells: Sequence[Judged]) -> str:
    """Did the graph help? A gain is one of the graph only where GNoM is also better than every control."""
    begin = "Did the graph help? "
    if not cells:
        return (
            f"{begin}This run cannot say: in no cell but the positive control's did the same network without edges and "
            "the encoder alone run beside GNoM, and a gain over TR may come from the further parameters."
        )
    better, worse = helped(cells), [cell for cell in cells if cell.worse_than]
    than = "better than the encoder alone (TR) and than every control that ran there"
    if len(better) == len(cells):
        said = f"Yes, in {'all ' if len(cells) > 1 else ''}{_with_controls(cells)}: GNoM is {than}."
    elif better:
        where = ", ".join(map(str, better))
        said = f"In {len(better)} of {_with_controls(cells)} ({where}): there GNoM is {than}."
    else:
        no = "No" if worse else "Not that this run could show"
        none = (
            f"in none of {_with_controls(cells)} is GNoM"
            if len(cells) > 1
            else f"in {_with_controls(cells)} GNoM is not"
        )
        said = f"{no}: {none} {than}."
    if worse:
        parts = (f"{cell}: than {' and '.join(cell.worse_than)}" for cell in worse)
        said += f" GNoM is worse than a control in {len(worse)} of {_with_controls(cells)} ({'; '.join(parts)})."
    return begin + said


def _with_controls(cells: Sequence[Judged]) -> str:
    return "the one cell that has controls" if len(cells) == 1 else f"the {len(cells)} cells that have controls"


def _of_chance(cells: int, seeds: int) -> str:
    """What the verdict's chances are, and which one it does not know."""
    over = "There is one seed" if seeds == 1 else f"The scores are means over {seeds} seeds"
    cells_in_words = "this cell" if cells == 1 else f"these {cells} cells"
    return (
        f"A cell is a setting with a share of the labels. Better is a p-value below {SIGNIFICANCE} by Holm’s "
        f"correction over {cells_in_words}, from the 95 % intervals of the paired bootstrap; worse is an interval "
        "below zero, without correction. The intervals know the chance of the test tweets alone. "
        f"{over}: the chance of the training and of the draw of the labels is not in them."
    )


def _of_positive_control(found: Scores, params: GnomParams) -> list[str]:
    """The set whose answer is only in the unlabelled texts, and what the printed attention does there."""
    settings = [setting for setting in found.values() if is_control(setting)]
    if not any(WHOLE in cell["rows"] for setting in settings for cell in setting["shares"].values()):
        return ["The positive control was not run, so nothing here shows that the network can use a graph."]
    return [sentence for setting in settings for sentence in _of_control_setting(setting, params)]


def _of_control_setting(setting: Mapping[str, Any], params: GnomParams) -> list[str]:
    sentences = []
    most = max(setting["shares"], key=int)
    for share in sorted(setting["shares"], key=int, reverse=True):
        rows = setting["shares"][share]["rows"]
        if WHOLE not in rows:
            continue
        scores = {row: f"{own['f1'][ALL]['mean']:.1f}" for row, own in rows.items()}
        others = [
            f"{scores[row]} {words}{_told(rows, row)}"
            for row, words in (
                *((row, "without edges") for row in controls_of(params).get("empty", ())),
                (PLAIN, "for the encoder alone"),
                (FLOOR, "for the linear classifier"),
            )
            if row in scores
        ]
        printed = "GNoM as printed" if params.rows[WHOLE].importance == "one" else "GNoM"
        where = (
            "In the positive control, whose answers only a graph of unlabelled texts can know,"
            if share == most
            else f"With {share} % of its labels"
        )
        beside = f", beside {_enumerated(others)}" if others else ""
        sentences.append(f"{where} {printed} has a weighted F1 of {scores[WHOLE]}{beside}.")
        compared = [against(rows[row], WHOLE) for row in controls_of(params).get("empty", ()) if row in rows]
        if any(own is not None and own.verdict != "does not hold" for own in compared):
            sentences.append(
                "The control failed: GNoM is not better than without edges, so this run tells nothing of graphs."
            )
        sentences += [_of_scaling(row, rows) for row in _scaled(params) if row in rows]
    return sentences


def _told(rows: Mapping[str, Any], other: str) -> str:
    """What GNoM is beside another row, in brackets."""
    own, turned = against(rows[WHOLE], other), against(rows[other], WHOLE)
    compared = own if turned is None else -turned
    return "" if compared is None else f" ({compared.better})"


def _scaled(params: GnomParams) -> list[str]:
    """The rows that are GNoM but for the importance, which is times the number of nodes."""
    whole = params.rows.get(WHOLE)
    return [
        row
        for row, own in params.rows.items()
        if whole and whole.importance == "one" and own.importance == "length"
        if not own.control and own.graph == whole.graph
    ]


def _of_scaling(row: str, rows: Mapping[str, Any]) -> str:
    """What the printed attention, which sums to one over the n nodes of a text, takes from the graph."""
    said = (
        f"There the same network with the attention times the number of nodes (importance: length, row {row}) has "
        f"{rows[row]['f1'][ALL]['mean']:.1f}"
    )
    own = against(rows[row], WHOLE)
    if own is None:
        return f"{said}."
    difference, interval = own.shown
    meaning = {
        "holds": "the printed attention sums to one over the n nodes of a text, so that the graph’s vectors come in "
        "about n times smaller, and this hides a part of the graph",
        "does not hold": "the printed scaling is the better one here",
        "not decided": "the interval does not tell the two apart",
    }[own.verdict]
    return f"{said}, {difference} points (95 % interval {interval}): {meaning}."


def _enumerated(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _of_floor(found: Scores, params: GnomParams) -> str:
    tally = Tally.of(against(cell["rows"].get(WHOLE), FLOOR) for *_, cell in counted_cells(found, params))
    return f"GNoM against a linear classifier over word counts: {tally}."


def _of_paper(found: Scores, params: GnomParams) -> str:
    """How much of the paper was run, and what held."""
    parts = []
    most = params.splits.training_tweets
    capped = "" if most == "all" else f" of at most {most:,} training tweets"
    titles = ((f"with all labels{capped}", lambda share: share == 100), ("with fewer", lambda share: share < 100))
    for title, some in titles:
        asked = {
            (cell.source, cell.target, cell.share)
            for cell in paper_scores()
            if some(cell.share) and cell.source != "MixUp"
        }
        run = [own[0] for one in sorted(asked) if (own := of_paper_setting(found, *one))]
        tally = Tally.of(map(gain, run))
        parts.append(f"of its {len(asked)} settings, {tally.total} were run here {title} and {tally.better} hold")
    return f"The paper says that GNoM is better than the encoder alone everywhere: {'; '.join(parts)}."


class MeanGain(NamedTuple):
    """GNoM less TR with all labels, in points: the mean over some settings, and the paper's."""

    ours: float | None
    paper: float
    tally: Tally
    same: bool  # both means are over the same settings; otherwise the run has none of the paper's

    @property
    def of_paper(self) -> str:
        """The paper's number in words."""
        return f"the paper{', the same settings' if self.same else ', its own settings'}: {self.paper:+.2f}"


def mean_gain(found: Scores, params: GnomParams) -> MeanGain:
    """GNoM less TR with the most labels: the mean over the paper's settings that ran, and the paper's.

    Both means are over the same settings. Of a setting with two encoders the first one counts, which stands beside the
    paper's GNoMB or GNoMM. Where this run has none of the paper's settings, ours is the mean over its own and the
    paper's the one over all of its own.
    """
    most = max((share for *_, share, _ in cells_of(found)), default=0)
    known = {(one.source, one.target) for one in paper_scores() if one.model in ("GNoMB", "GNoMM")}
    shared: dict[tuple[str, str], Compared] = {}
    own: list[Compared] = []
    for _, setting, share, cell in counted_cells(found, params):
        if share == most and (compared := gain(cell)):
            own.append(compared)
            if share == 100 and (key := (setting["source"], setting["target"])) in known:
                shared.setdefault(key, compared)
    counted = [*shared.values()] or own
    ours = sum(compared.difference for compared in counted) / len(counted) if counted else None
    return MeanGain(ours, mean_gain_of_paper({*shared} or None), Tally.of(counted), bool(shared))


def opening_numbers(found: Scores, params: GnomParams) -> list[Number]:
    """The mean gain over TR, what is left of it over an empty graph, and the positive control."""
    mean = mean_gain(found, params)
    numbers = []
    if mean.ours is not None:
        what = "Points of weighted F1, GNoM over TR, most labels"
        numbers.append(Number(f"{mean.ours:+.1f}", what, f"{mean.tally}; {mean.of_paper}"))
    rows = controls_of(params).get("empty", [])
    turned = [against(cell["rows"].get(row), WHOLE) for *_, cell in counted_cells(found, params) for row in rows]
    empty = [-own for own in turned if own is not None]
    if empty:
        left = sum(own.difference for own in empty) / len(empty)
        numbers.append(Number(f"{left:+.1f}", "Points, GNoM over the same network without edges", str(Tally.of(empty))))
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
