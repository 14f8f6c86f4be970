"""Claims: the numbers in the paper's sentences, what its own tables give, and what this run gives."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from statistics import mean
from typing import Literal, NamedTuple

from crisisflow.studies.gnom.reproduction import AVERAGE, CONFIGURATIONS, Cell, ablation, scores_of

Part = Literal["all", "across", "within"]  # all settings of a table, or those whose source is another set, or the same
WORDS = {"all": "all rows", "across": "cross-lingual", "within": "monolingual"}


class Gain(NamedTuple):
    """An average gain: of a model over another one, over the settings of a table, at a share of the labels."""

    table: str
    model: str
    other: str
    share: int = 100
    part: Part = "all"

    def cells(self) -> list[tuple[Cell, Cell]]:
        """The cells of both models that have a number, by setting."""
        scores = scores_of(self.table)
        pairs = [
            (cell, cell._replace(model=self.other))
            for cell in scores
            if cell.model == self.model and cell.share == self.share and self._is_of_part(cell)
        ]
        return [(one, other) for one, other in pairs if scores[one] is not None and scores.get(other) is not None]

    def over(self, scores: Mapping[Cell, float | None]) -> float:
        """The mean difference in points."""
        return mean(scores[one] - scores[other] for one, other in self.cells())

    def of_paper(self) -> float:
        """By the paper's own table."""
        return self.over(scores_of(self.table))

    def _is_of_part(self, cell: Cell) -> bool:
        return self.part == "all" or (self.part == "across") == (cell.source != cell.target)


class Average(NamedTuple):
    """The average of a configuration over Table 11."""

    configuration: str

    def settings(self) -> list[tuple[str, str]]:
        """Those that have a number."""
        return [
            (source, target)
            for (source, target, name), value in ablation().items()
            if name == self.configuration and source != AVERAGE and value is not None
        ]

    def of_paper(self) -> float:
        """By the paper's own table."""
        scores = ablation()
        return mean(scores[source, target, self.configuration] for source, target in self.settings())


def _over_shares(table: str, model: str, *others: str) -> dict[tuple[str, str], tuple[Gain, ...]]:
    number, first = table.removeprefix("table"), f"of {model} " if model != "GNoMB" else ""
    return {
        (f"5.4, Table {number}", f"average gain {first}over {others[0]}, {share} %"): tuple(
            Gain(table, model, other, share) for other in others
        )
        for share in (50, 25, 10)
    }


# By place and claim, as paper/claims.csv has them: what is counted again. The first one is what the paper prints.
COUNTED: dict[tuple[str, str], tuple[Gain | Average, ...]] = {
    ("5.1, Table 4", "GNoM above GLEN on average, F1"): (Gain("table4", "GNoMB", "GLEN"),),
    ("5.1, Table 4", "GNoMB above BERT on average"): (Gain("table4", "GNoMB", "BERT"),),
    ("5.1, Table 5", 'boost of F1 "by as much as 6.42 % on average"'): (
        Gain("table5", "GNoMB", "BERT"),
        Gain("table5", "GNoMB", "GLEN"),
    ),
    **{
        ("5.2, Table 7", f"{model} above {other}, average"): tuple(
            Gain("table7", model, other, part=part) for part in ("all", "across", "within")
        )
        for other in ("CLP", "mBERT")
        for model in ("GNoMX", "GNoMM")
    },
    **{
        ("5.2, Table 6", f"{model} above mBERT, average of the two cross-lingual rows"): (
            Gain("table6", model, "mBERT", part="across"),
        )
        for model in ("GNoMX", "GNoMM")
    },
    **{("5.3, Table 8", f"{model} above BERT"): (Gain("table8", model, "BERT"),) for model in ("GNoMX", "GNoMM")},
    **_over_shares("table9", "GNoMB", "GLEN", "BERT"),
    **_over_shares("table10", "GNoMM", "mBERT"),
    **{("Table 11", f"average of {name.removesuffix('(B|M)')}"): (Average(name),) for name in CONFIGURATIONS},
}


def rounded(value: float) -> str:
    """With two digits and a sign, as on paper: the paper's numbers have two, and a half goes up."""
    return f"{Decimal(str(round(value, 6))).quantize(Decimal('0.01'), ROUND_HALF_UP):+}"


def recomputed(counted: tuple[Gain | Average, ...]) -> str:
    """What the paper's own tables give, in words: gains in points, averages in percent."""
    texts = []
    for own in counted:
        if isinstance(own, Average):
            texts.append(f"{rounded(own.of_paper()).removeprefix('+')} over {len(own.settings())} rows")
        elif len(counted) == 1:
            texts.append(rounded(own.of_paper()))
        else:
            beside = {first.other for first in counted if isinstance(first, Gain)}
            texts.append(f"{rounded(own.of_paper())} ({f'over {own.other}' if len(beside) > 1 else WORDS[own.part]})")
    return ", ".join(texts)
