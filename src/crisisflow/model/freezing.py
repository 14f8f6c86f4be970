"""Freezing the lower encoder layers (paper, section III-E, stage 2)."""

import copy

from torch import Tensor, nn
from transformers import PreTrainedModel

from crisisflow.errors import CrisisflowError


def encoder_layers(encoder: PreTrainedModel) -> nn.ModuleList:
    """The encoder's layers, lowest first, as BERT-, RoBERTa- and MPNet-like models hold them."""
    try:
        return encoder.encoder.layer
    except AttributeError:
        raise CrisisflowError(
            f"{type(encoder).__name__} has no encoder.layer list: its layers cannot be frozen"
        ) from None


def frozen_parts(encoder: PreTrainedModel, layers: int, embeddings: bool) -> list[nn.Module]:
    """The lower `layers` layers, and the embeddings if asked."""
    lower = list(encoder_layers(encoder)[:layers]) if layers else []
    return [encoder.embeddings, *lower] if embeddings else lower


def freeze(encoder: PreTrainedModel, layers: int, embeddings: bool) -> None:
    """Take the lower `layers` layers, and the embeddings if asked, out of training (requires_grad = False).

    That is all that the paper does: they stay in training mode, and their dropout goes on. What belongs to no layer and
    serves all of them (MPNet's relative attention bias) stays trainable.
    """
    for part in frozen_parts(encoder, layers, embeddings):
        part.requires_grad_(False)


def frozen_tensors(encoder: PreTrainedModel, layers: int, embeddings: bool) -> set[str]:
    """The names of the encoder's tensors that stay as they are where these parts are frozen."""
    parts = frozen_parts(encoder, layers, embeddings)
    kept = {id(own) for part in parts for own in part.state_dict(keep_vars=True).values()}
    return {name for name, own in encoder.state_dict(keep_vars=True).items() if id(own) in kept}


class _Given(nn.Module):
    """Stands where the embeddings were, and hands on the states that it is given."""

    def forward(self, inputs_embeds: Tensor, **unused: object) -> Tensor:
        """[batch, length, d], unchanged."""
        return inputs_embeds


def split(encoder: PreTrainedModel, layers: int) -> tuple[PreTrainedModel, PreTrainedModel]:
    """The embeddings with the lower `layers` layers, and the layers above, as two encoders that share the weights.

    The upper one takes the lower one's last hidden state as `inputs_embeds`.
    """
    whole = encoder_layers(encoder)
    lower, upper = _twin(encoder, whole[:layers]), _twin(encoder, whole[layers:])
    upper.embeddings = _Given()
    return lower, upper


def _twin(encoder: PreTrainedModel, layers: nn.ModuleList) -> PreTrainedModel:
    """The encoder with other layers; whatever else it has is the same object."""
    twin, twin.encoder = _shallow(encoder), _shallow(encoder.encoder)
    twin.encoder.layer = layers
    return twin


def _shallow(module: nn.Module) -> nn.Module:
    """A copy whose parts may be exchanged without the original's noticing."""
    copied = copy.copy(module)
    copied._modules = dict(module._modules)
    return copied
