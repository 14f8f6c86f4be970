"""Dropout on the CPU without the price of PyTorch's: one random number of 64 bits decides on four values."""

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.masking_utils import eager_mask

ATTENTION = "crisisflow"
LEVELS = 1 << 16  # probabilities are rounded to multiples of 1 / LEVELS: 0.1 becomes 0.1000061


def cheap_dropout(values: Tensor, probability: float) -> Tensor:
    """Inverted dropout (Srivastava et al. 2014), as `torch.nn.functional.dropout` in training mode.

    PyTorch draws one random number for each value; here each holds four of 16 bits. They come from PyTorch's own
    generator, so its seed decides.
    """
    dropped = min(round(probability * LEVELS), LEVELS - 1)
    words = torch.empty(-(-values.numel() // 4), dtype=torch.int64).random_(-(1 << 63), None)
    draws = words.view(torch.int16)[: values.numel()].view(values.shape)
    kept = torch.empty_like(values, requires_grad=False)
    # Written as numbers at once: a mask of truth values would take two more passes over the memory.
    torch.ge(draws, dropped - LEVELS // 2, out=kept)
    return values * kept.mul_(LEVELS / (LEVELS - dropped))


class CheapDropout(nn.Dropout):
    """`nn.Dropout` with cheaper random numbers; the same where it is not in training mode."""

    def forward(self, values: Tensor) -> Tensor:
        """Any shape."""
        return cheap_dropout(values, self.p) if self.training and self.p > 0 else values


def attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float,
    dropout: float = 0.0,
    **unused: object,
) -> tuple[Tensor, None]:
    """Attention for transformers' interface: query, key and value are [batch, heads, length, d].

    PyTorch's fused attention has no dropout on the CPU and falls back to a slow path.
    """
    if dropout > 0:
        scores = torch.matmul(query, key.transpose(2, 3)) * scaling
        if attention_mask is not None:
            scores = scores + attention_mask
        mixed = torch.matmul(cheap_dropout(scores.softmax(dim=-1), dropout), value)
    else:
        mixed = scaled_dot_product_attention(query, key, value, attn_mask=attention_mask, scale=scaling)
    return mixed.transpose(1, 2).contiguous(), None


AttentionInterface.register(ATTENTION, attention)
AttentionMaskInterface.register(ATTENTION, eager_mask)


def make_dropout_cheap(model: nn.Module) -> None:
    """Replace every dropout of the model, those within attention too, in place."""
    for module in list(model.modules()):
        if isinstance(module, PreTrainedModel) and module._supports_attention_backend:
            module.set_attn_implementation(ATTENTION)
        for name, child in module.named_children():
            if type(child) is nn.Dropout:
                setattr(module, name, CheapDropout(child.p).train(child.training))
