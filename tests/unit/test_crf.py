"""The CRF against the sum over all sequences of labels."""

from itertools import pairwise, product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from crisisflow.model.crf import Crf

LABELS = 5


def drawn(lengths: list[int], scale: float, seed: int) -> tuple[Crf, torch.Tensor, torch.Tensor]:
    """A CRF and emissions of this scale in double precision, and the mask of rows of these lengths."""
    torch.manual_seed(seed)
    crf = Crf(LABELS).double()
    with torch.no_grad():
        for parameter in crf.parameters():
            parameter.copy_(torch.randn(parameter.shape, dtype=torch.float64) * scale)
    emissions = torch.randn(len(lengths), max(lengths), LABELS, dtype=torch.float64) * scale
    return crf, emissions, (torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)).long()


def every(crf: Crf, emissions: torch.Tensor) -> dict[tuple[int, ...], torch.Tensor]:
    """The score of each sequence of one text [words, labels]."""
    found = {}
    for labels in product(range(LABELS), repeat=len(emissions)):
        own = [crf.start[labels[0]], crf.end[labels[-1]]]
        own += [emissions[word, label] for word, label in enumerate(labels)]
        own += [crf.transitions[pair] for pair in pairwise(labels)]
        found[labels] = torch.stack(own).sum()
    return found


@pytest.mark.parametrize("length", [1, 2, 3, 4])
@pytest.mark.parametrize(("scale", "seed"), [(1.0, 1), (1.0, 2), (8.0, 3), (8.0, 4)])
def test_likelihood_path_and_marginals_are_those_of_all_sequences(length, scale, seed):
    crf, emissions, mask = drawn([length, 4], scale, seed)
    scores = every(crf, emissions[0, :length])
    total = torch.stack(list(scores.values())).logsumexp(0)
    for labels in [max(scores, key=lambda own: scores[own]), (2,) * length, tuple(range(length))]:
        own = torch.zeros(2, 4, dtype=torch.int64)
        own[0, :length] = torch.tensor(labels)
        found = crf.log_likelihood(emissions, own, mask)[0]
        assert torch.allclose(found, scores[labels] - total, rtol=1e-12, atol=1e-12)
    best = max(scores, key=lambda own: scores[own])
    path = crf.viterbi(emissions, mask)[0].tolist()
    assert path == [*best, *[0] * (4 - length)]
    marginals = crf.marginals(emissions, mask)[0]
    for word, label in product(range(length), range(LABELS)):
        mass = torch.stack([own - total for labels, own in scores.items() if labels[word] == label]).logsumexp(0).exp()
        assert torch.allclose(marginals[word, label], mass, rtol=1e-10, atol=1e-12)
    assert (marginals[length:] == 0).all()


def test_the_gradients_are_those_of_all_sequences():
    crf, emissions, mask = drawn([1, 3], 2.0, 7)
    labels = torch.tensor([[1, 0, 0], [0, 4, 2]])
    emissions.requires_grad_()
    inputs = [emissions, *crf.parameters()]
    by_hand = sum(
        weight * (scores[tuple(labels[row, :length].tolist())] - torch.stack(list(scores.values())).logsumexp(0))
        for row, (length, weight) in enumerate([(1, 3.0), (3, 0.5)])
        for scores in [every(crf, emissions[row, :length])]
    )
    found = crf.log_likelihood(emissions, labels, mask) @ torch.tensor([3.0, 0.5], dtype=torch.float64)
    for own, expected in zip(torch.autograd.grad(found, inputs), torch.autograd.grad(by_hand, inputs), strict=True):
        assert torch.allclose(own, expected, rtol=1e-10, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(0, 5), st.integers(0, 1000))
def test_padding_changes_nothing(lengths, more, seed):
    crf, emissions, mask = drawn(lengths, 3.0, seed)
    labels = torch.randint(0, LABELS, mask.shape)
    wide = [
        torch.cat([own, torch.full((len(lengths), more, *own.shape[2:]), 4, dtype=own.dtype)], dim=1)
        for own in (emissions, labels)
    ]
    wide_mask = torch.cat([mask, torch.zeros(len(lengths), more, dtype=mask.dtype)], dim=1)
    assert torch.allclose(crf.log_likelihood(*wide, wide_mask), crf.log_likelihood(emissions, labels, mask))
    assert torch.equal(crf.viterbi(wide[0], wide_mask)[:, : max(lengths)], crf.viterbi(emissions, mask))
    assert torch.allclose(crf.marginals(wide[0], wide_mask)[:, : max(lengths)], crf.marginals(emissions, mask))


def test_far_scores_stay_finite_in_single_precision():
    crf, emissions, mask = drawn([6, 2], 60.0, 1)
    likelihood = crf.float().log_likelihood(emissions.float(), torch.zeros(2, 6, dtype=torch.int64), mask)
    assert torch.isfinite(likelihood).all() and (likelihood < 0).all()
