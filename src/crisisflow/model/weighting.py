"""How the task losses become gradients: one part for each way, chosen by a row's `weighting`."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from crisisflow.model.encoder_model import EncoderModel
from crisisflow.model.freezing import encoder_layers

TEMPERATURE = 2.0  # of dynamic weight averaging (Liu et al. 2019, section 3.3)
ASYMMETRY = 1.5  # alpha of GradNorm (Chen et al. 2018, section 5.1)
GRADNORM_RATE = 0.025  # the learning rate of its weights, constant (section 4)

TINY = 1e-30  # keeps a gradient, or a loss, of zero from dividing by zero

# Sums gradients over the processes of a data-parallel run, in place.
Reduce = Callable[[Iterable[Tensor]], None]


class Weighting(nn.Module):
    """The plain sum, and what the others have in common. Losses and weights are [tasks].

    A state goes on from one stage of the schedule to the next.
    """

    # The constant one of what it learns; None: training.log_variance_learning_rate, under the schedule.
    learning_rate: float | None = None

    def __init__(self, tasks: int) -> None:
        super().__init__()
        self.tasks = tasks

    def weights(self) -> Tensor:
        """By what each loss is multiplied now, cut from the graph."""
        return torch.ones(self.tasks)

    def log_variances(self) -> Tensor | None:
        """s of each task, where the weighting has it."""
        return None

    def total(self, losses: Tensor) -> Tensor:
        """What is minimised, a scalar."""
        return losses.sum()

    def backward(self, losses: Tensor, model: EncoderModel, reduce: Reduce) -> None:
        """Leave the gradients of a step in the model's parameters and in this module's."""
        self.total(losses).backward()
        reduce(gradients(model))

    def after_step(self) -> None:
        """Called behind each step of the optimizer."""

    def end_epoch(self, losses: Tensor) -> None:
        """Called with the epoch's mean losses."""


class Kendall(Weighting):
    """Homoscedastic uncertainty weighting with learnable s = log(sigma^2), initialised to 0.

    The sum over tasks of scale * e^(-s) * L + s / 2. The paper's Eq. 4 has scale 1/2 for both tasks (the regression
    form); Kendall et al. (2018, Eq. 10) derive scale 1 for a classification likelihood. The total may fall below zero.
    """

    def __init__(self, tasks: int, scale: float = 0.5) -> None:
        super().__init__(tasks)
        self.scale = scale
        self.log_variance = nn.Parameter(torch.zeros(tasks))

    def weights(self) -> Tensor:
        """scale * e^(-s)."""
        return self.scale * torch.exp(-self.log_variance.detach())

    def log_variances(self) -> Tensor:
        """s."""
        return self.log_variance.detach()

    def total(self, losses: Tensor) -> Tensor:
        """May be negative."""
        return (self.scale * torch.exp(-self.log_variance) * losses + self.log_variance / 2).sum()


class KendallClassification(Kendall):
    """`Kendall` with the scale of a classification likelihood."""

    def __init__(self, tasks: int) -> None:
        super().__init__(tasks, scale=1.0)


class KendallOptimal(Weighting):
    """`Kendall` with each s at its optimum in every step, s = ln L: the weight of a loss is 1 / (2 L).

    A learnt s moves by at most about its learning rate in a step, so that it comes nowhere near ln L in a short
    fine-tuning. The optimum in closed form is that of Kirchdorfer et al. (2024); what is minimised is then half the sum
    of the ln L, so that each task counts by the ratio by which its loss falls (the logarithm of the geometric mean of
    Chennupati et al. 2019).
    """

    def __init__(self, tasks: int) -> None:
        super().__init__(tasks)
        self.register_buffer("last", torch.ones(tasks))

    def weights(self) -> Tensor:
        """1 / (2 L), of the last step."""
        return 0.5 / self.last

    def log_variances(self) -> Tensor | None:
        """ln L, of the last step."""
        return torch.log(self.last)

    def total(self, losses: Tensor) -> Tensor:
        """Eq. 4 at its optimum; may be negative. A loss of zero has no gradient."""
        return (0.5 + torch.log(losses.clamp(min=TINY)) / 2).sum()

    def backward(self, losses: Tensor, model: EncoderModel, reduce: Reduce) -> None:
        """Those of `total`."""
        self.last.copy_(losses.detach().clamp(min=TINY))
        super().backward(losses, model, reduce)


