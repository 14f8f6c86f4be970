"""What the annotation costs beside bare spaCy: `python benchmarks/annotation.py --tweets data/corpus/tweets.parquet`.

bare: `nlp.pipe` with only what NER needs of the pipeline of params.yaml. whole: the commands that the workflow runs
(stages, gathering, resolution, all with their Parquet files), each a process of one thread, at most `processes` at a
time, spaCy in as many shards. Both start from the same file and pay for their own imports. The runs take turns (bare,
whole, bare, ...), and every ratio is of neighbours in time, so that a machine that is now faster, now slower, does not
decide it.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from crisisflow.annotation.spacy_stage import load_pipeline
from crisisflow.artifacts import TWEETS, read_parquet, write_parquet
from crisisflow.spans import BATCH, read_texts
from crisisflow.studies import read_params

CRISISFLOW = [sys.executable, "-m", "crisisflow"]
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Cost(NamedTuple):
    """What a process took, as the kernel counted it."""

    name: str
    wall: float  # seconds
    cpu: float  # seconds
    memory: float  # MB at its peak


Job = tuple[str, list[str]]


def run_job(job: Job) -> Cost:
    name, command = job
    start = time.perf_counter()
    process = subprocess.Popen(command, env={**os.environ, **ONE_THREAD}, stderr=subprocess.PIPE, text=True)
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)}\n{said}")
    return Cost(name, time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def run_jobs(*steps: list[Job], processes: int) -> tuple[float, list[Cost]]:
    """Run step after step, the jobs of a step side by side; the seconds in all, and the cost of each job."""
    start = time.perf_counter()
    with ThreadPoolExecutor(processes) as pool:
        costs = [cost for jobs in steps for cost in pool.map(run_job, jobs)]
    return time.perf_counter() - start, costs


def shards_of(number: int) -> list[str]:
    return [f"{part}-of-{number}" for part in range(1, number + 1)]


def bare_jobs(tweets: Path, model: str, processes: int) -> list[Job]:
    own = [sys.executable, __file__, "--bare", model, "--tweets", str(tweets)]
    return [("bare", [*own, "--shard", shard]) for shard in shards_of(processes)]


def whole_jobs(tweets: Path, params: dict[str, Any], folder: Path, processes: int) -> list[list[Job]]:
    """The steps of the workflow as commands."""

    def stage(name: str, out: Path, *more: str) -> Job:
        given = json.dumps(params[name])
        step = "spacy_shard" if name == "spacy" else f"{name}_stage"
        return step, [*CRISISFLOW, step, "--tweets", str(tweets), "--params", given, "--out", str(out), *more]

    shards = [folder / shard for shard in shards_of(processes)]
    files = {name: folder / f"{name}.parquet" for name in ("spacy", "ruler", "regex")}
    joining = [word for shard in shards for word in ("--shards", str(shard))]
    resolve = [word for file in files.values() for word in ("--stages", str(file))]
    for name in ("out", "conflicts", "statistics"):
        resolve += [f"--{name}", str(folder / name)]
    return [
        [
            *(stage("spacy", shard, "--shard", shard.name) for shard in shards),
            *(stage(name, files[name]) for name in ("ruler", "regex")),
        ],
        [("spacy_stage", [*CRISISFLOW, "spacy_stage", *joining, "--out", str(files["spacy"])])],
        [("resolve", [*CRISISFLOW, "resolve", *resolve, "--params", json.dumps(params["resolve"])])],
    ]


def sample(tweets: Path, size: int, out: Path) -> Path:
    """Every so-many-th tweet, so that all events are there in their shares."""
    table = read_parquet(tweets, TWEETS)
    if size > table.num_rows:
        sys.exit(f"--n {size}: {tweets} has {table.num_rows} tweets")
    write_parquet(out, table.take([at * table.num_rows // size for at in range(size)]), TWEETS)
    return out


def peak(costs: Sequence[Cost]) -> dict[str, float]:
    """The peak memory of each command's largest process."""
    return {cost.name: max(other.memory for other in costs if other.name == cost.name) for cost in costs}


def compare(tweets: Path, size: int, rounds: int, params_file: Path, folder: Path) -> None:
    params = read_params(params_file)[1]["annotation"]
    model = params["spacy"]["model"]
    drawn = sample(tweets, size, folder / "tweets.parquet")
    quarter = sample(tweets, size // 4, folder / "quarter.parquet")
    seconds: dict[tuple[str, int], list[float]] = defaultdict(list)
    spent: dict[str, list[float]] = defaultdict(list)
    for turn in range(1, rounds + 1):
        for processes in (1, 2):
            took, bare = run_jobs(bare_jobs(drawn, model, processes), processes=processes)
            seconds["bare", processes].append(took)
            took, whole = run_jobs(*whole_jobs(drawn, params, folder, processes), processes=processes)
            seconds["whole", processes].append(took)
            times = f"bare {seconds['bare', processes][-1]:.1f} s, whole {took:.1f} s"
            print(f"round {turn}, {processes} process(es): {times}", file=sys.stderr)
            if processes == 1:
                for cost in (*bare, *whole):
                    spent[cost.name].append(cost.cpu)
    small = peak(run_jobs(*whole_jobs(quarter, params, folder, 1), processes=1)[1])
    large = peak(run_jobs(*whole_jobs(drawn, params, folder, 1), processes=1)[1])

    def ratio(one: tuple[str, int], other: tuple[str, int]) -> str:
        each = [a / b for a, b in zip(seconds[one], seconds[other], strict=True)]
        return f"{median(each):.3f} ({min(each):.3f}–{max(each):.3f})"

    print(f"{size:,} tweets, {rounds} rounds; median (lowest–highest)\n")
    print("| ratio of wall times | |\n|---|---|")
    print(f"| whole / bare, one process | {ratio(('whole', 1), ('bare', 1))} |")
    print(f"| whole / bare, two processes | {ratio(('whole', 2), ('bare', 2))} |")
    print(f"| whole, one process / two | {ratio(('whole', 1), ('whole', 2))} |")
    print(f"| bare, one process / two | {ratio(('bare', 1), ('bare', 2))} |")
    for name, processes in seconds:
        print(f"| {name}, {processes} process(es), seconds | {median(seconds[name, processes]):.1f} |")
    print(
        f"\n| one process | CPU s | ms a tweet | MB at {size // 4:,} tweets | MB at {size:,} |\n|---|---|---|---|---|"
    )
    for name, each in spent.items():
        memory = f"{small[name]:.0f} | {large[name]:.0f}" if name in large else "|"
        print(f"| {name} | {median(each):.1f} | {1000 * median(each) / size:.3f} | {memory} |")


def bare(tweets: Path, model: str, shard: str) -> None:
    """The yardstick: spaCy finds entities and nobody takes them."""
    nlp = load_pipeline(model)
    for _ in nlp.pipe((text for _, text in read_texts(tweets, "bare", shard)), batch_size=BATCH):
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tweets", type=Path, required=True, help="a tweets file of the workflow")
    parser.add_argument("--n", type=int, default=20_000, help="tweets to draw from it")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--bare", metavar="MODEL", help=argparse.SUPPRESS)
    parser.add_argument("--shard", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.bare:
        bare(given.tweets, given.bare, given.shard)
        return
    with TemporaryDirectory() as folder:
        compare(given.tweets, given.n, given.rounds, given.params, Path(folder))


if __name__ == "__main__":
    main()
