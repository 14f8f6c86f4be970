"""Claims: numbers that the paper states, and the same numbers computed from the paper's own tables.

Tables hold rounded numbers, so what follows from them is an interval. A claim holds if its printed number, unrounded,
may lie in that interval. One that does not hold is a contradiction inside the paper: the ledger
(docs/studies/actionable_help.md) says how we decided.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from crisisflow.studies.actionable_help.reproduction import Printed, column, paper_table, printed, stated

BASELINE = "BERT"
MINIS = ("S_M", "S_S", "S_T")
AVERAGE = "Macro Avg."
BUILT = "CrisisHelpOffer"
LABELS = ("Request", "Offer", "Request and Offer", "Irrelevant")
SIDES = ("request", "offer")
FOUR_RESOURCES = ("money", "food", "volunteers", "shelter")
TINY = 1e-9  # rounding of floating-point numbers


class Recomputed(NamedTuple):
    """What follows from rounded numbers: from the printed ones, and the bounds of what they may have been."""

    value: float
    low: float
    high: float

    def scaled(self, factor: float, offset: float = 0.0) -> "Recomputed":
        """factor * value + offset, of all three; the factor is positive."""
        return Recomputed(*(factor * bound + offset for bound in self))


class Claim(NamedTuple):
    """A number of the paper.

    Args:
        name: what it is of. where: the section or table that states it. unit: percent, tweets, tasks, ...
        stated: as the paper prints it; None where the paper leaves it out.
    """

    name: str
    where: str
    unit: str
    stated: Printed | None
    recomputed: Recomputed

    @property
    def holds(self) -> bool | None:
        """Whether the two may be the same number before rounding; None where the paper states none."""
        if self.stated is None:
            return None
        return self.recomputed.low <= self.stated.high + TINY and self.stated.low <= self.recomputed.high + TINY


def exact(value: float) -> Recomputed:
    """Of what is counted."""
    return Recomputed(value, value, value)


def ratio(part: Printed | Recomputed, whole: Printed | Recomputed) -> Recomputed:
    """part / whole, both positive."""
    return Recomputed(part.value / whole.value, part.low / whole.high, part.high / whole.low)


def change(value: Printed | Recomputed, reference: Printed | Recomputed) -> Recomputed:
    """From `reference` to `value`, in percent of `reference`."""
    return ratio(value, reference).scaled(100.0, -100.0)


def total(parts: Sequence[Printed]) -> Recomputed:
    """The sum."""
    return Recomputed(*(sum(getattr(part, bound) for part in parts) for bound in ("value", "low", "high")))


def mean(parts: Sequence[Printed]) -> Recomputed:
    """Of a column."""
    return total(parts).scaled(1 / len(parts))


def tasks_of(model: str) -> dict[str, Printed]:
    """The F1 of a model of Table 3 on the 13 tasks."""
    return {task: f1 for task, f1 in column("table3", model).items() if task != AVERAGE}


def claims() -> list[Claim]:
    """All claims, each beside what the paper's tables give."""
    return [*_of_labels(), *_of_sizes(), *_of_scores(), *_of_small_models(), *_of_speed(), *_of_places()]


def _sentence(quantity: str, recomputed: Recomputed) -> Claim:
    """A number of text_results.csv."""
    line = paper_table("text_results").set_index("quantity").loc[quantity]
    return Claim(quantity.partition(" (printed")[0], line["where"], line["unit"], printed(line["value"]), recomputed)


def _of_labels() -> Iterator[Claim]:
    agreed = stated("labelling", "agreed (T_agree)")
    parts = total([stated("labelling", f"agreed {label}") for label in LABELS])
    yield Claim("tweets on which all labellers agree", "4", "tweets", agreed, parts)
    share = ratio(agreed, stated("labelling", "tweets labelled")).scaled(100.0)
    yield Claim("share of tweets on which all labellers agree", "", "percent", None, share)


def _of_sizes() -> Iterator[Claim]:
    parameters = column("table2", "params_printed")
    for mini in MINIS:
        yield _sentence(f"{mini} size against {BASELINE}", change(parameters[mini], parameters[BASELINE]))


def _of_scores() -> Iterator[Claim]:
    table = paper_table("table3").set_index("task")
    for model in (name for name in table.columns if not name.endswith("_percent")):
        average = mean([*tasks_of(model).values()])
        yield Claim(f"{model} average", "Table 3", "F1", printed(table.loc[AVERAGE, model]), average)
    of_built = paper_table("table1")
    bert = tasks_of(BASELINE)
    of_bert = mean([*bert.values()])
    for mini in MINIS:
        generic = tasks_of(f"{mini}^G")
        # The better one of soft and hard labels: no other reading gives the paper's number of the tiny model.
        specific = max(map(printed, of_built.loc[of_built["model"] == f"{mini}^T", "f1"]), key=lambda f1: f1.value)
        name = f"{mini}^G against {mini}^T on {BUILT}"
        in_csv = f"{name} (printed S_M^G)" if mini == "S_S" else name
        yield _sentence(in_csv, change(generic[BUILT], specific))
        average = mean([*generic.values()])
        yield _sentence(f"{mini}^G average against {BASELINE}", change(average, of_bert))
        points = Recomputed(average.value - of_bert.value, average.low - of_bert.high, average.high - of_bert.low)
        yield Claim(f"{mini}^G average less {BASELINE}'s", "", "points", None, points.scaled(100.0))
        above = sum(generic[task].value > bert[task].value for task in bert)
        yield _sentence(f"{mini}^G tasks above {BASELINE}", exact(above))
    dropped = [change(generic[task], bert[task]).value for task in bert]
    yield _sentence(f"{mini}^G tasks with a drop below 5 percent", exact(sum(-5 < drop < 0 for drop in dropped)))


def _of_small_models() -> Iterator[Claim]:
    averages = column("table4", "macro_avg")
    baseline = column("table3", BASELINE)[AVERAGE]
    for model in averages:
        yield _sentence(f"{model} average against {BASELINE}", change(averages[model], baseline))


def _of_speed() -> Iterator[Claim]:
    table = paper_table("table5").set_index("model")
    baseline = printed(table.loc[BASELINE, "samples_per_second"])
    for model, line in table[table["times_bert"] != "-"].iterrows():
        factor = ratio(printed(line["samples_per_second"]), baseline)
        yield Claim(f"{model} times {BASELINE}", "Table 5", "times", printed(line["times_bert"]), factor)


def _of_places() -> Iterator[Claim]:
    for line in paper_table("table6").itertuples():
        requests_to_offers = ratio(printed(line.requests), printed(line.offers))
        name = f"requests to offers, {line.country}"
        yield Claim(name, "Table 6", "ratio", printed(line.requests_to_offers), requests_to_offers)
    cities = paper_table("table7")
    for side in SIDES:
        name = f"Indian cities among the top 10 of {side}s"
        in_csv = f"{name} (printed 9)" if side == "request" else name
        yield _sentence(in_csv, exact(cities[f"{side}_city"].str.endswith(", India").sum()))
    shares = [stated("text_results", f"offers of {resource}") for resource in FOUR_RESOURCES]
    yield Claim("offers of money, food, volunteers or shelter", "", "percent", None, total(shares))
