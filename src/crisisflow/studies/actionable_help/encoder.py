"""Encoder: what the fine-tuning of a row begins with, in one file.

An encoder of elsewhere is named in it. A mini (`mini:NAME`) is in it whole. Of a mini's shape without its weights
(`scratch:NAME`) the configuration and the tokenizer are in it: each seed draws weights of its own. So a row depends on
the mini that it begins with, and on no other.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from crisisflow.artifacts import check_file
from crisisflow.errors import CrisisflowError
from crisisflow.inputs import InputFolder
from crisisflow.params import Name, Positive
from crisisflow.pretrained import check_length, load_encoder, load_tokenizer
from crisisflow.studies.actionable_help.mini_params import ShapeParams
from crisisflow.studies.actionable_help.row_params import MINI, RowParams
from crisisflow.studies.actionable_help.shapes import config_of
from crisisflow.studies.actionable_help.vocabulary import TOKENIZER_FILES
from crisisflow.tensors import write_tensors

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

WEIGHTS, CONFIG = "model.safetensors", "config.json"
KEY = "crisisflow"  # of the file's metadata, with JSON


def run(
    row: RowParams,
    minis: InputFolder,
    vocabulary: InputFolder,
    shapes: dict[Name, ShapeParams],
    positions: Positive,
    dropout: float,
    out: Path,
) -> None:
    """Write the file.

    Args:
        row: section actionable_help.rows.NAME
        minis: folder with a folder of each mini
        vocabulary: folder of their tokenizer
        shapes: section actionable_help.minis.shapes
        positions: actionable_help.minis.positions
        dropout: actionable_help.minis.dropout
        out: safetensors

    Raises:
        CrisisflowError: there is no such mini or shape.
    """
    kind, name = row.mini
    if not kind:
        return _write(out, {"encoder": row.encoder}, {})
    if name not in shapes:
        raise CrisisflowError(f"no mini is called {name}; actionable_help.minis.shapes has: {', '.join(shapes)}")
    if kind == MINI:
        folder = minis / name
        config, tensors = _text(folder / CONFIG), load_file(folder / WEIGHTS)
    else:
        folder, tokenizer = vocabulary, load_tokenizer(str(vocabulary))
        drawn = config_of(shapes[name], len(tokenizer), positions, dropout, tokenizer.pad_token_id)
        config, tensors = drawn.to_json_string(), {}
    files = {file: _text(folder / file) for file in TOKENIZER_FILES}
    return _write(out, {"encoder": row.encoder, "files": {CONFIG: config, **files}}, tensors)


def _text(path: Path) -> str:
    check_file(path)
    return path.read_text(encoding="utf-8")


def _write(out: Path, facts: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    write_tensors(out, tensors, {KEY: json.dumps(facts, sort_keys=True)})


def open_encoder(
    path: Path, layers: int | None, max_length: int
) -> tuple["PreTrainedModel", "PreTrainedTokenizerBase"]:
    """The encoder of a file that `run` has written, and its tokenizer; weights that are not in it are drawn.

    Args:
        layers: keep so many lower layers; None keeps all.
        max_length: subwords of the longest text, by finetune.max_length.

    Raises:
        CrisisflowError: the file is damaged, the encoder cannot be loaded, or has fewer layers or positions.
    """
    facts, drawn = _read(path)
    if "files" not in facts:
        return _load(facts["encoder"], layers, max_length)
    with TemporaryDirectory(prefix="crisisflow-") as folder:
        for name, content in facts["files"].items():
            (Path(folder) / name).write_text(content, encoding="utf-8")
        try:
            if drawn:
                return _drawn(folder, layers, max_length)
            save_file(load_file(path), Path(folder) / WEIGHTS, metadata={"format": "pt"})
            return _load(folder, layers, max_length)
        except CrisisflowError as error:
            raise CrisisflowError(str(error).replace(folder, facts["encoder"])) from error


def name_of(path: Path) -> str:
    """The encoder of a file that `run` has written, as its row names it; raises what `open_encoder` raises."""
    return _read(path)[0]["encoder"]


def _read(path: Path) -> tuple[dict[str, Any], bool]:
    """What the file says of itself, and whether it has no weights."""
    try:
        with safe_open(path, "pt") as opened:
            return json.loads(opened.metadata()[KEY]), not list(opened.keys())
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise CrisisflowError(f"{path} is not of the step encoder ({error}); make it again") from error


def _load(encoder: str, layers: int | None, max_length: int) -> tuple["PreTrainedModel", "PreTrainedTokenizerBase"]:
    check_length(encoder, max_length, "finetune.max_length")
    return load_encoder(encoder, layers), load_tokenizer(encoder)


def _drawn(folder: str, layers: int | None, max_length: int) -> tuple["PreTrainedModel", "PreTrainedTokenizerBase"]:
    from transformers import AutoConfig, BertModel

    check_length(folder, max_length, "finetune.max_length")
    config = AutoConfig.from_pretrained(folder)
    if layers is not None:
        if layers > config.num_hidden_layers:
            raise CrisisflowError(
                f"layers is {layers} but encoder {folder!r} has {config.num_hidden_layers}; lower it, or say null"
            )
        config.num_hidden_layers = layers
    return BertModel(config, add_pooling_layer=False), load_tokenizer(folder)
