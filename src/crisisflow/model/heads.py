"""The two task heads (paper, section III-C)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


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
        weights = mask.unsqueeze(-1).to(hidden.dtype)
        # A row without any subword fills up a batch of fixed shape; it must not divide by zero.
        mean = (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)
        return self.linear(self.dropout(torch.cat([hidden[:, 0], mean], dim=-1)))
