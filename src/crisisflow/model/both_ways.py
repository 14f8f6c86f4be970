"""A recurrent layer in each direction."""

import torch
from torch import Tensor, nn


def both_ways(forwards: nn.RNNBase, backwards: nn.RNNBase, hidden: Tensor, mask: Tensor) -> Tensor:
    """The states of two layers, one over the words and one over the words in reverse.

    Each row is reversed within its own length, so that padding changes nothing. PyTorch's packed sequences would do the
    same, but train at two thirds of the speed (batches of like length, on a CPU).

    Args:
        hidden: [batch, words, d]. mask: [batch, words], 1 for a word.

    Returns:
        [batch, words, sum of the layers' widths]; at padding the values mean nothing.
    """
    places = torch.arange(mask.shape[1], device=mask.device)
    lengths = mask.sum(dim=1, keepdim=True)
    turned = torch.where(places < lengths, lengths - 1 - places, places).unsqueeze(-1)
    ahead, _ = forwards(hidden)
    back, _ = backwards(hidden.gather(1, turned.expand(-1, -1, hidden.shape[-1])))
    return torch.cat([ahead, back.gather(1, turned.expand(-1, -1, back.shape[-1]))], dim=-1)
