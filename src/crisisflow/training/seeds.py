"""All random numbers of a run, from its one seed: each use has a stream of its own, and none depends on another's use.

What is drawn in a step depends on nothing before it, so a checkpoint needs no state of any generator.
"""

import numpy as np


def _stream(*key: int) -> int:
    """A 63-bit seed for one use (PyTorch takes it on all its devices)."""
    return int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0] >> np.uint64(1))


def of_heads(seed: int) -> int:
    """For the initial weights of the heads."""
    return _stream(seed, 0)


def of_order(seed: int, epoch: int) -> int:
    """For the order of an epoch's batches."""
    return _stream(seed, 1, epoch)


def of_dropout(seed: int, epoch: int, step: int, rank: int) -> int:
    """For what a process drops in a step."""
    return _stream(seed, 2, epoch, step, rank)
