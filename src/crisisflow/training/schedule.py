"""The schedule of a row: stages of epochs, the learning rate within each, and what the optimizer trains."""

from typing import NamedTuple

from torch.optim import AdamW

from crisisflow.errors import CrisisflowError
from crisisflow.model.encoder_model import EncoderModel
from crisisflow.model.weighting import Weighting

BETAS = (0.9, 0.999)  # AdamW's own, for a study that has none of its own


class Stage(NamedTuple):
    """One stage of a schedule: epochs of the same trainable layers under one optimizer."""

    epochs: int
    warmup_steps: int
    freeze_layers: int
    freeze_embeddings: bool
    frozen_dropout: bool


class Optimization(NamedTuple):
    """How the weights are updated.

    `weighting_learning_rate` is that of what the weighting learns, where it has no constant one of its own;
    `head_learning_rate` is that of the heads, where it is not the encoder's.
    """

    batch_size: int
    learning_rate: float
    weighting_learning_rate: float
    betas: tuple[float, float]
    weight_decay: float
    clip_norm: float
    head_learning_rate: float | None = None


def check_warmup(name: str, stage: Stage, texts: int, batch_size: int, option: str) -> None:
    """Refuse a stage whose learning rate would never fall.

    Args:
        name: of what is trained. texts: of an epoch.
        option: the parameter that `stage.warmup_steps` is from, as the error names it.

    Raises:
        CrisisflowError: all steps of the stage are warm-up.
    """
    steps = stage.epochs * -(-texts // batch_size)
    if stage.warmup_steps >= steps:
        raise CrisisflowError(
            f"{name}: all {steps} steps are warm-up, so the learning rate would never fall; lower {option}, which is "
            f"{stage.warmup_steps}"
        )


def rate_factor(step: int, warmup: int, total: int) -> float:
    """Share of the peak learning rate at 0-based `step`: linear warm-up, then linear decay to zero at `total`."""
    if step < warmup:
        return (step + 1) / warmup
    return (total - step) / max(total - warmup, 1)


def make_optimizer(model: EncoderModel, weighting: Weighting, rates: Optimization, options: dict[str, bool]) -> AdamW:
    """AdamW over what is trainable; biases, norms and what the weighting learns without weight decay.

    Each group has a `peak`, its learning rate where the schedule's factor is 1; one that is `constant` knows no
    schedule, nor does it take part in clipping. `options` are what the device wants.
    """
    if rates.head_learning_rate is None:
        parts = [(list(model.parameters()), rates.learning_rate)]
    else:
        parts = [
            (model.shared_parameters(), rates.learning_rate),
            (model.head_parameters(), rates.head_learning_rate),
        ]
    groups = []
    for parameters, peak in parts:
        trainable = [parameter for parameter in parameters if parameter.requires_grad]
        matrices = [parameter for parameter in trainable if parameter.ndim > 1]
        vectors = [parameter for parameter in trainable if parameter.ndim <= 1]
        groups += [
            {"params": matrices, "weight_decay": rates.weight_decay, "peak": peak, "constant": False},
            {"params": vectors, "weight_decay": 0.0, "peak": peak, "constant": False},
        ]
    rate = weighting.learning_rate
    groups.append(
        {
            "params": list(weighting.parameters()),
            "weight_decay": 0.0,
            "peak": rate or rates.weighting_learning_rate,
            "constant": rate is not None,
        }
    )
    return AdamW([group for group in groups if group["params"]], betas=rates.betas, **options)
