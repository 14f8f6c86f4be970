"""The device seam: where tensors lie, how a step ends, how processes share it. Only this module names device libraries.

Data parallel: launch.py, or torchrun, starts the same command several times and tells each its rank by the
environment. Every process reads the whole split and computes its share of each batch; losses and gradients are
summed, so that the result is that of one process with the whole batch, but for the order of floating-point sums and for
dropout.
"""

import os
import resource
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.optim import Optimizer
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import eager_mask

from crisisflow.errors import CrisisflowError
from crisisflow.tensors import write_tensors
from crisisflow.training.batching import Batch, Shapes
from crisisflow.training.dropout import make_dropout_cheap

Placed = TypeVar("Placed", Tensor, nn.Module)
Precision = Literal["automatic", "float32", "bfloat16"]

ALWAYS_MASKED = "crisisflow_always_masked"  # an attention that never looks whether there is something to mask
AttentionInterface.register(ALWAYS_MASKED, sdpa_attention_forward)
AttentionMaskInterface.register(
    ALWAYS_MASKED, lambda **arguments: eager_mask(**{**arguments, "allow_is_bidirectional_skip": False})
)


class _Sum(torch.autograd.Function):
    """Sums over processes; the gradient passes through, since gradients are summed later."""

    @staticmethod
    def forward(ctx: object, values: Tensor) -> Tensor:
        total = values.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        return gradient


class Device:
    """CPU and CUDA: eager, so steps need no flush."""

    optimizer_options = {"fused": True}

    def __init__(
        self, kind: str, rank: int = 0, local_rank: int = 0, processes: int = 1, precision: Precision = "automatic"
    ) -> None:
        self.rank, self.processes, self.precision = rank, processes, precision
        self.torch_device = torch.device(f"cuda:{local_rank}" if kind == "cuda" else kind)

    @property
    def writes(self) -> bool:
        """Whether this process is the one that writes and speaks."""
        return self.rank == 0

    @property
    def share(self) -> slice:
        """This process's part of a batch."""
        return slice(self.rank, None, self.processes)

    def prepare(self, model: nn.Module) -> None:
        """Fit a model to the device, in place, before it is placed."""
        if self.torch_device.type == "cpu":
            make_dropout_cheap(model)

    def place(self, thing: Placed) -> Placed:
        """Move a tensor or module here."""
        return thing.to(self.torch_device)

    def place_batch(self, batch: Batch) -> Batch:
        """Move a batch's tensors here."""
        return Batch(batch.indices, self.place(batch.input_ids), self.place(batch.mask))

    def shapes(self, max_length: int) -> Shapes:
        """The padded lengths that suit the device: any, since none costs more a subword than another."""
        return Shapes(multiple=1, longest=max_length, filled=False)

    def seed(self, value: int) -> None:
        """Seed the random numbers of all that follows."""
        torch.manual_seed(value)

    def autocast(self) -> AbstractContextManager:
        """The precision of the forward pass: the one that was asked for; else bfloat16 where a GPU has it, or float32.

        Weights, gradients and moments are float32 always.
        """
        kind = self.torch_device.type
        automatic = self.precision == "automatic" and kind == "cuda" and torch.cuda.is_bf16_supported()
        if automatic or self.precision == "bfloat16":
            return torch.autocast(kind, torch.bfloat16)
        return nullcontext()

    def total(self, losses: Tensor) -> Tensor:
        """The losses of all processes' shares together."""
        return _Sum.apply(losses) if self.processes > 1 else losses

    def reduce(self, gradients: Iterable[Tensor]) -> None:
        """Sum gradients over the processes, in place."""
        if self.processes > 1:
            for gradient in gradients:
                distributed.all_reduce(gradient)

    def set_rate(self, group: dict[str, Any], rate: float) -> None:
        """Set the learning rate of one of an optimizer's groups."""
        group["lr"] = rate

    def step(self, optimizer: Optimizer) -> None:
        """Apply the gradients."""
        optimizer.step()

    def sync(self) -> None:
        """End a step."""

    def to_host(self, tensor: Tensor) -> Tensor:
        """A copy in main memory, cut from the graph."""
        return tensor.detach().cpu().clone()

    def peak_memory(self) -> int:
        """The most that was in use so far, in bytes: of the process, or of the GPU's memory."""
        if self.torch_device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.torch_device)
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    def save(self, tensors: dict[str, Tensor], path: Path, metadata: dict[str, str] | None = None) -> None:
        """Write tensors as safetensors, atomically."""
        write_tensors(path, {name: tensor.detach().cpu() for name, tensor in tensors.items()}, metadata)

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.processes > 1:
            distributed.barrier()

    def close(self) -> None:
        """Take leave of the other processes."""
        if self.processes > 1:
            distributed.destroy_process_group()


