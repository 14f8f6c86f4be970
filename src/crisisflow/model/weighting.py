"""How the two task losses become one."""

import torch
from torch import Tensor, nn

from crisisflow.model.joint import Losses


class Fixed(nn.Module):
    """The plain sum."""

    def forward(self, losses: Losses) -> Tensor:
        """The total, a scalar."""
        return losses.entity + losses.event


class Kendall(nn.Module):
    """Homoscedastic uncertainty weighting with learnable s = log(sigma^2), initialised to 0.

    The sum over tasks of scale * e^(-s) * L + s / 2. The paper's Eq. 4 has scale 1/2 for both tasks (the regression
    form); Kendall et al. (2018, Eq. 10) derive scale 1 for a classification likelihood. The total may fall below zero.
    """

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.log_variance = nn.Parameter(torch.zeros(2))  # entity, event

    def forward(self, losses: Losses) -> Tensor:
        """The total, a scalar that may be negative."""
        s = self.log_variance
        return (self.scale * torch.exp(-s) * torch.stack(losses) + s / 2).sum()


WEIGHTINGS = {
    "fixed": Fixed,
    "kendall": lambda: Kendall(scale=0.5),
    "kendall_classification": lambda: Kendall(scale=1.0),
}
