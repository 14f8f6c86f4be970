"""What training costs beside a plain loop: `python benchmarks/training.py --threads 2`.

Three ways to train the same joint model (MiniLM-L6, two heads, the plain sum of both losses) on the same tweets, from
the same weights, with the same batch size and schedule:

padded to N: a loop as in the example run_ner_no_trainer.py of transformers with --pad_to_max_length: everything padded
beforehand, default collator, AdamW in two groups, linear schedule, the loss summed up for the log.
padded to the batch: the same with its other collator, which pads a shuffled batch to its longest tweet, and to a
multiple of 8 (as the example has it with mixed precision).
crisisflow: the Trainer of the workflow. It clips gradients, which the example does not do: that is at its expense.

Seconds are those of the training epochs, without loading and validation, and without checkpoints (within an epoch
there is none in its first five minutes). The ways take turns, each time
in a process of its own, and every ratio is of one round, so that a machine that is now faster, now slower, does not
decide it. Training losses are means over batches, and batches of similar length weigh a little otherwise than shuffled
ones; the losses afterwards are of tweets of the validation split, taken in one way for all.

FLOP of a tweet of l subwords, forward and backward: 6 l for each element of the matrices in the layers and the entity
head, 6 for each of the event head's, and 12 l^2 d a layer for the scores and the values of attention. Padding counts
nothing, nor do look-ups of embeddings and whatever is no product of matrices. Their rate is compared with the fastest
torch.matmul of several sizes, as it was just before and just after, with as many threads.
"""

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from multiprocessing import get_context
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.profiler_util import FunctionEvent
from torch.nn.functional import cross_entropy
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import DataLoader
from tqdm import tqdm
from transformers import DataCollatorForTokenClassification, default_data_collator, get_scheduler
from transformers.utils import logging as transformers_logging

from crisisflow.errors import CrisisflowError
from crisisflow.labels import IGNORED
from crisisflow.model.freezing import encoder_layers
from crisisflow.model.joint import JointModel
from crisisflow.model.weighting import WEIGHTINGS
from crisisflow.pretrained import load_encoder, load_tokenizer
from crisisflow.studies import read_params
from crisisflow.studies.humaid_ner.train import TARGETS, read_examples
from crisisflow.taxonomy import LABELS
from crisisflow.training.batching import Examples
from crisisflow.training.device import open_device
from crisisflow.training.joint import joint_task
from crisisflow.training.loop import Trainer
from crisisflow.training.schedule import Optimization, Stage

ENCODER = "embedded:minilm-l6"
EPOCHS = 2
LEARNING_RATE = 5e-5  # the example's, as its weight decay of 0 and its lack of a warm-up
HELD_OUT = 256
MATRICES = (256, 512, 1024, 2048)
MATRIX_SECONDS = 0.3  # for each size

# The first pattern that occurs in the names of an operation and of those that called it. A factor is told from another
# only by its caller, so that a few multiplications of the model (the scale of scores, pooling) count as dropout.
GROUPS = {
    "optimizer": r"Optimizer\.",
    "clearing memory": r"aten::(fill_|zero_)$",
    "dropout": r"aten::(bernoulli_|random_|dropout)",
    "attention": r"scaled_dot_product|^aten::matmul|aten::bmm|: BmmBackward|aten::_softmax|SoftmaxBackward",
    "matrix products": r"aten::(linear|addmm|mm)\b|: (Addmm|Mm)Backward",
    "clipping": r"aten::(linalg_vector_norm|_foreach_norm|mul_)",
    "masks of dropout": r"aten::(mul|where|ge)$|: MulBackward",
    "layer norm and activation": r"layer_norm|: NativeLayerNormBackward|gelu|: GeluBackward",
    "embedding": r"[Ee]mbedding",
}
CHECKPOINT = "aten::clone"  # nothing else calls it from Python


class Job(NamedTuple):
    """What all ways are given."""

    train: Examples
    held_out: Examples
    optimization: Optimization
    frozen_cache_gb: float
    threads: int
    dropout: float
    max_length: int
    stage: Stage
    seed: int


