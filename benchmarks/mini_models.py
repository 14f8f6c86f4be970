"""How fast the shapes of the mini models are beside BERT-base: `python benchmarks/mini_models.py`.

Encoders with random weights under a linear layer of four classes, which is all that a label needs. BERT-base and MiniLM
have the 30,522 entries of BERT's vocabulary, the minis one of 8,192 that is learnt here. Each shape runs in PyTorch, in
ONNX Runtime, and there with int8 weights (crisisflow.serving.runtime), on batches of one length, after a warm-up.

In a round all variants take turns, and a ratio is of one round: to BERT-base in PyTorch, at the same length. Medians of
the rounds are shown. A variant runs for so many iterations, or until its seconds are over. `--clock cpu` counts the
seconds of the processor instead of the wall's, for a machine that others use too (one thread then).

Besides: one tweet alone; from text to label, tokenizing included, on texts of the generated corpus; parameters, bytes;
the factor of multiply-adds, which is what a shape promises; and what the paper measured on a GPU (arXiv 2502.16839,
Table 5: batches of 32; the length is not said). With `--device cuda` PyTorch alone runs, on the GPU.
"""

import argparse
import gc
import logging
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import NamedTuple

import numpy as np
import psutil
import torch
from transformers import BertModel
from transformers.utils import logging as transformers_logging

from crisisflow.corpus.sample import generate
from crisisflow.inference import Forward, TrainedRow
from crisisflow.labels import Labels
from crisisflow.model.joint import JointModel
from crisisflow.pretrained import load_tokenizer
from crisisflow.serving.runtime import open_runtime, to_int8, to_onnx
from crisisflow.studies.actionable_help.byte_pairs import learn
from crisisflow.studies.actionable_help.labels import LABELS
from crisisflow.studies.actionable_help.mini_params import ShapeParams
from crisisflow.studies.actionable_help.reproduction import paper_table
from crisisflow.studies.actionable_help.shapes import (
    BERT_BASE,
    BERT_ENTRIES,
    BERT_POSITIONS,
    config_of,
    multiply_adds,
    times_fewer,
)
from crisisflow.studies.actionable_help.vocabulary import as_fast

BERT = "BERT-base"
SHAPES = {
    BERT: BERT_BASE,
    "MiniLM-L6": ShapeParams(hidden=384, layers=6, heads=12, intermediate=1536),
    "S_M": ShapeParams(hidden=512, layers=8, heads=8, intermediate=2048),
    "S_S": ShapeParams(hidden=384, layers=6, heads=6, intermediate=1536),
    "S_T": ShapeParams(hidden=256, layers=4, heads=4, intermediate=1024),
    "S_N": ShapeParams(hidden=256, layers=2, heads=4, intermediate=1024),
}
IN_TABLE_5 = {BERT: "BERT", "S_M": "S_M (our)", "S_S": "S_S (our)", "S_T": "S_T (our)"}
PAPER_COLUMNS = {
    "seconds_per_batch_of_32": "paper: s a batch",
    "samples_per_second": "paper: tweets/s",
    "times_bert": "paper: times BERT",
}
ENTRIES, POSITIONS = 8192, 128  # of the minis
BATCH, LENGTHS = 32, (16, 32, 64, 128)
ALONE = 28  # subwords of one tweet
TEXTS = 96
RUNTIMES = ("torch", "onnx", "onnx-int8")


class Variant(NamedTuple):
    """A shape in a runtime."""

    shape: str
    runtime: str
    row: TrainedRow
    forward: Forward


def rows(shapes: Sequence[str], texts: Sequence[str]) -> Iterator[tuple[str, TrainedRow]]:
    """Each shape as a trained row, but with random weights."""
    berts, ours = load_tokenizer("embedded:minilm-l6"), as_fast(learn(texts, ENTRIES, True), POSITIONS)
    for name in shapes:
        of_bert = not name.startswith("S_")
        entries, positions = (BERT_ENTRIES, BERT_POSITIONS) if of_bert else (ENTRIES, POSITIONS)
        encoder = BertModel(config_of(SHAPES[name], entries, positions), add_pooling_layer=False)
        model = JointModel(encoder, Labels((), LABELS), 0.0).eval()
        yield name, TrainedRow(model, berts if of_bert else ours, POSITIONS)


def on_gpu(row: TrainedRow) -> Forward:
    """PyTorch's forward pass on the GPU; it returns when the GPU is done."""
    model = row.model.cuda()

    @torch.inference_mode()
    def forward(ids: np.ndarray, mask: np.ndarray) -> tuple[None, np.ndarray]:
        _, classes = model(torch.from_numpy(ids).cuda(), torch.from_numpy(mask).cuda())
        return None, classes.cpu().numpy()

    return forward


