"""How long XLA's host takes to record a training step of a model as deep as RoBERTa-large; nothing is compiled or run.

    PJRT_DEVICE=CPU .venv-xla/bin/python benchmarks/xla_tracing.py

The layers are narrow: recording takes a time for each operation, whatever its size. CPU seconds of the main thread.
"""

import os
import sys
import time

import torch
from torch.nn.utils import clip_grad_norm_
from transformers import AutoModel, RobertaConfig

from crisisflow.model.joint import JointModel
from crisisflow.model.weighting import Kendall
from crisisflow.taxonomy import LABELS
from crisisflow.training.device import XlaDevice
from crisisflow.training.joint import joint_task

STEPS = 5
CONFIG = RobertaConfig(hidden_size=16, num_hidden_layers=24, num_attention_heads=16, intermediate_size=16)


def main() -> None:
    torch.set_num_threads(1)
    device = XlaDevice()
    model = JointModel(AutoModel.from_config(CONFIG, add_pooling_layer=False), LABELS, dropout=0.1)
    task = joint_task(LABELS)
    device.prepare(model)
    model, weighting = device.place(model).train(), device.place(Kendall(2))
    parameters = [*model.parameters(), *weighting.parameters()]
    optimizer = torch.optim.AdamW(parameters, **device.optimizer_options)
    ids = torch.randint(5, 500, (8, 64))
    targets = {
        "ner.labels": ids % 21,
        "ner.count": torch.tensor([512.0]),
        "cls.class_ids": torch.arange(8),
        "cls.count": torch.tensor([8.0]),
    }
    device.sync()
    for step in range(STEPS):
        began = time.thread_time()
        device.seed(step)
        input_ids, mask = device.place(ids), device.place(torch.ones_like(ids))
        placed = {name: device.place(own) for name, own in targets.items()}
        loss = weighting.total(task.losses(model(input_ids, mask), mask, placed))
        optimizer.zero_grad()
        loss.backward()
        recorded = time.thread_time()
        clip_grad_norm_(parameters, 1.0)
        for group in optimizer.param_groups:
            device.set_rate(group, 1e-3)
        device.step(optimizer)
        ended = time.thread_time()
        print(
            f"losses and backward call {recorded - began:.2f} s, clipping and AdamW {ended - recorded:.2f} s",
            flush=True,
        )
    sys.stdout.flush()
    os._exit(0)  # else what was recorded would be run


if __name__ == "__main__":
    main()