class Result(NamedTuple):
    """What one way made of a job; losses are (entity, event)."""

    seconds: float  # of the training epochs
    beside: float  # seconds of the rest: loading tweets, validation, checkpoints, and what is kept of frozen layers
    losses: list[list[float]]  # of each epoch
    after: list[float]  # on held-out tweets
    padded: int  # subwords that went through the encoder in training, padding included
    busy: float  # cores at work, on average
    flop: float  # in training, of real subwords
    matrix_rate: float  # FLOP a second


Lines = dict[str, tuple[Callable[[Result], float], str]]  # of a table: the figure and its format
Watch = AbstractContextManager[Any]
Way = Callable[[Job, JointModel, Watch], tuple[float, list[list[float]]]]


def task_losses(model: JointModel, batch: dict[str, Tensor]) -> Tensor:
    """The losses of both tasks as plain PyTorch writes them."""
    logits = model(batch["input_ids"], batch["attention_mask"])
    entity = cross_entropy(logits.entity.flatten(0, 1), batch["labels"].flatten(), ignore_index=IGNORED)
    return torch.stack([entity, cross_entropy(logits.classes, batch["class_ids"])])


def features(examples: Examples, length: int, padding_id: int) -> list[dict[str, Any]]:
    """The tweets as a tokenizer hands them to a loader, padded to `length`; 0 leaves them as they are."""

    def padded(values: list[int], padding: int) -> list[int]:
        return values + [padding] * (length - len(values))

    return [
        {
            "input_ids": padded(ids, padding_id),
            "attention_mask": padded([1] * len(ids), 0),
            "labels": padded(labels, IGNORED),
            "class_ids": class_id,
        }
        for ids, labels, class_id in zip(examples.input_ids, *(examples.targets[name] for name in TARGETS), strict=True)
    ]


def loader(examples: Examples, batch_size: int, shuffle: bool, length: int = 0) -> DataLoader:
    """Batches padded to `length` beforehand or, with 0, each to its longest tweet."""
    tokenizer = load_tokenizer(ENCODER)
    collate = default_data_collator if length else DataCollatorForTokenClassification(tokenizer, pad_to_multiple_of=8)
    tweets = features(examples, length, tokenizer.pad_token_id)
    return DataLoader(tweets, batch_size=batch_size, shuffle=shuffle, collate_fn=collate)


def train_plainly(job: Job, model: JointModel, watch: Watch, length: int = 0) -> tuple[float, list[list[float]]]:
    """The loop of the example; seconds, and the mean losses of each epoch."""
    batches = loader(job.train, job.optimization.batch_size, shuffle=True, length=length)
    no_decay = ("bias", "LayerNorm.weight")
    groups = [
        {"params": [p for n, p in model.named_parameters() if not any(d in n for d in no_decay)]},
        {"params": [p for n, p in model.named_parameters() if any(d in n for d in no_decay)], "weight_decay": 0.0},
    ]
    groups[0]["weight_decay"] = job.optimization.weight_decay
    optimizer = torch.optim.AdamW(groups, lr=job.optimization.learning_rate)
    steps = job.stage.epochs * len(batches)
    scheduler = get_scheduler("linear", optimizer, num_warmup_steps=0, num_training_steps=steps)
    bar = tqdm(range(steps), disable=None)
    losses = []
    with watch:
        start = time.perf_counter()
        for _ in range(job.stage.epochs):
            model.train()
            total = torch.zeros(2)
            for batch in batches:
                both = task_losses(model, batch)
                total += both.detach().float()
                both.sum().backward()
                optimizer.step()
                scheduler.step()
                optimizer.zero_grad()
                bar.update(1)
            losses.append((total / len(batches)).tolist())
        seconds = time.perf_counter() - start
    return seconds, losses


def train_padded(job: Job, model: JointModel, watch: Watch) -> tuple[float, list[list[float]]]:
    """The loop of the example with everything padded beforehand."""
    return train_plainly(job, model, watch, job.max_length)