class XlaDevice(Device):
    """XLA (TPU, or the CPU with PJRT_DEVICE=CPU): lazy. What a step does is recorded, and run at its end.

    Each new record is compiled, for minutes with a large encoder, so a step must record the same as the one before:
    - few shapes, and no branch on what a tensor holds (`prepare`, `shapes`);
    - what changes is a tensor with a dimension: Python numbers and 0-dimensional tensors that come from main memory
      are a part of the record where they are 0 or 1, and one input where two of them are equal, such as a learning
      rate that meets the weight decay (`set_rate`, and AdamW's bias corrections by `capturable`);
    - what a step starts from comes from main memory (`place`) or from a step: what is made on the device in between,
      such as zeros, is recorded with the step;
    - a value that is read (`to_host`, `float`) before `sync` makes a record of its own, and what it rests on is run
      again by the next one.

    tests/xla counts the compilations.
    """

    optimizer_options = {"capturable": True}

    def __init__(self) -> None:
        try:
            import torch_xla
        except ImportError as error:
            raise CrisisflowError(
                "compute.device is xla but torch_xla is not installed; docs/tpu.md says how to make its environment"
            ) from error
        self._xla = torch_xla
        self.precision: Precision = "automatic"
        self.rank, self.processes = 0, 1
        self.torch_device = torch_xla.device()

    def prepare(self, model: nn.Module) -> None:
        """transformers leaves the mask out where nothing is padded, which it has to look for: not here."""
        for module in model.modules():
            if isinstance(module, PreTrainedModel) and module._supports_attention_backend:
                module.set_attn_implementation(ALWAYS_MASKED)

    def shapes(self, max_length: int) -> Shapes:
        """Each shape is compiled: four of them at 128 subwords."""
        return Shapes(multiple=32, longest=max_length, filled=True)

    def seed(self, value: int) -> None:
        """Of both generators: heads are drawn in main memory. XLA's seed is data, so a new one compiles nothing."""
        super().seed(value)
        self._xla.manual_seed(value)

    def set_rate(self, group: dict[str, Any], rate: float) -> None:
        """As a tensor with a dimension: see above."""
        group["lr"] = self.place(torch.tensor([rate]))

    def sync(self) -> None:
        """Run what was recorded since the last flush."""
        self._xla.sync()


def open_device(kind: str, threads: int, processes: int, precision: Precision = "automatic") -> Device:
    """The device called cpu, cuda or xla, with `threads` CPU threads and deterministic algorithms.

    Args:
        processes: as many as were started; the environment tells each of them its rank.
        precision: of the forward pass.

    Raises:
        CrisisflowError: it is not to be had here, or there are not as many processes, or xla is asked for bfloat16.
    """
    torch.set_num_threads(threads)
    started = int(os.environ.get("WORLD_SIZE", "1"))
    if started != processes:
        raise CrisisflowError(
            f"compute.processes is {processes} but {started} run; crisisflow train starts them itself where RANK is "
            f"not set, and torchrun has to start {processes} in all"
        )
    if kind == "xla":
        if processes > 1:
            raise CrisisflowError(f"compute.processes is {processes} but xla is one process on one core; set it to 1")
        if precision == "bfloat16":
            raise CrisisflowError("compute.device is xla, which trains in float32 here, and the precision is bfloat16")
        return XlaDevice()
    rank, local_rank = (int(os.environ.get(name, "0")) for name in ("RANK", "LOCAL_RANK"))
    if kind == "cuda":
        # cuBLAS is deterministic only with a work space of fixed size; it reads this when it is first used.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        there = torch.cuda.device_count()
        if there == 0:
            raise CrisisflowError(
                "compute.device is cuda but PyTorch finds no CUDA device here; set it to cpu, or see to the driver "
                "and to the CUDA build of torch"
            )
        if local_rank >= there:
            raise CrisisflowError(
                f"compute.device is cuda, which wants a device for each process, but only {there} "
                f"{'is' if there == 1 else 'are'} here; lower compute.processes, which is {processes}"
            )
    torch.use_deterministic_algorithms(True, warn_only=kind == "cuda")
    # Else every new tensor is filled first, in case something reads it before writing; nothing here does.
    torch.utils.deterministic.fill_uninitialized_memory = False
    if processes > 1:
        try:
            distributed.init_process_group("nccl" if kind == "cuda" else "gloo")
        except distributed.DistError as error:  # such as a port that another program took
            reason = str(error).strip().splitlines()[0][:200]
            raise CrisisflowError(
                f"the {processes} processes of compute.processes do not find each other ({reason}); run again"
            ) from error
    return Device(kind, rank, local_rank, processes, precision)
