"""The student of a distillation: an encoder whose pooled states approximate a teacher's embeddings."""

from torch import Tensor, nn
from transformers import PreTrainedModel

from crisisflow.model.encoder_model import EncoderModel
from crisisflow.model.heads import Pooling, pooled


class Student(EncoderModel):
    """An encoder, pooled, and the linear layers that are learnt with it, if any.

    Args:
        pooling: `mean` updates the student through the mean of its token states, `cls` through its first one.
        down: from the teacher's width to the student's, for the teacher's embeddings (arXiv 2502.16839, section 3.3).
            It is here to be trained; the task applies it (training/embedding_regression.py).
        up: from the student's width to the teacher's, over the student's embeddings.
    """

    def __init__(
        self, encoder: PreTrainedModel, pooling: Pooling, down: nn.Linear | None = None, up: nn.Linear | None = None
    ) -> None:
        super().__init__(encoder)
        self.pooling, self.down, self.up = pooling, down, up

    def heads(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """The embeddings [batch, width] from the encoder's last hidden state [batch, length, d]."""
        embeddings = pooled(hidden, mask, self.pooling)
        return embeddings if self.up is None else self.up(embeddings)
