"""The classifier: an encoder under one linear layer."""

from collections.abc import Sequence

from torch import Tensor, nn
from transformers import PreTrainedModel

from crisisflow.model.encoder_model import EncoderModel
from crisisflow.model.heads import PooledHead, Pooling


class Classifier(EncoderModel):
    """A head for one class of `classes` for each text; its logits are [batch, classes], as Classification takes them.

    Args:
        dropout: before the head; the encoder's layers have their own.
    """

    def __init__(
        self, encoder: PreTrainedModel, classes: Sequence[str], pooling: Pooling, dropout: float = 0.0
    ) -> None:
        super().__init__(encoder)
        self.classes = tuple(classes)
        self.dropout = nn.Dropout(dropout)
        self.head = PooledHead(encoder.config.hidden_size, classes, pooling)

    def heads(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """The logits from the encoder's last hidden state [batch, length, d]."""
        return self.head(self.dropout(hidden), mask)


def set_dropout(encoder: PreTrainedModel, probability: float) -> None:
    """Give every dropout of an encoder this probability, those of its attention too, in place."""
    for module in encoder.modules():
        if isinstance(module, nn.Dropout):
            module.p = probability
