"""Serving beside two transformers pipelines: `python benchmarks/serving.py --study DIR` where a study was run.

pipelines: what a user would do today: a `transformers` NER pipeline and a text-classification pipeline, one after the
other, in this process, with all cores. Both have the served row's own encoder; the first has its entity head, the
second the library's own classification head (pooler and linear layer, weights at random: only time is compared). They
pay for no HTTP and no JSON.

served: `crisisflow serve` on loopback, asked over HTTP by this process, on the same cores.

In a round both get the same texts, in the next one others. The pipelines get them sorted by length, so that a batch
has little padding, in batches of that size which was the faster one beforehand. The two take turns, the first in every
other round, and every ratio is of neighbours in time, so that a machine that is now faster, now slower, does not decide
it. The tweets are from all over the study's validation split. It is meant to end within six minutes on two cores.

What int8 costs in accuracy is measured first, on the study's own labels: with `--runtime` and nothing behind it, alone.

With `--beside FOLDER`, of another trained row such as a joint mini, the two rows are compared instead, each in PyTorch,
ONNX Runtime and int8, by one thread of this process: from texts to spans and classes, one tweet alone, and the forward
pass alone. All are measured in each round, in turn. The first row in ONNX Runtime counts as 1. Then both are scored on
the same tweets.
"""

import argparse
import asyncio
import json
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoModelForTokenClassification, pipeline

from crisisflow.artifacts import TWEETS, read_parquet
from crisisflow.inference import Findings, TrainedRow, load
from crisisflow.serving.choice import WEIGHTS, Choice, folder_of
from crisisflow.serving.predictor import Predictor
from crisisflow.serving.runtime import open_runtime
from crisisflow.spans import read_spans
from crisisflow.studies import LEADING
from crisisflow.taxonomy import BIO_LABELS, CLASSES

CLIENTS = 32
TEXTS = 480
PART = 96  # of them in a round; their quotient is odd, so that a part does not always meet the same order of the two
BATCHES = (8, 32)  # sizes that the pipelines may choose from
LOADED = 640  # texts that come at random times
SCORED = 2000  # tweets on which the runtimes' accuracy is compared, unless told otherwise
FLOOD = 3000
FILES = 2 * FLOOD  # that a process may open: a socket for each request of the flood, and what it has open besides
LOOK = 0.02  # seconds between two looks at the server's memory


def pipelines(row: TrainedRow) -> Callable[[Sequence[str], int], None]:
    """A function that sends texts through both pipelines, in batches of a size."""
    facts = {**row.model.encoder.config.to_dict()}
    kind = facts.pop("model_type")

    def config(names: Sequence[str]) -> AutoConfig:
        return AutoConfig.for_model(kind, **{**facts, "id2label": dict(enumerate(names))})

    entity = AutoModelForTokenClassification.from_config(config(BIO_LABELS))
    event = AutoModelForSequenceClassification.from_config(config(CLASSES))
    for model in (entity, event):
        missing, unexpected = model.base_model.load_state_dict(row.model.encoder.state_dict(), strict=False)
        assert not unexpected and all(name.startswith("pooler") for name in missing), (missing, unexpected)
    entity.classifier.load_state_dict(row.model.entity_head.state_dict())
    find = pipeline("ner", model=entity.eval(), tokenizer=row.tokenizer, aggregation_strategy="simple", device=-1)
    sort = pipeline("text-classification", model=event.eval(), tokenizer=row.tokenizer, top_k=None, device=-1)

    def run(texts: Sequence[str], batch: int) -> None:
        find(list(texts), batch_size=batch)
        sort(list(texts), batch_size=batch, truncation=True)

    return run


