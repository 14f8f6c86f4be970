"""What the steps take of corpora of several sizes: `python benchmarks/scale.py 60000 250000 1000000 --out DIR`.

For each number of tweets the commands that the workflow runs from fetch to alignment, one after the other, with the
values of params.yaml but for the corpus: generated and taken whole or, with --source and --events, as many tweets drawn
from an archive (which fetch and repair read whole each time); spaCy in two shards side by side, as in the
workflow. Each process has one thread and pays for its own imports. A step that DIR/scale.csv knows, and whose files are
still there, is not run again. Peak memory is of the largest process of a step, processor seconds are summed over them,
as the kernel counted both; no peak can be seen that is below this program's own (some 70 MB: it imports little).
DIR/scale.svg is drawn in the end. Besides these two, DIR holds the corpora: some 300 MB for 1,000,000 tweets.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from crisisflow.artifacts import write_csv
from crisisflow.reporting.drawing import finish, line_style, write_svg
from crisisflow.studies import read_params

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CRISISFLOW = [sys.executable, "-m", "crisisflow"]
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
SHARDS = 2


class Step(NamedTuple):
    """A step: its commands, which run side by side, and the files that they write."""

    name: str
    commands: list[list[str]]
    outputs: list[Path]


class Cost(NamedTuple):
    """A row of scale.csv."""

    tweets: int
    step: str
    wall_seconds: float
    cpu_seconds: float
    peak_mb: float
    output_bytes: int


def command(name: str, **values: Any) -> list[str]:
    """A command of crisisflow; a list is an option that comes again, and what is no text or path is JSON."""
    words = [*CRISISFLOW, name]
    for option, value in values.items():
        for one in value if isinstance(value, list) else [value]:
            words += [f"--{option}", str(one) if isinstance(one, str | Path) else json.dumps(one)]
    return words


def steps(tweets: int, source: dict[str, Any], params: dict[str, Any], folder: Path) -> Iterator[Step]:
    """The steps from fetch to alignment, in their order; `source` are fetch's --source and --events."""

    def step(name: str, inputs: dict[str, Any], **outputs: Path) -> Step:
        return Step(name, [command(name, **inputs, **outputs)], list(outputs.values()))

    raw, repaired, drawn = (folder / f"{name}.parquet" for name in ("raw", "repaired", "tweets"))
    corpus, annotation = params["corpus"], params["annotation"]
    sample = {**corpus["sample"], "tweets": tweets}
    fetched = {"out": raw, "gold": folder / "gold.parquet", "manifest": folder / "manifest.json"}
    yield step("fetch", {**source, "sample": sample}, **fetched)
    yield step("repair", {"raw": raw, "params": corpus["repair"]}, out=repaired, counts=folder / "repair.json")
    draw = {"repaired": repaired, "size": tweets, "split": corpus["split"], "seed": corpus["seed"]}
    yield step("subset", draw, out=drawn, statistics=folder / "subset.json")
    spacy, ruler, regex, resolved = (folder / f"{name}.parquet" for name in ("spacy", "ruler", "regex", "resolved"))
    shards = {f"{part}-of-{SHARDS}": folder / f"spacy-{part}.parquet" for part in range(1, SHARDS + 1)}
    values = {"tweets": drawn, "params": annotation["spacy"]}
    commands = [command("spacy_shard", **values, shard=shard, out=out) for shard, out in shards.items()]
    yield Step("spacy_shard", commands, list(shards.values()))
    yield step("spacy_stage", {"shards": list(shards.values())}, out=spacy)
    for name, out in (("ruler", ruler), ("regex", regex)):
        yield step(f"{name}_stage", {"tweets": drawn, "params": annotation[name]}, out=out)
    stages = {"stages": [spacy, ruler, regex], "params": annotation["resolve"]}
    conflicts = {"conflicts": folder / "conflicts.parquet", "statistics": folder / "resolve.json"}
    yield step("resolve", stages, out=resolved, **conflicts)
    encoder = next(iter(params["humaid_ner"]["rows"].values()))["encoder"]
    own = {"tweets": drawn, "resolved": resolved, "encoder": encoder, "params": params["humaid_ner"]["alignment"]}
    yield step("bio", own, out=folder / "aligned.parquet", statistics=folder / "bio.json")


def run(words: list[str]) -> tuple[float, float]:
    """Run a command; its processor seconds and its peak memory in MB."""
    process = subprocess.Popen(words, env={**os.environ, **ONE_THREAD}, stderr=subprocess.PIPE, text=True)
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(words)}\n{said}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6


def measure(step: Step, tweets: int) -> Cost:
    start = time.perf_counter()
    with ThreadPoolExecutor(len(step.commands)) as pool:
        seconds, memory = zip(*pool.map(run, step.commands), strict=True)
    wall = time.perf_counter() - start
    size = sum(path.stat().st_size for path in step.outputs)
    return Cost(tweets, step.name, round(wall, 2), round(sum(seconds), 2), round(max(memory), 1), size)


def read_costs(path: Path) -> list[Cost]:
    """The rows of an earlier scale.csv, if there is one."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        kinds = Cost.__annotations__.values()
        return [
            Cost(*(kind(value) for kind, value in zip(kinds, row, strict=True))) for row in [*csv.reader(stream)][1:]
        ]


def draw(costs: Sequence[Cost]) -> "Figure":
    """Peak memory and processor seconds of each step against the number of tweets."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import EngFormatter, NullLocator

    figure = Figure(figsize=(10, 4.5), layout="constrained")
    panels = figure.subplots(1, 2)
    names = list(dict.fromkeys(cost.step for cost in costs))
    for at, name in enumerate(names):
        own = sorted(cost for cost in costs if cost.step == name)
        for panel, values in zip(
            panels, ([cost.peak_mb for cost in own], [cost.cpu_seconds for cost in own]), strict=True
        ):
            panel.plot([cost.tweets for cost in own], values, label=name, **line_style(at, len(names)))
    sizes = sorted({cost.tweets for cost in costs})
    for panel in panels:
        panel.set(xscale="log", xlabel="tweets")
        panel.set_xticks(sizes)
        panel.xaxis.set(major_formatter=EngFormatter(sep=""), minor_locator=NullLocator())
    panels[0].set(ylim=(0, None), ylabel="peak memory of a process (MB)")
    panels[1].set(yscale="log", ylabel="processor time (s)")
    finish(figure, *panels, axis="both")
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tweets", type=int, nargs="+", help="sizes of the generated corpora")
    parser.add_argument("--out", type=Path, required=True, help="folder for scale.csv, scale.svg and the corpora")
    parser.add_argument("--source", default="sample", help="an archive of HumAID instead of generated tweets")
    parser.add_argument("--events", help="its table of events")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    given = parser.parse_args()
    params = read_params(given.params)[1]
    table = given.out / "scale.csv"
    costs = {(cost.tweets, cost.step): cost for cost in read_costs(table)}
    source = {"source": given.source, "events": given.events}
    for tweets in given.tweets:
        for step in steps(tweets, source, params, given.out / str(tweets)):
            key = tweets, step.name
            if key not in costs or not all(path.exists() for path in step.outputs):
                costs[key] = measure(step, tweets)
                write_csv(table, Cost._fields, list(costs.values()))
            print(*costs[key], sep="\t", flush=True)
    write_svg(given.out / "scale.svg", lambda: draw(list(costs.values())))


if __name__ == "__main__":
    main()
