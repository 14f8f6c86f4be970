"""The state of a run: how far it is, what it has recorded, its best epoch; and all of it as a checkpoint and back."""

from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor

from crisisflow.training.checkpoint import Checkpoint
from crisisflow.training.gradients import Cosine
from crisisflow.training.history import Epoch, ScoreLine, Speed, StepLosses
from crisisflow.training.task import Tensors, over, under


class EpochPosition(NamedTuple):
    """How far a run is: in which epoch, how many of its batches are done, and in how many seconds."""

    epoch: int
    batches: int
    seconds: float


@dataclass
class Best:
    """The best epoch so far, with its weights and validation predictions in main memory."""

    score: float
    epoch: int
    tensors: Tensors
    predictions: Tensors


@dataclass
class Records:
    """What a run has recorded so far."""

    history: list[Epoch] = field(default_factory=list)
    scores: list[ScoreLine] = field(default_factory=list)
    cosines: list[Cosine] = field(default_factory=list)
    speeds: list[Speed] = field(default_factory=list)
    losses: list[StepLosses] = field(default_factory=list)


LINES = {"history": Epoch, "scores": ScoreLine, "cosines": Cosine, "speeds": Speed, "losses": StepLosses}


class RunState(NamedTuple):
    """All that a run needs to go on. Random numbers have no state: each step draws its own from the seed (seeds.py).

    Args:
        now: weights of the model and of the weighting. optimizer: its moments.
        sums: of the losses of the epoch's steps so far, [tasks].
    """

    position: EpochPosition
    now: Tensors
    optimizer: Tensors
    sums: Tensor
    records: Records
    best: Best | None


def pack(run: RunState, fingerprint: str) -> Checkpoint:
    """The state as tensors and JSON values."""
    tensors = {**over(run.now, "now"), **over(run.optimizer, "optimizer"), "sums": run.sums}
    state = {
        "fingerprint": fingerprint,
        **run.position._asdict(),
        "records": {name: [line._asdict() for line in getattr(run.records, name)] for name in LINES},
    }
    if run.best:
        tensors |= over(run.best.tensors, "best") | over(run.best.predictions, "predictions")
        state["best"] = {"score": run.best.score, "epoch": run.best.epoch}
    return Checkpoint(tensors, state)


def unpack(found: Checkpoint) -> RunState:
    """The state that `pack` packed."""
    state = found.state
    # Copies: the tensors of a checkpoint are its file, which would stay on disk as long as they are used.
    tensors = {name: tensor.clone() for name, tensor in found.tensors.items()}
    best = None
    if "best" in state:
        best = Best(tensors=under(tensors, "best"), predictions=under(tensors, "predictions"), **state["best"])
    return RunState(
        position=EpochPosition(*(state[name] for name in EpochPosition._fields)),
        now=under(tensors, "now"),
        optimizer=under(tensors, "optimizer"),
        sums=tensors["sums"],
        records=Records(**{name: [line(**own) for own in state["records"][name]] for name, line in LINES.items()}),
        best=best,
    )