@contextmanager
def server(study: Path, *options: str):
    """`crisisflow serve` of the study; yields its port and process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "crisisflow", "serve", "--allow-root", "--port", str(port), *options]
    process = subprocess.Popen(command, cwd=study, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                if asyncio.run(ask(port, "GET", "/readyz", None))[0] == 200:
                    break
            except OSError:
                pass
            if process.poll() is not None:
                sys.exit("the server did not start; try: crisisflow serve")
            time.sleep(0.2)
        asyncio.run(ask(port, "POST", "/v1/explain", "flood"))  # until then the rules still load beside it
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


class Connection:
    """One kept connection: a client as lean as can be, since it shares the cores with what it measures."""

    async def open(self, port: int) -> "Connection":
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        return self

    async def ask(self, method: str, path: str, text: str | None) -> tuple[int, dict[str, str]]:
        """Status and headers of the answer."""
        body = b"" if text is None else json.dumps({"text": text}).encode()
        head = f"{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        self.writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        first, *lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines if line)
        await self.reader.readexactly(int(headers.get("content-length", 0)))
        return int(first.split()[1]), headers

    def close(self) -> None:
        self.writer.close()


async def ask(port: int, method: str, path: str, text: str | None) -> tuple[int, dict[str, str]]:
    connection = await Connection().open(port)
    answer = await connection.ask(method, path, text)
    connection.close()
    return answer


async def one_by_one(port: int, texts: Sequence[str]) -> list[float]:
    """Seconds of each text, asked by one client."""
    connection = await Connection().open(port)
    seconds = []
    for text in texts:
        begin = time.perf_counter()
        assert (await connection.ask("POST", "/v1/predict", text))[0] == 200
        seconds.append(time.perf_counter() - begin)
    connection.close()
    return seconds


async def together(port: int, texts: Sequence[str]) -> float:
    """Texts a second, asked by CLIENTS clients, each of which asks again once it is answered."""
    remaining = iter(texts)

    async def client() -> None:
        connection = await Connection().open(port)
        for text in remaining:
            assert (await connection.ask("POST", "/v1/predict", text))[0] == 200
        connection.close()

    begin = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return len(texts) / (time.perf_counter() - begin)


async def at_rate(port: int, texts: Sequence[str], rate: float) -> list[float]:
    """Seconds of each text where they come at random times (a Poisson process), whether or not others are answered."""
    gaps = np.random.default_rng(1).exponential(1 / rate, len(texts))
    free: list[Connection] = [await Connection().open(port) for _ in range(CLIENTS)]
    loop = asyncio.get_running_loop()
    seconds: list[float] = []

    async def client(text: str, due: float) -> None:
        await asyncio.sleep(due - loop.time())
        connection = free.pop() if free else await Connection().open(port)
        assert (await connection.ask("POST", "/v1/predict", text))[0] == 200
        seconds.append(loop.time() - due)
        free.append(connection)

    start = loop.time() + 0.1
    await asyncio.gather(*(client(text, start + due) for text, due in zip(texts, gaps.cumsum(), strict=True)))
    for connection in free:
        connection.close()
    return seconds


async def flood(port: int, texts: Sequence[str], process: psutil.Process) -> tuple[dict[int, int], int]:
    """How often each status comes where FLOOD requests come at once, and the server's largest memory meanwhile."""
    seen: dict[int, int] = {}
    most = process.memory_info().rss

    async def client(at: int) -> None:
        status, headers = await ask(port, "POST", "/v1/predict", texts[at % len(texts)])
        assert status == 200 or "retry-after" in headers, status
        seen[status] = seen.get(status, 0) + 1

    async def look() -> None:
        nonlocal most
        while True:
            most = max(most, process.memory_info().rss)
            await asyncio.sleep(LOOK)

    looking = asyncio.create_task(look())
    await asyncio.gather(*(client(at) for at in range(FLOOD)))
    looking.cancel()
    with suppress(asyncio.CancelledError):
        await looking
    return seen, most


