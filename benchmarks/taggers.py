"""What training a tagger costs: `python benchmarks/taggers.py`.

1. The share of the CRF in a step, forward and backward, by architecture and batch size; with this package's CRF, and
with that of pytorch-crf where it is installed (`pip install --no-deps pytorch-crf==0.7.2`).
2. An LSTM-CRF on a frozen MiniLM: tweets per second from kept states, and with the encoder run in every epoch. Making
the kept states counts to the first, once for all folds and epochs.

The ways take turns, each time is CPU time of one thread, and ratios are of one round. Texts are random subwords:
nothing is learnt here.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import get_args

import numpy as np
import torch
from torch import Tensor

from crisisflow.model.crf import Crf
from crisisflow.model.taggers import Architecture, Tagger, TaggerSizes
from crisisflow.model.word_states import KeptStates, TunedStates, begins
from crisisflow.pretrained import load_encoder
from crisisflow.taxonomy import LABELS
from crisisflow.training.batching import Examples, collate, training_order
from crisisflow.training.device import open_device
from crisisflow.training.frozen import compute
from crisisflow.training.predict import EVALUATION_SUBWORDS
from crisisflow.training.tagging import CrfTagging

SIZES = TaggerSizes(hidden=128, dropout=0.4, kernel=3, filters=256)
Likelihood = Callable[[Tensor, Tensor, Tensor], Tensor]


def likelihoods(labels: int) -> dict[str, tuple[torch.nn.Module, Likelihood]]:
    """The CRFs, and their mean negative log-likelihood of emissions, labels and mask."""
    own = Crf(labels)
    found: dict[str, tuple[torch.nn.Module, Likelihood]] = {
        "own": (own, lambda emissions, tags, mask: -own.log_likelihood(emissions, tags, mask).mean())
    }
    try:
        from torchcrf import CRF
    except ImportError:
        return found
    other = CRF(labels, batch_first=True)
    found["pytorch-crf"] = (other, lambda emissions, tags, mask: -other(emissions, tags, mask > 0, reduction="mean"))
    return found


def crf_shares(steps: int, rounds: int) -> None:
    """Print the share of each CRF in a step, the median over the rounds."""
    generator = np.random.default_rng(13)
    table = torch.randn(20_000, 384)
    labels = len(LABELS.bio)
    print("architecture,batch_size,crf,step_ms,crf_ms,share")
    for batch_size in (16, 4):
        for architecture in get_args(Architecture):
            model = Tagger(KeptStates(table), architecture, LABELS, SIZES)
            found: dict[str, list[tuple[float, float]]] = {}
            for _ in range(rounds):
                for name, (crf, likelihood) in likelihoods(labels).items():
                    parameters = [*model.parameters(), *crf.parameters()]
                    optimizer = torch.optim.AdamW(parameters, lr=1e-3, fused=True)
                    whole = inside = 0.0
                    for _ in range(steps):
                        longest = int(generator.integers(8, 38))  # of like length, as in a batch of the engine
                        lengths = torch.from_numpy(generator.integers(max(1, longest - 1), longest + 1, batch_size))
                        lengths[0] = longest
                        mask = (torch.arange(longest) < lengths.unsqueeze(1)).long()
                        words = torch.from_numpy(generator.integers(0, len(table), mask.shape))
                        tags = torch.from_numpy(generator.integers(0, labels, mask.shape))
                        began = time.process_time()
                        emissions = model(words, mask)
                        cut = emissions.detach().requires_grad_()
                        before = time.process_time()
                        likelihood(cut, tags, mask).backward()
                        inside += time.process_time() - before
                        emissions.backward(cut.grad)
                        torch.nn.utils.clip_grad_norm_(parameters, 5.0)
                        optimizer.step()
                        optimizer.zero_grad()
                        whole += time.process_time() - began
                    found.setdefault(name, []).append((whole / steps * 1000, inside / steps * 1000))
            for name, times in found.items():
                step, own = (median(column) for column in zip(*times, strict=True))
                share = median(inside / whole for whole, inside in times)
                print(f"{architecture},{batch_size},{name},{step:.2f},{own:.2f},{share:.2f}")


def kept_or_run(tweets: int, epochs: int) -> None:
    """Print how fast both ways train."""
    generator = np.random.default_rng(13)
    device = open_device("cpu", 1, 1)
    encoder = load_encoder("embedded:minilm-l6", None).eval().requires_grad_(False)
    lengths = generator.integers(12, 52, tweets)
    texts = [[101, *generator.integers(1996, 20_000, length).tolist(), 102] for length in lengths]
    firsts = [[place for place in range(1, len(text) - 1) if place % 4] for text in texts]  # of 3 in 4 subwords
    labels = [generator.integers(0, len(LABELS.bio), len(own)).tolist() for own in firsts]
    shapes = device.shapes(64)

    def train(model: Tagger, examples: Examples) -> float:
        task, began = CrfTagging(LABELS, model.crf), time.process_time()
        trained = [own for own in model.parameters() if own.requires_grad]
        optimizer = torch.optim.AdamW(trained, lr=1e-3, fused=True)
        model.train()
        model.encoder.eval()
        for epoch in range(epochs):
            for indices in training_order(examples.lengths(), 16, [epoch]):
                batch = collate(examples, indices, 0, shapes, 16)
                loss = task.losses(
                    model(batch.input_ids, batch.mask), batch.mask, task.targets(examples, indices, batch)
                )
                optimizer.zero_grad()
                loss.sum().backward()
                optimizer.step()
        return time.process_time() - began

    ids = [str(at) for at in range(tweets)]
    starts = begins(map(len, texts))[:-1]
    run = Examples(
        ids, [[start + own for own in places] for start, places in zip(starts, firsts, strict=True)], {"labels": labels}
    )
    seconds = train(Tagger(TunedStates(encoder, texts, 0), "lstm", LABELS, SIZES), run)
    with TemporaryDirectory() as folder:
        began = time.process_time()
        states = compute(
            encoder, Examples(ids, texts, {}), device, 0, shapes, EVALUATION_SUBWORDS, Path(folder), "states"
        ).at(firsts)
        making = time.process_time() - began
    starts = begins(map(len, firsts))[:-1]
    kept = Examples(
        ids,
        [[start + at for at in range(len(places))] for start, places in zip(starts, firsts, strict=True)],
        {"labels": labels},
    )
    from_kept = train(Tagger(KeptStates(torch.from_numpy(states)), "lstm", LABELS, SIZES), kept)
    print("way,tweets_per_second")
    print(f"encoder in every epoch,{tweets * epochs / seconds:.0f}")
    print(f"kept states,{tweets * epochs / from_kept:.0f}")
    print(f"making the states once,{tweets / making:.0f}")
    print(f"ratio without making,{seconds / from_kept:.1f}")
    for folds in (1, 5):
        trained = folds * 20 / epochs
        print(f"ratio with {folds} folds of 20 epochs,{trained * seconds / (making + trained * from_kept):.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tweets", type=int, default=320)
    parser.add_argument("--epochs", type=int, default=2)
    given = parser.parse_args()
    open_device("cpu", 1, 1)
    crf_shares(given.steps, given.rounds)
    kept_or_run(given.tweets, given.epochs)
