"""The recurrent head: against PyTorch's packed LSTM of as many layers."""

import pytest
import torch
from torch import nn

from crisisflow.model.recurrent import RecurrentHead, RecurrentSizes

LENGTHS = [5, 1, 3]
CLASSES = ("no", "yes", "maybe")


def inputs() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(2)
    mask = torch.tensor([[int(at < length) for at in range(7)] for length in LENGTHS])
    return torch.randn(3, 7, 6, generator=generator), mask


def packed(head: RecurrentHead, layers: int) -> nn.LSTM:
    """The same layers as one LSTM of PyTorch."""
    lstm = nn.LSTM(6, 4, layers, batch_first=True, bidirectional=True)
    with torch.no_grad():
        for at, own in enumerate(head.layers):
            for direction, suffix in ((own.forwards, ""), (own.backwards, "_reverse")):
                for name, value in direction.named_parameters():
                    getattr(lstm, name.replace("l0", f"l{at}") + suffix).copy_(value)
    return lstm


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_its_states_are_those_of_a_packed_lstm(layers):
    head = RecurrentHead(6, CLASSES, RecurrentSizes(layers, 4, 0.2)).eval()
    vectors, mask = inputs()
    sequence = nn.utils.rnn.pack_padded_sequence(vectors, torch.tensor(LENGTHS), batch_first=True, enforce_sorted=False)
    _, (last, _) = packed(head, layers).eval()(sequence)
    expected = head.linear(torch.cat([last[-2], last[-1]], dim=-1))
    torch.testing.assert_close(head(vectors, mask), expected)


def test_padding_changes_no_score():
    head = RecurrentHead(6, CLASSES, RecurrentSizes(2, 4, 0.2)).eval()
    vectors, mask = inputs()
    other = torch.where(mask.unsqueeze(-1) > 0, vectors, 100.0)
    longer = nn.functional.pad(other, (0, 0, 0, 4), value=7.0)
    torch.testing.assert_close(head(longer, nn.functional.pad(mask, (0, 4))), head(vectors, mask))


def test_an_empty_row_that_fills_a_batch_is_no_fault():
    head = RecurrentHead(6, CLASSES, RecurrentSizes(2, 4, 0.0)).eval()
    vectors, mask = inputs()
    mask[1] = 0
    logits = head(vectors, mask)
    logits.sum().backward()
    assert logits.isfinite().all() and all(value.grad.isfinite().all() for value in head.parameters())
