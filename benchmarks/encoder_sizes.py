"""What a training step costs by the size of the encoder: `python benchmarks/encoder_sizes.py`.

Steps of the joint model with random weights, 8 rows of 64 subwords, on one thread, each size in a process of its own:
MiniLM-L6, BERT-base and RoBERTa-large as their authors shaped them. Two constants are fitted to the two small ones:

    seconds = floating-point operations / rate + 11 P 4 bytes / bandwidth

P are all parameters, operations are 6 for each element of the matrices in the layers and 12 d l a layer for attention,
for each of l subwords (docs/tpu.md); 11 is how often a step reads or writes P values. Then RoBERTa-large, to which
nothing was fitted, is predicted and measured. Its memory is predicted from its configuration alone: 16 P bytes for
weights, gradients and both moments, what layers keep for the backward pass, and what a process takes anyhow.
"""

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median
from typing import Any, NamedTuple

import torch
from torch.nn.utils import clip_grad_norm_
from transformers import AutoModel, BertConfig, PreTrainedConfig, RobertaConfig

from crisisflow.model.freezing import encoder_layers
from crisisflow.model.joint import JointModel
from crisisflow.model.weighting import Kendall
from crisisflow.taxonomy import LABELS
from crisisflow.training.device import open_device
from crisisflow.training.joint import joint_task

ROWS, LENGTH = 8, 64
STEPS = 4  # after a first one, which is not counted
TRAFFIC = 11 * 4  # bytes a parameter and step
STATES = 4 * 4  # bytes a parameter: weight, gradient, two moments
ENCODERS: dict[str, PreTrainedConfig] = {
    "MiniLM-L6": BertConfig(hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536),
    "BERT-base": BertConfig(),
    "RoBERTa-large": RobertaConfig(
        vocab_size=50_265,
        max_position_embeddings=514,
        type_vocab_size=1,
        hidden_size=1024,
        num_hidden_layers=24,
        num_attention_heads=16,
        intermediate_size=4096,
    ),
}


class Step(NamedTuple):
    """A step of one size; bytes and seconds."""

    parameters: int
    operations: int
    seconds: float
    peak: int
    before: int  # the most that the process had in use before there was a model


def measure(config: PreTrainedConfig) -> Step:
    device = open_device("cpu", threads=1, processes=1)
    before = device.peak_memory()
    model = JointModel(AutoModel.from_config(config, add_pooling_layer=False), LABELS, dropout=0.1)
    task = joint_task(LABELS)
    device.prepare(model)
    weighting = Kendall(2)
    parameters = [*model.train().parameters(), *weighting.parameters()]
    optimizer = torch.optim.AdamW(parameters, **device.optimizer_options)
    ids = torch.randint(5, 500, (ROWS, LENGTH))
    mask = torch.ones_like(ids)
    targets = {
        "ner.labels": ids % 21,
        "ner.count": torch.tensor([float(ROWS * LENGTH)]),
        "cls.class_ids": torch.arange(ROWS),
        "cls.count": torch.tensor([float(ROWS)]),
    }
    seconds = []
    for _ in range(1 + STEPS):
        began = time.thread_time()
        optimizer.zero_grad()
        weighting.total(task.losses(model(ids, mask), mask, targets)).backward()
        clip_grad_norm_(parameters, 1.0)
        device.step(optimizer)
        seconds.append(time.thread_time() - began)
    layers = encoder_layers(model.encoder)
    matrices = sum(parameter.numel() for parameter in layers.parameters() if parameter.ndim == 2)
    operations = ROWS * LENGTH * (6 * matrices + 12 * len(layers) * config.hidden_size * LENGTH)
    total = sum(parameter.numel() for parameter in parameters)
    return Step(total, operations, median(seconds[1:]), device.peak_memory(), before)


def activations(config: Any) -> int:
    """Bytes that the layers keep: s b h (66 + 9 a s / h) each (docs/tpu.md, after Korthikanti et al. 2022, 4.1)."""
    width = config.hidden_size
    each = ROWS * LENGTH * width * (66 + 9 * config.num_attention_heads * LENGTH / width)
    return round(config.num_hidden_layers * each)


def main() -> None:
    steps = {}
    for name, config in ENCODERS.items():
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            steps[name] = pool.submit(measure, config).result()
    small, base, _ = steps.values()
    system = torch.tensor([[step.operations, TRAFFIC * step.parameters] for step in (small, base)], dtype=torch.float64)
    times = torch.tensor([small.seconds, base.seconds], dtype=torch.float64)
    a_flop, a_byte = torch.linalg.solve(system, times).tolist()
    print(f"{1e-9 / a_flop:.1f} GFLOP/s, {1e-9 / a_byte:.1f} GB/s")
    for name, step in steps.items():
        seconds = step.operations * a_flop + TRAFFIC * step.parameters * a_byte
        peak = step.before + STATES * step.parameters + activations(ENCODERS[name])
        print(
            f"| {name} | {step.parameters:,} | {seconds:.2f} | {step.seconds:.2f} | {seconds / step.seconds:.2f}"
            f" | {peak / 1e6:,.0f} | {step.peak / 1e6:,.0f} | {peak / step.peak:.2f} |"
        )


if __name__ == "__main__":
    main()
