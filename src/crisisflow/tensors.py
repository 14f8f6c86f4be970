"""Tensors on disk: a safetensors file, whole or not there at all."""

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from crisisflow.artifacts import atomic_path


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    """Write tensors that are in main memory, by name.

    Args:
        metadata: at most one entry: safetensors writes several in an order of chance.

    Raises:
        CrisisflowError: the file cannot be written.
    """
    with atomic_path(path) as partial:
        try:
            save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, partial, metadata)
        except SafetensorError as error:  # how safetensors names a failed write
            raise OSError(str(error)) from error
