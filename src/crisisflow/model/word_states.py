"""What a tagger reads of each word: a state of an encoder, kept or computed in each step, or a static vector.

Each of these modules stands where a model has its encoder. The examples of a tagger hold a number for each word, and
the module says which.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel


class States(NamedTuple):
    """As an encoder of transformers names its output: [batch, words, d]."""

    last_hidden_state: Tensor


class KeptStates(nn.Module):
    """States that were computed once. The number of a word is its row of the table.

    Args:
        table: [words of all texts, d]. It is no part of the weights, and nothing of it is trained.
    """

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        self.width = table.shape[1]
        self.register_buffer("table", table, persistent=False)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> States:
        """Both are [batch, words]."""
        return States(self.table[input_ids])


class WordVectors(nn.Module):
    """Static vectors, which stay as they are. Number 0 is each word without one; they share a vector that is trained.

    Args:
        vectors: [words, d], of the words with the numbers 1, 2, …; they are no part of the weights.
    """

    def __init__(self, vectors: Tensor) -> None:
        super().__init__()
        self.width = vectors.shape[1]
        self.register_buffer("vectors", vectors, persistent=False)
        self.unknown = nn.Parameter(torch.zeros(self.width))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> States:
        """Both are [batch, words]."""
        known = self.vectors[(input_ids - 1).clamp(min=0)]
        return States(torch.where((input_ids == 0).unsqueeze(-1), self.unknown, known))


class TrainedVectors(nn.Module):
    """Vectors of words that are trained with the model. Number 0 is padding, and its vector stays zero.

    Args:
        words: numbers there are, padding included. initial: vectors [known, width] to begin with, by number; the
            others begin at random, evenly within ±`SPREAD`.
    """

    SPREAD = 0.05  # Keras' own, which the standard networks of this kind begin with

    def __init__(self, words: int, width: int, initial: dict[int, Tensor] | None = None) -> None:
        super().__init__()
        self.width = width
        self.table = nn.Embedding(words, width, padding_idx=0)
        with torch.no_grad():
            self.table.weight[1:].uniform_(-self.SPREAD, self.SPREAD)
            for number, vector in (initial or {}).items():
                self.table.weight[number] = vector

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> States:
        """Both are [batch, words]."""
        return States(self.table(input_ids))


class TunedStates(nn.Module):
    """The states of an encoder that is trained: of each word that of its first subword.

    The number of a word is the position of its first subword in all texts, one behind the other (`begins`).

    Args:
        texts: the subword ids of each text, special ones included.
    """

    def __init__(self, encoder: PreTrainedModel, texts: Sequence[Sequence[int]], padding_id: int) -> None:
        super().__init__()
        self.encoder, self.padding_id = encoder, padding_id
        self.width = encoder.config.hidden_size
        subwords = [subword for text in texts for subword in text]
        self.register_buffer("subwords", torch.tensor(subwords, dtype=torch.int64), persistent=False)
        self.register_buffer("begins", torch.tensor(begins(map(len, texts))), persistent=False)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> States:
        """Both are [batch, words]; the words of a row are of one text, and there is one at least."""
        texts = torch.searchsorted(self.begins, input_ids[:, 0].contiguous(), right=True) - 1
        starts = self.begins[texts].unsqueeze(1)
        lengths = self.begins[texts + 1].unsqueeze(1) - starts
        places = torch.arange(int(lengths.max()), device=input_ids.device)
        mask = places < lengths
        subwords = self.subwords[(starts + places).clamp(max=len(self.subwords) - 1)]
        subwords = torch.where(mask, subwords, self.padding_id)
        hidden = self.encoder(input_ids=subwords, attention_mask=mask.to(torch.int64)).last_hidden_state
        own = torch.where(attention_mask > 0, input_ids - starts, 0).unsqueeze(-1)
        return States(hidden.gather(1, own.expand(-1, -1, self.width)))


def begins(lengths: "Sequence[int] | map[int]") -> list[int]:
    """Where each of several lists begins if they are one behind the other, and where the last one ends."""
    return list(accumulate(lengths, initial=0))
