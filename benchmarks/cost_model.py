"""What larger corpora would cost, from what smaller ones did: `python benchmarks/cost_model.py GENERATED REAL`.

Both are tables of scale.py: of generated tweets in at least three sizes, and of real ones. A step costs a + b n for n
tweets: processor seconds and bytes written. The straight line goes through the two smallest sizes of generated tweets,
and is then held against the larger ones, to which nothing was fitted. Peak memory is taken as it is at the second
size, but for steps that remember something of each tweet: there it is a line, too. Real tweets are longer: b is taken
from their largest corpus, with the a of the generated ones, and held against their other sizes; a step that is over
before its time is told from that of its start keeps the b of generated tweets. An archive is read whole whatever is
drawn from it, so for the steps that do that all of their cost counts as b.
Then RoBERTa-large on TPU cores, with the formulas of docs/tpu.md, which encoder_sizes.py holds against a CPU.
"""

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from scale import Cost, read_costs

FIGURES = {"cpu_seconds": "s", "output_bytes": "bytes", "peak_mb": "MB"}
GROWING = ("fetch", "subset")  # in memory
STEEPER = ("subset",)  # whose time grows faster than the tweets: no line says what many of them take
WHOLE = ("fetch", "repair")  # read the whole archive, however many tweets are drawn from it
CORPORA = (77_000, 10_000_000, 440_000_000)

CORES = (1, 8, 32)
TRAINING = 0.72  # of the corpus
PADDED = 50  # subwords of a real tweet with what fills it up to 32, 64, 96 or 128, on average (docs/tpu.md)
ROWS = 64  # a core and step: its memory holds so many of 64 subwords
TRAFFIC = 11 * 4  # bytes a parameter and step
VALIDATION = 1.065  # forward passes on the validation split on top
PARAMETERS = 354_352_161
OPERATIONS = 6 * 302.3e6 + 12 * 24 * 1024 * PADDED  # a subword, forward and backward
CORE = 61.5e12, 0.2, 0.5  # operations a second, and the shares of them that are assumed
MEMORY = 450e9  # bytes a second, of a core
# Bytes a second between two chips: 6.4 TB/s through the 64 links that halve a pod of 32 by 32 chips. The same page has
# 340 TB/s for sums over all 1,024 chips, 332 GB/s each: the lower one is taken.
LINK = 100e9
RECORDING = 0.7  # seconds of the host, for a step


class Line(NamedTuple):
    """A cost by the number of tweets."""

    fixed: float
    each: float

    def at(self, tweets: float) -> float:
        return self.fixed + self.each * tweets


Costs = dict[str, dict[int, Cost]]  # by step and size


def by_step(path: Path) -> Costs:
    costs: Costs = {}
    for cost in read_costs(path):
        costs.setdefault(cost.step, {})[cost.tweets] = cost
    return costs


def fitted(step: str, costs: dict[int, Cost], figure: str) -> Line:
    """The line through the two smallest sizes."""
    (one, low), (two, high) = sorted((tweets, getattr(cost, figure)) for tweets, cost in costs.items())[:2]
    if figure == "peak_mb" and step not in GROWING:
        return Line(high, 0.0)
    each = (high - low) / (two - one)
    return Line(low - each * one, each)


def of_longer(step: str, line: Line, tweets: int, cost: float, figure: str) -> Line:
    """The line of generated tweets for real ones, of which so many cost so much."""
    if step in WHOLE:
        return Line(0.0, cost / tweets)
    each = (cost - line.fixed) / tweets
    return Line(line.fixed, max(line.each, each) if figure == "cpu_seconds" else each)


def table(title: str, heads: Iterable[object], rows: dict[str, Iterable[str]]) -> None:
    heads = [title, *map(str, heads)]
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for name, cells in rows.items():
        print(f"| {name} | {' | '.join(cells)} |")
    print()


def against(predicted: float, measured: float, form: Callable[[float], str]) -> str:
    return f"{form(predicted)} / {form(measured)} = {predicted / measured:.2f}"


