"""A linear-chain conditional random field (Lafferty et al. 2001): likelihood, most probable sequence, marginals.

The package pytorch-crf 0.7.2 has the same likelihoods and paths, and no marginals. It takes 22 to 55 % of a step of a
tagger with kept word states, and this module 10 to 32 % (benchmarks/taggers.py): both directions are one loop, in
probabilities that are scaled, and the gradient is not traced through it.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class Crf(nn.Module):
    """Scores of a sequence of labels: of its first label, of each pair of neighbours, of its last, and the emissions.

    Nothing forbids a transition. Emissions are [batch, words, labels], `labels` [batch, words]; `mask` [batch, words]
    is 0 at padding, which is behind the words. Each row has a word.
    """

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.start = nn.Parameter(torch.empty(labels))
        self.transitions = nn.Parameter(torch.empty(labels, labels))  # from the first index to the second
        self.end = nn.Parameter(torch.empty(labels))
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -0.1, 0.1)  # as in pytorch-crf and AllenNLP

    def log_likelihood(self, emissions: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
        """The log of the probability of the labels [batch], to be differentiated once."""
        mask = mask > 0
        pairs = self.transitions[labels[:, :-1], labels[:, 1:]]
        own = emissions.gather(-1, labels.unsqueeze(-1)).squeeze(-1)
        last = labels.gather(1, mask.sum(dim=1, keepdim=True) - 1).squeeze(1)
        score = (own * mask).sum(dim=1) + (pairs * mask[:, 1:]).sum(dim=1) + self.start[labels[:, 0]] + self.end[last]
        return score - _LogPartition.apply(emissions, self.start, self.transitions, self.end, mask)

    @torch.no_grad()
    def marginals(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """The probability of each label at each word given all emissions: [batch, words, labels]; 0 at padding."""
        found = _forward_backward(emissions, self.start, self.transitions, self.end, mask > 0)
        return found.marginals().to(emissions.dtype)

    @torch.no_grad()
    def viterbi(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """The most probable sequence of labels (Viterbi 1967): [batch, words], 0 at padding."""
        words, lengths = emissions.shape[1], (mask > 0).sum(dim=1)
        score = self.start + emissions[:, 0]
        scores, before = [score], []
        for word in range(1, words):
            best, label = (score.unsqueeze(-1) + self.transitions).max(dim=1)
            score = best + emissions[:, word]
            scores.append(score)
            before.append(label)
        rows = torch.arange(len(emissions), device=emissions.device)
        last = (torch.stack(scores, dim=1)[rows, lengths - 1] + self.end).argmax(dim=-1)
        label = torch.zeros_like(last)
        path = []
        for word in reversed(range(words)):
            if word < words - 1:
                label = before[word].gather(1, label.unsqueeze(1)).squeeze(1)
            label = torch.where(word == lengths - 1, last, torch.where(word < lengths, label, 0))
            path.append(label)
        return torch.stack(path[::-1], dim=1)


class _Chain(NamedTuple):
    """What the forward and backward algorithms leave, in double precision; each vector of labels has its own scale.

    `arrived`: the weight of all that is before a word, by the word's label. `passed`: of that and the word itself, of
    each word but the last. `coming`: of the word and all that is behind it. `steps`: of each pair of labels.
    """

    log_partition: Tensor  # [batch]
    passed: Tensor  # [batch, words - 1, labels]
    arrived: Tensor  # [batch, words, labels]
    coming: Tensor  # [batch, words, labels]
    steps: Tensor  # [labels, labels]
    mask: Tensor

    def marginals(self) -> Tensor:
        joint = self.arrived * self.coming
        return joint / joint.sum(dim=-1, keepdim=True) * self.mask.unsqueeze(-1)

    def pairs(self, weights: Tensor) -> Tensor:
        """How often each pair of labels is expected, each row counting by its weight: [labels, labels]."""
        share = (weights.unsqueeze(1) * self.mask[:, 1:]).unsqueeze(-1)
        joint = (self.arrived[:, 1:] * self.coming[:, 1:]).sum(dim=-1, keepdim=True)
        left, right = self.passed * share / joint, self.coming[:, 1:]
        return self.steps * (left.flatten(0, 1).T @ right.flatten(0, 1))


def _forward_backward(emissions: Tensor, start: Tensor, transitions: Tensor, end: Tensor, mask: Tensor) -> _Chain:
    """Both directions in one loop: backwards each row is reversed within its own length.

    Probabilities are scaled to the sum 1 at each word (Rabiner 1989, section V-A), which is cheaper than sums of logs.
    """
    emissions, start, transitions, end = (own.double() for own in (emissions, start, transitions, end))
    words = emissions.shape[1]
    lengths = mask.sum(dim=1, keepdim=True)
    places = torch.arange(words, device=mask.device)
    turned = torch.where(places < lengths, lengths - 1 - places, places).unsqueeze(-1).expand_as(emissions)
    highest = emissions.amax(dim=-1, keepdim=True)
    weights = (emissions - highest).exp()
    both = torch.stack([weights, weights.gather(1, turned)])  # [direction, batch, words, labels]
    steepest = transitions.amax()
    steps = (transitions - steepest).exp()
    directed = torch.stack([steps, steps.T])
    reached = torch.stack([start, end]).exp().unsqueeze(1).expand(-1, len(emissions), -1)
    arrivals, here, sums = [], [], []
    for word in range(words):
        arrivals.append(reached)
        own = reached * both[:, :, word]
        total = own.sum(dim=-1, keepdim=True)
        own = own / total
        here.append(own)
        sums.append(total)
        if word < words - 1:
            reached = torch.bmm(own, directed)
    arrived, there = torch.stack(arrivals, dim=3).transpose(2, 3), torch.stack(here, dim=3).transpose(2, 3)
    last = there[0].gather(1, (lengths - 1).unsqueeze(-1).expand(-1, -1, emissions.shape[-1])).squeeze(1)
    logs = torch.stack(sums, dim=2)[0].squeeze(-1).log() + highest.squeeze(-1)
    log_partition = (
        (logs * mask).sum(dim=1) + (lengths.squeeze(1) - 1) * steepest + (last * end.exp()).sum(dim=-1).log()
    )
    return _Chain(log_partition, there[0, :, :-1], arrived[0], there[1].gather(1, turned), steps, mask)


class _LogPartition(torch.autograd.Function):
    """The log of the sum over all sequences [batch]. Its slope is what is expected of labels and pairs of labels."""

    @staticmethod
    def forward(ctx: Any, emissions: Tensor, start: Tensor, transitions: Tensor, end: Tensor, mask: Tensor) -> Tensor:
        found = _forward_backward(emissions, start, transitions, end, mask)
        ctx.save_for_backward(*found[1:])
        ctx.kind = emissions.dtype
        return found.log_partition.to(emissions.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        found = _Chain(slope, *ctx.saved_tensors)
        weights = slope.double()
        marginals = found.marginals() * weights[:, None, None]
        last = found.mask.sum(dim=1) - 1
        rows = torch.arange(len(last), device=last.device)
        slopes = (marginals, marginals[:, 0].sum(dim=0), found.pairs(weights), marginals[rows, last].sum(dim=0))
        return (*(own.to(ctx.kind) for own in slopes), None)
