"""Freezing the lower encoder layers (paper, section III-E, stage 2)."""

from torch import nn
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


def freeze(encoder: PreTrainedModel, layers: int, embeddings: bool) -> None:
    """Take the lower `layers` layers, and the embeddings if asked, out of training (requires_grad = False).

    They stay in training mode, as the paper's `requires_grad = False` leaves them: their dropout goes on.
    """
    if layers:
        encoder_layers(encoder)[:layers].requires_grad_(False)
    if embeddings:
        encoder.embeddings.requires_grad_(False)
