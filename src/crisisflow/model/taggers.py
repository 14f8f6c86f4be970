"""Sequence taggers over word states: a bidirectional LSTM, a convolution or both, a linear layer and a CRF."""

from typing import Literal, NamedTuple

from torch import Tensor, nn

from crisisflow.labels import Labels
from crisisflow.model.both_ways import both_ways
from crisisflow.model.crf import Crf
from crisisflow.model.encoder_model import EncoderModel
from crisisflow.model.word_states import KeptStates, TunedStates, WordVectors

Architecture = Literal["lstm", "cnn", "cnn_lstm", "lstm_cnn"]  # the layers from below


class TaggerSizes(NamedTuple):
    """The sizes of the layers; which of them there are says the architecture.

    Args:
        hidden: of the LSTM, in each direction. dropout: on the LSTM's output.
        kernel: words that a filter of the convolution sees, an odd number. filters: of the convolution.
    """

    hidden: int
    dropout: float
    kernel: int
    filters: int


class BidirectionalLstm(nn.Module):
    """One layer in each direction, and dropout on their output."""

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.forwards = nn.LSTM(width, hidden, batch_first=True)
        self.backwards = nn.LSTM(width, hidden, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.width = 2 * hidden

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """[batch, words, d] and [batch, words] to [batch, words, 2 · hidden]; at padding the values mean nothing."""
        return self.dropout(both_ways(self.forwards, self.backwards, hidden, mask))


class Convolution(nn.Module):
    """One layer of filters over neighbouring words, and ReLU; a row keeps its length."""

    def __init__(self, width: int, filters: int, kernel: int) -> None:
        super().__init__()
        self.filters = nn.Conv1d(width, filters, kernel, padding="same")
        self.width = filters

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """[batch, words, d] and [batch, words] to [batch, words, filters]; at padding the values mean nothing."""
        within = hidden * mask.unsqueeze(-1).to(hidden.dtype)
        return self.filters(within.transpose(1, 2)).transpose(1, 2).relu()


class Tagger(EncoderModel):
    """A CRF over the words of a text (Lafferty et al. 2001), whose emissions come from the layers of an architecture.

    The CRF is here to be trained; the task applies it (training/tagging.py).

    Args:
        words: the states of the words.
    """

    def __init__(
        self,
        words: KeptStates | WordVectors | TunedStates,
        architecture: Architecture,
        labels: Labels,
        sizes: TaggerSizes,
    ) -> None:
        super().__init__(words)
        self.labels = labels
        self.layers = nn.ModuleList()
        width = words.width
        for kind in architecture.split("_"):
            if kind == "lstm":
                layer = BidirectionalLstm(width, sizes.hidden, sizes.dropout)
            else:
                layer = Convolution(width, sizes.filters, sizes.kernel)
            self.layers.append(layer)
            width = layer.width
        self.linear = nn.Linear(width, len(labels.bio))
        self.crf = Crf(len(labels.bio))

    def heads(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """The CRF's emissions [batch, words, labels] from the states of the words [batch, words, d]."""
        for layer in self.layers:
            hidden = layer(hidden, mask)
        return self.linear(hidden)
