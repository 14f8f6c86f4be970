"""The device seam: place, step, sync, to_host, save. Nothing outside this module names a device library.

The XLA device was not run yet (README, "What was not run").
"""

from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from crisisflow.artifacts import atomic_path
from crisisflow.errors import CrisisflowError

Placed = TypeVar("Placed", Tensor, nn.Module)


class Device:
    """CPU and CUDA: eager, so steps need no flush."""

    fixed_shapes = False
    fused_optimizer = True

    def __init__(self, kind: str) -> None:
        self.torch_device = torch.device(kind)

    def place(self, thing: Placed) -> Placed:
        """Move a tensor or module here."""
        return thing.to(self.torch_device)

    def step(self, optimizer: Optimizer) -> None:
        """Apply the gradients."""
        optimizer.step()

    def sync(self) -> None:
        """End a step."""

    def to_host(self, tensor: Tensor) -> Tensor:
        """A copy in main memory, cut from the graph."""
        return tensor.detach().cpu().clone()

    def save(self, tensors: dict[str, Tensor], path: Path) -> None:
        """Write tensors as safetensors, atomically."""
        on_host = {name: self.to_host(tensor).contiguous() for name, tensor in tensors.items()}
        with atomic_path(path) as partial:
            try:
                save_file(on_host, partial)
            except SafetensorError as error:  # how safetensors names a failed write
                raise OSError(str(error)) from error


class XlaDevice(Device):
    """XLA (TPU, or the CPU with PJRT_DEVICE=CPU): lazy, so a step ends with a flush and shapes stay fixed."""

    fixed_shapes = True
    fused_optimizer = False

    def __init__(self) -> None:
        try:
            import torch_xla
        except ImportError as error:
            raise CrisisflowError(
                "training.device is xla but torch_xla is not installed; "
                "make an environment of its own with: pip install -e '.[tpu]'"
            ) from error
        self._xla = torch_xla
        self.torch_device = torch_xla.device()

    def sync(self) -> None:
        """Run what was recorded since the last flush."""
        self._xla.sync()


def open_device(kind: str, threads: int) -> Device:
    """The device called cpu, cuda or xla, with `threads` CPU threads and deterministic algorithms.

    Raises:
        CrisisflowError: it is not to be had here.
    """
    torch.set_num_threads(threads)
    if kind == "xla":
        return XlaDevice()
    if kind == "cuda" and not torch.cuda.is_available():
        raise CrisisflowError("training.device is cuda but no CUDA device is available; set it to cpu")
    torch.use_deterministic_algorithms(True, warn_only=kind == "cuda")
    return Device(kind)
