"""Do the tasks pull the encoder the same way? The cosine of their gradients, by layer: what the paper says it lacks."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from crisisflow.model.encoder_model import EncoderModel
from crisisflow.model.freezing import encoder_layers
from crisisflow.model.weighting import Reduce, task_gradients


class Cosine(NamedTuple):
    """A look at one part of the shared encoder before the update of a step.

    `step` counts the epoch's batches from 0; the cosine is None where a norm is 0 or not finite.
    """

    epoch: int
    step: int
    part: str
    cosine: float | None
    first_norm: float | None
    second_norm: float | None


def cosine_columns(names: Sequence[str]) -> list[str]:
    """The header of the cosines of two tasks of these names."""
    first, second = names
    return ["epoch", "step", "part", "cosine", f"{first}_norm", f"{second}_norm"]


def encoder_parts(model: EncoderModel) -> dict[str, list[nn.Parameter]]:
    """The trainable parameters of the embeddings and of each layer, lowest first; parts without any are left out."""
    modules = {"embeddings": model.encoder.embeddings}
    modules |= {f"layer {number}": layer for number, layer in enumerate(encoder_layers(model.encoder), start=1)}
    parts = {name: [p for p in module.parameters() if p.requires_grad] for name, module in modules.items()}
    return {name: parameters for name, parameters in parts.items() if parameters}


def cosines(losses: Tensor, model: EncoderModel, reduce: Reduce, epoch: int, step: int) -> list[Cosine]:
    """The cosine between the gradients of the two tasks' losses ([2], unweighted) on each part of the encoder."""
    parts = encoder_parts(model)
    if not parts:
        return []
    shared = [parameter for parameters in parts.values() for parameter in parameters]
    first, second = (task_gradients(loss, shared, reduce) for loss in losses)
    measured, at = [], 0
    for parameters in parts.values():
        end = at + len(parameters)
        one, other = (torch.cat([gradient.flatten() for gradient in found[at:end]]) for found in (first, second))
        measured.append(torch.stack([torch.dot(one, other), one.norm(), other.norm()]))
        at = end
    # One read for all parts: each read makes XLA run the step from its beginning.
    return [
        Cosine(epoch, step, name, _finite(dot / (norms[0] * norms[1]) if all(norms) else None), *map(_finite, norms))
        for name, (dot, *norms) in zip(parts, torch.stack(measured).tolist(), strict=True)
    ]


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
