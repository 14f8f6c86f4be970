"""Checkpoints of a run: safetensors and JSON, whole or not there at all, two of them at most.

A checkpoint is a JSON file that names its tensors' file and the digest of it. It is written last, so that a kill in
between leaves the one before in force. A damaged one is said, and the one before it is used.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.optim import Optimizer

from crisisflow.artifacts import write_json
from crisisflow.checksums import file_sha256
from crisisflow.training.device import Device

KEPT = 2
NAME = "epoch{epoch:04}-batch{batches:07}"  # sorts in the order of time
STATES = "epoch*-batch*.json"
OWN = (STATES, "epoch*-batch*.safetensors", ".epoch*-batch*.partial")  # the last is what a kill leaves of a write


class Checkpoint(NamedTuple):
    """What a run needs to go on: tensors by name, and plain values (`epoch` and `batches` of it done among them)."""

    tensors: dict[str, Tensor]
    state: dict[str, Any]


def fingerprint(*parts: Any) -> str:
    """A digest of all that a run depends on; a checkpoint of another run must not be taken up."""
    return _digest(json.dumps(parts, sort_keys=True).encode())


def weights_digest(module: nn.Module) -> str:
    """The sha256 of a module's weights."""
    whole = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        whole.update(name.encode())
        whole.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return whole.hexdigest()


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


def save(folder: Path, device: Device, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, then remove all but the newest two."""
    name = NAME.format(**checkpoint.state)
    tensors = folder / f"{name}.safetensors"
    device.save(checkpoint.tensors, tensors)
    write_json(
        folder / f"{name}.json",
        {"state": checkpoint.state, "state_sha256": _sealed(checkpoint.state), "tensors_sha256": file_sha256(tensors)},
    )
    kept = {path.stem for path in sorted(folder.glob(STATES))[-KEPT:]}
    _remove(path for path in _files(folder) if path.stem not in kept)


def load(folder: Path, run: str, say: Callable[[str], None]) -> Checkpoint | None:
    """The newest sound checkpoint of the run with this fingerprint, or None; one that cannot be used is said."""
    for path in sorted(folder.glob(STATES), reverse=True):
        try:
            written = json.loads(path.read_text(encoding="utf-8"))
            tensors = path.with_suffix(".safetensors")
            if _sealed(written["state"]) != written["state_sha256"]:
                raise ValueError("its checksum differs")
            if written["state"]["fingerprint"] != run:
                say(f"checkpoint {path} is of other parameters, weights, data or code: it is not taken up")
                continue
            if file_sha256(tensors) != written["tensors_sha256"]:
                raise ValueError("the checksum of its tensors differs")
            return Checkpoint(load_file(tensors), written["state"])
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            reason = f"it has no {error}" if isinstance(error, KeyError) else error
            say(f"checkpoint {path} is damaged ({reason}): going back to the one before it, or to the beginning")
    return None


def remove_unusable(folder: Path, found: Checkpoint | None) -> None:
    """Remove what is newer than the checkpoint that `load` found: else it would count among the newest two."""
    newest = NAME.format(**found.state) if found else ""
    _remove(path for path in _files(folder) if path.suffix == ".partial" or path.stem > newest)


def discard(folder: Path) -> None:
    """Remove the checkpoints of a finished run, and the folder if it holds nothing else."""
    _remove(_files(folder))
    with suppress(OSError):
        folder.rmdir()


def _files(folder: Path) -> list[Path]:
    return [path for pattern in OWN for path in folder.glob(pattern)]


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _sealed(state: dict[str, Any]) -> str:
    return _digest(json.dumps(state, sort_keys=True).encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