def train_ours(job: Job, model: JointModel, watch: Watch) -> tuple[float, list[list[float]]]:
    """The same by the workflow's engine."""
    with TemporaryDirectory() as folder:
        trainer = Trainer(
            name="crisisflow",
            model=model,
            task=joint_task(LABELS),
            weighting=WEIGHTINGS["fixed"](len(model.tasks)),
            optimization=job.optimization,
            seed=job.seed,
            device=open_device("cpu", job.threads, processes=1),
            padding_id=load_tokenizer(ENCODER).pad_token_id,
            max_length=job.max_length,
            folder=Path(folder),
            run="",
            frozen_cache_gb=job.frozen_cache_gb,
        )
        with watch:
            trainer.fit([job.stage], job.train, job.held_out)
    history = [list(epoch.losses.values()) for epoch in trainer.records.history]
    return sum(speed.training_seconds for speed in trainer.records.speeds), history


PLAIN: dict[str, Way] = {"padded to the batch": train_plainly}
WAYS: dict[str, Way] = {"padded to {max_length}": train_padded, **PLAIN, "crisisflow": train_ours}


def make_model(job: Job) -> JointModel:
    """The pretrained encoder under new heads, the same ones for a seed."""
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    torch.set_num_threads(job.threads)
    torch.manual_seed(job.seed)
    return JointModel(load_encoder(ENCODER, None), LABELS, job.dropout)


def count_subwords(model: JointModel) -> Counter[str]:
    """Counts what goes through the encoder in training from now on."""
    counter: Counter[str] = Counter()

    def count(embeddings: nn.Module, given: tuple[Tensor], states: Tensor) -> None:
        if model.training:
            counter["padded"] += given[0].numel()

    model.encoder.embeddings.word_embeddings.register_forward_hook(count)
    return counter


def held_out_losses(model: JointModel, job: Job) -> list[float]:
    """Mean losses over batches of the held-out tweets, without dropout."""
    model.eval()
    with torch.inference_mode():
        losses = [
            task_losses(model, batch) for batch in loader(job.held_out, job.optimization.batch_size, shuffle=False)
        ]
    return torch.stack(losses).mean(dim=0).tolist()


def flop(model: JointModel, lengths: list[int]) -> int:
    """Of one epoch over tweets of these lengths; the formula stands at the top."""

    def elements(module: nn.Module) -> int:
        return sum(parameter.numel() for parameter in module.parameters() if parameter.ndim == 2)

    layers = encoder_layers(model.encoder)
    projections = sum(lengths) * (elements(layers) + elements(model.entity_head))
    projections += len(lengths) * elements(model.class_head)
    attention = len(layers) * model.encoder.config.hidden_size * sum(length**2 for length in lengths)
    return 6 * projections + 12 * attention


def matrix_rate() -> float:
    """FLOP a second of torch.matmul at the size that suits it best."""
    rates = []
    for size in MATRICES:
        one, other = torch.rand(size, size), torch.rand(size, size)
        torch.matmul(one, other)
        times, start = 0, time.perf_counter()
        while time.perf_counter() - start < MATRIX_SECONDS:
            torch.matmul(one, other)
            times += 1
        rates.append(2 * size**3 * times / (time.perf_counter() - start))
    return max(rates)


def measure(way: str, job: Job) -> Result:
    """Train in this process, with the rate of matrix products before and after."""
    model = make_model(job)
    counter = count_subwords(model)
    before = matrix_rate()
    start, cpu = time.perf_counter(), time.process_time()
    seconds, losses = WAYS[way](job, model, nullcontext())
    wall = time.perf_counter() - start
    busy = (time.process_time() - cpu) / wall
    return Result(
        seconds=seconds,
        beside=wall - seconds,
        losses=losses,
        after=held_out_losses(model, job),
        padded=counter["padded"],
        busy=busy,
        flop=job.stage.epochs * flop(model, job.train.lengths()),
        matrix_rate=mean([before, matrix_rate()]),
    )


def path_of(event: FunctionEvent) -> Iterator[str]:
    """The names of an operation and of those that called it, outermost first."""
    if event.cpu_parent is not None:
        yield from path_of(event.cpu_parent)
    yield event.name


