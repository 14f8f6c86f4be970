"""The heads of the models: of the joint model (paper, section III-C), and of a classifier."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

Pooling = Literal["mean", "cls"]


def mean_of(hidden: Tensor, mask: Tensor) -> Tensor:
    """The mean [batch, d] of the states of all subwords, special ones included.

    Args:
        hidden: [batch, length, d].
        mask: [batch, length] with 1 for subwords and 0 for padding.
    """
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    # A row without any subword fills up a batch of fixed shape; it must not divide by zero.
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


def pooled(hidden: Tensor, mask: Tensor, pooling: Pooling) -> Tensor:
    """One state [batch, d] of each text: the mean of its subwords' states, or the state of its first subword (`cls`).

    The arguments are those of `mean_of`.
    """
    return mean_of(hidden, mask) if pooling == "mean" else hidden[:, 0]


class EntityHead(nn.Linear):
    """A linear projection of each subword: [batch, length, d] to [batch, length, labels] logits."""

    def __init__(self, width: int, labels: Sequence[str]) -> None:
        super().__init__(width, len(labels))


class ClassHead(nn.Module):
    """Dual pooling: [h_1 ; mean of the non-padding h_i] (2d), dropout, linear to [batch, classes] logits.

    The paper puts the dropout behind the linear layer, which would drop logits; it stands before it here
    (ledger of humaid_ner, entry 10).
    """

    def __init__(self, width: int, classes: Sequence[str], dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(2 * width, len(classes))

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """`hidden` is [batch, length, d], `mask` [batch, length] with 1 for subwords and 0 for padding."""
        return self.linear(self.dropout(torch.cat([hidden[:, 0], mean_of(hidden, mask)], dim=-1)))


class PooledHead(nn.Linear):
    """A linear layer over one state of the text (`pooled`): [batch, length, d] to [batch, classes] logits."""

    def __init__(self, width: int, classes: Sequence[str], pooling: Pooling) -> None:
        super().__init__(width, len(classes))
        self.pooling = pooling

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """`hidden` is [batch, length, d], `mask` [batch, length] with 1 for subwords and 0 for padding."""
        return super().forward(pooled(hidden, mask, self.pooling))
