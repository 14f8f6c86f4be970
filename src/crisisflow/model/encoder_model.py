"""What training, freezing and the weightings need of a model: an encoder under heads."""

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor, nn
from transformers import PreTrainedModel


class EncoderModel(nn.Module, ABC):
    """An encoder under heads; a subclass says in `heads` what becomes of the last hidden state.

    Args:
        encoder: of transformers; or of word_states.py, which has no layers to freeze.
    """

    def __init__(self, encoder: PreTrainedModel | nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: Tensor, mask: Tensor) -> Any:
        """The logits, as the model's task takes them. Both tensors are [batch, length]; `mask` is 0 at padding."""
        return self.above(self.encoder(input_ids=input_ids, attention_mask=mask).last_hidden_state, mask, input_ids)

    def above(self, hidden: Tensor, mask: Tensor, input_ids: Tensor) -> Any:
        """The logits from the encoder's last hidden state [batch, length, d], wherever that was computed.

        A model whose heads depend on the tokens themselves overrides it.
        """
        return self.heads(hidden, mask)

    @abstractmethod
    def heads(self, hidden: Tensor, mask: Tensor) -> Any:
        """The logits from the encoder's last hidden state [batch, length, d]."""

    def shared_parameters(self) -> list[nn.Parameter]:
        """The trainable ones of the encoder."""
        return [parameter for parameter in self.encoder.parameters() if parameter.requires_grad]

    def head_parameters(self) -> list[nn.Parameter]:
        """Those of the heads: all but the encoder's."""
        return [parameter for name, parameter in self.named_parameters() if not name.startswith("encoder.")]
