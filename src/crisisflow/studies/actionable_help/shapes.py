"""Shapes of mini models: BERT's architecture in other sizes (paper, Table 2), and what one of them costs."""

import torch
from transformers import BertConfig, BertModel

from crisisflow.studies.actionable_help.mini_params import ShapeParams

# BERT-base, against which the paper counts its factors.
BERT_BASE = ShapeParams(hidden=768, layers=12, heads=12, intermediate=3072)
BERT_ENTRIES, BERT_POSITIONS = 30_522, 512


def config_of(
    shape: ShapeParams, entries: int, positions: int, dropout: float = 0.0, padding_id: int = 0
) -> BertConfig:
    """The configuration of an encoder of this shape.

    Args:
        entries: of its vocabulary. positions: subwords that it takes at most.
        dropout: of hidden states and of attention.
    """
    return BertConfig(
        vocab_size=entries,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.intermediate,
        max_position_embeddings=positions,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        pad_token_id=padding_id,
    )


def parameters_of(config: BertConfig, pooler: bool = False) -> int:
    """The parameters of an encoder, counted on tensors without values. Its float32 weights take four bytes each.

    Args:
        pooler: also those of BERT's pooler, which the paper's numbers include and which the minis here do not have.
    """
    with torch.device("meta"):
        model = BertModel(config, add_pooling_layer=pooler)
    return sum(parameter.numel() for parameter in model.parameters())


def multiply_adds(shape: ShapeParams, length: int) -> int:
    """The multiplications (with an addition each) of the matrix products for one text of `length` subwords.

    In each layer four products by d x d and two by d x I for each subword, and two of length x length x d in attention.
    Embeddings, norms and activations are left out.
    """
    weights = 4 * shape.hidden**2 + 2 * shape.hidden * shape.intermediate
    return shape.layers * (weights * length + 2 * length**2 * shape.hidden)


def times_fewer(shape: ShapeParams, length: int) -> float:
    """How many times fewer multiply-adds than BERT-base a text of `length` subwords takes."""
    return multiply_adds(BERT_BASE, length) / multiply_adds(shape, length)