def profiled(way: str, job: Job) -> Counter[str]:
    """Microseconds of the calling thread in each group, over the whole job; without the copies for a checkpoint."""
    model = make_model(job)
    watch = profile(activities=[ProfilerActivity.CPU])
    WAYS[way](job, model, watch)
    spent: Counter[str] = Counter()
    for event in watch.events():
        path = " > ".join(path_of(event))
        if not path.startswith(CHECKPOINT):
            group = next((name for name, pattern in GROUPS.items() if re.search(pattern, path)), "other")
            spent[group] += event.self_cpu_time_total
    return spent


def apart(function: Callable[..., Any], *arguments: Any) -> Any:
    """The function's value from a new process: no setting, thread or memory of one run is another's."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def in_rounds(jobs: dict[str, tuple[str, Job]], rounds: int) -> dict[str, list[Result]]:
    """Measure each (way, job) once a round, with the round's seed."""
    results: dict[str, list[Result]] = {name: [] for name in jobs}
    for turn in range(1, rounds + 1):
        for name, (way, job) in jobs.items():
            result = apart(measure, way, job._replace(seed=turn))
            results[name].append(result)
            rate = job.stage.epochs * len(job.train.ids) / result.seconds
            print(f"round {turn}, {name}: {rate:.1f} tweets/s, {result.busy:.2f} cores", file=sys.stderr)
    return results


def cell(values: list[float], form: str) -> str:
    """Median, lowest and highest."""
    return f"{median(values):{form}} ({min(values):{form}}–{max(values):{form}})"


def table(results: dict[str, list[Result]], lines: Lines) -> None:
    """Print a Markdown table: a column for each way, a line for each figure, and the ratios of speed."""
    rounds = len(next(iter(results.values())))
    title = f"{EPOCHS} epochs, {rounds} rounds: median (lowest–highest)"
    print(f"| {title} | {' | '.join(results)} |\n|---{'|---' * len(results)}|")
    for name, (value, form) in lines.items():
        print(f"| {name} | {' | '.join(cell(list(map(value, each)), form) for each in results.values())} |")
    for name, others in list(results.items())[:-1]:
        ratios = [
            [other.seconds / own.seconds for own, other in zip(each, others, strict=True)] for each in results.values()
        ]
        print(f"| speed beside {name} | {' | '.join(cell(each, '.2f') for each in ratios)} |")


def compare(job: Job, rounds: int) -> None:
    """The three ways side by side."""
    results = in_rounds({way.format(max_length=job.max_length): (way, job) for way in WAYS}, rounds)
    tweets, subwords = job.stage.epochs * len(job.train.ids), job.stage.epochs * sum(job.train.lengths())
    lines: Lines = {
        "tweets/s": (lambda result: tweets / result.seconds, ".1f"),
        "padding": (lambda result: 1 - subwords / result.padded, ".1%"),
        "cores at work": (lambda result: result.busy, ".2f"),
        "GFLOP/s of real subwords": (lambda result: result.flop / result.seconds / 1e9, ".1f"),
        "the same beside torch.matmul": (lambda result: result.flop / result.seconds / result.matrix_rate, ".1%"),
        "torch.matmul, GFLOP/s": (lambda result: result.matrix_rate / 1e9, ".0f"),
    }
    for at, task in enumerate(("NER", "CLS")):
        lines |= {
            f"{task} loss, first epoch": (lambda result, at=at: result.losses[0][at], ".3f"),
            f"{task} loss, last epoch": (lambda result, at=at: result.losses[-1][at], ".3f"),
            f"{task} loss afterwards, held out": (lambda result, at=at: result.after[at], ".3f"),
        }
    table(results, lines)


