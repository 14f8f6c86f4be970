"""Small networks over words: their shapes, what padding changes, and that they learn ten posts."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from crisisflow.model.classifier import Classifier, set_dropout
from crisisflow.model.text_networks import (
    AttentionState,
    CnnGruState,
    CnnState,
    DpcnnState,
    GruState,
    WordClassifier,
    largest,
)
from crisisflow.model.word_states import TrainedVectors

CLASSES = ("a", "b", "c")
WORDS, WIDTH = 40, 12
NETWORKS = {
    "gru": lambda: GruState(WIDTH, 8),
    "cnn": lambda: CnnState(WIDTH, 9, 3),
    "cnn_gru": lambda: CnnGruState(WIDTH, 9, 3, 8),
    "dpcnn": lambda: DpcnnState(WIDTH, 10, 3),
    "rnn_attention": lambda: AttentionState(WIDTH, 5, 7),
}
STATES = {"gru": 8, "cnn": 9, "cnn_gru": 8, "dpcnn": 10, "rnn_attention": 7}


def built(name, dropout=0.0):
    torch.manual_seed(3)
    return WordClassifier(TrainedVectors(WORDS, WIDTH), NETWORKS[name](), CLASSES, dropout)


def batch_of(texts, length):
    ids, mask = torch.zeros(len(texts), length, dtype=torch.int64), torch.zeros(len(texts), length, dtype=torch.int64)
    for row, text in enumerate(texts):
        ids[row, : len(text)], mask[row, : len(text)] = torch.tensor(text), 1
    return ids, mask


@pytest.mark.parametrize("name", NETWORKS)
def test_shapes_and_what_is_at_padding_or_in_another_row_changes_nothing(name):
    model = built(name).eval()
    assert model.network.width == STATES[name]
    texts = [[5, 9, 2], [7], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]]
    ids, mask = batch_of(texts, 17)
    logits = model(ids, mask)
    assert logits.shape == (3, len(CLASSES))
    ids[0, 3:] = 31  # at padding
    assert torch.allclose(model(ids, mask), logits, atol=1e-6)
    alone = model(*batch_of(texts[:1], 3))
    assert torch.allclose(alone[0], logits[0], atol=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_row_without_a_word_fills_up_a_batch(name):
    assert torch.isfinite(built(name)(*batch_of([[4, 5], []], 6))).all()


@pytest.mark.parametrize("name", NETWORKS)
def test_it_learns_ten_posts_by_heart(name):
    model = built(name)
    generator = torch.Generator().manual_seed(1)
    texts = [torch.randint(1, WORDS, (6,), generator=generator).tolist() for _ in range(10)]
    ids, mask = batch_of(texts, 6)
    targets = torch.arange(10) % len(CLASSES)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(80):
        optimizer.zero_grad()
        cross_entropy(model(ids, mask), targets).backward()
        optimizer.step()
    assert (model(ids, mask).argmax(dim=1) == targets).all()


def test_vectors_begin_as_given_and_that_of_padding_is_never_trained():
    vectors = TrainedVectors(5, 3, {2: torch.tensor([1.0, 2.0, 3.0])})
    assert vectors.table.weight[2].tolist() == [1, 2, 3]
    assert vectors.table.weight[0].tolist() == [0, 0, 0]
    assert vectors.table.weight[1:].abs().max() == 3 and vectors.table.weight[3:].abs().max() <= TrainedVectors.SPREAD
    vectors(torch.tensor([[0, 2]]), torch.tensor([[0, 1]])).last_hidden_state.sum().backward()
    assert not vectors.table.weight.grad[0].any() and vectors.table.weight.grad[2].all()


def test_the_largest_of_no_word_is_zero():
    found = largest(torch.tensor([[[-3.0], [-1.0]], [[5.0], [6.0]]]), torch.tensor([[1, 0], [0, 0]]))
    assert found.tolist() == [[-3.0], [0.0]]


def test_dropout_is_set_in_all_layers_and_before_the_head():
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    encoder = BertModel(config, add_pooling_layer=False)
    set_dropout(encoder, 0.2)
    probabilities = {own.p for own in encoder.modules() if isinstance(own, torch.nn.Dropout)}
    assert probabilities == {0.2}
    assert Classifier(encoder, CLASSES, "mean", 0.3).dropout.p == 0.3
