"""Shapes: parameters and multiply-adds against the paper's tables, and against counting by hand; what is refused."""

import pytest
import torch
from pydantic import ValidationError
from torch.utils.flop_counter import FlopCounterMode
from transformers import BertModel

from crisisflow.studies.actionable_help.mini_params import DistillationParams, ShapeParams, VocabularyParams
from crisisflow.studies.actionable_help.shapes import (
    BERT_BASE,
    BERT_ENTRIES,
    BERT_POSITIONS,
    config_of,
    multiply_adds,
    parameters_of,
    times_fewer,
)

SHAPES = {
    "S_M": ShapeParams(hidden=512, layers=8, heads=8, intermediate=2048),
    "S_S": ShapeParams(hidden=384, layers=6, heads=6, intermediate=1536),
    "S_T": ShapeParams(hidden=256, layers=4, heads=4, intermediate=1024),
    "S_N": ShapeParams(hidden=256, layers=2, heads=4, intermediate=1024),
}


@pytest.mark.parametrize(
    ("name", "with_64001_entries", "with_berts_entries", "ours"),
    [
        ("S_M", 58_318_848, 41_373_184, None),
        ("S_S", 35_422_464, 22_713_216, None),
        ("S_T", 19_643_392, 11_170_560, 5_289_984),
        ("S_N", 18_063_872, 9_591_040, 3_710_464),
    ],
)
def test_only_a_large_vocabulary_gives_the_paper_s_parameters(name, with_64001_entries, with_berts_entries, ours):
    """Ledger, entries 16 and 17: the paper says 58, 35 and 19 million."""
    shape = SHAPES[name]
    assert parameters_of(config_of(shape, 64_001, 130), pooler=True) == with_64001_entries
    assert parameters_of(config_of(shape, BERT_ENTRIES, BERT_POSITIONS), pooler=True) == with_berts_entries
    if ours is not None:
        assert parameters_of(config_of(shape, 8192, 128)) == ours


def test_of_the_paper_s_tiny_model_most_is_its_word_vectors_and_it_is_82_per_cent_smaller():
    bert = parameters_of(config_of(BERT_BASE, BERT_ENTRIES, BERT_POSITIONS), pooler=True)
    tiny = parameters_of(config_of(SHAPES["S_T"], 64_001, 130), pooler=True)
    assert bert == 109_482_240
    assert round(100 * 64_001 * 256 / tiny) in (83, 84)
    assert round(100 * (1 - tiny / bert)) == 82


@pytest.mark.parametrize(("name", "factor"), [("S_M", 3.36), ("S_S", 7.95), ("S_T", 26.6), ("S_N", 53.3)])
def test_the_factors_of_multiply_adds(name, factor):
    assert times_fewer(SHAPES[name], 32) == pytest.approx(factor, rel=2e-3)


@pytest.mark.parametrize("length", [16, 48])
def test_multiply_adds_are_what_torch_counts_in_the_layers(length):
    shape = SHAPES["S_N"]
    model = BertModel(config_of(shape, 300, 64), add_pooling_layer=False).eval()
    model.set_attn_implementation("eager")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, length, dtype=torch.long))
    assert counter.get_total_flops() == 2 * multiply_adds(shape, length)


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValidationError, match=r"5 heads do not divide the width \(hidden\), which is 256"):
        ShapeParams(hidden=256, layers=4, heads=5, intermediate=1024)


def test_a_vocabulary_smaller_than_the_byte_alphabet_is_refused():
    VocabularyParams(size=260, lower_case=True)
    with pytest.raises(ValidationError, match="greater than or equal to 260"):
        VocabularyParams(size=259, lower_case=True)


DISTILLATION = {
    "projection": "pca",
    "updates": ["mean"],
    "start": "random",
    "epochs": 1,
    "batch_size": 8,
    "learning_rate": 1e-3,
    "warmup_steps": 0,
    "dropout": 0.0,
    "max_length": 64,
    "positions": 64,
    "precision": "float32",
    "seed": 13,
}


def test_more_subwords_than_positions_and_an_update_twice_are_refused():
    DistillationParams.model_validate(DISTILLATION)
    with pytest.raises(ValidationError, match="65 subwords, but a mini has 64 positions; lower it"):
        DistillationParams.model_validate({**DISTILLATION, "max_length": 65})
    with pytest.raises(ValidationError, match="each may stand there once"):
        DistillationParams.model_validate({**DISTILLATION, "updates": ["mean", "mean"]})
