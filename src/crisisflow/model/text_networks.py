"""Small networks over the vectors of words, one class for each text: GRU, CNN, both, DPCNN, and GRU with attention.

Each takes vectors [batch, words, d] and a mask [batch, words] with 1 for words and 0 for padding behind them, and gives
one state of each text. What is at padding changes nothing.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from crisisflow.model.both_ways import both_ways
from crisisflow.model.encoder_model import EncoderModel
from crisisflow.model.taggers import Convolution
from crisisflow.model.word_states import TrainedVectors


def largest(hidden: Tensor, mask: Tensor) -> Tensor:
    """Global max-pooling: the largest value [batch, d] of each dimension over the words of a text; 0 of no word."""
    found = hidden.masked_fill(mask.unsqueeze(-1) == 0, float("-inf")).amax(dim=1)
    return torch.where(mask.any(dim=1, keepdim=True), found, torch.zeros_like(found))


class GruState(nn.Module):
    """The state of a GRU (Cho et al. 2014) behind the last word."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.gru = nn.GRU(width, hidden, batch_first=True)
        self.width = hidden

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """[batch, hidden]."""
        states, _ = self.gru(vectors)
        last = (mask.sum(dim=1) - 1).clamp(min=0)
        return states[torch.arange(len(states), device=states.device), last]


class CnnState(nn.Module):
    """Filters over neighbouring words, ReLU, and the largest value of each (Kim 2014, with one kernel)."""

    def __init__(self, width: int, filters: int, kernel: int) -> None:
        super().__init__()
        self.convolution = Convolution(width, filters, kernel)
        self.width = filters

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """[batch, filters]."""
        return largest(self.convolution(vectors, mask), mask)


class CnnGruState(nn.Module):
    """Filters over neighbouring words, a GRU over them, and the largest value of each dimension of its states."""

    def __init__(self, width: int, filters: int, kernel: int, hidden: int) -> None:
        super().__init__()
        self.convolution = Convolution(width, filters, kernel)
        self.gru = nn.GRU(filters, hidden, batch_first=True)
        self.width = hidden

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """[batch, hidden]."""
        states, _ = self.gru(self.convolution(vectors, mask))
        return largest(states, mask)


class DpcnnState(nn.Module):
    """A deep pyramid of convolutions (Johnson and Zhang 2017, ACL): two in a block, each block at half the length.

    A region of three words is embedded, and each convolution is taken of the ReLU of what comes in, with a shortcut
    over both. Between blocks the largest of three neighbours counts, at a stride of two. Their number is fixed, so that
    a text's state depends on no other text of its batch; of what is left the largest counts.
    """

    KERNEL = 3  # as in the paper

    def __init__(self, width: int, filters: int, blocks: int) -> None:
        super().__init__()
        self.region = nn.Conv1d(width, filters, self.KERNEL, padding="same")
        self.blocks = nn.ModuleList(
            nn.ModuleList(nn.Conv1d(filters, filters, self.KERNEL, padding="same") for _ in range(2))
            for _ in range(blocks)
        )
        self.width = filters

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """[batch, filters]."""
        there = mask.unsqueeze(1).to(vectors.dtype)  # [batch, 1, words]
        hidden = self.region(vectors.transpose(1, 2) * there) * there
        for at, block in enumerate(self.blocks):
            if at:
                hidden, there = _halved(hidden, there)
            shortcut = hidden
            for convolution in block:
                hidden = convolution(hidden.relu()) * there
            hidden = hidden + shortcut
        return largest(hidden.transpose(1, 2), there.squeeze(1))


def _halved(hidden: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
    """The largest of three neighbours at each second place, of texts [batch, d, words]; and where words are."""
    low = hidden.masked_fill(there == 0, torch.finfo(hidden.dtype).min)
    kept = there[:, :, ::2]
    return nn.functional.max_pool1d(low, 3, stride=2, padding=1) * kept, kept


class AttentionState(nn.Module):
    """A GRU in both directions, attention over its states (Yang et al. 2016, NAACL), and a dense layer with ReLU."""

    def __init__(self, width: int, hidden: int, dense: int) -> None:
        super().__init__()
        self.forwards = nn.GRU(width, hidden, batch_first=True)
        self.backwards = nn.GRU(width, hidden, batch_first=True)
        self.keys = nn.Linear(2 * hidden, 2 * hidden)
        self.query = nn.Linear(2 * hidden, 1, bias=False)
        self.dense = nn.Linear(2 * hidden, dense)
        self.width = dense

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """[batch, dense]."""
        states = both_ways(self.forwards, self.backwards, vectors, mask)
        scores = self.query(self.keys(states).tanh()).squeeze(-1)
        # Not -inf: a row without any word fills up a batch, and must not be divided by zero.
        weights = scores.masked_fill(mask == 0, torch.finfo(scores.dtype).min).softmax(dim=-1)
        return self.dense((weights.unsqueeze(-1) * states).sum(dim=1)).relu()


class WordClassifier(EncoderModel):
    """Vectors of words that are trained, a network over them, and a linear layer: logits [batch, classes].

    Args:
        dropout: of the vectors, and of the state before the linear layer.
    """

    def __init__(
        self,
        vectors: TrainedVectors,
        network: GruState | CnnState | CnnGruState | DpcnnState | AttentionState,
        classes: Sequence[str],
        dropout: float,
    ) -> None:
        super().__init__(vectors)
        self.classes = tuple(classes)
        self.dropout = nn.Dropout(dropout)
        self.network = network
        self.linear = nn.Linear(network.width, len(classes))

    def heads(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """The logits from the vectors of the words [batch, words, d]."""
        return self.linear(self.dropout(self.network(self.dropout(hidden), mask)))
