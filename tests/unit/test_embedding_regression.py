"""Embedding regression: its loss is the paper's sum, whatever the shares, and a learnt layer is applied and scored."""

import numpy as np
import pytest
import torch
from torch import nn
from transformers import BertConfig, BertModel

from crisisflow.evaluation.embeddings import nearest
from crisisflow.model.student import Student
from crisisflow.training.batching import Examples, Shapes, collate
from crisisflow.training.embedding_regression import EMBEDDING, EmbeddingRegression

GENERATOR = np.random.default_rng(3)
EXAMPLES = Examples(
    [f"t{at}" for at in range(14)],
    [GENERATOR.integers(5, 50, GENERATOR.integers(3, 9)).tolist() for _ in range(14)],
    {EMBEDDING: list(GENERATOR.normal(size=(14, 6)).astype(np.float32))},
)
STEP = list(range(11))


def batch_of(filled: bool, share: slice = slice(None)):
    return collate(EXAMPLES, STEP, 0, Shapes(16 if filled else 1, 64, filled), 16, share)


def predictions_of(batch, width: int) -> torch.Tensor:
    """Predictions that depend on the example alone."""
    table = torch.randn(15, width, generator=torch.Generator().manual_seed(1))
    return table[[*batch.indices, *[14] * (len(batch.mask) - len(batch.indices))]]


@pytest.mark.parametrize("down", [None, nn.Linear(6, 4)], ids=["fixed", "learnt"])
@pytest.mark.parametrize("filled", [False, True], ids=["as it is", "filled"])
def test_the_loss_is_summed_over_the_dimensions_and_adds_up_over_the_shares(down, filled):
    task = EmbeddingRegression(np.zeros((0, 0), dtype=np.int64), down)
    width = 4 if down else 6

    def loss_of(batch) -> float:
        targets = task.targets(EXAMPLES, STEP, batch)
        return task.losses(predictions_of(batch, width), batch.mask, targets).item()

    target = torch.from_numpy(np.stack(EXAMPLES.targets[EMBEDDING][:11]))
    target = down(target) if down else target
    expected = ((target - predictions_of(batch_of(False), width)) ** 2).sum() / 11
    assert loss_of(batch_of(filled)) == pytest.approx(expected.item(), rel=1e-5)
    shares = [batch_of(filled, slice(rank, None, 2)) for rank in (0, 1)]
    assert sum(map(loss_of, shares)) == pytest.approx(expected.item(), rel=1e-5)


def test_what_is_scored_is_the_target_and_the_variance_of_the_embeddings():
    embeddings = np.stack(EXAMPLES.targets[EMBEDDING])
    task = EmbeddingRegression(nearest(embeddings))
    half = task.scores(EXAMPLES, {"embeddings": torch.from_numpy(embeddings / 2)})
    assert half.measures["variance"] == pytest.approx(0.25)
    assert half.measures["neighbours"] == 1
    assert half.chosen_by == half.measures["explained_variance"] < 1
    down = nn.Linear(6, 4)
    learnt = EmbeddingRegression(nearest(embeddings), down)
    found = down(torch.from_numpy(embeddings)).detach()
    assert learnt.scores(EXAMPLES, {"embeddings": found}).chosen_by == pytest.approx(1)


def test_a_student_is_pooled_as_it_is_updated_and_goes_up_where_it_is_told():
    torch.manual_seed(1)
    encoder = BertModel(
        BertConfig(vocab_size=50, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8),
        add_pooling_layer=False,
    ).eval()
    batch = batch_of(False)
    hidden = encoder(input_ids=batch.input_ids, attention_mask=batch.mask).last_hidden_state
    assert torch.equal(Student(encoder, "cls")(batch.input_ids, batch.mask), hidden[:, 0])
    row = min(range(11), key=lambda at: batch.mask[at].sum())
    mean = hidden[row, : int(batch.mask[row].sum())].mean(dim=0)
    assert torch.allclose(Student(encoder, "mean")(batch.input_ids, batch.mask)[row], mean, atol=1e-6)
    up = nn.Linear(8, 3)
    assert Student(encoder, "mean", up=up)(batch.input_ids, batch.mask).shape == (11, 3)