def allow_files() -> None:
    """Let this process, and the server that it starts, open FILES files, as far as the system lets them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def timed(run: Callable[[], None], clock: Callable[[], float] = time.perf_counter) -> float:
    begin = clock()
    run()
    return clock() - begin


def milliseconds(seconds: Sequence[float], quantile: float = 0.5) -> float:
    return 1000 * float(np.quantile(seconds, quantile))


def spread(ratios: Sequence[float]) -> str:
    return f"{median(ratios):.2f} (rounds: {', '.join(f'{ratio:.2f}' for ratio in ratios)})"


def best_batch(both: Callable[[Sequence[str], int], None], texts: Sequence[str]) -> int:
    """The size of batch with which the pipelines are the faster; the first look at each is its warm-up."""
    return min(BATCHES, key=lambda size: min(timed(lambda: both(texts, size)) for _ in range(2)))


def in_turn(turn: int, theirs: Callable[[], Any], ours: Callable[[], Any]) -> tuple[Any, Any]:
    """What both return, called one after the other: theirs first in even turns."""
    if turn % 2 == 0:
        return theirs(), ours()
    own = ours()
    return theirs(), own


def compare(study: Path, name: str, row: TrainedRow, texts: list[str], rounds: int, runtime: str) -> None:
    """Latency, throughput, latency under load and a flood, for one runtime of the server."""
    both = pipelines(row)
    both(texts[:8], 1)
    with server(study, "--row", name, "--runtime", runtime) as (port, process):
        size = best_batch(both, sorted(texts[:PART], key=len))
        asyncio.run(one_by_one(port, texts[:20]))
        asyncio.run(together(port, texts[:PART]))
        singles: dict[str, list[float]] = {"pipelines": [], "served": []}
        latency, sequence, batched, rates = [], [], [], []
        for turn in range(rounds):
            part = [texts[at % len(texts)] for at in range(turn * PART, (turn + 1) * PART)]
            by_length = sorted(part, key=len)
            theirs, ours = in_turn(
                turn,
                lambda part=part: [timed(lambda text=text: both([text], 1)) for text in part],
                lambda part=part: asyncio.run(one_by_one(port, part)),
            )
            theirs_batched, rate = in_turn(
                turn,
                lambda texts=by_length: len(texts) / timed(lambda: both(texts, size)),
                lambda part=part: asyncio.run(together(port, part)),
            )
            singles["pipelines"] += theirs
            singles["served"] += ours
            latency.append(median(ours) / median(theirs))
            rates.append(rate)
            sequence.append(rate * sum(theirs) / len(part))
            batched.append(rate / theirs_batched)
        for name, seconds in singles.items():
            middle, late = milliseconds(seconds), milliseconds(seconds, 0.95)
            print(f"{runtime}: one tweet, {name}: p50 {middle:.1f} ms, p95 {late:.1f} ms")
        print(f"{runtime}: one tweet, p50, served / pipelines: {spread(latency)}")
        print(f"{runtime}: {CLIENTS} clients: {median(rates):.0f} tweets/s")
        print(f"{runtime}: {CLIENTS} clients, served / pipelines one by one: {spread(sequence)}")
        print(f"{runtime}: {CLIENTS} clients, served / pipelines in batches of {size}, by length: {spread(batched)}")
        load = 0.7 * asyncio.run(together(port, texts))
        seconds = asyncio.run(at_rate(port, (texts * LOADED)[:LOADED], load))
        middle, late = milliseconds(seconds), milliseconds(seconds, 0.99)
        print(
            f"{runtime}: at {load:.0f} tweets/s (70 %): p50 {middle:.1f} ms, p99 {late:.1f} ms, {late / middle:.1f} x"
        )
        before = process.memory_info().rss
        seen, most = asyncio.run(flood(port, texts, process))
        grown = (most - before) / 1e6
        alive = asyncio.run(ask(port, "GET", "/readyz", None))[0]
        print(f"{runtime}: {FLOOD} requests at once: {seen}, memory +{grown:.0f} MB at most, then /readyz {alive}")


def beside(rows: dict[str, TrainedRow], texts: list[str], rounds: int, clock: Callable[[], float]) -> None:
    """Throughput and latency of all runtimes of several rows; the first row in ONNX Runtime counts as 1."""
    predictors = {
        (name, runtime): Predictor(row, open_runtime(row, runtime, 1))
        for name, row in rows.items()
        for runtime in ("onnx", "torch", "onnx-int8")
    }
    batch = np.random.default_rng(1).integers(300, 2000, (32, 32)), np.ones((32, 32), np.int64)
    rates: dict[tuple[str, str], list[float]] = {key: [] for key in predictors}
    alone: dict[tuple[str, str], list[float]] = {key: [] for key in predictors}
    singles: dict[tuple[str, str], list[float]] = {key: [] for key in predictors}
    for predict in predictors.values():
        predict(texts[:8])
    for turn in range(rounds):
        part = [texts[at % len(texts)] for at in range(turn * PART, (turn + 1) * PART)]
        keys = list(predictors)
        for key in keys[turn % len(keys) :] + keys[: turn % len(keys)]:
            rates[key].append(len(part) / timed(lambda key=key, part=part: predictors[key](part), clock))
            alone[key].append(32 / timed(lambda key=key: predictors[key].forward(*batch), clock))
            singles[key] += [timed(lambda key=key, text=text: predictors[key]([text]), clock) for text in part[:16]]
    first, *_ = predictors
    for key, own in rates.items():
        ratios = [rate / base for rate, base in zip(own, rates[first], strict=True)]
        forward = [rate / base for rate, base in zip(alone[key], alone[first], strict=True)]
        print(f"{' '.join(key)}: {median(own):.0f} tweets/s, one tweet {milliseconds(singles[key]):.2f} ms")
        print(f"{' '.join(key)}, times {' '.join(first)}: {spread(ratios)}")
        print(f"{' '.join(key)}, 32 x 32 subwords, forward pass: {median(alone[key]):.0f} texts/s: {spread(forward)}")


def scores(found: Sequence[Findings], classes: Sequence[str], spans: Sequence[set]) -> tuple[float, float]:
    """Macro-F1 of the classes and micro-F1 of exact spans."""
    from sklearn.metrics import f1_score

    guessed = [max(own.probabilities, key=own.probabilities.get) for own in found]
    own = [{span[:3] for span in one.spans} for one in found]
    right = sum(len(one & other) for one, other in zip(own, spans, strict=True))
    micro = 2 * right / max(1, sum(map(len, own)) + sum(map(len, spans)))
    return f1_score(classes, guessed, average="macro", zero_division=0), micro


def losses(row: TrainedRow, tweets: list[dict], study: Path) -> None:
    """What int8 costs in accuracy, against the study's own labels and against float32."""
    spans: dict[str, set] = {tweet["tweet_id"]: set() for tweet in tweets}
    for span in read_spans(study / "data" / "annotations" / "resolved.parquet"):
        if span.tweet_id in spans:
            spans[span.tweet_id].add((span.start, span.end, span.label))
    texts = [tweet["text"] for tweet in tweets]
    classes = [tweet["class_label"] for tweet in tweets]
    exact = None
    for runtime in ("torch", "onnx", "onnx-int8"):
        found = Predictor(row, open_runtime(row, runtime, 1))(texts)
        exact = exact or found
        macro, micro = scores(found, classes, list(spans.values()))
        same = [max(own.probabilities, key=own.probabilities.get) for own in exact]
        _, agreed = scores(found, classes, [{span[:3] for span in own.spans} for own in exact])
        guessed = [max(own.probabilities, key=own.probabilities.get) for own in found]
        share = sum(map(str.__eq__, same, guessed)) / len(texts)
        print(
            f"{runtime}: n {len(texts)}: macro-F1 {macro:.4f}, span micro-F1 {micro:.4f}; "
            f"as float32 in torch: {share:.2%} of the classes, spans F1 {agreed:.4f}"
        )