class DynamicWeightAverage(Weighting):
    """Weights by how slowly each loss fell over the last two epochs (Liu et al. 2019, Eq. 7); 1 in the first two."""

    def __init__(self, tasks: int) -> None:
        super().__init__(tasks)
        self.register_buffer("epochs", torch.zeros(1))
        self.register_buffer("last", torch.ones(tasks))
        self.register_buffer("weight", torch.ones(tasks))

    def weights(self) -> Tensor:
        """They sum to the number of tasks."""
        return self.weight.clone()

    def total(self, losses: Tensor) -> Tensor:
        """The weights are constants here."""
        return (self.weight * losses).sum()

    def end_epoch(self, losses: Tensor) -> None:
        """Weigh by the ratio of this epoch's losses to the last one's."""
        if self.epochs.item() > 0:
            self.weight.copy_(self.tasks * torch.softmax(losses / self.last / TEMPERATURE, dim=0))
        self.last.copy_(losses)
        self.epochs += 1


class GradNorm(Weighting):
    """Weights that bring the tasks' gradients on the last shared layer to a common size (Chen et al. 2018).

    A task that has learnt less than the others (its loss is a larger part of what it was at the first step) may have a
    larger gradient, by the power `ASYMMETRY`. The weights stay positive and sum to the number of tasks.
    """

    learning_rate = GRADNORM_RATE

    def __init__(self, tasks: int) -> None:
        super().__init__(tasks)
        self.weight = nn.Parameter(torch.ones(tasks))
        self.register_buffer("first", torch.zeros(tasks))

    def weights(self) -> Tensor:
        """They sum to the number of tasks."""
        return self.weight.detach().clone()

    def total(self, losses: Tensor) -> Tensor:
        """The weights are constants here; they have a loss of their own."""
        return (self.weight.detach() * losses).sum()

    def backward(self, losses: Tensor, model: EncoderModel, reduce: Reduce) -> None:
        """Eq. 1 and 2 of Chen et al.; the weights' own loss does not reach the model."""
        shared = list(encoder_layers(model.encoder)[-1].parameters())
        norms = torch.stack([_norm(task_gradients(loss, shared, reduce)) for loss in losses])
        known = losses.detach()
        self.first.copy_(torch.where(self.first == 0, known, self.first))
        progress = known / self.first
        sizes = self.weight * norms
        wanted = sizes.mean() * (progress / progress.mean()) ** ASYMMETRY
        own = (sizes - wanted.detach()).abs().sum()
        super().backward(losses, model, reduce)
        (self.weight.grad,) = torch.autograd.grad(own, [self.weight])

    @torch.no_grad()
    def after_step(self) -> None:
        """Positive again, and the sum as before."""
        self.weight.clamp_(min=1e-3)
        self.weight.mul_(self.tasks / self.weight.sum())


class PCGrad(Weighting):
    """The plain sum, but on the encoder conflicting gradients lose what they have against each other (Yu et al. 2020).

    Algorithm 1: where the cosine of two tasks' gradients is negative, each is projected onto the normal plane of the
    other's original one. With two tasks the order of the projections does not matter.
    """

    def backward(self, losses: Tensor, model: EncoderModel, reduce: Reduce) -> None:
        """The heads keep the gradient of their own task."""
        shared, heads = model.shared_parameters(), model.head_parameters()
        first, second = (task_gradients(loss, shared, reduce) for loss in losses)
        losses.sum().backward(inputs=heads)
        reduce([parameter.grad for parameter in heads])
        conflict = torch.clamp(_dot(first, second), max=0)
        off_first, off_second = (conflict / _dot(other, other).clamp(min=TINY) for other in (second, first))
        for parameter, one, other in zip(shared, first, second, strict=True):
            parameter.grad = one - off_first * other + (other - off_second * one)


def gradients(model: nn.Module) -> list[Tensor]:
    """Of the parameters that have one."""
    return [parameter.grad for parameter in model.parameters() if parameter.grad is not None]


def task_gradients(loss: Tensor, parameters: list[nn.Parameter], reduce: Reduce) -> list[Tensor]:
    """The gradient of one task's loss over all processes; the graph is kept."""
    found = list(torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True, materialize_grads=True))
    reduce(found)
    return found


def _dot(one: list[Tensor], other: list[Tensor]) -> Tensor:
    return sum((a * b).sum() for a, b in zip(one, other, strict=True))


def _norm(tensors: list[Tensor]) -> Tensor:
    return torch.sqrt(_dot(tensors, tensors))


WEIGHTINGS = {
    "fixed": Weighting,
    "kendall": Kendall,
    "kendall_classification": KendallClassification,
    "kendall_optimal": KendallOptimal,
    "dwa": DynamicWeightAverage,
    "gradnorm": GradNorm,
    "pcgrad": PCGrad,
}
