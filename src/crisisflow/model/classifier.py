"""The classifier: an encoder under one linear layer."""

from collections.abc import Sequence

from torch import Tensor
from transformers import PreTrainedModel

from crisisflow.model.encoder_model import EncoderModel
from crisisflow.model.heads import PooledHead, Pooling


class Classifier(EncoderModel):
    """A head for one class of `classes` for each text; its logits are [batch, classes], as Classification takes them.

    No dropout stands before the head: the encoder's layers have their own.
    """

    def __init__(self, encoder: PreTrainedModel, classes: Sequence[str], pooling: Pooling) -> None:
        super().__init__(encoder)
        self.classes = tuple(classes)
        self.head = PooledHead(encoder.config.hidden_size, classes, pooling)

    def heads(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """The logits from the encoder's last hidden state [batch, length, d]."""
        return self.head(hidden, mask)