def sample(tweets: list[dict], number: int) -> list[dict]:
    """So many of the tweets, or all, at equal distances: neighbours are often of one event."""
    return [tweets[at * len(tweets) // number] for at in range(number)] if len(tweets) > number else tweets


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", type=Path, default=Path(), help="checkout whose study was run")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--row", help="row to use; without it, the one that the study chose")
    parser.add_argument("--scored", type=int, default=SCORED, help="tweets on which the accuracy is compared, at most")
    runtimes = ["onnx", "onnx-int8", "torch"]
    parser.add_argument("--runtime", nargs="*", default=runtimes, help="timed; none: the accuracy alone")
    parser.add_argument("--beside", type=Path, help="folder of another trained row, to be compared with the first")
    parser.add_argument(
        "--clock", choices=["wall", "cpu"], default="wall", help="of --beside; cpu where other work uses the cores too"
    )
    options = parser.parse_args()
    os.environ["TOKENIZERS_PARALLELISM"] = "true"
    table = read_parquet(options.study / "data" / "corpus" / "tweets.parquet", TWEETS).to_pylist()
    tweets = [tweet for tweet in table if tweet["split"] == "validation"]
    folder = folder_of(Choice(options.study / "results" / LEADING, options.row))
    row = load(folder / WEIGHTS, folder / "config.json")
    texts = [tweet["text"] for tweet in sample(tweets, TEXTS)]
    allow_files()
    print(f"{psutil.cpu_count()} cores, load before the run: {os.getloadavg()[0]:.1f}")
    if options.beside:
        other = load(options.beside / WEIGHTS, options.beside / "config.json")
        named = {f"row {folder.parent.name}": row, f"row {options.beside.parent.name}": other}
        beside(named, texts, options.rounds, time.process_time if options.clock == "cpu" else time.perf_counter)
        for name, own in named.items():
            print(f"{name}: {sum(parameter.numel() for parameter in own.model.parameters()) / 1e6:.1f}M parameters")
            losses(own, sample(tweets, options.scored), options.study)
        return
    losses(row, sample(tweets, options.scored), options.study)
    for runtime in options.runtime:
        compare(options.study, folder.parent.name, row, texts, options.rounds, runtime)


if __name__ == "__main__":
    main()