def batch_of(rows: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Random subwords, none of them padding."""
    ids = np.random.default_rng(1).integers(5, 2000, (rows, length))
    return ids, np.ones_like(ids)


def labels_of(variant: Variant, texts: Sequence[str]) -> list[str]:
    """From text to label, in batches of similar length."""
    ids = variant.row.tokenizer(list(texts), truncation=True, max_length=POSITIONS)["input_ids"]
    order = sorted(range(len(ids)), key=lambda at: len(ids[at]))
    found = [""] * len(ids)
    for begin in range(0, len(order), BATCH):
        part = order[begin : begin + BATCH]
        length = len(ids[part[-1]])
        padded, mask = (
            np.full((len(part), length), variant.row.tokenizer.pad_token_id),
            np.zeros((len(part), length), int),
        )
        for place, at in enumerate(part):
            padded[place, : len(ids[at])], mask[place, : len(ids[at])] = ids[at], 1
        _, classes = variant.forward(padded, mask)
        for at, best in zip(part, classes.argmax(axis=1), strict=True):
            found[at] = LABELS[best]
    return found


class Job(NamedTuple):
    """Something that is measured: how many tweets a run takes, and their subwords (for multiply-adds)."""

    name: str
    length: int
    tweets: int
    run: Callable[[Variant], object]


Rates = dict[tuple[str, str], list[float]]


class Watch:
    """Measures how many times a second something runs."""

    def __init__(self, clock: str, seconds: float, iterations: int) -> None:
        self.now = {"wall": time.perf_counter, "cpu": time.process_time}[clock]
        self.seconds, self.iterations = seconds, iterations

    def rate(self, run: Callable[[], object]) -> float:
        begin, done = self.now(), 0
        while done < self.iterations and (done == 0 or self.now() - begin < self.seconds):
            run()
            done += 1
        return done / (self.now() - begin)


def jobs(lengths: Sequence[int], texts: Sequence[str]) -> Iterator[Job]:
    """What is measured."""

    def passes(rows: int, length: int) -> Callable[[Variant], object]:
        given = batch_of(rows, length)
        return lambda own: own.forward(*given)

    for length in lengths:
        yield Job(f"{length} subwords, batches of {BATCH}", length, BATCH, passes(BATCH, length))
    yield Job(f"one tweet of {ALONE} subwords", ALONE, 1, passes(1, ALONE))
    yield Job("from text to label", ALONE, len(texts), lambda own: labels_of(own, texts))


def measure(job: Job, variants: Sequence[Variant], rounds: int, watch: Watch) -> Rates:
    """By shape and runtime: tweets a second in each round."""
    rates: Rates = defaultdict(list)
    for own in variants:
        job.run(own)  # warm-up
    for _ in range(rounds):
        for own in variants:
            rates[own.shape, own.runtime].append(job.tweets * watch.rate(lambda own=own: job.run(own)))
    return rates


def show(job: Job, rates: Rates) -> None:
    base = rates[BERT, "torch"]
    runtimes = list(dict.fromkeys(runtime for _, runtime in rates))
    print(f"\n{job.name}: tweets/s (times BERT-base in PyTorch in the same round)\n")
    print(f"| shape | multiply-adds | {' | '.join(runtimes)} |\n|---|---{'|---' * len(runtimes)}|")
    for shape in dict.fromkeys(shape for shape, _ in rates):
        cells = []
        for runtime in runtimes:
            own = rates[shape, runtime]
            ratio = median(one / other for one, other in zip(own, base, strict=True))
            alone = f", {1000 / median(own):.1f} ms" if job.tweets == 1 else ""
            cells.append(f"{median(own):,.1f}{alone} ({ratio:.2f})")
        print(f"| {shape} | {times_fewer(SHAPES[shape], job.length):.2f} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--iterations", type=int, default=1000, help="of a variant in a round, at most")
    parser.add_argument(
        "--seconds", type=float, default=1.0, help="of a variant in a round, about; one iteration at least"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lengths", type=int, nargs="*", default=LENGTHS, help="subwords of a tweet")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--shapes", nargs="+", choices=list(SHAPES), default=list(SHAPES))
    options = parser.parse_args()
    transformers_logging.set_verbosity_error()
    logging.disable(logging.WARNING)  # of the quantization, which asks for steps that change nothing here
    torch.manual_seed(1)
    texts = [own["text"] for own, _ in generate(4000, 3)]
    print(f"{psutil.cpu_count()} cores, load before the run: {os.getloadavg()[0]:.1f}; {vars(options)}\n")
    columns = ["parameters", "MB as float32", "MB as int8 ONNX", "million multiply-adds at 32", *PAPER_COLUMNS.values()]
    print(f"| shape | {' | '.join(columns)} |\n{'|---' * (1 + len(columns))}|")
    paper = paper_table("table5").set_index("model")[list(PAPER_COLUMNS)].T.to_dict("list")
    variants = []
    for name, row in rows(dict.fromkeys([BERT, *options.shapes]), texts):
        parameters = sum(own.numel() for own in row.model.parameters())
        size = len(to_int8(to_onnx(row))) / 1e6 if options.device == "cpu" else float("nan")
        printed = " | ".join(map(str, paper.get(IN_TABLE_5.get(name, ""), ["–"] * len(PAPER_COLUMNS))))
        adds = multiply_adds(SHAPES[name], 32) / 1e6
        print(
            f"| {name} | {parameters:,} | {parameters * 4 / 1e6:.1f} | {size:.1f} | {adds:,.0f} | {printed} |",
            flush=True,
        )
        if options.device == "cuda":
            variants.append(Variant(name, "torch", row, on_gpu(row)))
        else:
            variants += [Variant(name, own, row, open_runtime(row, own, options.threads)) for own in RUNTIMES]
        gc.collect()
    watch = Watch(options.clock, options.seconds, options.iterations)
    for job in jobs(options.lengths, texts[:TEXTS]):
        show(job, measure(job, variants, options.rounds, watch))


if __name__ == "__main__":
    main()
