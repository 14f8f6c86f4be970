"""A recurrent head: a bidirectional LSTM over the vectors of a text, and a linear layer over its last states."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from crisisflow.model.taggers import BidirectionalLstm


class RecurrentSizes(NamedTuple):
    """Of the head.

    Args:
        layers: of the LSTM, one upon the other. hidden: units of each in each direction. dropout: between them.
    """

    layers: int
    hidden: int
    dropout: float


class RecurrentHead(nn.Module):
    """The last states of both directions of the uppermost layer, and a linear layer: logits [batch, classes].

    Padding changes nothing: what is behind the last vector of a text is not read (BidirectionalLstm).
    """

    def __init__(self, width: int, classes: Sequence[str], sizes: RecurrentSizes) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        for at in range(sizes.layers):
            below = width if at == 0 else 2 * sizes.hidden
            dropout = sizes.dropout if at < sizes.layers - 1 else 0.0
            self.layers.append(BidirectionalLstm(below, sizes.hidden, dropout))
        self.linear = nn.Linear(2 * sizes.hidden, len(classes))

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """`vectors` is [batch, length, d], `mask` [batch, length] with 1 for subwords and 0 for padding behind them."""
        for layer in self.layers:
            vectors = layer(vectors, mask)
        half = vectors.shape[-1] // 2
        last = (mask.sum(dim=1) - 1).clamp(min=0)  # a row without any subword fills up a batch
        forwards = vectors[torch.arange(len(vectors), device=vectors.device), last, :half]
        return self.linear(torch.cat([forwards, vectors[:, 0, half:]], dim=-1))
