"""Checkpoints at the end of an epoch: safetensors and JSON, whole or not there at all."""

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.optim import Optimizer

from crisisflow.artifacts import write_json
from crisisflow.progress import say
from crisisflow.training.device import Device

STATE, TENSORS = "state.json", "epoch{epoch}.safetensors"


class Checkpoint(NamedTuple):
    """What a run needs to go on after an epoch: tensors by name, and plain values."""

    tensors: dict[str, Tensor]
    state: dict[str, Any]


def fingerprint(*parts: Any) -> str:
    """A digest of all that a run depends on; a checkpoint of another run must not be taken up."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    """The optimizer's moments, by parameter position and name."""
    state = optimizer.state_dict()["state"]
    return {f"{position}.{name}": tensor for position, own in state.items() for name, tensor in own.items()}


def restore_optimizer(optimizer: Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put `optimizer_tensors` back."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        position, name = key.split(".", 1)
        state.setdefault(int(position), {})[name] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def save(folder: Path, device: Device, checkpoint: Checkpoint, epoch: int) -> None:
    """Write the checkpoint of `epoch`; the JSON names it last, so a kill in between leaves the one before in force."""
    name = TENSORS.format(epoch=epoch)
    device.save(checkpoint.tensors, folder / name)
    digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    write_json(folder / STATE, {**checkpoint.state, "tensors": name, "sha256": digest})
    for other in folder.glob(TENSORS.format(epoch="*")):
        if other.name != name:
            other.unlink()


def load(folder: Path, run: str) -> Checkpoint | None:
    """The checkpoint of the run with this fingerprint, or None; a damaged one is said and not used."""
    if not (folder / STATE).exists():
        return None
    try:
        state = json.loads((folder / STATE).read_text(encoding="utf-8"))
        path = folder / state["tensors"]
        if state["fingerprint"] != run:
            return None
        if hashlib.sha256(path.read_bytes()).hexdigest() != state["sha256"]:
            raise ValueError("its checksum differs")
        return Checkpoint(load_file(path), state)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        say(f"checkpoint in {folder} is damaged ({error}): starting this row from the beginning")
        return None


def discard(folder: Path) -> None:
    """Remove the checkpoints of a finished run, and nothing else."""
    for path in (folder / STATE, *folder.glob(TENSORS.format(epoch="*"))):
        path.unlink(missing_ok=True)
    folder.rmdir()