def compare_stage_2(job: Job, rounds: int) -> None:
    """Epochs with the lower layers frozen, their output computed anew or kept, beside epochs of the whole model.

    What is kept is made once, in the seconds beside the epochs.
    """
    depth = len(encoder_layers(make_model(job).encoder))
    frozen = job.stage._replace(freeze_layers=depth * 3 // 4, freeze_embeddings=True, frozen_dropout=False)
    jobs = {
        "whole": job,
        f"{frozen.freeze_layers} of {depth} layers frozen": job._replace(stage=frozen, frozen_cache_gb=0.0),
        "frozen, their output kept": job._replace(stage=frozen),
    }
    results = in_rounds({name: ("crisisflow", each) for name, each in jobs.items()}, rounds)
    lines: Lines = {
        "seconds an epoch": (lambda result: result.seconds / job.stage.epochs, ".1f"),
        "seconds beside the epochs": (lambda result: result.beside, ".1f"),
        "NER loss afterwards, held out": (lambda result: result.after[0], ".3f"),
    }
    table(results, lines)


def compare_profiles(job: Job) -> None:
    """Where the time goes, in a plain loop and here."""
    short = job._replace(stage=job.stage._replace(epochs=1), held_out=draw(job.held_out, 1))
    spent = {way: apart(profiled, way, short) for way in (*PLAIN, "crisisflow")}
    tweets = len(job.train.ids)
    print(f"| CPU time, µs a tweet, and its share | {' | '.join(spent)} |\n|---{'|---' * len(spent)}|")
    for group in (*GROUPS, "other"):
        cells = (f"{each[group] / tweets:.0f}, {each[group] / each.total():.1%}" for each in spent.values())
        print(f"| {group} | {' | '.join(cells)} |")
    print(f"| all | {' | '.join(f'{each.total() / tweets:.0f}' for each in spent.values())} |")


def draw(examples: Examples, size: int) -> Examples:
    """Every so-many-th tweet, so that all classes are there in their shares."""
    total = len(examples.ids)
    if size > total:
        raise CrisisflowError(f"{size:,} tweets are asked for and {total:,} are there; lower --tweets")
    return examples.at([at * total // size for at in range(size)])


def make_job(aligned: Path, tweets: int, batch_size: int, threads: int, params_file: Path) -> Job:
    """The job of a benchmark: only what is named here differs from the params file."""
    params = read_params(params_file)[0]
    own = params.humaid_ner
    return Job(
        train=draw(read_examples(aligned, "train"), tweets),
        held_out=draw(read_examples(aligned, "validation"), HELD_OUT),
        optimization=Optimization(
            batch_size=batch_size,
            learning_rate=LEARNING_RATE,
            weighting_learning_rate=own.training.log_variance_learning_rate,
            betas=own.training.betas,
            weight_decay=0.0,
            clip_norm=own.training.clip_norm,
        ),
        frozen_cache_gb=params.compute.frozen_cache_gb,
        threads=threads,
        dropout=own.model.dropout,
        max_length=own.alignment.max_length,
        stage=Stage(EPOCHS, warmup_steps=0, freeze_layers=0, freeze_embeddings=False, frozen_dropout=True),
        seed=0,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--aligned",
        type=Path,
        default=Path("data/humaid_ner/aligned/B.parquet"),
        help="aligned tweets; make the default's with: snakemake --cores all data/humaid_ner/aligned/B.parquet",
    )
    parser.add_argument("--tweets", type=int, default=1280, help="tweets to draw for an epoch (1280)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each way (3); one takes some 10 min a core")
    parser.add_argument("--batch-size", type=int, default=32, help="tweets of a step (32)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of a run (1)")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="whose other values are used")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--profile", action="store_true", help="where the time goes, instead")
    instead.add_argument("--stage2", action="store_true", help="epochs with frozen layers, instead")
    given = parser.parse_args()
    try:
        job = make_job(given.aligned, given.tweets, given.batch_size, given.threads, given.params)
    except CrisisflowError as error:
        sys.exit(str(error))
    print(
        f"{given.tweets:,} tweets of {mean(job.train.lengths()):.1f} subwords on average, "
        f"batches of {given.batch_size}, {given.threads} thread(s)\n"
    )
    if given.profile:
        compare_profiles(job)
    elif given.stage2:
        compare_stage_2(job, given.rounds)
    else:
        compare(job, given.rounds)


if __name__ == "__main__":
    main()