def size(value: float) -> str:
    """Bytes in three digits."""
    for least, unit in ((1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if value >= least:
            return f"{value / least:.3g} {unit}"
    return f"{value:.3g} B"


def duration(seconds: float) -> str:
    for length, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.3g} s"


FORMS: dict[str, Callable[[float], str]] = {
    "cpu_seconds": duration,
    "output_bytes": size,
    "peak_mb": "{:,.0f}".format,
}


def check(title: str, lines: dict[str, Line], costs: Costs, sizes: list[int], figure: str) -> None:
    """Predicted / measured for each step and, but for memory, for all together."""

    def pairs(tweets: int) -> dict[str, tuple[float, float]]:
        return {step: (lines[step].at(tweets), getattr(own[tweets], figure)) for step, own in costs.items()}

    rows = {step: [against(*pairs(tweets)[step], FORMS[figure]) for tweets in sizes] for step in costs}
    if figure != "peak_mb":
        both = (map(sum, zip(*pairs(tweets).values(), strict=True)) for tweets in sizes)
        rows["**all**"] = [against(*sums, FORMS[figure]) for sums in both]
    table(f"{title}, {FIGURES[figure]}: predicted / measured", (f"{tweets:,}" for tweets in sizes), rows)


def training(tweets: float, cores: int) -> list[str]:
    """An epoch of RoBERTa-large: steps, arithmetic, traffic, sums of gradients, recording, bytes between chips."""
    steps = TRAINING * tweets / (ROWS * cores)
    peak, low, high = CORE
    arithmetic = VALIDATION * TRAINING * tweets * PADDED * OPERATIONS / (cores * peak)
    memory = steps * TRAFFIC * PARAMETERS / MEMORY
    chips = max(1, cores // 2)
    moved = 2 * (chips - 1) / chips * 4 * PARAMETERS  # each chip's part of a ring, a step
    slower = max(arithmetic / low + memory + steps * moved / LINK, steps * RECORDING)
    return [
        f"{steps:,.0f}",
        f"{duration(arithmetic / high)} – {duration(arithmetic / low)}",
        duration(memory),
        duration(steps * moved / LINK) if moved else "–",
        duration(steps * RECORDING),
        size(steps * moved * chips) if moved else "–",
        duration(slower),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("generated", type=Path)
    parser.add_argument("real", type=Path)
    given = parser.parse_args()
    if missing := [str(path) for path in (given.generated, given.real) if not path.exists()]:
        parser.error(f"not there: {', '.join(missing)}")
    generated, real = by_step(given.generated), by_step(given.real)
    sizes = sorted(generated["bio"])
    largest = max(real["bio"])
    drawn = {step: costs for step, costs in real.items() if step not in WHOLE}
    lines = {}
    for figure in FIGURES:
        lines[figure] = {step: fitted(step, costs, figure) for step, costs in generated.items()}
        check("generated tweets", lines[figure], generated, sizes[2:], figure)
        if figure != "peak_mb":
            lines[figure] = {
                step: of_longer(step, line, largest, getattr(real[step][largest], figure), figure)
                for step, line in lines[figure].items()
            }
        check("real tweets", lines[figure], drawn, sorted(set(real["bio"]) - {largest}), figure)

    def timed(step: str, n: int) -> bool:
        return step not in STEEPER or n <= sizes[-1]

    rows = {
        step: [
            f"{duration(lines['cpu_seconds'][step].at(n)) if timed(step, n) else '–'},"
            f" {size(lines['peak_mb'][step].at(n) * 1e6)}, {size(lines['output_bytes'][step].at(n))}"
            for n in CORPORA
        ]
        for step in real
    }
    rows["**all** that has a time"] = [
        f"{duration(sum(line.at(n) for step, line in lines['cpu_seconds'].items() if timed(step, n)))}, –,"
        f" {size(sum(line.at(n) for line in lines['output_bytes'].values()))}"
        for n in CORPORA
    ]
    table("predicted, not run: processor time, peak memory, bytes written", (f"{n:,}" for n in CORPORA), rows)
    heads = ("steps", "arithmetic", "memory", "gradients", "recording", "bytes between chips", "the slower, an epoch")
    epochs = {f"{n:,} on {cores}": training(n, cores) for n in CORPORA for cores in CORES}
    table("RoBERTa-large on paper, not run: tweets, TPU cores", heads, epochs)


if __name__ == "__main__":
    main()
