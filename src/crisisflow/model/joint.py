"""The joint model: one encoder, two heads, one forward pass."""

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel

from crisisflow.model.heads import EntityHead, EventHead
from crisisflow.taxonomy import IGNORED


class Logits(NamedTuple):
    """Entity logits [batch, length, 21] and event logits [batch, 10]."""

    entity: Tensor
    event: Tensor


class Losses(NamedTuple):
    """The two task losses, each a scalar."""

    entity: Tensor
    event: Tensor


class JointModel(nn.Module):
    """An encoder of transformers (last hidden state [batch, length, d]) under the two heads."""

    def __init__(self, encoder: PreTrainedModel, dropout: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.entity_head = EntityHead(encoder.config.hidden_size)
        self.event_head = EventHead(encoder.config.hidden_size, dropout)

    def forward(self, input_ids: Tensor, mask: Tensor) -> Logits:
        """Both tensors are [batch, length]; `mask` is 0 at padding."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=mask).last_hidden_state
        return Logits(self.entity_head(hidden), self.event_head(hidden, mask))


def task_losses(logits: Logits, labels: Tensor, classes: Tensor) -> Losses:
    """Cross-entropy of both tasks (paper, Eq. 1 and 2), each averaged over the batch.

    Eq. 1 averages over the labelled subwords: -100 positions count neither above nor below (docs/reproduction.md,
    entry 5). `ignore_index` keeps the shape fixed, which XLA needs.
    """
    return Losses(
        cross_entropy(logits.entity.flatten(0, 1), labels.flatten(), ignore_index=IGNORED),
        cross_entropy(logits.event, classes),
    )
