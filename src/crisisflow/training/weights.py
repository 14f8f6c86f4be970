"""The weights of a trained row, and config.json, which rebuilds its model and says of which weights it is."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from crisisflow.artifacts import read_json, write_json
from crisisflow.checksums import file_sha256
from crisisflow.errors import CrisisflowError
from crisisflow.training.device import Device
from crisisflow.training.task import under

KEY = "weights"  # of config.json: the sha256 of the weights, or null where they are not kept


def write_weights(
    device: Device, tensors: dict[str, Tensor] | None, facts: Mapping[str, Any], weights: Path, config: Path
) -> None:
    """Write the weights (safetensors), and config.json.

    Args:
        tensors: of the best epoch (training.state.Best); None: they are not kept, and the file has no tensor.
        facts: what else config.json says.
    """
    device.save(tensors or {}, weights)
    write_json(config, {**facts, KEY: None if tensors is None else file_sha256(weights)})


def load_weights(model: nn.Module, weights: Path, config: Path, pretrained: Collection[str] = ()) -> None:
    """Give the model that `config` describes its weights.

    Args:
        pretrained: names of those that the model has already, and that need not be in the file.

    Raises:
        CrisisflowError: a file is absent or damaged, or `config` is of other weights or of another model.
    """
    expected = read_json(config, KEY)[KEY]
    try:
        found, tensors = file_sha256(weights), under(load_file(weights), "model")
    except FileNotFoundError:
        raise CrisisflowError(f"{weights} does not exist; run: dvc checkout, or train the row") from None
    except (OSError, SafetensorError) as error:
        raise CrisisflowError(f"{weights} is no readable safetensors file ({error}); train the row again") from error
    if found != expected:
        raise CrisisflowError(
            f"{weights} does not belong to {config}, which is of weights with another sha256; give both files of one "
            "training, or train the row again"
        )
    tensors = {name: own for name, own in model.state_dict().items() if name in pretrained} | tensors
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise CrisisflowError(f"{weights} does not fit {config}: {str(error).splitlines()[1].strip()}") from error
